"""Requests of the Messages API as exact JSON, and what each family of models accepts."""

import json

import pytest

from llm.errors import BadRequest
from llm.providers import PROVIDERS
from llm.types import (
    ChatRequest,
    Image,
    Message,
    ModelConfig,
    Reasoning,
    Secret,
    Text,
    ToolCall,
    ToolResult,
    ToolSpec,
    assistant,
    system,
    user,
)

TOOL = ToolSpec("f", "Does it.", {"type": "object"})
SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}, "additionalProperties": False}


def request(model, *messages, tools=(), base_url="", options=None, stream=True, **params):
    key = Secret("sk-ant-1")
    config = ModelConfig(provider="anthropic", model=model, base_url=base_url, api_key=key, options=options or {})
    asked = ChatRequest(messages=messages or (user("Hi"),), tools=tools, params=params, stream=stream)
    return PROVIDERS["anthropic"].build(config, asked)


def body(model, *messages, **options):
    return json.loads(request(model, *messages, **options).body)


def test_the_smallest_request():
    built = request("claude-opus-5-5")
    assert built.url == "https://api.anthropic.com/v1/messages"
    assert built.headers == {
        "content-type": "application/json",
        "anthropic-version": "2026-10-21",
        "x-api-key": "sk-ant-1",
    }
    assert json.loads(built.body) == {
        "model": "claude-opus-5-5",
        "messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}],
        "stream": True,
        "max_tokens": 8192,
    }


def test_a_whole_conversation():
    first, second = ToolCall("toolu_1", "f", '{"a": 1}'), ToolCall("toolu_2", "f", "not json")
    sent = body(
        "claude-opus-5",
        system("Be brief."),
        system("Be kind."),
        Message("user", (Text("Look"), Image(data=b"\x01", media_type="image/png"), Image(url="https://h/a.png"))),
        Message(
            "assistant",
            (Reasoning("hm", "EqQB"), Reasoning("unsigned"), Reasoning("", "redacted_thinking:c2Vj"), first, second),
        ),
        Message("tool", (ToolResult("toolu_1", "f", "one"),)),
        Message("tool", (ToolResult("toolu_2", "f", "two", is_error=True),)),
        user("And?"),
        assistant(" "),
        user("Well?"),
        tools=(TOOL,),
    )
    assert sent["system"] == "Be brief.\n\nBe kind."
    assert sent["tools"] == [{"name": "f", "description": "Does it.", "input_schema": {"type": "object"}}]
    assert sent["messages"] == [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Look"},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AQ=="}},
                {"type": "image", "source": {"type": "url", "url": "https://h/a.png"}},
            ],
        },
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "hm", "signature": "EqQB"},
                {"type": "redacted_thinking", "data": "c2Vj"},
                {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"a": 1}},
                {"type": "tool_use", "id": "toolu_2", "name": "f", "input": {}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "toolu_1", "content": "one"},
                {"type": "tool_result", "tool_use_id": "toolu_2", "content": "two", "is_error": True},
                {"type": "text", "text": "And?"},
                {"type": "text", "text": "Well?"},
            ],
        },
    ]


@pytest.mark.parametrize(
    ("model", "version", "sampling"),
    [
        ("claude-3-opus-20240229", "2023-06-01", {"temperature", "top_p", "top_k"}),
        ("claude-3-5-sonnet-20241022", "2023-06-01", {"temperature", "top_p", "top_k"}),
        ("claude-sonnet-4-20250514", "2023-06-01", {"temperature", "top_p", "top_k"}),
        ("claude-haiku-4-5-20251001", "2023-06-01", {"temperature", "top_k"}),
        ("claude-sonnet-4-6", "2023-06-01", {"temperature", "top_k"}),
        ("claude-opus-4-7", "2026-10-21", set()),
        ("claude-sonnet-5", "2026-10-21", set()),
        ("claude-fable-5-2", "2026-10-21", set()),
        ("claude-opus-10", "2026-10-21", set()),
        ("smol", "2023-06-01", {"temperature", "top_p", "top_k"}),
    ],
)
def test_gotcha_30_sampling_and_the_version_that_allows_it(model, version, sampling):
    assert request(model).headers["anthropic-version"] == version
    sent = body(model, temperature=0.5, top_p=0.9, seed=1, top_k=3, logit_bias={})
    assert set(sent) - {"model", "messages", "stream", "max_tokens"} == sampling


@pytest.mark.parametrize(
    ("model", "effort", "sent"),
    [
        (
            "claude-opus-5-5",
            "high",
            {"thinking": {"type": "adaptive", "display": "summarized"}, "output_config": {"effort": "high"}},
        ),
        ("claude-haiku-4-5-20251001", "low", {"thinking": {"type": "enabled", "budget_tokens": 2048}}),
        ("claude-3-5-sonnet-20241022", "low", {}),
        (
            "claude-sonnet-4-6",
            "minimal",
            {"thinking": {"type": "adaptive", "display": "summarized"}, "output_config": {"effort": "low"}},
        ),
        ("claude-opus-4-5-20251101", "max", {"thinking": {"type": "enabled", "budget_tokens": 16384}}),
        ("claude-opus-5-5", "none", {}),
        ("smol", "high", {}),
    ],
)
def test_gotcha_32_thinking_by_the_number_in_the_name(model, effort, sent):
    found = body(model, reasoning_effort=effort)
    assert {name: found[name] for name in ("thinking", "output_config") if name in found} == sent


