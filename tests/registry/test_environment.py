"""What the environment says besides keys: addresses in people's own spellings, and options of a provider's format."""

import pytest

from registry.client import client_for, environment_config

KEY = "0123456789abcdef0123456789abcdef"
RESOURCE = "https://res.openai.azure.com"


@pytest.fixture
def azure(monkeypatch):
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", KEY)
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", RESOURCE)
    monkeypatch.setenv("AZURE_OPENAI_API_VERSION", "2024-10-21")


def test_the_legacy_configuration_takes_the_version(azure, settings):
    settings.LLM_PROVIDER, settings.LLM_MODEL = "azure", "gpt-4o"
    assert environment_config().options == {"api_version": "2024-10-21"}


def test_a_global_connection_at_the_environments_address_takes_the_version(azure, alice, make_model):
    model = make_model(provider="azure")
    assert client_for(alice, model.pk).config.options == {"api_version": "2024-10-21"}


def test_the_rows_own_options_win(azure, make_model):
    model = make_model(provider="azure")
    model.connection.options = {"api_version": "2025-03-01-preview", "underlying_model": "gpt-4o"}
    assert model.to_config().options == {"api_version": "2025-03-01-preview", "underlying_model": "gpt-4o"}


def test_a_connection_with_an_address_of_its_own_has_its_own_version(azure, alice, make_model):
    assert make_model(provider="azure", base_url="https://other.openai.azure.com").to_config().options == {}
    assert make_model(alice, provider="azure", base_url=RESOURCE).to_config().options == {}


def test_an_address_with_nothing_but_a_query_gets_the_environments_key(azure, alice, make_model):
    model = make_model(provider="azure", base_url=f"{RESOURCE}?api-version=2024-10-21")
    assert client_for(alice, model.pk).config.api_key.reveal() == KEY
