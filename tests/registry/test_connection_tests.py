"""Connection tests against a real server: what is answered, kept on the row and noted as used."""

import json
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.db import connection

from llm import Timeouts, probe, user
from llm.probes import STEPS, questions
from llm.testing import ScriptedProvider
from registry import connection_tests
from registry.errors import CredentialUnreadable, UnusableSettings
from registry.models import Connection, LLMModel, UsageRecord
from tests.llm.gateway import MODEL, Gateway, models, refusal, whole
from tests.llm.wire import WireServer, answer

KEY = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789abc"
PRICES = {"input_price": "2", "output_price": "10"}


@pytest.fixture
def provider(settings):
    with ScriptedProvider() as server:
        settings.ALLOWED_ENDPOINTS = [server.url]
        yield server


@pytest.fixture
def at_provider(alice, make_model, provider):
    """A model of alice's behind the scripted provider."""

    def make(name="scripted-model", **fields):
        address = {"provider": "openai_compatible", "base_url": f"{provider.url}/v1"}
        return make_model(alice, key=KEY, name=name, **address | fields)

    return make


@pytest.fixture
def gateway(settings):
    """The address of a server with these answers."""
    servers = []

    def start(**answers):
        servers.append(WireServer(Gateway(**answers).script))
        settings.ALLOWED_ENDPOINTS = [servers[-1].url]
        return f"{servers[-1].url}/v1"

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def hello(monkeypatch):
    """Choose what the chat and the stream say, which is how the scripted provider is told what to do."""
    return lambda prompt: monkeypatch.setattr(questions, "HELLO", user(prompt))


@pytest.fixture
def calls_tools(monkeypatch):
    monkeypatch.setattr(questions, "ASK_FOR_WEATHER", user('[[tool=get_weather {"city": "Oslo"}]]'))


def failed(test):
    return [(step.name, step.code) for step in test.steps if step.status == "failed"]


def noted():
    rows = UsageRecord.objects.order_by("round", "attempt")
    return [(STEPS[row.round], row.attempt, row.source, row.outcome) for row in rows]


def test_a_test_that_passes_is_kept_with_the_row_and_noted_step_by_step(alice, at_provider, calls_tools):
    model = at_provider(tools=True, vision=True, **PRICES)
    edited_at = model.updated_at
    test = connection_tests.run_stored(alice, model)
    model.refresh_from_db()
    assert (test.ok, failed(test), [step.name for step in test.steps]) == (True, [], list(STEPS))
    assert (model.last_test_ok, model.last_test_at, model.last_test_steps) == (True, test.at, test.as_json())
    assert model.updated_at == edited_at
    assert noted() == [(name, 0, "reported", "complete") for name in ("chat", "stream", "tools", "vision")]
    rows = UsageRecord.objects.all()
    assert {(row.user, row.model, row.model_label) for row in rows} == {
        (alice, model, "scripted-model (connection test)")
    }
    assert len({row.turn for row in rows}) == 1
    assert all(row.cost == (2 * row.input_tokens + 10 * row.output_tokens) / Decimal(10**6) for row in rows)


def test_the_steps_are_json_without_the_key(alice, at_provider):
    model = at_provider()
    steps = connection_tests.run_stored(alice, model).as_json()
    assert json.loads(json.dumps(steps)) == steps
    assert {frozenset(step) for step in steps} == {frozenset(("name", "status", "detail", "remedy", "code", "seconds"))}
    model.refresh_from_db()
    assert KEY not in json.dumps([steps, model.last_test_steps])


