"""Everything that does not belong there, in every field that an operation of the API takes."""

import json

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from drf_spectacular.generators import SchemaGenerator

from llm.probes import STEPS
from registry.catalog import templates
from registry.models import APIToken, Connection, LLMModel
from registry.providers import provider_names
from tests.llm.hostile_urls import URLS
from tests.registry.api.refusals import refused
from tests.registry.api.rows import IDS, KEY, everything

ADDRESS = {"provider": "openai_compatible", "base_url": "https://models.example.com/v1"}
BLOCKED = ADDRESS | {"base_url": "http://10.0.0.1/v1"}
# Operation -> the least that it takes.
LEAST = {
    "POST /api/connections": {"name": "x"} | ADDRESS,
    "PATCH /api/connections/{id}": {},
    "POST /api/models": {"name": "x", "model_id": "x"} | ADDRESS,
    "PATCH /api/models/{id}": {},
    "POST /api/models/from-template": {"template": templates()[0].id},
    "POST /api/models/test-connection": {"model_id": "x"} | BLOCKED,
    "POST /api/tokens": {},
}
OWN = {"connections": IDS["alice", "connection"], "models": IDS["alice", "inline model"]}


def nested(depth):
    value = "x"
    for _ in range(depth):
        value = {"x": value}
    return value


# No field takes these. `json` writes infinity and NaN, which are no JSON, as Python spells them.
NEVER = {
    "a list": ["x"],
    "a list of objects": [{}],
    "nested deeply": nested(40),
    "infinity": float("inf"),
    "no number": float("nan"),
    "400 digits": 10**400,
    "very long": "x" * 100_000,
    "NUL": "a\0b",
    "half a pair": "a\ud800b",
    "control character": "a\x1b[31mb",
    "line break": "a\nb",
    "header": "a\r\nX-Evil: 1",
    "direction": "\u202eevil",
}
# Some fields take some of these.
ODD = [
    *(None, True, 0, 1, -1, 1.5, 1e308, 2**31, 2**63, [], {}, {"x": 1}, nested(30)),
    *("", " ", "\ufeffx", "1", "yes", "1e5", "\u0661", "Infinity", "e" + "\u0301" * 50, "{{ 7*7 }}{% debug %}"),
    *("'; DROP TABLE llm_models; --", "<script>alert(1)</script>", "../../etc/passwd", "%00%ff{0.__class__}"),
]
# What is stored as it was sent, but for blanks around it.
STORED_AS_SENT = {"name", "model_id", "options", "default_params"}


def send(api, operation, body):
    method, path = operation.split()
    path = path.replace("{id}", OWN.get(path.split("/")[2], ""))
    return api.generic(method, path, json.dumps(body), content_type="application/json")


# What these answer depends on an engine that runs: tests/chat/api asks them.
OF_THE_CHAT = ("/api/chat", "/api/conversations")
# Generated from the serializers, so that a new field or operation is here by itself.
DOCUMENT = SchemaGenerator().get_schema(request=None, public=True)
WRITING = {
    f"{method.upper()} {path}": operation["requestBody"]["content"]["application/json"]["schema"]
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
    if "requestBody" in operation and not path.startswith(OF_THE_CHAT)
}


def properties(schema):
    """Of an object, also where it is described elsewhere."""
    for reference in [schema, *schema.get("allOf", [])]:
        if "$ref" in reference:
            return properties(DOCUMENT["components"]["schemas"][reference["$ref"].rpartition("/")[2]])
    return schema.get("properties", {})


def as_a_key(value):
    """Another text than in other fields: what was sent as a key may be seen nowhere."""
    return f"{value}-as-a-key" if isinstance(value, str) and value.strip() else value


def filled(operation, value):
    """Each field with `value` in it, by its name; one that holds several with it in all of them, too."""
    for name, schema in properties(WRITING[operation]).items():
        yield name, {name: as_a_key(value) if name == "api_key" else value}
        if inner := properties(schema):
            yield name, {name: dict.fromkeys(inner, value)}


@pytest.fixture
def api(as_user, rows, no_names):
    return as_user("alice")


