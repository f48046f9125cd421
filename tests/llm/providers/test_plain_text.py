"""Answers whose content type says no more than "text": some are answers of an API, others are pages."""

import json

import pytest

from llm.addresses import AddressPolicy
from llm.client import UnifiedLLMClient
from llm.errors import NotAnAPI, Truncated
from llm.providers import PROVIDERS
from llm.retry import NO_RETRY
from llm.transport import Transport
from llm.types import ModelConfig, user
from tests.llm.wire import answer

CHAT = {"choices": [{"message": {"content": "hi"}, "finish_reason": "stop"}]}
STREAM = b'data: {"choices":[{"delta":{"content":"hi"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
NATIVE = {"message": {"content": "hi"}, "done": True, "done_reason": "stop"}


def chat(serve, provider, body):
    def script(peer):
        peer.read_request()
        peer.send(answer(body, kind=b"text/plain; charset=utf-8"))

    server = serve(script)
    config = ModelConfig(provider=provider, model="m", base_url=server.url)
    transport = Transport(AddressPolicy.granting([server.url]))
    return UnifiedLLMClient(config, transport=transport, retry=NO_RETRY).chat([user("Hi")])


@pytest.mark.parametrize(
    ("provider", "body"),
    [("vllm", json.dumps(CHAT).encode()), ("vllm", STREAM), ("ollama", json.dumps(NATIVE).encode())],
)
def test_an_answer_is_read_whatever_its_type(serve, provider, body):
    assert chat(serve, provider, body).text == "hi"


@pytest.mark.parametrize("name", PROVIDERS)
@pytest.mark.parametrize("page", [b"Ollama is running", b"OK\n", b"\n<!doctype html><p>Hi", b"404 page not found\n"])
def test_a_page_is_no_api(serve, name, page):
    with pytest.raises(NotAnAPI, match="base URL"):
        chat(serve, name, page)


@pytest.mark.parametrize("begun", [b": ping\n\n", b"event: x\n\n", b"dat", b"id: 1\n"])
def test_a_stream_that_broke_off_before_its_first_word_is_truncated(serve, begun):
    with pytest.raises(Truncated):
        chat(serve, "vllm", begun)
