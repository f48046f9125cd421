import pytest
from rest_framework.test import APIClient

KEY = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789abc"


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
