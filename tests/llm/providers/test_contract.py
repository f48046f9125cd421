"""What every provider must do, whoever's wire format it speaks."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from llm.errors import BadCredentials, BadRequest, LLMError, ModelNotFound, NotAnAPI, Overloaded, Truncated
from llm.providers import PROVIDERS
from llm.secret import Secret
from llm.transport import check_headers
from llm.types import ChatRequest, Message, ModelConfig, Reasoning, Text, ToolCall, ToolResult, ToolSpec, user

ROOT = Path(__file__).resolve().parents[3]
KEY = "sk-test-0123456789abcdef"

pytestmark = pytest.mark.parametrize("name", PROVIDERS)


def config(name, **changes):
    address = PROVIDERS[name].base_url or "https://models.example/v1"
    return ModelConfig(**{"provider": name, "model": "m", "base_url": address, "api_key": Secret(KEY)} | changes)


def conversation():
    call = ToolCall("call_1", "weather", '{"city": "Zürich"}')
    tool = ToolSpec("weather", "The weather.", {"type": "object", "properties": {}})
    messages = (
        Message("system", (Text("Be brief."),)),
        user("Weather?"),
        Message("assistant", (Reasoning("hm"), Text("I look."), call)),
        Message("tool", (ToolResult("call_1", "weather", "rain", is_error=True),)),
    )
    return ChatRequest(messages=messages, tools=(tool,), params={"temperature": 0.5, "max_tokens": 9, "stop": "END"})


def test_it_names_itself_and_an_icon_that_exists(name):
    provider = PROVIDERS[name]
    icons = (ROOT / "chat/static/chat/icons.svg").read_text()
    assert provider.label
    assert f'id="{provider.icon}"' in icons
    assert not provider.base_url.endswith("/")
    assert isinstance(provider.needs_key, bool)
    assert re.fullmatch(r"[A-Z_]*", provider.key_env + provider.url_env)
    assert all(re.fullmatch(r"[A-Z_]+", name) for name in provider.options_env.values())


def test_the_key_is_in_a_header_and_nowhere_else(name):
    request = PROVIDERS[name].build(config(name), conversation())
    assert sum(KEY in value for value in request.headers.values()) == 1
    assert KEY not in request.url
    assert KEY.encode() not in request.body
    assert KEY not in repr(request)


def test_without_a_key_no_header_speaks_of_one(name):
    request = PROVIDERS[name].build(config(name, api_key=Secret(" \n")), conversation())
    assert not {"authorization", "x-api-key", "api-key"} & set(request.headers)
    assert all(value.strip() == value and value for value in request.headers.values())


def test_a_pasted_key_loses_its_line_end_and_a_strange_one_is_refused(name):
    request = PROVIDERS[name].build(config(name, api_key=Secret(f" {KEY}\n")), conversation())
    assert any(value.endswith(KEY) for value in request.headers.values())
    with pytest.raises(BadCredentials):
        PROVIDERS[name].build(config(name, api_key=Secret("sk-\u201cquoted\u201d")), conversation())


def test_headers_of_the_connection_are_sent_and_win(name):
    own = {"X-Team": Secret("blue"), "Content-Type": Secret("application/json; v=2")}
    request = PROVIDERS[name].build(config(name, headers=own), conversation())
    assert request.headers["x-team"] == "blue"
    assert request.headers["content-type"] == "application/json; v=2"


@pytest.mark.parametrize("value", ["blue 🌍", "two\r\nlines"])
def test_a_header_that_cannot_be_sent_is_named_and_the_key_not_blamed(name, value):
    request = PROVIDERS[name].build(config(name, headers={"X-Team": Secret(value)}), conversation())
    with pytest.raises(BadRequest, match="The header x-team holds"):
        check_headers(request.headers)


def test_the_body_is_json_with_model_messages_and_stream(name):
    request = PROVIDERS[name].build(config(name), conversation())
    body = json.loads(request.body)
    assert (body["model"], body["stream"]) == ("m", True)
    assert "Weather?" in request.body.decode()
    assert "Zürich" in request.body.decode()
    assert len(body["tools"]) == 1


def test_half_a_surrogate_pair_can_be_sent(name):
    assert PROVIDERS[name].build(config(name), ChatRequest(messages=(user("\ud83d"),))).body.decode()


@pytest.mark.parametrize("body", [b"", b"\n\n", b": keep-alive\n\n", b"data: {}\n\n"])
def test_an_end_without_terminator_is_truncated(name, body):
    with pytest.raises(Truncated):
        list(PROVIDERS[name].parse([body]))


def test_a_web_page_is_not_an_api(name):
    with pytest.raises(NotAnAPI):
        list(PROVIDERS[name].parse([b"\n<!doctype html><html></html>"]))


def test_a_body_that_breaks_off_is_an_error(name):
    with pytest.raises(LLMError):
        list(PROVIDERS[name].parse([b'{"choices": [{"mess', b"age"]))


@pytest.mark.parametrize("body", [b"", b"<html>Bad gateway</html>", b"\xff\xfe", b"[" * 60_000, b"null", b"[]"])
@pytest.mark.parametrize(("status", "kind"), [(401, BadCredentials), (502, Overloaded), (404, LLMError)])
def test_refusals_with_useless_bodies(name, status, kind, body):
    error = PROVIDERS[name].error(status, {}, body)
    assert isinstance(error, kind)
    assert error.status == status
    assert "<" not in error.message


@pytest.mark.parametrize("message", ["no", "maximum context length is 8", "it requires more system memory"])
def test_a_refusal_keeps_its_status(name, message):
    body = json.dumps({"error": {"message": message, "type": "x", "code": "insufficient_quota"}}).encode()
    statuses = [*range(300, 600), 700]
    assert [PROVIDERS[name].error(status, {}, body).status for status in statuses] == statuses


def test_a_rejected_key_is_never_repeated(name):
    body = json.dumps({"error": {"message": f"Incorrect API key provided: {KEY}"}}).encode()
    assert KEY not in PROVIDERS[name].error(401, {}, body).message
    assert KEY not in PROVIDERS[name].error(400, {}, body).message


def test_an_unknown_model_is_told_from_a_wrong_address(name):
    provider = PROVIDERS[name]
    unknown = b'{"error":{"type":"not_found_error","message":"model: claude-3 does not exist"}}'
    assert type(provider.error(404, {}, unknown)) is ModelNotFound
    assert type(provider.error(404, {}, b'{"detail":"Not Found"}')) is NotAnAPI


@pytest.mark.parametrize("value", ["text", 5, -1.5, True, [], ["x"], {}, {"a": 1}, None], ids=repr)
def test_parameters_of_any_type_are_for_the_provider_to_refuse(name, value):
    known = ["temperature", "top_p", "max_tokens", "stop", "reasoning_effort", "seed"]
    known += ["tool_choice", "parallel_tool_calls", "response_format"]
    for model in ("m", "gpt-6-luna", "gpt-6.2-sol", "claude-haiku-4-5-20251001", "claude-opus-5"):
        request = replace(conversation(), params=dict.fromkeys(known, value))
        assert json.loads(PROVIDERS[name].build(config(name, model=model), request).body)["model"] == model
