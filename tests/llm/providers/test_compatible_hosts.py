"""Servers of chat completions that differ from the rest: by their host, or by what a connection says."""

import json
from dataclasses import fields

import pytest

from llm.errors import BadRequest, Truncated
from llm.providers import PROVIDERS
from llm.providers._chat_format import OPTIONS, PLAIN, ChatFormat
from llm.providers._hosts import HOSTS
from llm.providers._portable_messages import short_id
from llm.types import (
    ChatRequest,
    Finish,
    Image,
    Message,
    ModelConfig,
    Reasoning,
    ReasoningDelta,
    Text,
    TextDelta,
    ToolCall,
    ToolResult,
    user,
)

CALL = ToolCall("call_1", "f", "{}")
TURN = (
    user("Hi"),
    Message("assistant", (Reasoning("hm"), CALL)),
    Message("tool", (ToolResult("call_1", "f", "x"),)),
    Message("assistant", (Reasoning("so"), Text("Done."))),
    Message("assistant", (ToolCall("call_2", "f", "{}"),)),
)


def body(host, *messages, options=None, **params):
    config = ModelConfig(provider="openai_compatible", model="m", base_url=f"https://{host}/v1", options=options or {})
    request = ChatRequest(messages=messages or (user("Hi"),), params=params)
    return json.loads(PROVIDERS["openai_compatible"].build(config, request).body)


@pytest.mark.parametrize(("host", "row"), HOSTS.items())
def test_a_row_changes_the_format_and_can_be_found(host, row):
    assert row != PLAIN
    assert host == host.lower()


@pytest.mark.parametrize(
    ("host", "field"),
    [
        ("api.groq.com", "max_completion_tokens"),
        ("api.x.ai", "max_completion_tokens"),
        ("api.mistral.ai", "max_tokens"),
        ("api.deepseek.com", "max_tokens"),
        ("openrouter.ai", "max_tokens"),
        ("api.together.xyz", "max_tokens"),
        ("127.0.0.1:1234", "max_tokens"),
    ],
)
def test_gotcha_29_the_name_of_the_token_limit_by_host(host, field):
    sent = body(host, max_tokens=7)
    assert {key: value for key, value in sent.items() if "max" in key} == {field: 7}


def test_the_case_of_a_host_and_a_port_make_no_difference():
    assert "max_completion_tokens" in body("API.Groq.com:443", max_tokens=7)


def test_mistral_is_sent_nothing_that_it_forbids():
    sent = body("api.mistral.ai", seed=1, temperature=0.5)
    assert set(sent) == {"model", "messages", "stream", "random_seed", "temperature"}


def test_call_ids_of_nine_characters_agree_between_call_and_result():
    messages = body("api.mistral.ai", *TURN)["messages"]
    wire = messages[1]["tool_calls"][0]["id"]
    assert messages[2]["tool_call_id"] == wire
    assert len(wire) == 9
    assert wire.isalnum()
    assert messages[4]["tool_calls"][0]["id"] != wire
    assert [message.get("content") for message in messages] == ["Hi", "", "x", "Done.", ""]


@pytest.mark.parametrize("call_id", ["", "call_1", "é" * 9, "a b c d e", "abcdefghij", "\ud83d", "x" * 5000])
def test_a_short_id_is_made_from_any_id_and_stays_the_same(call_id):
    found = short_id(call_id)
    assert found == short_id(call_id) == short_id(found)
    assert len(found) == 9
    assert found.isascii()
    assert found.isalnum()


def test_an_id_that_fits_is_kept():
    assert short_id("D681PevKs") == "D681PevKs"


def test_gotcha_44_thoughts_go_back_only_where_they_are_asked_for():
    sent = [message.get("reasoning_content") for message in body("api.deepseek.com", *TURN)["messages"]]
    assert sent == [None, "hm", None, "so", ""]
    assert "reasoning" not in json.dumps(body("api.groq.com", *TURN))


def test_calls_are_signed_where_an_unsigned_one_is_refused():
    call = body("generativelanguage.googleapis.com", *TURN)["messages"][1]["tool_calls"][0]
    signature = {"google": {"thought_signature": "skip_thought_signature_validator"}}
    assert call == {
        "id": "call_1",
        "type": "function",
        "function": {"name": "f", "arguments": "{}"},
        "extra_content": signature,
    }
    assert "extra_content" not in json.dumps(body("api.openrouter.ai", *TURN))


