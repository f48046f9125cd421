"""Rows that cannot be read are listed, say what to do where they are used, and send nothing."""

import json

import pytest

from llm import LLMError, user
from registry import envelope
from registry.client import client_for
from registry.errors import CredentialUnreadable
from registry.local_model import LOCAL_CONNECTION
from registry.models import Connection, LLMModel
from tests.registry.unreadable.refused import ENTERED, KEY, assert_listed_everywhere, assert_refused_for


def test_a_damaged_row_is_listed_and_sends_nothing(client, readers, damaged, connections):
    assert_listed_everywhere(client, readers, damaged)
    for reader in readers.values():
        assert_refused_for(reader, damaged)
    assert connections == []


def test_so_is_a_row_sealed_with_a_lost_key(client, readers, under_another_key, connections):
    assert_listed_everywhere(client, readers, under_another_key)
    assert_refused_for(readers["superuser"], under_another_key)
    assert connections == []


def test_no_other_key_takes_the_place_of_an_unreadable_one(readers, make_model, provider, connections, monkeypatch):
    model = make_model(key=KEY, provider="openai")
    monkeypatch.setenv("OPENAI_API_KEY", ENTERED)
    Connection.objects.update(sealed_api_key=model.connection.sealed_api_key + "A")
    with pytest.raises(CredentialUnreadable):
        client_for(readers["alice"], model.pk)


@pytest.mark.parametrize("provider_name", ["openai", "vllm", "retired"])
@pytest.mark.parametrize("address", ["not an address", "http://127.0.0.1:99999", "ftp://x"])
def test_an_address_that_is_none_is_listed_without_a_key_too(
    client, readers, make_model, monkeypatch, provider_name, address
):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    model = make_model(name="damaged", provider=provider_name)
    Connection.objects.update(base_url=address)
    model = LLMModel.objects.select_related("connection").get(pk=model.pk)
    assert_listed_everywhere(client, readers, model)
    with pytest.raises(LLMError):
        client_for(readers["alice"], model.pk).chat([user("hello")])


def test_the_local_models_row_with_an_address_that_is_none_is_listed(client, readers, make_model):
    model = make_model(name="damaged", provider="openai_compatible", base_url="http://127.0.0.1:1/v1")
    Connection.objects.update(id=LOCAL_CONNECTION, base_url="http://127.0.0.1:99999/v1")
    LLMModel.objects.update(connection=LOCAL_CONNECTION)
    model = LLMModel.objects.select_related("connection").get(pk=model.pk)
    assert_listed_everywhere(client, readers, model)
    assert "not running" in model.unusable_reason(readers["alice"])


SEALED_IN_OTHER_WAYS = ["", "{", "null", "[]", '["X"]', '"X: y"', "7", '{"X": 1}', '{"X": null}', '{"Host": "x"}']


@pytest.mark.parametrize("text", [*SEALED_IN_OTHER_WAYS, json.dumps({"X": "a\r\nHost: evil"}), "[" * 500])
def test_sealed_text_that_holds_no_headers_is_unreadable(model, text, connections):
    row = model.connection
    Connection.objects.update(sealed_headers=envelope.keyring().seal(text, *row._context("headers")))
    row = Connection.objects.get(pk=row.pk)
    if text:
        assert row.unreadable() == ["headers"]
        with pytest.raises(CredentialUnreadable, match="headers"):
            row.reveal_headers()
    else:
        assert row.reveal_headers() == {}
    assert row.reveal_key().reveal() == KEY
