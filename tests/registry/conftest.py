import pytest
from django.contrib.auth.models import AnonymousUser, Group, User

from registry.models import Connection, LLMModel

ENVIRONMENT = ("OPENAI_API_KEY", "VLLM_BASE_URL")


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch):
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def readers(db):
    """Everybody whom the truth table names."""
    people = {
        "alice": User.objects.create_user("alice"),
        "bob": User.objects.create_user("bob"),
        "staff": User.objects.create_user("staff", is_staff=True),
        "holder": User.objects.create_user("holder", is_staff=True),
        "superuser": User.objects.create_superuser("superuser"),
        "inactive": User.objects.create_user("inactive", is_active=False),
    }
    people["holder"].groups.add(Group.objects.get(name="Model managers"))
    return people | {"anonymous": AnonymousUser()}


@pytest.fixture
def alice(readers):
    return readers["alice"]


@pytest.fixture
def bob(readers):
    return readers["bob"]


@pytest.fixture
def make_model(db):
    """A model with its connection. `key` is stored; the provider is one that needs a key."""

    def make(owner=None, *, key="", name="model", is_active=True, connection_is_active=True, **fields):
        address = {"provider": fields.pop("provider", "openai"), "base_url": fields.pop("base_url", "")}
        connection = Connection(owner=owner, name=name, is_active=connection_is_active, **address)
        if key:
            connection.set_key(key, by=owner)
        connection.save()
        return LLMModel.objects.create(connection=connection, name=name, model_id=name, is_active=is_active, **fields)

    return make
