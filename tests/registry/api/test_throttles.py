"""How often one may ask. Limits are the site's, with small numbers."""

import pytest
from django.core.cache import cache
from rest_framework.throttling import SimpleRateThrottle

from tests.registry.api.conftest import with_token


@pytest.fixture(autouse=True)
def limits(monkeypatch):
    cache.clear()
    rates = {"anon": "2/min", "user": "4/min", "connection-test": "1/min"}
    monkeypatch.setattr(SimpleRateThrottle, "THROTTLE_RATES", rates)
    yield
    cache.clear()


def statuses(client, times, path="/api/models", **headers):
    return [client.get(path, **headers).status_code for _ in range(times)]


def test_too_many_requests_are_told_when_to_come_back(as_user):
    client = as_user("anonymous")
    assert statuses(client, 2) == [200, 200]
    refused = client.get("/api/models")
    assert refused.status_code == 429
    error = refused.json()["error"]
    assert error["code"] == "throttled"
    assert 1 <= error["details"]["retry_after"] == int(refused.headers["Retry-After"]) <= 60


def test_another_name_for_oneself_gives_no_new_allowance(as_user):
    client = as_user("anonymous")
    asked = [client.get("/api/models", headers={"X-Forwarded-For": f"10.0.0.{n}"}).status_code for n in range(3)]
    assert asked == [200, 200, 429]


def test_behind_a_proxy_each_client_counts(as_user, settings):
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {"NUM_PROXIES": 1}
    client = as_user("anonymous")
    asked = [client.get("/api/models", headers={"X-Forwarded-For": f"10.0.0.{n}"}).status_code for n in range(3)]
    assert asked == [200, 200, 200]


def test_one_users_haste_is_not_anothers(as_user):
    assert statuses(as_user("alice"), 5)[-1] == 429
    assert statuses(as_user("bob"), 4)[-1] == 200


def test_a_token_is_no_second_allowance(api):
    token = api.post("/api/tokens", {}).json()["token"]
    assert statuses(with_token(token), 4) == [200, 200, 200, 429]


def test_passwords_cannot_be_guessed_at_leisure(as_user, monkeypatch):
    monkeypatch.setattr(SimpleRateThrottle, "THROTTLE_RATES", dict.fromkeys(["anon", "user"], "100/min"))
    client, guess = as_user("anonymous"), {"username": "alice", "password": "wrong"}
    assert [client.post("/api/tokens", guess).status_code for _ in range(11)] == [401] * 10 + [429]
    refused = client.post("/api/tokens", guess)
    assert refused.headers["Retry-After"] == "300"
    assert client.post("/admin/login/", guess).status_code == 429
    assert as_user("bob").post("/api/tokens", {}).status_code == 201
