"""Answers that broke other clients; the numbers are those of docs/gotchas.md."""

import json

import pytest

from llm.errors import Truncated
from llm.providers import PROVIDERS
from llm.types import Finish, ReasoningDelta, TextDelta, ToolCall, Usage
from tests.llm.recorded import body_of


def chunk(delta=None, finish=None, **rest):
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]} | rest


def stream(*documents, end="data: [DONE]\n\n"):
    return "".join(f"data: {json.dumps(document, ensure_ascii=False)}\n\n" for document in documents) + end


def parsed(text, name="openai_compatible"):
    return list(PROVIDERS[name].parse([text if isinstance(text, bytes) else text.encode()]))


def calls(*deltas, finish="tool_calls"):
    found = parsed(stream(*[chunk({"tool_calls": fragments}) for fragments in deltas], chunk({}, finish)))
    return [(event.id, event.name, event.arguments) for event in found if isinstance(event, ToolCall)]


def fragment(arguments=None, **rest):
    function = {key: rest.pop(key) for key in ("name",) if key in rest}
    return rest | {"function": function | ({} if arguments is None else {"arguments": arguments})}


STOP = chunk({}, "stop")
HI = [TextDelta("hi"), Finish("stop")]


def test_gotcha_1_line_separators_of_unicode_are_text():
    assert parsed(stream(chunk({"content": "a\u2028b\x85c"}), STOP))[0] == TextDelta("a\u2028b\x85c")


@pytest.mark.parametrize(
    "noise", [": PROCESSING\n\n", "data: : keepalive\n\n", "data:\n\n", "id: 1\n: ping\n\n", "data: {\n\n"]
)
def test_gotcha_6_7_and_8_keep_alives(noise):
    assert parsed(noise + stream(chunk({"content": "hi"}), STOP)) == HI


def test_gotcha_9_the_last_event_without_a_blank_line():
    assert parsed(stream(chunk({"content": "hi"}), STOP, end="").rstrip()) == HI


@pytest.mark.parametrize("end", ["data:[DONE]\n\n", "data: [DONE]", "data:  [DONE] \n\n"])
def test_gotcha_10_done_in_every_spelling(end):
    assert parsed(stream(chunk({"content": "hi"}), end=end)) == [TextDelta("hi"), Finish("unknown")]


def test_gotcha_11_a_finish_reason_without_done_is_enough():
    assert parsed(stream(chunk({"content": "hi"}), STOP, end="")) == HI


def test_gotcha_12_a_stream_without_terminator_is_truncated():
    with pytest.raises(Truncated):
        parsed(stream(chunk({"content": "hi"}), end=""))


def test_gotcha_13_done_after_a_null_finish_reason_is_an_end():
    assert parsed(stream(chunk({"content": "hi"}), chunk({}))) == [TextDelta("hi"), Finish("unknown")]


USAGE = {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}
COUNTED = Usage(input_tokens=9, output_tokens=2)


def test_gotcha_14_and_15_usage_chunk_with_empty_choices():
    assert parsed(stream(STOP, {"choices": [], "usage": USAGE}))[-1].usage == COUNTED


def test_gotcha_16_usage_beside_content_and_in_every_chunk_is_not_added():
    earlier = chunk({"content": "hi"}, usage=USAGE | {"completion_tokens": 1})
    assert parsed(stream(earlier, chunk({}, "stop", usage=USAGE), chunk({}, usage=None)))[-1].usage == COUNTED


def test_gotcha_17_and_18_choices_that_are_empty_or_without_delta():
    odd = [{"choices": [], "prompt_filter_results": [], "id": ""}, {"choices": None}, {}, {"choices": [{"index": 0}]}]
    later = [chunk({"content": "hi"}), STOP, {"choices": [{"index": 0, "finish_reason": None}]}]
    assert parsed(stream(*odd, *later)) == HI


@pytest.mark.parametrize("usage", [None, {}, {"prompt_tokens": None, "completion_tokens": None}, "many", [1]])
def test_usage_that_never_comes_is_none(usage):
    assert parsed(stream(chunk({"content": "hi"}), chunk({}, "stop", usage=usage))) == HI


def test_usage_where_other_vendors_put_it():
    assert parsed(stream(chunk({}, "stop", x_groq={"usage": USAGE})))[-1].usage == COUNTED
    deepseek = USAGE | {"prompt_cache_hit_tokens": 4}
    assert parsed(stream(chunk({}, "stop", usage=deepseek)))[-1].usage.cached_tokens == 4
    xai = {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 111}
    xai |= {"completion_tokens_details": {"reasoning_tokens": 100}}
    assert parsed(stream(chunk({}, "stop", usage=xai)))[-1].usage.output_tokens == 102


