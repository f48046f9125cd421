"""A chat with a model whose key cannot be opened."""

import pytest

from llm.testing.server import Server
from registry.models import Connection

KEY = "sk-0123456789abcdefghij"


@pytest.fixture
def connections(monkeypatch):
    """Every TCP connection that the provider accepts."""
    accepted, get_request = [], Server.get_request

    def counted(self):
        accepted.append(self)
        return get_request(self)

    monkeypatch.setattr(Server, "get_request", counted)
    return accepted


def test_the_turn_says_what_to_do_and_nothing_is_sent(connections, ask, ended, model):
    model.connection.set_key(KEY, by=None)
    model.connection.save()
    Connection.objects.update(sealed_api_key=model.connection.sealed_api_key[:-4])
    message = ended(ask("[[tokens=2]]").turn)
    assert (message.status, message.error_code, message.text) == ("failed", "credential_unreadable", "")
    assert "re-enter the key" in message.error_message
    assert connections == []

    row = Connection.objects.get()
    row.set_key(KEY, by=None)
    row.save()
    assert ended(ask("[[tokens=2]]").turn).status == "complete"
    assert len(connections) == 1
