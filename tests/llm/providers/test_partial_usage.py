"""A server that reports one count and not the other: the one is kept, the other is a guess."""

import json

import pytest

from llm.addresses import AddressPolicy
from llm.client import UnifiedLLMClient
from llm.transport import Transport
from llm.types import ModelConfig, Usage, user
from tests.llm.wire import answer

ASKED, SAID = "x" * 400, "y" * 40


@pytest.mark.parametrize(
    ("counts", "usage"),
    [
        ({"prompt_eval_count": 26, "eval_count": 7}, Usage(input_tokens=26, output_tokens=7)),
        ({"eval_count": 7}, Usage(input_tokens=100, output_tokens=7, estimated=True)),
        ({"prompt_eval_count": 26}, Usage(input_tokens=26, output_tokens=10, estimated=True)),
        ({}, Usage(input_tokens=100, output_tokens=10, estimated=True)),
    ],
)
def test_what_is_reported_is_kept(serve, counts, usage):
    line = {"message": {"role": "assistant", "content": SAID}, "done": True, "done_reason": "stop", **counts}

    def script(peer):
        peer.read_request()
        peer.send(answer(json.dumps(line).encode()))

    server = serve(script)
    config = ModelConfig(provider="ollama", model="m", base_url=server.url)
    client = UnifiedLLMClient(config, transport=Transport(AddressPolicy.granting([server.url])))
    assert client.chat([user(ASKED)]).usage == usage
