from types import SimpleNamespace

import pytest

from llm import tool
from llm.testing import ScriptedProvider
from tests.llm.loop.conversation import FORMATS, client_of


@pytest.fixture(scope="module")
def server():
    with ScriptedProvider() as running:
        yield running


@pytest.fixture(params=FORMATS)
def wire(request):
    return request.param


@pytest.fixture
def client(server, wire):
    return client_of(server, wire)


@pytest.fixture
def asked(server):
    """Bodies of the requests since the test began."""
    before = len(server.requests)
    return lambda: [exchange.body for exchange in server.requests[before:]]


@pytest.fixture
def weather():
    """A tool, and the cities that it was asked for."""
    cities = []

    @tool
    def get_weather(city: str) -> str:
        """The weather."""
        cities.append(city)
        return f"Sunny in {city}"

    return SimpleNamespace(tool=get_weather, cities=cities)