@pytest.mark.parametrize("count", [-1, 2**31, 1e300, "9", True, [1]])
def test_token_counts_that_cannot_be(count):
    usage = parsed(stream(chunk({}, "stop", usage={"prompt_tokens": count, "completion_tokens": 3})))[-1].usage
    assert usage.input_tokens in (0, 1)
    assert usage.output_tokens == 3


def test_gotcha_20_calls_without_index():
    assert calls([fragment("{", id="a", name="f")], [fragment("}")], [fragment("[]", id="b", name="g")]) == [
        ("a", "f", "{}"),
        ("b", "g", "[]"),
    ]
    assert calls([fragment("1", name="f"), fragment("2", name="g")]) == [("call_0", "f", "1"), ("call_1", "g", "2")]


def test_gotcha_20_an_index_that_begins_at_one():
    assert calls([fragment("{}", index=1, id="a", name="f")]) == [("a", "f", "{}")]


def test_calls_that_share_an_index_and_differ_in_id():
    fragments = [fragment("{}", index=0, id="a", name="f")], [fragment("[]", index=0, id="b", name="g")]
    assert calls(*fragments) == [("a", "f", "{}"), ("b", "g", "[]")]


def test_gotcha_21_id_and_name_in_every_fragment():
    one = {"index": 0, "id": "call_a", "name": "f"}
    assert calls([fragment("{", **one)], [fragment("}", **one)]) == [("call_a", "f", "{}")]


def test_gotcha_22_and_23_empty_arguments():
    assert calls([fragment("", index=0, id="a", name="f")], [fragment("", index=0)]) == [("a", "f", "{}")]
    assert calls([fragment(index=0, id="a", name="f")]) == [("a", "f", "{}")]


def test_gotcha_24_a_stop_after_calls_means_tool_calls():
    found = parsed(stream(chunk({"tool_calls": [fragment("{}", index=0, id="a", name="f")]}), STOP))
    assert found[-1].reason == "tool_calls"


def test_gotcha_26_arguments_that_are_an_object():
    assert calls([fragment({"city": "Zürich"}, index=0, id="a", name="f")]) == [("a", "f", '{"city": "Zürich"}')]


def test_fragments_of_several_calls_in_one_chunk():
    first = [fragment("{", index=0, id="a", name="f"), fragment("[", index=1, id="b", name="g")]
    assert calls(first, [fragment("]", index=1), fragment("}", index=0)]) == [("a", "f", "{}"), ("b", "g", "[]")]


def test_a_call_that_the_limit_cut_is_not_a_call():
    whole, cut = fragment("{}", index=0, id="a", name="f"), fragment('{"ci', index=1, id="b", name="g")
    assert calls([whole], [cut], finish="length") == [("a", "f", "{}")]


def test_gotcha_43_a_budget_spent_on_reasoning():
    assert parsed(stream(chunk({"content": ""}), chunk({}, "length"))) == [Finish("length")]


@pytest.mark.parametrize("field", ["reasoning", "reasoning_content", "thinking"])
def test_gotcha_44_reasoning_under_every_name(field):
    assert parsed(stream(chunk({field: "hm"}), STOP))[0] == ReasoningDelta("hm")


def test_reasoning_in_parts_and_in_two_fields_at_once():
    assert parsed(stream(chunk({"reasoning": "hm", "reasoning_details": [{"text": "hm"}]}), STOP))[0] == ReasoningDelta(
        "hm"
    )
    nested = [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": "hi"}]
    assert parsed(stream(chunk({"content": nested}), STOP)) == [ReasoningDelta("hm"), *HI]


def test_a_refusal_is_shown_and_named():
    assert parsed(stream(chunk({"refusal": "I will not."}), STOP)) == [TextDelta("I will not."), Finish("refusal")]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("eos", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("function_call", "tool_calls"),
        ("odd", "unknown"),
    ],
)
def test_finish_reasons(name, reason):
    assert parsed(stream(chunk({"content": "hi"}, name)))[-1].reason == reason


@pytest.mark.parametrize("name", ["error", "abort"])
def test_an_engine_that_gave_up_left_a_truncated_answer(name):
    with pytest.raises(Truncated):
        parsed(stream(chunk({"content": "hi"}, name)))


def test_only_the_first_of_several_answers():
    other = {"choices": [{"index": 1, "delta": {"content": "no"}, "finish_reason": None}]}
    assert parsed(stream(chunk({"content": "hi"}), other, STOP)) == HI


