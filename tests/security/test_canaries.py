"""Planted secrets are looked for in everything that comes out of a whole run: they are sealed in their column alone."""

import copy
import gc
import json
import logging
import pickle
from dataclasses import asdict

import pytest
from django.core.signals import request_finished
from django.db.models import Manager, QuerySet
from rest_framework.serializers import Serializer

import llm
from llm.testing import ScriptedProvider
from registry import envelope
from registry.client import client_for, environment_client
from registry.models import Connection, LLMModel
from tests.security.asking import client_of
from tests.security.canaries import found_in
from tests.security.sockets import session_of
from tests.security.whole_run import PROMPT, TYPED, Said, crash, everything_said
from tests.security.world import ALICES, HEADERS, KEYS, OF_GLOBAL_ROWS, make_world

FROM_ENVIRONMENT = "sk-environment/4Vb7+Nq2Zx9=Hc5Tk8Jw3Rd6Fp"
PLANTED = "sk-proj-planted/2Wd8+Xc5Rf1=Tg7Yh4Uj9Ik3Ol6"
# Her own words and her own rows are there to be read by her, and kept.
MAY_STAND_IN = {
    "alice's prompt": {"answers to alice", "frames to alice", "a dump", "the database", "the database's files"},
    "alice's session": {"a dump", "the database", "the database's files"},
}


@pytest.fixture
def provider(settings):
    with ScriptedProvider() as provider:
        settings.ALLOWED_ENDPOINTS = [provider.url]
        yield provider


@pytest.fixture
def derived(monkeypatch):
    """Every key that is derived, in a key ring that knows none yet."""
    keys, derive = [], envelope.pbkdf2

    def note(*args):
        keys.append(derive(*args))
        return keys[-1]

    monkeypatch.setattr(envelope, "pbkdf2", note)
    envelope._keyring.cache_clear()
    yield keys
    envelope._keyring.cache_clear()


@pytest.fixture
def world(db, provider, derived):
    return make_world(f"{provider.url}/v1")


@pytest.fixture
def canaries(world, settings, monkeypatch, derived):
    monkeypatch.setenv("OPENAI_API_KEY", FROM_ENVIRONMENT)
    fixed = {
        "alice's key": KEYS[ALICES],
        "alice's header": HEADERS[ALICES]["X-Team-Secret"],
        "everybody's key": KEYS[OF_GLOBAL_ROWS],
        "everybody's header": HEADERS[OF_GLOBAL_ROWS]["X-Team-Secret"],
        "a typed key": TYPED,
        "the environment's key": FROM_ENVIRONMENT,
        "the encryption key": settings.ENCRYPTION_KEY,
        "the encryption key's bytes": envelope.load_key(settings.ENCRYPTION_KEY),
        "the site's secret": settings.SECRET_KEY,
        "alice's token": world.tokens["alice"],
        "alice's session": session_of(client_of(world, "owner")),
        "alice's prompt": PROMPT,
    }

    def all_of_them():
        return fixed | {f"derived key {number}": key for number, key in enumerate(derived) if len(key) == 32}

    return all_of_them


def found_where_they_may_not_be(said: Said, canaries):
    return [
        f"{name} in {where}"
        for where, data in said.items()
        for name in found_in(data, canaries)
        if where not in MAY_STAND_IN.get(name, ())
    ]


def test_nothing_gets_out_of_a_whole_run(world, engine, canaries, derived):
    said = everything_said(world)
    assert found_where_they_may_not_be(said, canaries()) == []
    assert len(derived) > 5
    assert PROMPT.encode() in said["frames to alice"]
    assert all(said[where] for where in said if where != "the database's files")


def test_a_planted_leak_is_found_wherever_it_is(world, engine):
    def tell_the_log(**_):
        logging.getLogger("somebody").debug("calling with %s", PLANTED)

    Connection.objects.filter(pk=world.private.connection.pk).update(name=PLANTED)
    LLMModel.objects.filter(pk=world.private.model.pk).update(name=PLANTED)
    request_finished.connect(tell_the_log)
    try:
        said = everything_said(world)
    finally:
        request_finished.disconnect(tell_the_log)
    expected = {f"it in {where}" for where, data in said.items() if data} - {"it in frames to bob"}
    assert set(found_where_they_may_not_be(said, {"it": PLANTED})) == expected


# Whose repr, str, format and pickle may meet a stranger: everything of ours that lives while a model is being called.
OURS = ("llm", "registry", "chat", "config")


