import socket

import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from rest_framework.test import APIClient

from llm.testing import ScriptedProvider
from tests.conftest import LOOPBACK
from tests.registry.api import rows as known

KEY = known.KEY


@pytest.fixture
def as_user(readers):
    """An API client signed in as one of the readers, by name."""

    def client(name):
        api = APIClient()
        if not readers[name].is_anonymous:
            api.force_login(readers[name])
        return api

    return client


@pytest.fixture
def api(as_user):
    """Alice's."""
    return as_user("alice")


@pytest.fixture
def no_names(monkeypatch):
    """As on a machine without name servers. Loopback is reached; nothing else is tried."""
    look_up = socket.getaddrinfo

    def only_loopback(host, *args, **kwargs):
        if not str(host).startswith(LOOPBACK):
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        return look_up(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", only_loopback)


@pytest.fixture
def one_connection(db):
    """Django closes its connection with every request, and with it the test's transaction would end."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def rows(alice, bob, settings):
    """Of alice, of bob and of everybody, with the ids that are known; they lead to a provider that answers."""
    with ScriptedProvider() as provider:
        settings.ALLOWED_ENDPOINTS = [provider.url]
        for owner in (alice, bob, None):
            known.make_rows(owner, f"{provider.url}/v1")
        yield


def with_token(token):
    return APIClient(headers={"Authorization": f"Token {token}"})
