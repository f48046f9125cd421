"""The watch over the whole session sees what it is there to see."""

import json
import logging

import pytest
from django.http import HttpResponse
from django.test import AsyncClient, Client
from django.urls import path

from registry.models import Connection
from tests.security.canaries import spellings
from tests.security.watch import fail_if_found
from tests.security.world import KEYS, PASSWORD

KEY = "sk-proj-plover/6Rd9+Mz2Qx5=Tb8Hn3Vk7Wf4Gc"
HEADER = "wren/4Lk7+Pq1=Zx9Cv6Bn"
logger = logging.getLogger("somebody")


def tell(request):
    return HttpResponse(f"<p>{Connection.objects.get().reveal_key().reveal()}</p>")


def tell_in_a_header(request):
    return HttpResponse(headers={"X-Key": Connection.objects.get().reveal_key().reveal()})


class Planted:
    urlpatterns = (
        path("tell", tell),
        path("header", tell_in_a_header),
        path("plain", lambda request: HttpResponse(KEY)),
    )


@pytest.fixture
def stored(db):
    connection = Connection(name="planted", provider="openai")
    connection.set_key(KEY, by=None)
    connection.set_headers({"X-Team": HEADER})
    connection.save()
    return connection


def test_a_key_in_an_answer(stored, settings, canary_watch):
    settings.ROOT_URLCONF = Planted
    Client().get("/tell")
    Client().get("/header")
    assert canary_watch.take_found() == ["sk-p...4Gc in GET /tell", "sk-p...4Gc in GET /header"]


async def test_a_key_in_an_answer_of_the_async_client(settings, canary_watch):
    settings.ROOT_URLCONF = Planted
    canary_watch.learn(KEY)
    await AsyncClient().get("/plain")
    assert canary_watch.take_found() == ["sk-p...4Gc in GET /plain"]


@pytest.mark.parametrize("spelling", sorted(spellings(KEY)))
def test_a_key_in_a_log_line_however_it_is_spelled(stored, canary_watch, spelling):
    logger.warning("calling with %s", spelling.decode())
    assert canary_watch.take_found() == ["sk-p...4Gc in a line of the logger somebody"]


def test_other_secrets_in_log_lines(stored, settings, monkeypatch, canary_watch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-environment-0123456789")
    for secret in (HEADER, settings.ENCRYPTION_KEY, settings.SECRET_KEY, "sk-environment-0123456789"):
        logger.error(json.dumps({"secret": secret}))
        assert len(canary_watch.take_found()) == 1, secret


def test_a_key_in_a_traceback(stored, canary_watch):
    try:
        raise ValueError(f"{KEY} is no key")
    except ValueError:
        logger.exception("it failed")
    assert canary_watch.take_found() == ["sk-p...4Gc in a line of the logger somebody"]


def test_a_token_is_shown_when_it_is_made_and_never_again(world, canary_watch):
    made = Client().post("/api/tokens", {"username": "bob", "password": PASSWORD}, "application/json")
    token = made.json()["token"]
    assert canary_watch.take_found() == []
    logger.warning("made %s", token)
    assert canary_watch.take_found() == [f"dmr_...{token[-3:]} in a line of the logger somebody"]


def test_a_test_begins_with_an_empty_list(canary_watch):
    logger.error("a key of other tests: %s, %s", KEY, KEYS)
    assert canary_watch.take_found() == []


def test_what_is_found_fails_the_test(canary_watch):
    canary_watch.learn(KEY)
    logger.error("here it is: %s", KEY)
    with pytest.raises(pytest.fail.Exception, match="A secret got out: sk-p"):
        fail_if_found(canary_watch)
