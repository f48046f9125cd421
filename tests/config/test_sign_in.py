import pytest
from django.contrib.auth.models import User
from django.core.cache import cache

PASSWORD = "correct horse battery"
FORMS = ["/accounts/login/", "/admin/login/"]


@pytest.fixture(autouse=True)
def somebody(db):
    cache.clear()
    yield User.objects.create_superuser("alice", password=PASSWORD)
    cache.clear()


def tried(client, path, password, **headers):
    body = {"username": "alice", "password": password}
    return client.post(path, body, headers=headers).status_code


@pytest.mark.parametrize("path", FORMS)
def test_wrong_passwords_are_limited_and_right_ones_are_not(client, path):
    for _ in range(9):
        assert tried(client, path, "wrong") == 200
        client.logout()
    assert tried(client, path, PASSWORD) == 302
    client.logout()
    assert tried(client, path, "wrong") == 200
    refused = client.post(path, {"username": "alice", "password": PASSWORD})
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "300")
    assert b"Wait five minutes" in refused.content
    assert client.get(path).status_code == 200


def test_both_forms_count_together_and_no_header_helps(client):
    for number in range(10):
        assert tried(client, FORMS[number % 2], "wrong", x_forwarded_for=f"10.0.0.{number}") == 200
    assert tried(client, FORMS[0], PASSWORD, x_forwarded_for="10.1.1.1") == 429
