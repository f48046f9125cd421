from llm.reply import Reply, ReplyBuilder
from llm.types import (
    Finish,
    Message,
    Reasoning,
    ReasoningDelta,
    RoundEnd,
    Text,
    TextDelta,
    ToolCall,
    ToolResult,
    Usage,
)


def folded(*events):
    builder = ReplyBuilder()
    for event in events:
        builder.add(event)
    return builder.reply()


def test_deltas_of_one_kind_become_one_part():
    reply = folded(
        ReasoningDelta("hm"),
        ReasoningDelta("m", "signed"),
        TextDelta("a"),
        TextDelta("b"),
        Finish("stop", Usage(input_tokens=3)),
    )
    assert reply.parts == (Reasoning("hmm", "signed"), Text("ab"))
    assert (reply.text, reply.reasoning) == ("ab", "hmm")
    assert (reply.finish, reply.usage) == ("stop", Usage(input_tokens=3))


def test_signed_thoughts_stay_apart():
    reply = folded(ReasoningDelta("a"), ReasoningDelta("", "1"), ReasoningDelta("b", "2"))
    assert reply.parts == (Reasoning("a", "1"), Reasoning("b", "2"))


def test_the_order_of_parts_is_kept():
    call = ToolCall("1", "clock", "{}")
    reply = folded(TextDelta("before"), call, ToolResult("1", "clock", "noon"), TextDelta("after"))
    assert [type(part) for part in reply.parts] == [Text, ToolCall, ToolResult, Text]
    assert reply.tool_calls == (call,)
    assert reply.message == Message("assistant", (Text("before"), call, Text("after")))


ROUNDS = (
    ReasoningDelta("hm", "signed", "here"),
    TextDelta("I look."),
    ToolCall("1", "clock", "{}"),
    ToolCall("2", "clock", "{}"),
    ToolResult("1", "clock", "noon"),
    ToolResult("2", "clock", "broken", is_error=True),
    RoundEnd(1, Usage(input_tokens=3)),
    ToolCall("3", "clock", "{}"),
    ToolResult("3", "clock", "one"),
    RoundEnd(2),
    TextDelta("One."),
)


def test_rounds_become_messages_in_turn():
    reply = folded(*ROUNDS, Finish("stop", Usage(input_tokens=9)))
    assert reply.messages == (
        Message("assistant", (Reasoning("hm", "signed", "here"), Text("I look."), ROUNDS[2], ROUNDS[3])),
        Message("tool", (ROUNDS[4], ROUNDS[5])),
        Message("assistant", (ROUNDS[7],)),
        Message("tool", (ROUNDS[8],)),
        Message("assistant", (Text("One."),)),
    )
    assert reply.usage == Usage(input_tokens=9)


def test_messages_of_one_round_are_its_message():
    reply = folded(TextDelta("a"), ToolCall("1", "clock", "{}"), Finish("tool_calls"))
    assert reply.messages == (reply.message,)
    assert folded(Finish("length")).messages == ()


def test_an_answer_that_broke_off_has_the_usage_of_its_whole_rounds():
    assert folded(*ROUNDS).usage == Usage(input_tokens=3)
    assert folded(*ROUNDS, RoundEnd(3, Usage(input_tokens=4))).usage == Usage(input_tokens=7)
    assert folded(RoundEnd(1)).usage is None


def test_the_end_of_a_round_is_no_token():
    assert folded(RoundEnd(1)).first_token_seconds is None


def test_a_reply_is_valid_at_any_moment():
    builder = ReplyBuilder()
    assert builder.reply().parts == ()
    builder.add(TextDelta("par"))
    early = builder.reply()
    builder.add(TextDelta("tial"))
    assert (early.text, early.finish) == ("par", None)
    assert builder.reply().text == "partial"


def test_times():
    ticks = iter([100, 102, 105, 107])
    builder = ReplyBuilder(clock=lambda: next(ticks))
    builder.add(TextDelta("a"))
    builder.add(TextDelta("b"))
    builder.add(Finish("stop"))
    reply = builder.reply()
    assert (reply.first_token_seconds, reply.seconds) == (2, 5)


def test_an_empty_answer():
    reply = folded(Finish("length"))
    assert reply == Reply(finish="length", seconds=reply.seconds)
    assert reply.first_token_seconds is None
