"""One name for the limit of an answer, whatever the wire calls it."""

import json

import pytest

from llm.addresses import AddressPolicy
from llm.client import UnifiedLLMClient
from llm.errors import BadRequest
from llm.retry import NO_RETRY
from llm.transport import Transport
from llm.types import ModelConfig, user
from tests.llm.wire import answer


def sent(serve, provider, *, model="m", limits, **params):
    """What a model with the parameters `limits` sends for a call with `params`."""

    def script(peer):
        peer.read_request()
        peer.send(answer(b'{"error": "enough"}', status=b"400 Bad Request"))

    server = serve(script)
    config = ModelConfig(provider=provider, model=model, base_url=server.url, params=limits)
    client = UnifiedLLMClient(config, transport=Transport(AddressPolicy.granting([server.url])), retry=NO_RETRY)
    with pytest.raises(BadRequest):
        client.chat([user("Hi")], **params)
    return json.loads(server.requests[0].partition(b"\r\n\r\n")[2])


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
@pytest.mark.parametrize(
    ("provider", "model", "field"),
    [
        ("anthropic", "claude-opus-5-5", "max_tokens"),
        ("openai", "gpt-4o", "max_completion_tokens"),
        ("vllm", "m", "max_tokens"),
        ("openai_compatible", "m", "max_tokens"),
    ],
)
def test_both_names_of_the_limit_are_understood(serve, provider, model, field, name):
    body = sent(serve, provider, model=model, limits={}, **{name: 77})
    assert {key: value for key, value in body.items() if key.startswith("max_")} == {field: 77}


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_ollama_understands_both_names_too(serve, name):
    assert sent(serve, "ollama", limits={}, **{name: 77})["options"] == {"num_predict": 77}


@pytest.mark.parametrize(("called", "limit"), [(50, 50), (None, 8192)])
def test_the_limit_of_a_call_beats_that_of_the_model_under_either_name(serve, called, limit):
    body = sent(serve, "anthropic", limits={"max_tokens": 99}, max_completion_tokens=called)
    assert body["max_tokens"] == limit
