"""A connection without an address, to a provider that has none of its own."""

import pytest

from llm.client import UnifiedLLMClient
from llm.errors import BadRequest
from llm.providers import PROVIDERS
from llm.types import ModelConfig, user


@pytest.mark.parametrize("name", [name for name, provider in PROVIDERS.items() if not provider.base_url])
@pytest.mark.parametrize("base_url", ["", " \n"])
def test_it_is_told_to_enter_one(name, base_url):
    config = ModelConfig(provider=name, model="m", base_url=base_url)
    for ask in (UnifiedLLMClient(config).chat, lambda _: PROVIDERS[name].models(config)):
        with pytest.raises(BadRequest, match=r"address.*\. Enter it"):
            ask([user("Hi")])


def test_such_providers_exist():
    assert not PROVIDERS["openai_compatible"].base_url
