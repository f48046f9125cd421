"""`/api/connections`: keys go in and never come out."""

import pytest

from registry.models import Connection
from tests.registry.api.conftest import KEY

NEW = {"name": "Work", "provider": "openai"}
FIELDS = {
    "id",
    "name",
    "provider",
    "base_url",
    "is_global",
    "is_active",
    "options",
    "has_key",
    "key_preview",
    "key_set_at",
    "has_headers",
    "created_at",
    "updated_at",
}


def path(connection):
    return f"/api/connections/{connection.pk}"


@pytest.fixture
def own(make_model, alice):
    return make_model(alice, key=KEY).connection


def test_a_connection_with_key_and_headers(api, alice):
    body = NEW | {"api_key": f" {KEY}\n", "headers": {"X-Team": "blue-secret"}, "options": {"format": "responses"}}
    made = api.post("/api/connections", body)
    assert made.status_code == 201, made.json()
    document = made.json()
    assert set(document) == FIELDS
    assert (document["has_key"], document["has_headers"], document["key_preview"]) == (True, True, "sk-proj...abc")
    connection = Connection.objects.get(owner=alice)
    assert connection.reveal_key().reveal() == KEY
    assert connection.reveal_headers()["X-Team"].reveal() == "blue-secret"
    for answer in (made, api.get(path(connection)), api.get("/api/connections")):
        assert KEY not in answer.content.decode()
        assert "blue-secret" not in answer.content.decode()


def test_null_takes_key_and_headers_away(api, own):
    own.set_headers({"X-Team": "blue"})
    own.save()
    document = api.patch(path(own), {"api_key": None, "headers": None}).json()
    assert (document["has_key"], document["key_preview"], document["has_headers"]) == (False, "", False)


def test_what_is_not_sent_stays(api, own):
    assert api.patch(path(own), {"name": "Other"}).json()["has_key"]
    own.refresh_from_db()
    assert own.reveal_key().reveal() == KEY


@pytest.mark.parametrize(
    "change", [{"base_url": "https://evil.example"}, {"provider": "anthropic"}, {"provider": "vllm", "base_url": ""}]
)
def test_a_key_stays_where_it_was_entered_for(api, own, change):
    refused = api.patch(path(own), change)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "key_required")
    own.refresh_from_db()
    assert (own.provider, own.base_url) == ("openai", "")


def test_headers_are_kept_back_like_the_key(api, alice):
    made = api.post("/api/connections", NEW | {"headers": {"X-Key": "secret-value"}}).json()
    refused = api.patch(f"/api/connections/{made['id']}", {"base_url": "https://evil.example", "api_key": KEY})
    assert refused.json()["error"]["code"] == "key_required"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "x" * 101),
        ("name", None),
        ("provider", ""),
        ("provider", []),
        ("base_url", "javascript:alert(1)"),
        ("base_url", "https://user:password@host"),
        ("base_url", "https://host/\r\nX: y"),
        ("base_url", "https://" + "x" * 500),
        ("base_url", "http://[::1"),
        ("base_url", "https://exämple.com"),
        ("base_url", "https://a.example\\@b.example"),
        ("api_key", "two words"),
        ("api_key", "a\r\nHost: evil"),
        ("api_key", "kéy"),
        ("api_key", "x" * 4097),
        ("api_key", []),
        ("api_key", {"$ne": ""}),
        ("api_key", True),
        ("headers", []),
        ("headers", {"X": None}),
        ("headers", {"X\r\nY": "z"}),
        ("headers", {"X": "a\r\nb"}),
        ("headers", {"": "z"}),
        ("headers", {"Content-Length": "1"}),
        ("headers", {"Proxy-Authorization": "x"}),
        ("headers", {"accept-encoding": "gzip"}),
        ("options", {"api_key": "sk-clear"}),
        ("base_url", "https://api.example.com/v1?key=AAAA"),
        ("headers", {f"X-{n}": "y" for n in range(33)}),
        ("is_active", "maybe"),
        ("is_global", None),
        ("options", [1]),
        ("sealed_api_key", "v1.x"),
        ("owner", 2),
        ("is_inline", True),
    ],
)
def test_bad_input_changes_nothing(api, own, field, value):
    before = Connection.objects.values().get()
    for refused in (api.patch(path(own), {field: value}), api.post("/api/connections", NEW | {field: value})):
        assert refused.status_code == 400, refused.json()
        assert any(name.startswith(field) for name in refused.json()["error"]["details"])
    assert Connection.objects.values().get() == before


@pytest.mark.parametrize("placeholder", ["***", "sk-proj...abc", "••••", "sk-***"])
def test_the_mask_is_no_key(api, own, placeholder):
    refused = api.patch(path(own), {"api_key": placeholder})
    assert refused.status_code == 400
    own.refresh_from_db()
    assert own.reveal_key().reveal() == KEY


def test_only_managers_share(api, as_user, own, readers, make_model):
    refused = api.patch(path(own), {"is_global": True})
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "permission_denied")
    holders = make_model(readers["holder"], key=KEY).connection
    holder = as_user("holder")
    assert holder.patch(path(holders), {"is_global": True}).json()["is_global"] is True
    holders.refresh_from_db()
    assert (holders.owner, holders.reveal_key().reveal()) == (None, KEY)
    taken_back = holder.patch(path(holders), {"is_global": False})
    assert taken_back.json()["error"]["code"] == "key_required"
    assert holder.patch(path(holders), {"is_global": False, "api_key": KEY}).json()["is_global"] is False


def test_a_holder_makes_a_global_one(as_user):
    assert as_user("alice").post("/api/connections", NEW | {"is_global": True}).status_code == 403
    assert as_user("holder").post("/api/connections", NEW | {"is_global": True}).status_code == 201
    assert Connection.objects.get().owner is None


def test_whoever_may_not_edit_does_not_see(as_user, own, make_model):
    shared = make_model(key=KEY).connection
    for connection in (own, shared):
        for answer in (as_user("bob").get(path(connection)), as_user("staff").delete(path(connection))):
            assert answer.status_code == 404
    assert [row["id"] for row in as_user("holder").get("/api/connections").json()["results"]] == [str(shared.pk)]


def test_an_unreadable_key_still_lists(api, own):
    Connection.objects.update(sealed_api_key="v1.00000000." + "A" * 90)
    assert api.get("/api/connections").json()["results"][0]["has_key"]
    assert api.patch(path(own), {"name": "Other"}).status_code == 200
    assert api.patch(path(own), {"api_key": KEY}).status_code == 200
    own.refresh_from_db()
    assert own.reveal_key().reveal() == KEY


def test_an_address_that_may_not_be_reached_is_refused(api, as_user, own):
    body = {"name": "x", "provider": "openai_compatible", "base_url": "http://10.0.0.5:8000/v1"}
    for refused in (api.post("/api/connections", body), api.patch(path(own), body | {"api_key": KEY})):
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, "endpoint_not_allowed")
        assert "10.0.0.5" not in refused.json()["error"]["message"]
    assert Connection.objects.get().base_url == ""
    told = as_user("holder").post("/api/connections", body | {"is_global": True}).json()["error"]["message"]
    assert told.endswith("manage.py allow_endpoint http://10.0.0.5:8000")


def test_a_grant_that_was_taken_back_does_not_hold_up_other_changes(api, own):
    Connection.objects.update(provider="vllm", base_url="http://10.0.0.5:8000")
    assert api.patch(path(own), {"name": "Other"}).status_code == 200
