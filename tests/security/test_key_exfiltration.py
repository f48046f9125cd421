"""Nobody gets a stored key out by naming another server: each attempt is made, and then every model is used.

It is tried twice. With the other server among the allowed endpoints nothing but the rules about keys stands between it
and them; without, the address policy is the second wall, and not one byte arrives.
"""

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import pytest

import llm
from llm.errors import Blocked, LLMError
from llm.testing import ScriptedProvider
from registry.client import client_for
from registry.models import Connection, LLMModel
from tests.llm.wire import WireServer
from tests.security.attempts import (
    Stage,
    by_the_environment,
    in_the_admin,
    in_the_database,
    over_the_api,
    redirected,
    smuggled,
)
from tests.security.canaries import pieces_in
from tests.security.capture import CaptureServer
from tests.security.world import ALICES, HEADERS, KEYS, make_world

MODULES = (over_the_api, in_the_admin, in_the_database, by_the_environment, redirected, smuggled)
ATTEMPTS = [attempt for module in MODULES for attempt in module.ATTEMPTS]
KEY = "sk-proj-kestrel/5Hq8+Bn3Xz7=Ym2Wt9Cs6Rk4Jf"
SECRETS = (KEY, *KEYS.values(), *(value for headers in HEADERS.values() for value in headers.values()))


@pytest.fixture(scope="module")
def home():
    with CaptureServer() as server:
        yield server


@pytest.fixture(scope="module")
def there():
    with CaptureServer() as server:
        yield server


@pytest.fixture
def stage(db, home, there, monkeypatch, settings, tmp_path, canary_watch):
    servers = []

    def serve(script):
        servers.append(WireServer(script))
        settings.ALLOWED_ENDPOINTS = [*settings.ALLOWED_ENDPOINTS, servers[-1].url]
        return servers[-1].url

    settings.ALLOWED_ENDPOINTS = [home.url, there.url]
    world = make_world(f"{home.url}/v1")
    canary_watch.learn(*SECRETS)
    home.forget()
    there.forget()
    yield Stage(world, home.url, there.url, KEY, serve, monkeypatch, settings, tmp_path)
    for server in servers:
        server.stop()


def use_everything(stage, says=()):
    """What became of every model in the hands of who may use it: "" or the code of an error."""
    people = [stage.world.people[name] for name in ("alice", "bob", "holder")]
    return [use(person, model_id, dict(says)) for person in people for model_id in usable(person)]


def usable(person):
    return [*LLMModel.objects.usable_by(person).values_list("pk", flat=True), None]


def use(person, model_id, says):
    try:
        client_for(person, model_id).chat([llm.user("hello")], **says)
    except LLMError as error:
        return error.code
    return ""


def test_there_are_many_attempts_and_each_has_a_name():
    assert len({attempt.name for attempt in ATTEMPTS}) == len(ATTEMPTS) >= 60


@pytest.mark.parametrize("attempt", ATTEMPTS, ids=lambda attempt: attempt.name)
def test_no_byte_of_a_key_arrives(attempt, stage, there):
    assert attempt.act(stage) in attempt.comes_to.split()
    codes = use_everything(stage, attempt.says)
    assert attempt.then in {"", *codes}
    assert pieces_in(there.heard, SECRETS) == []
    assert there.heard or not attempt.reaches
    assert there.heard == b"" or attempt not in smuggled.ATTEMPTS


# What is smuggled into a call arrives nowhere else in the first place.
@pytest.mark.parametrize("attempt", ATTEMPTS[: -len(smuggled.ATTEMPTS)], ids=lambda attempt: attempt.name)
def test_nothing_arrives_where_the_address_is_not_allowed(attempt, stage, there):
    stage.settings.ALLOWED_ENDPOINTS = [stage.home]
    came_to = attempt.act(stage)
    assert came_to == Blocked.code or came_to in attempt.comes_to.split()
    use_everything(stage, attempt.says)
    assert pieces_in(there.heard, SECRETS) == []
    assert there.heard == b"" or attempt.is_allowed


def test_a_key_that_arrives_is_found(stage, home):
    """The models speak to their own server with their keys, as they should, and the same search finds them there."""
    assert set(use_everything(stage)) > {""}
    for secret in (KEYS[ALICES], *HEADERS[ALICES].values()):
        assert pieces_in(home.heard, [secret])


def test_many_at_once_each_use_their_own_key(stage):
    """Clients share pools and caches: no call goes out with the key of another."""
    with ScriptedProvider() as provider:
        stage.settings.ALLOWED_ENDPOINTS = [provider.url]
        keys = {f"m{number}": f"sk-of-model-{number}-0123456789abcdef" for number in range(8)}
        clients = {name: client_with(stage, name, key, provider.url) for name, key in keys.items()}
        names = [*clients] * 25
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda name: clients[name].chat([llm.user(name)]), names))
        used = [(exchange.prompt, exchange.headers["authorization"]) for exchange in provider.requests]
    assert sorted(used) == sorted((name, f"Bearer {keys[name]}") for name in names)


def client_with(stage, name, key, url):
    connection = Connection(
        owner=stage.world.people["bob"], name=name, provider="openai_compatible", base_url=f"{url}/v1"
    )
    connection.set_key(key, by=None)
    connection.save()
    model = LLMModel.objects.create(connection=connection, name=name, model_id=name)
    return client_for(stage.world.people["bob"], model.pk)


@pytest.mark.parametrize(
    "spelled",
    [
        lambda key: key.encode(),
        lambda key: key[11:19].encode(),
        lambda key: key.upper().encode(),
        lambda key: quote(key, safe="").encode(),
        lambda key: json.dumps(key).replace("/", "\\/").encode(),
        lambda key: base64.b64encode(key.encode()),
        lambda key: base64.b64encode(f"user:{key}".encode()),
        lambda key: base64.urlsafe_b64encode(f"u:{key}:".encode()),
        lambda key: key.encode().hex().encode(),
    ],
)
def test_every_spelling_of_a_key_is_found(spelled):
    assert pieces_in(b"GET /?q=" + spelled(KEY) + b" HTTP/1.1", SECRETS)
    assert not pieces_in(b"GET /?q=sk-proj-something-else HTTP/1.1", SECRETS)
