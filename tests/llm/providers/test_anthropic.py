"""Requests of the Messages API as exact JSON, and what each family of models accepts."""

import json

import pytest

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


def request(model, *messages, tools=(), base_url="", **params):
    config = ModelConfig(provider="anthropic", model=model, base_url=base_url, api_key=Secret("sk-ant-1"))
    return PROVIDERS["anthropic"].build(
        config, ChatRequest(messages=messages or (user("Hi"),), tools=tools, params=params)
    )


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
        tools=(ToolSpec("f", "Does it.", {"type": "object"}),),
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
        ("claude-3-opus-20240229", "2023-06-01", {"temperature", "top_p"}),
        ("claude-3-5-sonnet-20241022", "2023-06-01", {"temperature", "top_p"}),
        ("claude-sonnet-4-20250514", "2023-06-01", {"temperature", "top_p"}),
        ("claude-haiku-4-5-20251001", "2023-06-01", {"temperature"}),
        ("claude-sonnet-4-6", "2023-06-01", {"temperature"}),
        ("claude-opus-4-7", "2026-10-21", set()),
        ("claude-sonnet-5", "2026-10-21", set()),
        ("claude-fable-5-2", "2026-10-21", set()),
        ("claude-opus-10", "2026-10-21", set()),
        ("smol", "2023-06-01", {"temperature", "top_p"}),
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
