import time
from uuid import uuid4

import pytest
from django.contrib.auth import get_user_model

from chat import engine as engine_module
from chat import turns, wire
from chat.models import Message
from llm.testing import ScriptedProvider
from registry.models import Connection, LLMModel


@pytest.fixture
def provider(settings):
    """A real server that answers as the prompt tells it to, allowed as a local address."""
    with ScriptedProvider() as provider:
        settings.ALLOWED_ENDPOINTS = [provider.url]
        yield provider


@pytest.fixture
def alice(transactional_db):
    return get_user_model().objects.create_user("alice")


@pytest.fixture
def bob(transactional_db):
    return get_user_model().objects.create_user("bob")


@pytest.fixture
def model(transactional_db, provider):
    connection = Connection.objects.create(
        name="Scripted", provider="openai_compatible", base_url=f"{provider.url}/v1", owner=None
    )
    return LLMModel.objects.create(connection=connection, name="Scripted model", model_id="scripted")


@pytest.fixture
def engine(transactional_db, provider, monkeypatch):
    """The chat engine as the server runs it; what it does must end within the test."""
    running = engine_module.Engine()
    running.start()
    monkeypatch.setattr(engine_module, "_engine", running)
    yield running
    running.drain(grace=0)


@pytest.fixture
def ask(engine, alice, model):
    """Send a message as alice and return what was accepted."""

    def send(text, **fields):
        request = wire.Send(client_id=uuid4(), text=text, **{"model": str(model.pk)} | fields)
        return turns.send(engine, alice.pk, request)

    return send


@pytest.fixture
def ended(engine):
    """Wait until a turn is saved in a final state."""

    def wait(turn, seconds=20):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            message = Message.objects.get(pk=turn)
            if not message.is_running:
                return message
            time.sleep(0.01)
        raise AssertionError(f"the turn is still {message.status}: {message.text!r}")

    return wait