def test_a_budget_comes_on_top_of_the_limit_and_excludes_sampling():
    sent = body("claude-haiku-4-5-20251001", reasoning_effort="low", max_tokens=100, temperature=0.5)
    assert sent["max_tokens"] == 2148
    assert "temperature" not in sent


@pytest.mark.parametrize(
    ("stop", "sent"), [("END", ["END"]), (["a", " ", "\n"], ["a"]), ([" "], None), (None, None), (5, None)]
)
def test_stop_sequences(stop, sent):
    assert body("claude-opus-5", stop=stop).get("stop_sequences") == sent


@pytest.mark.parametrize(
    "base_url", ["http://h", "http://h/", "http://h/v1", "http://h/v1/messages", "http://h/v1/models"]
)
def test_a_base_url_in_every_form_that_people_paste(base_url):
    assert request("claude-opus-5", base_url=base_url).url == "http://h/v1/messages"


@pytest.mark.parametrize(
    ("model", "choice", "sent"),
    [
        ("claude-opus-5", "auto", {"type": "auto"}),
        ("claude-opus-5", "none", {"type": "none"}),
        ("claude-opus-5", "required", {"type": "any"}),
        ("claude-opus-5", "f", {"type": "tool", "name": "f"}),
        ("claude-haiku-5-5", "required", {"type": "any"}),
        # These always think, and what thinks cannot be forced.
        ("claude-opus-5-5", "required", {"type": "auto"}),
        ("claude-sonnet-5-5", "f", {"type": "auto"}),
        ("claude-fable-5-1", "required", {"type": "auto"}),
        ("claude-mythos-5-1", "required", {"type": "auto"}),
        ("claude-opus-5-5", "none", {"type": "none"}),
        ("claude-opus-5", None, None),
        ("claude-opus-5", {"type": "auto"}, None),
    ],
)
def test_tool_choice(model, choice, sent):
    assert body(model, tools=(TOOL,), tool_choice=choice).get("tool_choice") == sent


def test_a_model_that_is_told_to_think_is_not_forced():
    sent = body("claude-haiku-4-5-20251001", tools=(TOOL,), tool_choice="required", reasoning_effort="low")
    assert sent["tool_choice"] == {"type": "auto"}


def test_one_tool_call_at_a_time():
    alone = body("claude-opus-5", tools=(TOOL,), parallel_tool_calls=False)
    assert alone["tool_choice"] == {"type": "auto", "disable_parallel_tool_use": True}
    forced = body("claude-opus-5", tools=(TOOL,), parallel_tool_calls=False, tool_choice="f")
    assert forced["tool_choice"] == {"type": "tool", "name": "f", "disable_parallel_tool_use": True}
    assert body("claude-opus-5", tools=(TOOL,), parallel_tool_calls=False, tool_choice="none")["tool_choice"] == {
        "type": "none"
    }


def test_without_tools_there_is_no_choice_among_them():
    assert "tool_choice" not in body("claude-opus-5", tool_choice="auto", parallel_tool_calls=False)


def test_an_answer_to_a_schema_stands_beside_the_effort():
    wanted = {"type": "json_schema", "json_schema": {"name": "n", "schema": SCHEMA, "strict": True}}
    sent = body("claude-opus-5", response_format=wanted, reasoning_effort="low")
    assert sent["output_config"] == {"effort": "low", "format": {"type": "json_schema", "schema": SCHEMA}}


def test_json_without_a_schema_is_refused_before_anything_is_sent():
    with pytest.raises(BadRequest, match="schema"):
        request("claude-opus-5", response_format={"type": "json_object"})


@pytest.mark.parametrize(
    ("model", "version", "sampling"),
    [
        ("claude-opus-5", "2023-06-01", set()),
        ("claude-sonnet-4-6", "2026-10-21", set()),
        ("smol", "9999-01-01", {"top_k"}),
    ],
)
def test_a_connection_may_choose_the_version(model, version, sampling):
    options = {"api_version": version}
    used = request(model, options=options).headers["anthropic-version"]
    assert used == (version if version < "9999" else "2023-06-01")
    assert set(body(model, options=options, top_k=3)) & {"top_k"} == sampling


@pytest.mark.parametrize(("limit", "streamed"), [(21_333, False), (21_334, True), (None, False)])
def test_an_answer_too_long_to_wait_for_is_streamed(limit, streamed):
    assert body("claude-opus-5", stream=False, max_tokens=limit)["stream"] is streamed
