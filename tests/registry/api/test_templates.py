import datetime as dt

import pytest
from django.utils import timezone

from registry.catalog import templates
from registry.models import Connection, LLMModel
from registry.template import Lifecycle
from tests.registry.api.conftest import KEY


def first(**wanted):
    return next(t for t in templates() if all(getattr(t, name) == value for name, value in wanted.items()))


def found(client, query=""):
    response = client.get(f"/api/models/templates?page_size=200&{query}")
    assert response.status_code == 200, response.json()
    return response.json()["results"]


def test_the_catalogue_is_for_everybody(as_user):
    documents = found(as_user("anonymous"))
    assert [each["id"] for each in documents] == [each.id for each in templates()]
    known = {each.id for each in templates()}
    assert {each["successor"] for each in documents} - {""} <= known


@pytest.mark.parametrize("lifecycle", Lifecycle)
def test_it_can_be_narrowed(api, lifecycle):
    today = timezone.localdate()
    wanted = {each.id for each in templates() if each.lifecycle_on(today) == lifecycle and each.provider == "openai"}
    documents = found(api, f"lifecycle={lifecycle}&provider=openai")
    assert {each["id"] for each in documents} == wanted
    assert all(bool(each["notice"]) == (lifecycle in {"deprecated", "retired"}) for each in documents)


def test_it_can_be_searched(api):
    documents = found(api, "search=GPT-4O")
    assert documents
    assert all("gpt-4o" in each["model_id"].lower() or "gpt-4o" in each["name"].lower() for each in documents)


@pytest.mark.parametrize("query", ["provider=x", "lifecycle=x", "search=" + "x" * 101])
def test_a_question_that_cannot_be_answered(api, query):
    assert api.get(f"/api/models/templates?{query}").status_code == 400


def test_a_model_from_a_template(api, alice):
    template = first(provider="anthropic", lifecycle=Lifecycle.CURRENT)
    made = api.post("/api/models/from-template", {"template": template.id, "api_key": KEY})
    assert made.status_code == 201, made.json()
    document = made.json()
    assert (document["name"], document["model_id"], document["notice"]) == (template.name, template.model_id, "")
    assert (document["usable"], document["capabilities"]) == (True, template.capabilities)
    connection = LLMModel.objects.get(pk=document["id"]).connection
    assert (connection.owner, connection.is_inline, connection.reveal_key().reveal()) == (alice, True, KEY)


def test_one_behind_a_connection_that_is_there(api, make_model, alice):
    connection = make_model(alice, key=KEY).connection
    template = first(provider="openai", lifecycle=Lifecycle.CURRENT)
    body = {"template": template.id, "connection": str(connection.pk), "name": "Mine", "is_active": False}
    made = api.post("/api/models/from-template", body).json()
    assert (made["connection"], made["name"], made["is_active"]) == (str(connection.pk), "Mine", False)


def test_what_the_template_leaves_open_is_asked_for(api):
    template = first(provider="azure", lifecycle=Lifecycle.CURRENT)
    refused = api.post("/api/models/from-template", {"template": template.id, "api_key": KEY})
    assert refused.status_code == 400
    assert "base_url" in refused.json()["error"]["details"]
    assert not Connection.objects.exists()


def test_a_retired_one_says_so_and_is_made_all_the_same(api):
    """A gateway, or a deployment of one's own, may still serve it."""
    template = next(t for t in templates() if t.lifecycle_on(dt.date(2027, 1, 1)) == Lifecycle.RETIRED)
    made = api.post("/api/models/from-template", {"template": template.id, "base_url": "https://gateway.example/v1"})
    assert made.status_code == 201, made.json()
    assert made.json()["notice"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "template"),
        ({"template": "nonesuch"}, "template"),
        ({"template": 1.5}, "template"),
        ({"template": None}, "template"),
        ({"template": "anthropic", "provider": "openai"}, "provider"),
        ({"template": templates()[0].id, "owner": 1}, "owner"),
        ({"template": templates()[0].id, "connection": "x"}, "connection"),
        ({"template": templates()[0].id, "api_key": "[__HIDDEN__]"}, "api_key"),
    ],
)
def test_bad_input_makes_nothing(api, body, field):
    refused = api.post("/api/models/from-template", body)
    assert refused.status_code == 400
    assert field in refused.json()["error"]["details"]
    assert not Connection.objects.exists()


def test_a_connection_of_another_provider_or_person(api, make_model, alice, bob):
    template = first(provider="openai", lifecycle=Lifecycle.CURRENT)
    for connection in (make_model(alice, provider="anthropic").connection, make_model(bob).connection):
        body = {"template": template.id, "connection": str(connection.pk)}
        refused = api.post("/api/models/from-template", body)
        assert refused.status_code == 400
        assert "connection" in refused.json()["error"]["details"]
