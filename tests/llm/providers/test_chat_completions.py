"""Requests of chat completions as exact JSON, and what each vendor's row changes."""

import json

import pytest

from llm.providers import PROVIDERS
from llm.types import (
    ChatRequest,
    Image,
    Message,
    ModelConfig,
    Secret,
    Text,
    ToolCall,
    ToolResult,
    ToolSpec,
    system,
    user,
)

CALL = ToolCall("call_1", "weather", '{"city":"Oslo"}')
WIRE_CALL = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Oslo"}'}}
TOOL = ToolSpec("weather", "The weather.", {"type": "object", "properties": {}})


def built(name, model, *messages, tools=(), stream=True, options=None, **params):
    config = ModelConfig(provider=name, model=model, base_url="http://h/v1", options=options or {})
    request = ChatRequest(messages=messages or (user("Hi"),), tools=tools, params=params, stream=stream)
    return json.loads(PROVIDERS[name].build(config, request).body)


def test_the_smallest_request():
    assert built("openai_compatible", "m", stream=False) == {
        "model": "m",
        "messages": [{"role": "user", "content": "Hi"}],
        "stream": False,
    }


def test_a_whole_conversation():
    messages = (
        system("Be brief."),
        Message(
            "user", (Text("What is this?"), Image(url="https://h/a.png"), Image(data=b"\x01", media_type="image/png"))
        ),
        Message("assistant", (CALL,)),
        Message("tool", (ToolResult("call_1", "weather", "rain"), ToolResult("call_2", "weather", "sun"))),
    )
    assert built("vllm", "m", *messages, tools=(TOOL,)) == {
        "model": "m",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "What is this?"},
                    {"type": "image_url", "image_url": {"url": "https://h/a.png"}},
                    {"type": "image_url", "image_url": {"url": "data:image/png;base64,AQ=="}},
                ],
            },
            {"role": "assistant", "content": "", "tool_calls": [WIRE_CALL]},
            {"role": "tool", "tool_call_id": "call_1", "content": "rain"},
            {"role": "tool", "tool_call_id": "call_2", "content": "sun"},
        ],
        "stream": True,
        "stream_options": {"include_usage": True},
        "tools": [
            {
                "type": "function",
                "function": {
                    "name": "weather",
                    "description": "The weather.",
                    "parameters": {"type": "object", "properties": {}},
                },
            }
        ],
    }


@pytest.mark.parametrize(("name", "content"), [("openai", None), ("vllm", ""), ("openai_compatible", "")])
def test_gotcha_27_content_beside_tool_calls(name, content):
    message = built(name, "gpt-4o", Message("assistant", (CALL,)))["messages"][0]
    assert message == {"role": "assistant", "content": content, "tool_calls": [WIRE_CALL]}


@pytest.mark.parametrize(
    ("name", "model", "field"),
    [
        ("openai", "gpt-4o", "max_completion_tokens"),
        ("openai", "gpt-6.2-sol", "max_completion_tokens"),
        ("vllm", "m", "max_tokens"),
        ("openai_compatible", "m", "max_tokens"),
    ],
)
def test_gotcha_29_the_name_of_the_token_limit(name, model, field):
    body = built(name, model, max_tokens=7)
    assert {key: value for key, value in body.items() if "max" in key} == {field: 7}


def test_gotcha_30_nothing_is_sent_that_was_not_set():
    assert set(built("vllm", "m")) == {"model", "messages", "stream", "stream_options"}


@pytest.mark.parametrize("name", ["vllm", "openai_compatible"])
def test_the_names_of_other_makers_models_mean_nothing(name):
    params = {"temperature": 0.2, "stop": "x", "reasoning_effort": "none"}
    body = built(name, "gpt-6-astra", system("x"), tools=(TOOL,), **params)
    assert body["messages"][0]["role"] == "system"
    assert params.items() <= body.items()


@pytest.mark.parametrize("name", ["openai", "vllm", "openai_compatible"])
@pytest.mark.parametrize("choice", ["auto", "none", "required"])
def test_words_of_a_tool_choice_stay_and_a_name_becomes_a_function(name, choice):
    assert built(name, "gpt-4o", tools=(TOOL,), tool_choice=choice)["tool_choice"] == choice
    wire = {"type": "function", "function": {"name": "weather"}}
    assert built(name, "gpt-4o", tools=(TOOL,), tool_choice="weather")["tool_choice"] == wire


