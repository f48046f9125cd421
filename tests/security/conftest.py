import pytest
from django.core.cache import cache

from tests.security.world import make_world


@pytest.fixture(autouse=True)
def no_guesses_yet():
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def world(db):
    return make_world()
