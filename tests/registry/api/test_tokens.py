import datetime as dt

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from registry.models import APIToken
from tests.registry.api.conftest import with_token

PASSWORD = "correct horse battery"


@pytest.fixture
def alices_password(alice):
    alice.set_password(PASSWORD)
    alice.save()


def test_a_token_made_with_a_password(as_user, alice, alices_password):
    made = as_user("anonymous").post("/api/tokens", {"username": "alice", "password": PASSWORD, "name": "laptop"})
    assert made.status_code == 201
    document = made.json()
    assert set(document) == {"id", "name", "created_at", "expires_at", "token"}
    assert document["token"].startswith("dmr_")
    row = APIToken.objects.get()
    assert (row.user, row.name) == (alice, "laptop")
    assert dt.timedelta(days=89) < row.expiry - timezone.now() <= dt.timedelta(days=90)
    assert with_token(document["token"]).get("/api/connections").status_code == 200


def test_a_token_is_shown_once(api, alice):
    token = api.post("/api/tokens", {}).json()
    assert api.get("/api/tokens").json()["results"] == [{k: v for k, v in token.items() if k != "token"}]
    # What is stored finds it (its first 15 characters) and proves it (a hash), and does not spell it.
    assert token["token"][15:23] not in str(APIToken.objects.values().get())


def test_a_token_that_was_revoked_signs_nobody_in(api):
    token = api.post("/api/tokens", {}).json()
    client = with_token(token["token"])
    assert client.delete(f"/api/tokens/{token['id']}").status_code == 204
    assert client.get("/api/connections").status_code == 401


def test_a_token_makes_no_token(api):
    client = with_token(api.post("/api/tokens", {}).json()["token"])
    refused = client.post("/api/tokens", {})
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "permission_denied")


def test_an_expired_token_and_one_of_an_inactive_user(api, alice):
    token = api.post("/api/tokens", {}).json()["token"]
    alice.is_active = False
    alice.save()
    assert with_token(token).get("/api/connections").status_code == 401
    alice.is_active = True
    alice.save()
    assert with_token(token).get("/api/connections").status_code == 200
    APIToken.objects.update(expiry=timezone.now())
    assert with_token(token).get("/api/connections").status_code == 401


@pytest.mark.parametrize("token", ["", "x", "dmr_" + "0" * 64, "a b", "\x00", "é", "'; --", "x" * 5000, "\xff"])
def test_what_is_no_token(db, token):
    client = APIClient()
    refused = client.get("/api/models", HTTP_AUTHORIZATION=f"Token {token}")
    assert refused.status_code == 401
    assert refused.headers["WWW-Authenticate"] == "Token"
    assert refused.json()["error"]["code"] == "authentication_failed"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"username": "alice"},
        {"password": PASSWORD},
        {"username": "alice", "password": "wrong"},
        {"username": "nobody", "password": PASSWORD},
        {"username": "inactive", "password": PASSWORD},
    ],
)
def test_a_wrong_password_makes_no_token(as_user, readers, alices_password, body):
    readers["inactive"].set_password(PASSWORD)
    readers["inactive"].save()
    refused = as_user("anonymous").post("/api/tokens", body)
    assert refused.status_code == 401
    assert not APIToken.objects.exists()


def test_names_for_another_account_do_not_use_the_session(api, readers):
    refused = api.post("/api/tokens", {"username": "bob", "password": "guess"})
    assert refused.status_code == 401


def test_others_tokens_do_not_exist(api, as_user):
    token = as_user("bob").post("/api/tokens", {}).json()
    assert api.get("/api/tokens").json()["count"] == 0
    assert api.delete(f"/api/tokens/{token['id']}").status_code == 404


def test_a_session_writes_with_its_csrf_token_only(alice):
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(alice)
    refused = client.post("/api/tokens", {})
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "permission_denied")
    assert "CSRF" in refused.json()["error"]["message"]


def test_another_password_ends_tokens_as_it_ends_sessions(api, alice):
    token = api.post("/api/tokens", {}).json()["token"]
    alice.set_password(PASSWORD)
    alice.save()
    assert with_token(token).get("/api/connections").status_code == 401


def test_the_word_bearer_is_told_and_not_read_as_nobodys(api):
    token = api.post("/api/tokens", {}).json()["token"]
    refused = APIClient(headers={"Authorization": f"Bearer {token}"}).get("/api/models")
    assert refused.status_code == 401
    assert "Authorization: Token" in refused.json()["error"]["message"]


def test_a_name_is_one_line(api):
    assert api.post("/api/tokens", {"name": "a\nb\u202e"}).status_code == 400
