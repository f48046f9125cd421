import pytest
from django.core import signing

from config import login_links


@pytest.fixture
def alice(django_user_model, db):
    return django_user_model.objects.create_superuser("alice")


def test_a_link_signs_in_once(client, alice):
    link = login_links.login_link(alice)
    assert client.get(link).headers["Location"] == "/"
    assert client.session["_auth_user_id"] == str(alice.pk)
    client.logout()
    assert client.get(link).status_code == 410
    assert "_auth_user_id" not in client.session


def test_a_link_ends_after_fifteen_minutes(client, alice, monkeypatch):
    link = login_links.login_link(alice)
    monkeypatch.setattr(login_links, "LIFETIME", -1)
    answer = client.get(link)
    assert answer.status_code == 410
    assert b"make run" in answer.content


@pytest.mark.parametrize("token", ["x", "x:y:z"])
def test_what_is_no_token_is_refused(client, alice, token):
    assert client.get(f"/accounts/link/{token}/").status_code == 410


def test_a_token_of_another_hand_is_refused(client, alice):
    token = signing.dumps({"user": alice.pk, "last_login": ""}, salt="another")
    assert client.get(f"/accounts/link/{token}/").status_code == 410


def test_a_link_of_a_deactivated_user_is_refused(client, alice):
    link = login_links.login_link(alice)
    type(alice).objects.update(is_active=False)
    assert client.get(link).status_code == 410


def test_a_used_link_leads_whoever_is_signed_in_to_the_chat(client, alice):
    link = login_links.login_link(alice)
    client.get(link)
    again = client.get(link)
    assert (again.status_code, again.headers["Location"]) == (302, "/")
    assert client.session["_auth_user_id"] == str(alice.pk)
