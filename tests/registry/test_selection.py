from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from llm import user as question
from llm.errors import Blocked, LLMError
from llm.testing import ScriptedProvider
from registry import addresses
from registry.client import client_for, environment_client
from registry.errors import ModelUnavailable, NoModel
from registry.models import DefaultModel
from registry.selection import ENVIRONMENT, select_model

KEY = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789abc"


@pytest.fixture
def shared(make_model):
    return make_model(key=KEY, name="Shared")


@pytest.fixture
def own(make_model, alice):
    return make_model(alice, key=KEY, name="Own")


@pytest.fixture
def environment(settings, monkeypatch):
    settings.LLM_PROVIDER, settings.LLM_MODEL = "openai", "gpt-legacy"
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


def chosen(selection):
    return selection.reason, selection.label


def test_without_any_model_it_says_what_to_do(alice):
    with pytest.raises(NoModel, match="Add one") as refusal:
        select_model(alice)
    assert refusal.value.code == "no_model"
    assert isinstance(refusal.value, LLMError)


def test_the_whole_order(alice, own, shared, make_model, request):
    everybodys = make_model(key=KEY, name="Everybody's")
    DefaultModel.objects.create(user=None, model=everybodys)
    assert chosen(select_model(alice)) == ("global_default", "Everybody's")
    DefaultModel.objects.create(user=alice, model=own)
    assert chosen(select_model(alice)) == ("user_default", "Own")
    request.getfixturevalue("environment")
    assert chosen(select_model(alice)) == ("environment", "gpt-legacy")
    assert chosen(select_model(alice, conversation_model=shared.pk)) == ("conversation", "Shared")
    assert chosen(select_model(alice, requested=own.pk, conversation_model=shared.pk)) == ("requested", "Own")


def test_a_selection_names_its_model_and_icon(alice, own):
    selection = select_model(alice, requested=str(own.pk))
    assert (selection.model_id, selection.icon) == (own.pk, "p-openai")


def test_somebody_elses_model_does_not_exist(bob, own):
    answers = set()
    for model_id in (own.pk, uuid4(), "nonsense"):
        with pytest.raises(ModelUnavailable) as refusal:
            select_model(bob, requested=model_id)
        answers.add((refusal.value.code, refusal.value.message))
    assert len(answers) == 1


@pytest.mark.parametrize("chosen_by", ["requested", "conversation_model"])
def test_a_chosen_model_that_cannot_answer_is_not_replaced(alice, shared, make_model, chosen_by):
    DefaultModel.objects.create(user=None, model=shared)
    keyless = make_model(name="Keyless")
    with pytest.raises(ModelUnavailable, match=r"Keyless cannot answer now. No key yet"):
        select_model(alice, **{chosen_by: keyless.pk})


def test_a_default_that_cannot_answer_is_passed_over(alice, own, shared):
    DefaultModel.objects.create(user=alice, model=own)
    DefaultModel.objects.create(user=None, model=shared)
    own.is_active = False
    own.save()
    assert chosen(select_model(alice)) == ("global_default", "Shared")


def test_another_users_default_is_not_mine(bob, alice, shared):
    DefaultModel.objects.create(user=alice, model=shared)
    with pytest.raises(NoModel):
        select_model(bob)


def test_the_environments_model_can_be_asked_for(alice, shared, environment):
    selection = select_model(alice, requested=ENVIRONMENT, conversation_model=shared.pk)
    assert (selection.model_id, selection.label, selection.reason) == (None, "gpt-legacy", "environment")


def test_an_environment_without_a_model_cannot_be_asked_for(alice):
    with pytest.raises(ModelUnavailable):
        select_model(alice, requested=ENVIRONMENT)


def test_an_environments_model_that_cannot_answer_is_passed_over(alice, shared, environment, settings):
    DefaultModel.objects.create(user=None, model=shared)
    settings.LLM_PROVIDER = "retired"
    assert chosen(select_model(alice)) == ("global_default", "Shared")