@pytest.mark.parametrize(
    ("prompt", "code", "row"),
    [
        ("[[html]]", "not_an_llm_api", ("none", "not_an_llm_api")),
        ("[[error=503]]", "overloaded", ("none", "overloaded")),
        ("[[hang]]", "timed_out", ("estimated", "timed_out")),
        ("[[say= ]]", "unfit_answer", ("reported", "complete")),
    ],
)
def test_a_test_that_fails_is_kept_and_its_call_noted(alice, at_provider, hello, monkeypatch, prompt, code, row):
    monkeypatch.setattr(connection_tests, "PROBE_TIMEOUTS", Timeouts(connect=5, first_byte=0.3, idle=0.3, total=5))
    hello(prompt)
    model = at_provider()
    test = connection_tests.run_stored(alice, model)
    model.refresh_from_db()
    assert failed(test) == [("chat", code)]
    assert (test.ok, model.last_test_ok, model.last_test_steps) == (False, False, test.as_json())
    assert noted() == [("chat", 0, *row)]


def test_a_wrong_key(alice, at_provider, gateway):
    refused = refusal(b"401 Unauthorized", f"Incorrect API key provided: {KEY}.")
    model = at_provider(base_url=gateway(listing=refused, chat=refused))
    test = connection_tests.run_stored(alice, model)
    assert failed(test) == [("key", "bad_credentials")]
    assert noted() == [("chat", 0, "none", "bad_credentials")]
    assert KEY not in json.dumps(test.as_json())


def test_a_model_that_is_not_listed_is_not_asked(alice, at_provider, provider):
    test = connection_tests.run_stored(alice, at_provider("missing-model"))
    assert failed(test) == [("model", "model_not_found")]
    assert noted() == []
    assert [exchange.method for exchange in provider.requests] == ["GET"]


def test_a_step_that_asked_twice_is_noted_twice(alice, at_provider, gateway):
    unforced = refusal(b"400 Bad Request", "tool_choice 'required' is not supported.")
    called = whole(None, finish="tool_calls", calls=(("get_weather", '{"city": "Oslo"}'),))
    url = gateway(tools=lambda body: unforced if body["tool_choice"] == "required" else called)
    assert connection_tests.run_stored(alice, at_provider(MODEL, base_url=url, tools=True)).ok
    assert noted()[2:] == [("tools", 0, "none", "bad_request"), ("tools", 1, "reported", "complete")]


def test_the_last_result_is_the_one_that_is_kept(alice, at_provider, hello):
    model = at_provider()
    hello("[[error=503]]")
    connection_tests.run_stored(alice, model)
    hello("[[say=OK]]")
    last = connection_tests.run_stored(alice, model)
    model.refresh_from_db()
    assert (model.last_test_ok, model.last_test_at) == (True, last.at)
    assert len(set(UsageRecord.objects.values_list("turn", flat=True))) == 2


def test_what_a_database_could_not_hold_is_not_in_a_result(alice, at_provider, gateway):
    listing = answer(b'{"object": "list", "data": [{"id": "model-\\ud800\\u0000x"}]}')
    model = at_provider(base_url=gateway(listing=listing))
    test = connection_tests.run_stored(alice, model)
    model.refresh_from_db()
    assert "model-\ufffd x" in model.last_test_steps[3]["remedy"]
    assert json.dumps(test.as_json(), ensure_ascii=False).encode()


# What cannot be tested.


def test_a_key_that_cannot_be_read_sends_nothing(alice, at_provider, provider):
    model = at_provider()
    type(model.connection).objects.update(base_url=f"{provider.url.replace('127.0.0.1', 'localhost')}/v1")
    with pytest.raises(CredentialUnreadable):
        connection_tests.run_stored(alice, LLMModel.objects.get())
    assert (provider.requests, noted()) == ([], [])


def test_settings_that_cannot_be_used_send_nothing(alice, at_provider, provider):
    model = at_provider(default_params={"messages": []})
    with pytest.raises(UnusableSettings):
        connection_tests.run_stored(alice, model)
    assert (provider.requests, noted()) == ([], [])
    model.refresh_from_db()
    assert model.last_test_at is None


# Meanwhile.


def test_a_model_that_is_deleted_meanwhile_stays_deleted(alice, at_provider, monkeypatch):
    model = at_provider()

    def probe_and_delete(*args, **options):
        for step in probe(*args, **options):
            yield step
            if step.name == "chat":
                LLMModel.objects.all().delete()

    monkeypatch.setattr(connection_tests, "probe", probe_and_delete)
    assert connection_tests.run_stored(alice, model).ok
    assert not LLMModel.objects.exists()
    assert {(row.model, row.model_label) for row in UsageRecord.objects.all()} == {
        (None, "scripted-model (connection test)")
    }