def test_images_by_address_are_refused_where_they_would_not_be_seen():
    by_address = Message("user", (Text("Look"), Image(url="https://h/a.png")))
    by_data = Message("user", (Text("Look"), Image(data=b"\x01", media_type="image/png")))
    with pytest.raises(BadRequest, match="Upload the image"):
        body("api.moonshot.ai", by_address)
    with pytest.raises(BadRequest, match="Upload the image"):
        body("127.0.0.1:1234", by_address, options={"images_by_url": False})
    assert len(body("api.moonshot.ai", by_data)["messages"][0]["content"]) == 2
    assert len(body("127.0.0.1:1234", by_address)["messages"][0]["content"]) == 2


def test_what_a_connection_says_beats_the_host():
    options = {"max_tokens_field": "max_tokens", "short_call_ids": True, "reasoning_field": "reasoning"}
    sent = body("api.groq.com", *TURN, options=options, max_tokens=7)
    assert sent["max_tokens"] == 7
    assert len(sent["messages"][2]["tool_call_id"]) == 9
    assert sent["messages"][1]["reasoning"] == "hm"
    plain = body("api.mistral.ai", *TURN, options={"short_call_ids": False, "stream_usage": True})
    assert plain["messages"][2]["tool_call_id"] == "call_1"
    assert "stream_options" in plain


def test_every_option_is_a_field_and_has_the_default_among_its_values():
    defaults = {field.name: field.default for field in fields(ChatFormat)}
    assert all(defaults[name] in values for name, values in OPTIONS.items())


def test_models_that_are_listed_under_a_longer_name():
    config = ModelConfig(
        provider="openai_compatible", model="m", base_url="https://generativelanguage.googleapis.com/v1beta/openai"
    )
    models = PROVIDERS["openai_compatible"].models(config)
    assert models.request.url == "https://generativelanguage.googleapis.com/v1beta/openai/models"
    assert set(models.names({"data": [{"id": "models/gemini-3-pro"}]})) == {"models/gemini-3-pro", "gemini-3-pro"}


def stream(*contents):
    documents = [{"choices": [{"index": 0, "delta": {"content": text}}]} for text in contents]
    documents.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    return "".join(f"data: {json.dumps(document)}\n\n" for document in documents).encode()


@pytest.mark.parametrize("name", ["openai_compatible", "vllm", "huggingface"])
def test_reasoning_in_the_text_is_told_apart(name):
    events = list(PROVIDERS[name].parse([stream("<th", "ink>hm</thi", "nk>", "\n\nhi", "<")]))
    assert events == [ReasoningDelta("hm"), TextDelta("hi"), TextDelta("<"), Finish("stop")]


def test_openais_own_text_is_what_it_says():
    events = list(PROVIDERS["openai"].parse([stream("<think>hm</think>hi")]))
    assert events == [TextDelta("<think>hm</think>hi"), Finish("stop")]


def test_gotcha_45_a_closing_tag_that_strayed_into_the_text():
    events = list(PROVIDERS["vllm"].parse([stream("so 4.", "\n</think>", "\n\nIt is 4.")]))
    assert "".join(event.text for event in events[:-1]) == "so 4.\n\n\nIt is 4."


def test_gotcha_37_a_compatible_layer_that_swallows_an_error_leaves_a_truncated_answer():
    """Ollama's sends an empty chunk in its place, and then neither a finish reason nor `[DONE]`."""
    chunks = [{"content": "hi"}, {"role": "assistant", "content": ""}]
    documents = [{"choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in chunks]
    events = []
    with pytest.raises(Truncated):
        events.extend(
            PROVIDERS["openai_compatible"].parse([f"data: {json.dumps(each)}\n\n".encode() for each in documents])
        )
    assert events == [TextDelta("hi")]


def test_a_detail_in_the_place_of_a_sentence_is_read():
    detail = [{"type": "extra_forbidden", "loc": ["body", "x"], "msg": "Extra inputs are not permitted"}]
    refusal = {"object": "error", "message": {"detail": detail}, "type": "invalid_request_error", "code": None}
    error = PROVIDERS["openai_compatible"].error(422, {}, json.dumps(refusal).encode())
    assert type(error) is BadRequest
    assert error.message.endswith("It said: Extra inputs are not permitted")
