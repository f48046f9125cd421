"""A user who goes on right after a tool: an answer was stopped there, and some servers check the order of turns."""

import json

import pytest

from llm.providers import PROVIDERS
from llm.types import ChatRequest, Message, ModelConfig, ToolCall, ToolResult, assistant, user

CALLED = Message("assistant", (ToolCall("abcdefghi", "f", "{}"), ToolCall("jklmnopqr", "f", "{}")))
RESULTS = Message("tool", (ToolResult("abcdefghi", "f", "1"), ToolResult("jklmnopqr", "f", "2")))
STOPPED = (user("Hi"), CALLED, RESULTS, user("Go on."))


def spoken(host, *messages):
    config = ModelConfig(provider="openai_compatible", model="m", base_url=f"https://{host}/v1")
    body = json.loads(PROVIDERS["openai_compatible"].build(config, ChatRequest(messages=messages)).body)
    return [(message["role"], message["content"]) for message in body["messages"]]


@pytest.mark.parametrize("host", ["api.mistral.ai", "codestral.mistral.ai"])
def test_mistral_hears_a_word_between_a_tool_and_a_user(host):
    tools = [("tool", "1"), ("tool", "2")]
    assert spoken(host, *STOPPED)[2:] == [*tools, ("assistant", "…"), ("user", "Go on.")]
    answered = spoken(host, user("Hi"), CALLED, RESULTS, assistant("Done."), user("Go on."))
    assert answered[2:] == [*tools, ("assistant", "Done."), ("user", "Go on.")]
    assert spoken(host, user("Hi")) == [("user", "Hi")]


def test_no_other_server_hears_it():
    assert [role for role, _ in spoken("api.groq.com", *STOPPED)][2:] == ["tool", "tool", "user"]
