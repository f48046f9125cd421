import pytest
from django.core.cache import cache

from tests.security.world import HEADERS, KEYS, make_world


@pytest.fixture(autouse=True)
def no_guesses_yet():
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def world(db, canary_watch):
    canary_watch.learn(*KEYS.values(), *(value for headers in HEADERS.values() for value in headers.values()))
    return make_world()
