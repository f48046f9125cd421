"""Our client, with every guard that it has on the site: address policy, deadlines, caps, storable text."""

import sys
from urllib.parse import urlsplit

from work import work

from llm import AddressPolicy, ModelConfig, Secret, TextDelta, UnifiedLLMClient, transport_for, user
from llm.providers import PROVIDERS
from llm.testing.formats import FORMATS
from llm.types import ChatRequest

BASE = sys.argv[1]
MESSAGES = (user("Hello"),)
BRIEFLY = (user("Hello, briefly"),)  # the loopback server knows this word


def config(provider: str, *, streaming: bool) -> ModelConfig:
    return ModelConfig(
        provider=provider, model="gpt-4o-mini", base_url=BASE, api_key=Secret("sk-benchmark"), streaming=streaming
    )


def client(provider: str, *, streaming: bool) -> UnifiedLLMClient:
    """A new one for each call, as the site makes it; the transport and its connections are shared."""
    transport = transport_for(AddressPolicy.granting([BASE]))
    return UnifiedLLMClient(config(provider, streaming=streaming), transport=transport)


def call(provider: str, *, streaming: bool = False) -> int:
    assert client(provider, streaming=streaming).chat(BRIEFLY).text
    return 1


def stream(provider: str) -> int:
    return sum(type(event) is TextDelta for event in client(provider, streaming=True).stream(MESSAGES))


def path(provider: str) -> str:
    request = PROVIDERS[provider].build(config(provider, streaming=True), ChatRequest(messages=MESSAGES))
    return urlsplit(request.url).path


def one_a_format() -> list[str]:
    """A provider for each wire format that the loopback server speaks."""
    return list({path(name): name for name in sorted(PROVIDERS, reverse=True) if path(name) in FORMATS}.values())


streams = {f"stream_{name}": lambda name=name: stream(name) for name in one_a_format()}
work(
    call=lambda: call("openai"),
    call_streamed=lambda: call("openai", streaming=True),
    stream=lambda: stream("openai"),
    **streams,
)
