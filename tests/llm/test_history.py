"""What one provider wrote and another reads: nothing that it would refuse, and a report of what was left out."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm.errors import BadRequest
from llm.history import NOT_RUN, Dropped, fit_history
from llm.types import Image, Message, Reasoning, Text, ToolCall, ToolResult, assistant, system, user

PNG = b"\x89PNG\r\n\x1a\n" + bytes(16)


def fitted(*messages, provider="here"):
    return fit_history(messages, origin=provider)


def answer(*parts):
    return Message("assistant", parts)


def results(*parts):
    return Message("tool", parts)


def test_what_fits_already_is_unchanged():
    messages = (
        system("Be brief."),
        user("Weather?"),
        answer(Reasoning("hm", "signed", "here"), Text("I look."), ToolCall("call_1", "weather", "{}")),
        results(ToolResult("call_1", "weather", "rain")),
        assistant("Rain."),
        user("Thanks"),
    )
    assert fitted(*messages).messages == messages
    assert fitted(*messages).dropped == ()


@pytest.mark.parametrize("origin", ["elsewhere", ""])
def test_signed_reasoning_of_another_provider_loses_its_signature_and_keeps_its_text(origin):
    history = fitted(user("x"), answer(Reasoning("hm", "signed", origin), Text("y")))
    assert history.messages[1].parts == (Reasoning("hm"), Text("y"))
    assert history.dropped == (Dropped(1, "signature of reasoning", "another provider signed it"),)


def test_a_call_without_a_result_gets_one_that_says_so():
    history = fitted(user("x"), answer(ToolCall("a", "f", "{}"), ToolCall("b", "g", "{}")), user("y"))
    assert history.messages[2] == results(ToolResult("a", "f", NOT_RUN, True), ToolResult("b", "g", NOT_RUN, True))


def test_results_of_one_answer_stand_together_whatever_came_between():
    history = fitted(
        answer(ToolCall("a", "f", "{}"), ToolCall("b", "g", "{}")),
        results(ToolResult("b", "g", "2")),
        results(ToolResult("a", "f", "1")),
        user("y"),
    )
    assert [message.role for message in history.messages] == ["assistant", "tool", "user"]
    assert {part.call_id for part in history.messages[1].parts} == {"a", "b"}


def test_a_result_without_its_call_is_left_out_and_reported():
    history = fitted(user("x"), results(ToolResult("gone", "f", "1")), user("y"))
    assert history.messages == (user("x"), user("y"))
    assert history.dropped == (Dropped(1, "result", "no call in the answer before it has its id"),)


def test_results_come_in_the_order_of_their_calls():
    history = fitted(
        answer(ToolCall("a", "f", "{}"), ToolCall("b", "g", "{}"), ToolCall("c", "h", "{}")),
        results(ToolResult("c", "h", "3"), ToolResult("a", "f", "1")),
    )
    assert [part.call_id for part in history.messages[1].parts] == ["a", "b", "c"]


@pytest.mark.parametrize("arguments", ["", " ", "not json", "[1]", '"text"', "null", '{"a": NaN}', '{"a"'])
def test_arguments_that_are_no_object_are_not_sent_again(arguments):
    history = fitted(answer(ToolCall("a", "f", arguments)))
    assert history.messages[0].parts[0].arguments == "{}"
    assert [dropped.what for dropped in history.dropped] == (["arguments"] if arguments.strip() else [])


@pytest.mark.parametrize(
    ("name", "fitting"),
    [("multi_tool_use.parallel", "multi_tool_use_parallel"), ("get weather", "get_weather"), ("", "unknown")],
)
def test_a_name_that_vendors_refuse_is_respelt_in_call_and_result(name, fitting):
    history = fitted(answer(ToolCall("a", name, "{}")), results(ToolResult("a", name, "no such tool", is_error=True)))
    assert history.messages[0].parts[0].name == history.messages[1].parts[0].name == fitting


def test_a_second_result_of_the_same_call_is_left_out():
    twice = results(ToolResult("a", "f", "1"), ToolResult("a", "f", "2"))
    assert fitted(answer(ToolCall("a", "f", "{}")), twice).messages[1].parts == (ToolResult("a", "f", "1"),)


@pytest.mark.parametrize("strange", ["", "toolu:1|x", "x" * 41, "fünf"])
def test_ids_that_some_provider_refuses_are_replaced_in_call_and_result(strange):
    history = fitted(answer(ToolCall(strange, "f", "{}")), results(ToolResult(strange, "f", "1")))
    call, result = history.messages[0].parts[0], history.messages[1].parts[0]
    assert (call.id, result.call_id) == ("call_1", "call_1")


def test_an_id_that_every_answer_uses_again_is_made_unique():
    one_round = (answer(ToolCall("call_0", "f", "{}")), results(ToolResult("call_0", "f", "1")))
    history = fitted(*one_round, *one_round)
    ids = [part.id for message in history.messages for part in message.parts if isinstance(part, ToolCall)]
    assert len(set(ids)) == 2
    assert [message.parts[0].call_id for message in history.messages[1::2]] == ids


def test_calls_of_one_answer_with_the_same_id_are_matched_in_their_order():
    same = answer(ToolCall("x", "f", "{}"), ToolCall("x", "g", "{}"))
    history = fitted(same, results(ToolResult("x", "f", "1"), ToolResult("x", "g", "2")))
    calls, found = history.messages[0].parts, history.messages[1].parts
    assert [(part.call_id, part.content) for part in found] == [(calls[0].id, "1"), (calls[1].id, "2")]
    assert calls[0].id != calls[1].id


@pytest.mark.parametrize("empty", [user(""), assistant(""), system(""), answer(Reasoning("hm")), Message("user", ())])
def test_a_message_that_says_nothing_is_left_out_and_reported(empty):
    history = fitted(user("x"), empty, user("y"))
    assert history.messages == (user("x"), user("y"))
    assert history.dropped == (Dropped(1, "message", "it says nothing"),)


def test_a_part_that_a_message_of_its_role_cannot_hold_is_left_out_and_reported():
    history = fitted(answer(Text("see"), Image(data=PNG)))
    assert history.messages == (answer(Text("see")),)
    assert history.dropped == (Dropped(0, "Image", "a message of the assistant cannot hold it"),)


@pytest.mark.parametrize(
    ("start", "media_type"),
    [
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "image/webp"),
    ],
)
@pytest.mark.parametrize("named", ["", "image/png", "text/plain"])
def test_the_bytes_of_an_image_decide_its_type(start, media_type, named):
    (message,) = fitted(Message("user", (Image(data=start, media_type=named),))).messages
    assert message.parts == (Image(data=start, media_type=media_type),)


def test_an_image_that_is_pasted_as_a_data_url_becomes_bytes():
    url = f"data:image/jpeg;base64,{base64.b64encode(PNG).decode()}"
    (message,) = fitted(Message("user", (Image(url=url),))).messages
    assert message.parts == (Image(data=PNG, media_type="image/png"),)


def test_an_image_by_address_stays_one():
    image = Image(url="https://example.org/cat.png")
    assert fitted(Message("user", (image,))).messages[0].parts == (image,)


@pytest.mark.parametrize(
    "image",
    [
        Image(),
        Image(data=b"<svg/>", media_type="image/svg+xml"),
        Image(data=PNG + bytes(21 * 1024 * 1024)),
        Image(url="file:///etc/passwd"),
        Image(url="https://example.org/a b"),
        Image(url="data:image/png;base64,%%%"),
        Image(url="data:text/html,hello"),
    ],
    ids=["empty", "svg", "too large", "file", "blank", "not base64", "not an image"],
)
def test_what_is_no_image_is_refused_with_what_to_do(image):
    with pytest.raises(BadRequest, match="image"):
        fitted(Message("user", (image,)))


texts = st.sampled_from(["", "a", "b"])
ids = st.sampled_from(["", "a", "b", "call_1", "call_2", "%"])
parts = st.one_of(
    st.builds(Text, texts),
    st.builds(Reasoning, texts, texts, st.sampled_from(["", "here", "there"])),
    st.builds(ToolCall, ids, texts, texts),
    st.builds(ToolResult, ids, texts, texts),
)
messages = st.builds(
    Message, st.sampled_from(["system", "user", "assistant", "tool"]), st.lists(parts, max_size=4).map(tuple)
)


@given(st.lists(messages, max_size=8))
def test_any_history_comes_out_whole(given_messages):
    history = fitted(*given_messages)
    seen = set()
    for position, message in enumerate(history.messages):
        calls = [part.id for part in message.parts if isinstance(part, ToolCall)]
        assert not seen & set(calls)
        seen |= set(calls)
        after = history.messages[position + 1].parts if calls else ()
        assert sorted(part.call_id for part in after) == sorted(calls)
        assert message.parts
        assert message.role != "tool" or history.messages[position - 1].role == "assistant"
    assert fitted(*history.messages) == type(history)(history.messages)
