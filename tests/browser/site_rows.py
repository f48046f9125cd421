"""Users, sessions and models for the browser tests. `make` runs in the live site's own settings and database."""

import json
import os

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.contrib.sessions.backends.db import SessionStore

from registry.models import Connection, DefaultModel, LLMModel

PASSWORD = "correct horse battery"
EVERYTHING = {"tools": True, "vision": True, "reasoning": True}


def make() -> str:
    users = get_user_model().objects
    alice = users.create_superuser("alice", password=PASSWORD)
    bob = users.create_user("bob", password=PASSWORD)
    carol = users.create_user("carol")
    scripted = connection("Scripted", os.environ["PROVIDER"])
    prices = {"input_price": "0.15", "output_price": "0.60", "context_window": 131072}
    default = model(scripted, "Scripted", **EVERYTHING, **prices)
    model(scripted, "Scripted mini", context_window=32768)
    model(scripted, "Short-lived")
    model(connection("Closed port", os.environ["CLOSED_PORT"]), "Closed port")
    model(connection("Private address", "http://10.1.2.3:8000"), "Private address")
    model(Connection.objects.create(name="OpenAI", provider="openai", owner=None), "Keyless model")
    DefaultModel.objects.create(user=None, model=default)
    sessions = {user.username: session_of(user) for user in (alice, bob, carol)}
    return json.dumps(sessions | {"model": str(default.pk)})


def connection(name: str, origin: str) -> Connection:
    return Connection.objects.create(name=name, provider="openai_compatible", base_url=f"{origin}/v1", owner=None)


def model(of: Connection, name: str, **fields: object) -> LLMModel:
    return LLMModel.objects.create(connection=of, name=name, model_id=name.lower().replace(" ", "-"), **fields)


def session_of(user) -> str:
    """The key of a session in which `user` is signed in."""
    session = SessionStore()
    session[SESSION_KEY], session[HASH_SESSION_KEY] = str(user.pk), user.get_session_auth_hash()
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session.create()
    return session.session_key
