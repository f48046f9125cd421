"""What our providers send is accepted where the vendor's refusals are known: every model family, every parameter."""

import pytest
import requests

from llm.providers import PROVIDERS
from llm.testing import ScriptedProvider
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
    system,
    user,
)
from tests.llm.scripted import can_answer

MODELS = {
    # The name of a deployment is taken for that of its model.
    "azure": ["gpt-4o", "gpt-35-turbo", "gpt-5.1", "gpt-5.6-terra", "gpt-6.2-sol", "prod"],
    "ollama": ["llama3.1", "gpt-oss:20b", "qwen3:8b"],
    "openai": [
        "gpt-4o",
        "gpt-5-mini",
        "gpt-5.1",
        "gpt-5.2",
        "gpt-5.4-mini",
        "gpt-5.5",
        "gpt-5.6-sol",
        "gpt-6-sol",
        "gpt-6-astra",
        "gpt-6.2-sol",
        "o3",
    ],
    "anthropic": [
        "claude-3-5-haiku-20241022",
        "claude-3-7-sonnet-20250219",
        "claude-sonnet-4-5-20250929",
        "claude-opus-4-1",
        "claude-opus-4-6",
        "claude-opus-4-8",
        "claude-sonnet-5",
        "claude-opus-5-5",
    ],
}
EVERYTHING = {"max_tokens": 50, "temperature": 0.5, "top_p": 0.9, "stop": ["END", " "], "seed": 7}
TOOL = ToolSpec("weather", "The weather.", {"type": "object", "properties": {"city": {"type": "string"}}})
CONVERSATION = (
    system("Be brief."),
    Message("user", (Text("[[say=fine]] What is this?"), Image(data=b"\x89PNG", media_type="image/png"))),
    Message(
        "assistant", (Reasoning("hm"), Text(""), ToolCall("call_1", "weather", ""), ToolCall("call_2", "weather", "{}"))
    ),
    Message("tool", (ToolResult("call_1", "weather", "rain"), ToolResult("call_2", "weather", "", is_error=True))),
    Message("assistant", (Text(" "),)),
    user("[[say=fine]] And now?"),
)


@pytest.fixture(scope="module")
def server():
    with ScriptedProvider() as running:
        yield running


def models():
    return [(name, model) for name in PROVIDERS if can_answer(name) for model in MODELS.get(name, ["m"])]


@pytest.mark.parametrize(("name", "model"), models())
@pytest.mark.parametrize("effort", [None, "none", "minimal", "low", "medium", "high", "xhigh", "max"])
def test_a_request_with_everything_in_it(server, name, model, effort):
    config = ModelConfig(provider=name, model=model, base_url=server.url, api_key=Secret("k"))
    params = EVERYTHING | ({"reasoning_effort": effort} if effort else {})
    for tools, stream in (((), True), ((TOOL,), False)):
        request = ChatRequest(messages=CONVERSATION, tools=tools, params=params, stream=stream)
        wanted = PROVIDERS[name].build(config, request)
        answer = requests.post(wanted.url, data=wanted.body, headers=wanted.headers, timeout=5)
        assert answer.status_code == 200, answer.text
        assert "fine" in answer.text
