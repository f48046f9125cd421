import pytest

from chat import engine as engine_module
from tests.security.world import HEADERS, KEYS, make_world


@pytest.fixture
def world(db, canary_watch):
    canary_watch.learn(*KEYS.values(), *(value for headers in HEADERS.values() for value in headers.values()))
    return make_world()


@pytest.fixture
def engine(transactional_db, world, monkeypatch):
    import config.asgi  # noqa: F401 - checks the keys in the database, which an event loop may not

    running = engine_module.Engine()
    running.start()
    monkeypatch.setattr(engine_module, "_engine", running)
    yield running
    running.drain(grace=0)