def test_an_environments_model_that_cannot_answer_is_not_replaced(alice, shared, environment, monkeypatch):
    DefaultModel.objects.create(user=None, model=shared)
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(ModelUnavailable, match=r"gpt-legacy cannot answer now. OPENAI_API_KEY is not set"):
        select_model(alice, requested=ENVIRONMENT)


@pytest.mark.parametrize("reader", ["anonymous", "inactive"])
def test_nobody_selects_nothing(reader, readers, shared, environment):
    DefaultModel.objects.create(user=None, model=shared)
    for arguments in ({}, {"requested": shared.pk}, {"requested": ENVIRONMENT}):
        with pytest.raises((NoModel, ModelUnavailable)):
            select_model(readers[reader], **arguments)
    with pytest.raises(ModelUnavailable):
        client_for(readers[reader], shared.pk)
    with pytest.raises(NoModel):
        environment_client(readers[reader])


@pytest.fixture
def provider():
    with ScriptedProvider() as server:
        yield server


def answer(client):
    return client.chat([question("[[tokens=3]]")])


def test_a_client_answers_with_the_rows_key(alice, make_model, provider, settings):
    settings.ALLOWED_ENDPOINTS = [provider.url]
    model = make_model(alice, key=KEY, provider="openai_compatible", base_url=f"{provider.url}/v1")
    assert answer(client_for(alice, model.pk)).text
    assert provider.requests[-1].headers["authorization"] == f"Bearer {KEY}"


def test_a_private_address_needs_a_grant(alice, make_model, provider):
    model = make_model(alice, provider="openai_compatible", base_url=f"{provider.url}/v1")
    with pytest.raises(Blocked):
        answer(client_for(alice, model.pk))
    assert not provider.requests


def test_the_environments_address_is_open_to_global_connections_only(alice, make_model, provider, settings):
    settings.LLM_PROVIDER, settings.LLM_BASE_URL, settings.LLM_MODEL = "openai_compatible", f"{provider.url}/v1", "m"
    at_provider = {"provider": "openai_compatible", "base_url": f"{provider.url}/v1"}
    shared, own = make_model(**at_provider), make_model(alice, **at_provider)
    assert answer(client_for(alice, shared.pk)).text
    assert answer(client_for(alice, None)).text
    with pytest.raises(Blocked):
        answer(client_for(alice, own.pk))


def test_a_client_needs_the_right_to_use(bob, own, make_model):
    for model_id in (own.pk, make_model().pk, uuid4()):
        with pytest.raises(ModelUnavailable):
            client_for(bob, model_id)


@pytest.fixture
def other_provider():
    with ScriptedProvider() as server:
        yield server


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.0.0.2", "[::1]", "site.example"])
def test_the_port_that_the_site_listens_on_is_no_provider(
    host, alice, make_model, provider, other_provider, settings, monkeypatch
):
    monkeypatch.setattr(addresses, "served_ports", set())
    settings.ALLOWED_HOSTS = ["site.example"]
    own = provider.url.replace("127.0.0.1", host)
    settings.ALLOWED_ENDPOINTS = [provider.url, own, other_provider.url]
    at = {"provider": "openai_compatible"}
    site, itself = (make_model(alice, base_url=f"{url}/v1", **at) for url in (provider.url, own))
    other = make_model(alice, base_url=f"{other_provider.url}/v1", **at)
    assert answer(client_for(alice, site.pk)).text  # a connection that is kept must not serve later either
    addresses.serving_at(urlsplit(provider.url).port)
    for model in (site, itself):
        with pytest.raises(Blocked):
            answer(client_for(alice, model.pk))
    assert answer(client_for(alice, other.pk)).text
    assert len(provider.requests) == 1


def test_the_site_itself_is_no_provider(alice, make_model, settings):
    settings.ALLOWED_HOSTS, settings.CSRF_TRUSTED_ORIGINS = ["site.example"], ["https://proxy.example:8443"]
    for url in ("https://site.example/v1", "https://proxy.example:8443/v1"):
        settings.ALLOWED_ENDPOINTS = [url]
        model = make_model(alice, provider="openai_compatible", base_url=url)
        with pytest.raises(Blocked):
            answer(client_for(alice, model.pk))