def test_every_operation_that_writes_is_here():
    assert set(WRITING) == set(LEAST)
    assert {name for name, _ in filled("PATCH /api/models/{id}", 1)} >= {"name", "capabilities", "api_key", "headers"}


@pytest.mark.parametrize("operation", LEAST)
def test_what_no_field_takes(api, operation):
    before = everything()
    for kind, value in NEVER.items():
        for name, field in filled(operation, value):
            error = refused(send(api, operation, LEAST[operation] | field))
            is_named = error["code"] == "parse_error" or name in error["message"]
            assert is_named or name in {"username", "password"}, (name, kind, error)
    assert everything() == before


@pytest.mark.parametrize("operation", LEAST)
def test_what_some_fields_take(api, operation):
    before = everything()
    for value in ODD:
        for name, field in filled(operation, value):
            with transaction.atomic():
                response = send(api, operation, LEAST[operation] | field)
                if response.status_code < 300:
                    # What is stored can be read.
                    assert api.get(f"/api/{operation.split('/')[2]}").status_code == 200, (name, value)
                transaction.set_rollback(True)
            if response.status_code >= 400:
                refused(response)
            elif name in STORED_AS_SENT & set(response.json()):
                assert response.json()[name] in (value, str(value).strip()), name
    assert everything() == before


@pytest.mark.parametrize("operation", LEAST)
def test_columns_that_are_no_fields_cannot_be_set(api, alice, operation):
    columns = {field.attname for table in (Connection, LLMModel, APIToken, User) for field in table._meta.fields}
    others = everything(but_of=alice)
    for name in (columns | {"owner", "user", "pk", "__class__"}) - {*properties(WRITING[operation])}:
        response = send(api, operation, LEAST[operation] | {name: "marked"})
        if response.status_code < 300:
            assert name in response.json()  # read before, and ignored when it comes back
        else:
            assert name in refused(response)["details"]
    assert "marked" not in str(everything())
    assert everything(but_of=alice) == others


@pytest.mark.parametrize("operation", [name for name in LEAST if "tokens" not in name])
def test_what_is_shown_of_a_key_is_no_key(api, operation):
    preview = api.get(f"/api/connections/{OWN['connections']}").json()["key_preview"]
    for shown in (preview, "***"):
        assert refused(send(api, operation, LEAST[operation] | {"api_key": shown}))["code"] == "masked_key"


# Blanks around an address are dropped.
ADDRESSES = [url for urls in URLS.values() for url in urls if url == url.strip()]


@pytest.mark.parametrize("operation", ["POST /api/connections", "POST /api/models"])
def test_an_address_that_must_lead_nowhere_is_refused_or_stored(api, operation):
    for url in ADDRESSES:
        with transaction.atomic():
            made = send(api, operation, LEAST[operation] | {"base_url": url})
            transaction.set_rollback(True)
        assert made.status_code == 201 or refused(made), url


def test_an_address_that_must_lead_nowhere_leads_nowhere(api):
    for url in ADDRESSES:
        tested = send(api, "POST /api/models/test-connection", {"model_id": "x"} | ADDRESS | {"base_url": url})
        if tested.status_code == 200:
            step = tested.json()["steps"][0]
            assert (step["name"], step["code"], step["detail"]) == ("address", "endpoint_not_allowed", ""), url
        else:
            refused(tested)


@pytest.mark.parametrize("provider", provider_names())
def test_settings_that_no_provider_knows_what_to_do_with(api, settings, provider):
    """They are passed on, and what the provider says to them is told."""
    names = ("format", "wire_format", "api_version", "underlying_model", "max_tokens", "stop", "tool_choice", "")
    asked = {"provider": provider, "base_url": f"{settings.ALLOWED_ENDPOINTS[0]}/v1", "model_id": "x", "api_key": KEY}
    for value in (None, True, 1e308, 10**400, "\x1b\r\nX: y", [[]], {"x": [{"y": None}]}):
        for field in ("options", "default_params"):
            response = send(api, "POST /api/models/test-connection", asked | {field: dict.fromkeys(names, value)})
            assert response.status_code == 200, response.content
            assert [step["name"] for step in response.json()["steps"]] == list(STEPS)
