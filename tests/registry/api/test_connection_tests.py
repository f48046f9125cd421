"""`POST /api/models/test-connection`, against a provider on a real socket."""

import pytest

from llm.testing import ScriptedProvider
from registry.models import LLMModel, UsageRecord
from tests.registry.api.conftest import KEY

PATH = "/api/models/test-connection"
NOBODYS = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def provider(settings):
    with ScriptedProvider() as provider:
        settings.ALLOWED_ENDPOINTS = [provider.url]
        yield provider


@pytest.fixture
def allowed(provider):
    return f"{provider.url}/v1"


@pytest.fixture
def own(allowed, make_model, alice):
    return make_model(alice, key=KEY, name="scripted-model", provider="openai_compatible", base_url=allowed)


def report(response):
    assert response.status_code == 200, response.json()
    return response.json()


def failed(document):
    return [step for step in document["steps"] if step["status"] == "failed"]


def test_a_stored_model(api, own, provider):
    document = report(api.post(PATH, {"model": str(own.pk)}))
    assert (document["ok"], failed(document)) == (True, [])
    own.refresh_from_db()
    assert own.last_test_ok
    assert api.get(f"/api/models/{own.pk}").json()["last_test"] == document
    assert UsageRecord.objects.filter(model=own).exists()
    assert {request.headers["authorization"] for request in provider.requests} == {f"Bearer {KEY}"}


def test_a_stored_connection(api, own):
    assert report(api.post(PATH, {"connection": str(own.connection_id)}))["ok"]
    own.refresh_from_db()
    assert own.last_test_ok
    other = report(api.post(PATH, {"connection": str(own.connection_id), "model_id": "no-such-model"}))
    assert [step["name"] for step in failed(other)] == ["model"]
    own.refresh_from_db()
    assert own.last_test_ok


def test_a_connection_without_a_model_asks_for_one(api, own):
    LLMModel.objects.all().delete()
    refused = api.post(PATH, {"connection": str(own.connection_id)})
    assert refused.status_code == 400
    assert "model_id" in refused.json()["error"]["details"]
    assert report(api.post(PATH, {"connection": str(own.connection_id), "model_id": "scripted-model"}))["ok"]


def test_what_is_not_stored(api, allowed, provider):
    body = {"provider": "openai_compatible", "base_url": allowed, "api_key": KEY, "model_id": "scripted-model"}
    document = report(api.post(PATH, body | {"headers": {"X-Team": "blue"}, "capabilities": {"streaming": False}}))
    assert document["ok"], document
    assert not LLMModel.objects.exists()
    assert {request.headers["x-team"] for request in provider.requests} == {"blue"}
    assert {request.headers["authorization"] for request in provider.requests} == {f"Bearer {KEY}"}


def test_a_failure_says_what_to_do(api, allowed):
    body = {"provider": "openai_compatible", "base_url": allowed, "model_id": "no-such-model"}
    [step] = failed(report(api.post(PATH, body)))
    assert (step["name"], step["code"]) == ("model", "model_not_found")
    assert step["remedy"]


@pytest.mark.parametrize(
    "url", ["http://10.0.0.1/v1", "http://127.0.0.1:1/v1", "https://metadata.internal", "http://[::1]:1"]
)
def test_whatever_is_not_allowed_gets_one_message(api, url):
    [step] = failed(report(api.post(PATH, {"provider": "openai_compatible", "base_url": url, "model_id": "x"})))
    assert (step["name"], step["code"]) == ("address", "endpoint_not_allowed")
    assert step["remedy"].startswith("This address may not be reached from here.")
    assert step["detail"] == ""


MIXTURES = {
    "model and address": ["model", "provider", "base_url"],
    "model and base URL": ["model", "base_url"],
    "model and another id": ["model", "model_id"],
    "model and headers": ["model", "headers"],
    "model and connection": ["model", "connection"],
    "connection and base URL": ["connection", "base_url"],
    "connection and key": ["connection", "api_key"],
    "connection and options": ["connection", "options"],
}


@pytest.mark.parametrize("mixture", MIXTURES)
def test_what_is_stored_is_never_mixed_with_what_is_sent(api, own, allowed, provider, mixture):
    everything = {
        "model": str(own.pk),
        "connection": str(own.connection_id),
        "provider": "openai_compatible",
        "base_url": allowed,
        "model_id": "other",
        "api_key": KEY,
        "headers": {"X-Team": "blue"},
        "options": {"format": "chat"},
    }
    refused = api.post(PATH, {name: everything[name] for name in MIXTURES[mixture]})
    assert refused.status_code == 400
    assert "Send " in refused.json()["error"]["message"]
    assert not provider.requests


@pytest.mark.parametrize(
    "body",
    [{}, {"provider": "openai"}, {"model_id": "x"}, {"provider": "x", "model_id": "y"}, {"model": "x"}, {"model": []}],
)
def test_half_a_question(api, body):
    assert api.post(PATH, body).status_code == 400


def test_who_may_test_what(as_user, own, make_model, allowed):
    shared = make_model(key=KEY, name="scripted-model", provider="openai_compatible", base_url=allowed)
    table = {
        "anonymous": (401, 401, 401),
        "bob": (404, 403, 404),
        "staff": (404, 403, 404),
        "holder": (404, 200, 200),
        "superuser": (404, 200, 200),
        "alice": (200, 403, 404),
    }
    for reader, expected in table.items():
        api = as_user(reader)
        bodies = ({"model": str(own.pk)}, {"model": str(shared.pk)}, {"connection": str(shared.connection_id)})
        assert tuple(api.post(PATH, body).status_code for body in bodies) == expected, reader
    assert as_user("alice").post(PATH, {"model": NOBODYS}).status_code == 404
    assert as_user("alice").post(PATH, {"connection": NOBODYS}).status_code == 404


def test_only_managers_test_as_everybodys(as_user, allowed):
    body = {"provider": "openai_compatible", "base_url": allowed, "model_id": "scripted-model", "is_global": True}
    assert as_user("alice").post(PATH, body).status_code == 403
    assert report(as_user("holder").post(PATH, body))["ok"]


def test_a_key_that_cannot_be_opened(api, own, provider):
    own.connection.__class__.objects.update(sealed_api_key="v1.00000000." + "A" * 90)
    refused = api.post(PATH, {"model": str(own.pk)})
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "credential_unreadable")
    assert not provider.requests
