"""A session or a token lives on while what it was given for ends: the next request knows."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils import timezone

from registry.models import APIToken
from tests.security.asking import ask, client_of, outcome
from tests.security.world import PASSWORD


def deactivate(person):
    User.objects.filter(pk=person.pk).update(is_active=False)


def change_password(person):
    person.set_password(f"{PASSWORD} 2")
    person.save()


def delete_account(person):
    User.objects.get(pk=person.pk).delete()


def revoke(person):
    APIToken.objects.filter(user=person).delete()


def let_expire(person):
    APIToken.objects.filter(user=person).update(expiry=timezone.now() - timedelta(seconds=1))


def take_the_groups(person):
    person.groups.clear()


def take_the_permission(person):
    Group.objects.get(name="Model managers").permissions.clear()


def demote(person):
    User.objects.filter(pk=person.pk).update(is_staff=False, is_superuser=False)


OWN_MODEL, GLOBAL_MODEL = "/api/models/{model}", "/api/models/{shared}"
PAGE, CHAT, ADMIN = "/", "/c/{conversation}/", "/admin/registry/connection/"

# reader, signed in with, what happens, request: before, after
ENDS = [
    ("owner", "session", deactivate, "GET", OWN_MODEL, "200", "404"),
    ("owner", "session", deactivate, "PATCH", OWN_MODEL, "200", "401"),
    ("owner", "session", deactivate, "GET", CHAT, "200", "login"),
    ("owner", "token", deactivate, "GET", OWN_MODEL, "200", "401"),
    ("owner", "token", deactivate, "PATCH", OWN_MODEL, "200", "401"),
    ("owner", "session", change_password, "PATCH", OWN_MODEL, "200", "401"),
    ("owner", "session", change_password, "GET", CHAT, "200", "login"),
    ("owner", "session", delete_account, "GET", PAGE, "200", "login"),
    ("owner", "token", delete_account, "GET", OWN_MODEL, "200", "401"),
    ("owner", "token", revoke, "PATCH", OWN_MODEL, "200", "401"),
    ("owner", "token", let_expire, "PATCH", OWN_MODEL, "200", "401"),
    ("owner", "token", change_password, "PATCH", OWN_MODEL, "200", "401"),
    ("staff", "session", demote, "GET", ADMIN, "200", "login"),
    ("staff", "session", deactivate, "GET", ADMIN, "200", "login"),
    ("staff", "session", change_password, "GET", ADMIN, "200", "login"),
    ("holder", "session", take_the_groups, "PATCH", GLOBAL_MODEL, "200", "403"),
    ("holder", "token", take_the_groups, "PATCH", GLOBAL_MODEL, "200", "403"),
    ("holder", "token", take_the_permission, "PATCH", GLOBAL_MODEL, "200", "403"),
    ("superuser", "session", demote, "PATCH", GLOBAL_MODEL, "200", "403"),
    ("superuser", "token", demote, "PATCH", GLOBAL_MODEL, "200", "403"),
    ("superuser", "session", demote, "GET", "/admin/auth/user/", "200", "login"),
]


@pytest.mark.parametrize(("reader", "by", "end", "method", "path", "before", "after"), ENDS)
def test_the_next_request_knows(world, reader, by, end, method, path, before, after):
    client = client_of(world, reader, by=by)
    person = world.people["alice" if reader == "owner" else reader]
    path = path.format(**world.private.ids, shared=world.everybodys.ids["model"])
    body = {"name": "Renamed"} if method == "PATCH" else None
    assert outcome(ask(client, method, path, body)) == before
    end(person)
    assert outcome(ask(client, method, path, body)) == after


def test_a_session_ends_with_its_logout(world):
    client, replayed = client_of(world, "owner"), Client()
    replayed.cookies = client.cookies.copy()
    assert outcome(replayed.get("/")) == "200"
    client.post("/accounts/logout/")
    assert outcome(replayed.get("/")) == "login"


def test_a_token_is_tied_to_one_person_and_no_other_header_makes_one(world):
    path = f"/api/models/{world.private.ids['model']}"
    for header in (
        f"Token {world.tokens['bob']}",
        f"Bearer {world.tokens['alice']}",
        f"token{world.tokens['alice']}",
        f"Token {world.tokens['alice'][:-1]}",
        f"Token {world.tokens['alice'].swapcase()}",
        f"Token {APIToken.objects.get(user=world.people['alice']).digest}",
        f"Token {APIToken.objects.get(user=world.people['alice']).token_key}",
        f"Token {world.private.ids['token']}",
        "Token ",
        "Token \x00",
        "Token null",
        "Basic YWxpY2U6cGFzcw==",
    ):
        response = Client().get(path, headers={"Authorization": header})
        assert response.status_code in {401, 404}, header


def test_a_token_in_the_query_signs_nobody_in(world):
    path = f"/api/models/{world.private.ids['model']}"
    for name in ("token", "api_key", "access_token", "key", "authorization"):
        assert Client().get(path, {name: world.tokens["alice"]}).status_code == 400