def living_objects():
    """But for rows that are not fetched yet, and for what only tests use."""
    ours = [thing for thing in gc.get_objects() if str(type(thing).__module__).partition(".")[0] in OURS]
    is_test = "llm.testing"
    return [t for t in ours if not isinstance(t, QuerySet | Manager) and not type(t).__module__.startswith(is_test)]


@pytest.fixture
def clients(world, canaries, settings):
    """A client with a stored key, one with the environment's, and a connection with keys that wait to be saved."""
    settings.LLM_PROVIDER, settings.LLM_MODEL = "openai", "x"
    settings.LLM_BASE_URL = world.private.connection.base_url
    waiting = Connection(name="waiting", provider="openai")
    waiting.set_key(TYPED, by=None)
    waiting.set_headers({"X-Key": TYPED})
    alice = world.people["alice"]
    return client_for(alice, world.private.model.pk), environment_client(alice), waiting


def test_no_object_shows_a_secret(canaries, clients):
    stored, from_environment, waiting = clients
    for client in (stored, from_environment):
        stream = client.stream([llm.user("hello")])
        next(stream)  # a call is under way
        shown = [(type(thing), f"{thing!r} {thing}") for thing in living_objects()]
        stream.close()
        assert {type(waiting), type(client), type(client.config), type(client.config.api_key)} <= {t for t, _ in shown}
        assert [kind for kind, text in shown if found_in(text.encode(), canaries())] == []


@pytest.mark.parametrize("pack", [pickle.dumps, copy.deepcopy, asdict, json.dumps, vars, str, repr, "{:>40}".format])
def test_no_object_packs_a_secret(canaries, clients, pack):
    stored, from_environment, waiting = clients
    things = (stored.config, from_environment.config, stored.config.api_key, waiting, stored, envelope.keyring())
    for thing in things:
        try:
            packed = pack(thing)
        except TypeError:  # it refuses, or cannot
            continue
        assert found_in(packed if isinstance(packed, bytes) else repr(packed).encode(), canaries()) == []


def test_no_serializer_shows_what_was_sent():
    with_a_key = [each for each in all_below(Serializer) if "api_key" in each._declared_fields]
    assert len(with_a_key) > 4
    for serializer in with_a_key:
        assert found_in(repr(serializer(data={"api_key": TYPED})).encode(), {"it": TYPED}) == []


def all_below(kind):
    return [each for below in kind.__subclasses__() for each in (below, *all_below(below))]


def test_a_key_is_in_the_objects_that_are_looked_at(clients):
    stored, from_environment, waiting = clients
    assert stored.config.api_key.reveal() == KEYS[ALICES]
    assert from_environment.config.api_key.reveal() == FROM_ENVIRONMENT
    assert waiting.reveal_key().reveal() == TYPED


def boom(*args, **kwargs):
    raise RuntimeError("a bug")


ENTERED = {"name": "x", "provider": "openai_compatible", "base_url": "https://example.com/v1", "api_key": TYPED}
# What breaks -> the request that comes to it.
CRASHES = {
    "registry.envelope.associated_data": ("owner", "/api/connections", ENTERED | {"headers": {"X-Key": TYPED}}),
    "registry.models.credentials.preview": ("owner", "/api/connections", ENTERED),
    "registry.models.credentials.clean_key": ("superuser", "/admin/registry/connection/add/", ENTERED),
    "registry.models.Connection.full_clean": ("owner", "/api/models", ENTERED | {"model_id": "x"}),
    "llm.transport.Transport.send": ("owner", "/api/models/test-connection", {"model": "<model>"}),
    "llm.transport.check_headers": ("owner", "/api/models/test-connection", {"model": "<model>"}),
}


@pytest.mark.parametrize("broken", CRASHES)
@pytest.mark.parametrize("debug", [False, True], ids=["live", "debug"])
def test_no_error_page_shows_a_secret(world, canaries, settings, monkeypatch, caplog, broken, debug):
    reader, path, body = CRASHES[broken]
    settings.DEBUG = debug
    client = client_of(world, reader)
    body = {name: world.private.ids["model"] if value == "<model>" else value for name, value in body.items()}
    monkeypatch.setattr(broken, boom)
    for headers in ({}, {"Accept": "text/html"}):
        page = crash(client, path, body, headers)
        assert "a bug" in page or not debug
        assert found_in(page.encode(), canaries()) == []
    assert "a bug" in caplog.text
    assert found_in(caplog.text.encode(), canaries()) == []