def test_an_edit_meanwhile_is_not_undone(alice, at_provider, monkeypatch):
    model = at_provider()

    def probe_and_edit(*args, **options):
        LLMModel.objects.update(name="Renamed")
        return probe(*args, **options)

    monkeypatch.setattr(connection_tests, "probe", probe_and_edit)
    connection_tests.run_stored(alice, model)
    model.refresh_from_db()
    assert (model.name, model.last_test_ok) == ("Renamed", True)


@pytest.mark.django_db(transaction=True)
def test_the_database_is_not_held_while_the_provider_is_asked(make_model, provider, monkeypatch):
    # Without the usual readers: such a test may come after one that emptied all tables, the groups too.
    tester = User.objects.create_user("tester")
    address = {"provider": "openai_compatible", "base_url": f"{provider.url}/v1"}
    model = make_model(tester, name="scripted-model", **address)

    def refuse(*_):
        raise AssertionError("a query while the provider is asked")

    def probe_without_database(*args, **options):
        assert not connection.in_atomic_block
        with connection.execute_wrapper(refuse):
            yield from probe(*args, **options)

    monkeypatch.setattr(connection_tests, "probe", probe_without_database)
    assert connection_tests.run_stored(tester, model).ok


# Not stored.


def entered(owner, url, *, model_id="scripted-model", provider="openai_compatible"):
    """A model that is only typed in."""
    connection = Connection(owner=owner, name="entered", provider=provider, base_url=url)
    connection.set_key(KEY, by=owner)
    return LLMModel(connection=connection, name="entered", model_id=model_id)


def test_a_model_that_is_not_stored_is_tested_as_it_was_entered(alice, provider):
    test = connection_tests.run_unsaved(alice, entered(alice, f"{provider.url}/v1", model_id="scripted-large"))
    assert test.ok
    assert {exchange.headers["authorization"] for exchange in provider.requests} == {f"Bearer {KEY}"}
    rows = UsageRecord.objects.all()
    assert {(row.user, row.model, row.model_label, row.cost) for row in rows} == {
        (alice, None, "scripted-large (connection test)", None)
    }
    assert noted() == [("chat", 0, "reported", "complete"), ("stream", 0, "reported", "complete")]


def test_the_address_policy_is_that_of_the_owner(alice, provider, settings):
    settings.ALLOWED_ENDPOINTS = []
    settings.LLM_PROVIDER, settings.LLM_BASE_URL = "openai_compatible", f"{provider.url}/v1"
    own = connection_tests.run_unsaved(alice, entered(alice, f"{provider.url}/v1"))
    assert (failed(own), provider.requests, noted()) == ([("address", "endpoint_not_allowed")], [], [])
    assert connection_tests.run_unsaved(alice, entered(None, f"{provider.url}/v1")).ok


@pytest.mark.parametrize(
    ("url", "provider_name", "failure"),
    [
        ("https://models.example/v1", "gone", ("address", "unknown_provider")),
        ("", "openai_compatible", ("address", "bad_request")),
        ("nonsense", "openai_compatible", ("address", "endpoint_not_allowed")),
    ],
)
def test_what_cannot_be_asked_is_a_result_too(alice, provider, url, provider_name, failure):
    model = entered(alice, url, provider=provider_name)
    assert failed(connection_tests.run_unsaved(alice, model)) == [failure]
    assert (provider.requests, noted()) == ([], [])


def test_a_long_name_fits_its_row(alice, gateway):
    endless = "m" * 1000
    model = entered(alice, gateway(listing=models(endless)), model_id=endless)
    assert connection_tests.run_unsaved(alice, model).ok
    assert {row.model_label for row in UsageRecord.objects.all()} == {f"{'m' * 200} (connection test)"}