def test_what_belongs_to_tools_is_sent_with_tools_only():
    params = {"tool_choice": "auto", "parallel_tool_calls": False}
    assert params.items() <= built("vllm", "m", tools=(TOOL,), **params).items()
    assert not set(params) & set(built("vllm", "m", **params))


def test_a_response_format_is_the_formats_own():
    schema = {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}, "strict": True}}
    assert built("openai", "gpt-4o", response_format=schema)["response_format"] == schema


def test_unknown_parameters_pass_and_cannot_replace_what_is_sent():
    params = {"top_k": 5, "model": "other", "stream": False, "messages": [], "seed": None}
    config = ModelConfig(provider="openai_compatible", model="m", base_url="http://h")
    request = ChatRequest(messages=(user("x"),), params=params)
    body = json.loads(PROVIDERS["openai_compatible"].build(config, request).body)
    assert body["top_k"] == 5
    assert (body["model"], body["stream"], len(body["messages"])) == ("m", True, 1)
    assert "seed" not in body


def test_options_of_a_connection():
    options = {
        "max_tokens_field": "max_completion_tokens",
        "system_role": "user",
        "empty_content": None,
        "stream_usage": False,
        "fit": "nonsense",
        "label": "nonsense",
    }
    body = built("openai_compatible", "m", system("x"), Message("assistant", (CALL,)), options=options, max_tokens=1)
    assert "stream_options" not in body
    assert body["max_completion_tokens"] == 1
    assert [message["role"] for message in body["messages"]] == ["user", "assistant"]
    assert body["messages"][1]["content"] is None


def test_options_with_values_that_make_no_sense_are_ignored():
    options = {"max_tokens_field": "model", "system_role": ["x"], "stream_usage": {}}
    body = built("openai_compatible", "m", system("x"), options=options, max_tokens=1)
    assert (body["model"], body["max_tokens"], body["messages"][0]["role"]) == ("m", 1, "system")
    assert body["stream_options"] == {"include_usage": True}


@pytest.mark.parametrize(
    ("base_url", "url"),
    [
        ("http://h:8000", "http://h:8000/v1/chat/completions"),
        ("http://h:8000/", "http://h:8000/v1/chat/completions"),
        ("http://h:8000/v1", "http://h:8000/v1/chat/completions"),
        (" http://h:8000/v1/ ", "http://h:8000/v1/chat/completions"),
        ("http://h/v1/chat/completions", "http://h/v1/chat/completions"),
        ("http://h/v1/chat/completions/", "http://h/v1/chat/completions"),
        ("http://h/chat/completions", "http://h/chat/completions"),
        ("http://h/v1/models", "http://h/v1/chat/completions"),
        ("https://api.groq.com/openai/v1", "https://api.groq.com/openai/v1/chat/completions"),
        ("https://h/v1beta/openai", "https://h/v1beta/openai/chat/completions"),
        ("https://openrouter.ai/api/v1", "https://openrouter.ai/api/v1/chat/completions"),
        ("https://h/gateway", "https://h/gateway/v1/chat/completions"),
        ("https://h/v1?team=a", "https://h/v1/chat/completions?team=a"),
        ("https://h/value", "https://h/value/v1/chat/completions"),
    ],
)
def test_a_base_url_in_every_form_that_people_paste(base_url, url):
    config = ModelConfig(provider="openai_compatible", model="m", base_url=base_url)
    assert PROVIDERS["openai_compatible"].build(config, ChatRequest(messages=(user("x"),))).url == url


def test_the_default_address_and_the_key():
    config = ModelConfig(provider="openai", model="gpt-4o", api_key=Secret("sk-1"))
    request = PROVIDERS["openai"].build(config, ChatRequest(messages=(user("x"),)))
    assert request.url == "https://api.openai.com/v1/chat/completions"
    assert request.headers == {"content-type": "application/json", "authorization": "Bearer sk-1"}
