"""Connections whose key or headers cannot be opened, each damaged in another way behind the site's back."""

import pytest
from django.db import connection as database

from llm.testing import ScriptedProvider
from llm.testing.server import Server
from registry.models import LLMModel
from tests.registry.unreadable.refused import KEY, OTHER_KEY


@pytest.fixture
def connections(monkeypatch):
    """Every TCP connection that a scripted provider accepts."""
    accepted, get_request = [], Server.get_request

    def counted(self):
        accepted.append(self)
        return get_request(self)

    monkeypatch.setattr(Server, "get_request", counted)
    return accepted


@pytest.fixture
def provider(settings, connections):
    with ScriptedProvider() as provider:
        settings.ALLOWED_ENDPOINTS = [provider.url, provider.url.replace("127.0.0.1", "localhost")]
        yield provider


@pytest.fixture
def model(readers, make_model, provider):
    """A model of the superuser's, with a key and a header, behind the scripted provider."""
    model = make_model(readers["superuser"], key=KEY, name="damaged", base_url=f"{provider.url}/v1")
    model.connection.set_headers({"X-Team": "blue"})
    model.connection.save()
    return model


DAMAGE = {
    "the key altered": "sealed_api_key = sealed_api_key || 'A'",
    "the key cut": "sealed_api_key = substr(sealed_api_key, 1, 80)",
    "no envelope": "sealed_api_key = 'v1.'",
    "another version of it": "sealed_api_key = 'v1.x.y.z'",
    "the headers altered": "sealed_headers = sealed_headers || 'A'",
    "the headers in place of the key": "sealed_api_key = sealed_headers",
    "the key in place of the headers": "sealed_headers = sealed_api_key",
    "the key of another row": "sealed_api_key = (select sealed_api_key from llm_connections where name = 'other')",
    "another owner": "owner_id = {alice}",
    "everybody's": "owner_id = null",
    "another address": "base_url = '{localhost}/v1'",
    "another scheme": "base_url = replace(base_url, 'http:', 'https:')",
    "no address": "base_url = 'not an address'",
    "the provider's address": "base_url = ''",
    "another provider": "provider = 'anthropic', base_url = ''",
    "a provider that is gone": "provider = 'retired', base_url = ''",
}


@pytest.fixture(params=DAMAGE)
def damaged(request, readers, make_model, model, provider):
    make_model(readers["superuser"], key=KEY, name="other", base_url=model.connection.base_url)
    change = DAMAGE[request.param].format(
        alice=readers["alice"].pk, localhost=provider.url.replace("127.0.0.1", "localhost")
    )
    with database.cursor() as cursor:
        cursor.execute(f"update llm_connections set {change} where name = 'damaged'")
    return LLMModel.objects.select_related("connection").get(pk=model.pk)


@pytest.fixture
def under_another_key(model, settings):
    settings.ENCRYPTION_KEY = OTHER_KEY
    return LLMModel.objects.select_related("connection").get(pk=model.pk)
