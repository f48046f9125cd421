import pytest
from rest_framework.test import APIClient

from chat.models import Conversation


@pytest.fixture
def client_of():
    """An API client signed in as somebody."""

    def signed_in(user):
        client = APIClient()
        client.force_login(user)
        return client

    return signed_in


@pytest.fixture
def api(client_of, alice):
    """Alice's."""
    return client_of(alice)


@pytest.fixture
def conversation(alice, model):
    """Empty, with the scripted model."""
    return Conversation.objects.create(owner=alice, title="Rivers", model=model)


@pytest.fixture
def messages(conversation):
    return f"/api/conversations/{conversation.pk}/messages"