def test_a_body_that_was_not_streamed_although_it_was_asked_for():
    body = {"choices": [{"message": {"content": "hi"}, "finish_reason": "stop"}], "usage": USAGE}
    assert parsed(json.dumps(body)) == [TextDelta("hi"), Finish("stop", COUNTED)]


# Messages


def message_events(*documents):
    return parsed("".join(f"event: {d['type']}\ndata: {json.dumps(d)}\n\n" for d in documents), "anthropic")


START = {"type": "message_start", "message": {"usage": {"input_tokens": 25, "output_tokens": 1}}}
END = {"type": "message_stop"}


def block(index, content, *deltas):
    yield {"type": "content_block_start", "index": index, "content_block": content}
    for delta in deltas:
        yield {"type": "content_block_delta", "index": index, "delta": delta}
    yield {"type": "content_block_stop", "index": index}


def ending(reason, **usage):
    return {"type": "message_delta", "delta": {"stop_reason": reason}, "usage": usage}


TEXT = list(block(0, {"type": "text", "text": ""}, {"type": "text_delta", "text": "hi"}))


def test_gotcha_35_pings_and_unknown_things_are_skipped():
    news = {"type": "content_block_delta", "index": 0, "delta": {"type": "news_delta", "text": "x"}}
    found = message_events(START, {"type": "ping"}, {"type": "news"}, *block(9, {"type": "news"}), news, *TEXT, END)
    assert [event for event in found if isinstance(event, TextDelta)] == [TextDelta("hi")]


def test_counts_of_messages_are_totals_and_include_the_cache():
    cache = {"cache_read_input_tokens": 12, "cache_creation_input_tokens": 3}
    start = {"type": "message_start", "message": {"usage": {"input_tokens": 25, "output_tokens": 1} | cache}}
    details = {"thinking_tokens": 7}
    usage = message_events(
        start,
        *TEXT,
        ending(None, output_tokens=5),
        ending("end_turn", output_tokens=89, cache_read_input_tokens=None, output_tokens_details=details),
        END,
    )[-1].usage
    assert usage == Usage(input_tokens=40, output_tokens=89, cached_tokens=12, reasoning_tokens=7)


def test_a_tool_of_messages_with_and_without_arguments():
    opening = {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}}
    pieces = [{"type": "input_json_delta", "partial_json": text} for text in ("", '{"ci', 'ty": "Oslo"}')]
    found = message_events(
        START,
        *TEXT,
        *block(1, opening, *pieces),
        *block(2, opening | {"id": "toolu_2"}, pieces[0]),
        ending("tool_use"),
        END,
    )
    assert found[1:3] == [ToolCall("toolu_1", "f", '{"city": "Oslo"}'), ToolCall("toolu_2", "f", "{}")]
    assert found[-1].reason == "tool_calls"


def test_thoughts_keep_their_signature_and_withheld_ones_their_data():
    signature = {"type": "signature_delta", "signature": "EqQB"}
    found = message_events(
        START,
        *block(
            0,
            {"type": "thinking", "thinking": "", "signature": ""},
            {"type": "thinking_delta", "thinking": "hm"},
            signature,
        ),
        *block(1, {"type": "redacted_thinking", "data": "c2Vj"}),
        ending("end_turn"),
        END,
    )
    assert found[:-1] == [
        ReasoningDelta("hm"),
        ReasoningDelta("", "EqQB"),
        ReasoningDelta("", "redacted_thinking:c2Vj"),
    ]


@pytest.mark.parametrize(
    ("wire", "reason"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("refusal", "refusal"),
        ("pause_turn", "unknown"),
    ],
)
def test_stop_reasons(wire, reason):
    assert message_events(START, *TEXT, ending(wire, output_tokens=2), END)[-1].reason == reason
    # The stop reason alone shows that the answer is whole.
    assert message_events(START, *TEXT, ending(wire, output_tokens=2))[-1].reason == reason


def test_messages_without_an_end_are_truncated():
    with pytest.raises(Truncated):
        message_events(START, *TEXT)


def test_what_real_servers_said():
    found = parsed(body_of("vllm-0.32/tool_required_stream"), "vllm")
    assert found[0] == ToolCall("chatcmpl-tool-8200eb8deb1e1549", "get_weather", '"gaben"')
    assert found[-1] == Finish("tool_calls", Usage(input_tokens=34, output_tokens=53))
    assert parsed(body_of("llamacpp-b11549/messages_stream"), "anthropic")[-1] == Finish(
        "length", Usage(input_tokens=13, output_tokens=24, cached_tokens=12)
    )
    assert parsed(body_of("vllm-0.32/chat_stream_no_usage"), "vllm")[-1] == Finish("stop")
