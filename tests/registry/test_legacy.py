"""The `.env` way: with no model in the database, variables alone are enough to chat with each provider."""

from dataclasses import dataclass, field

import pytest

from llm import TextDelta
from llm import user as question
from llm.errors import Blocked, LLMError
from llm.providers import PROVIDERS
from llm.testing import ScriptedProvider, expected_text
from registry.addresses import address_policy
from registry.client import client_for
from registry.errors import ModelUnavailable, NoModel
from registry.models import DefaultModel
from registry.picker import model_choices
from registry.selection import ENVIRONMENT, select_model

KEY = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789abc"
BEARER = {"authorization": f"Bearer {KEY}"}
IN_SETTINGS = ("LLM_PROVIDER", "LLM_MODEL", "LLM_BASE_URL")
PASTED = (" {}", "{}\n", "\t{} \r\n", "\u00a0{}\u00a0")


@dataclass
class Legacy:
    """What an `.env` says about one provider, with {url} for where it is, and what reaches the server then."""

    model: str
    variables: dict[str, str]
    path: str
    headers: dict[str, str] = field(default_factory=dict)


PLACES = {
    "anthropic": Legacy(
        "claude-sonnet-5",
        {"LLM_BASE_URL": "{url}", "ANTHROPIC_API_KEY": KEY},
        "/v1/messages",
        {"x-api-key": KEY, "anthropic-version": "2026-10-21"},
    ),
    "azure": Legacy(
        "gpt-4o",
        {
            "AZURE_OPENAI_ENDPOINT": "{url}",
            "AZURE_OPENAI_API_KEY": KEY,
            "AZURE_OPENAI_API_VERSION": "2024-10-21",
        },
        "/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21",
        {"api-key": KEY},
    ),
    "huggingface": Legacy(
        "meta-llama/Llama-3.1-8B-Instruct",
        {"LLM_BASE_URL": "{url}/v1", "HF_TOKEN": KEY},
        "/v1/chat/completions",
        BEARER,
    ),
    "ollama": Legacy("llama3.1", {"OLLAMA_BASE_URL": "{url}", "OLLAMA_API_KEY": KEY}, "/api/chat", BEARER),
    "openai": Legacy(
        "gpt-4o-mini", {"LLM_BASE_URL": "{url}/v1", "OPENAI_API_KEY": KEY}, "/v1/chat/completions", BEARER
    ),
    "openai_compatible": Legacy("any", {"LLM_BASE_URL": "{url}/v1"}, "/v1/chat/completions"),
    "vllm": Legacy("Qwen/Qwen3-8B", {"VLLM_BASE_URL": "{url}/v1"}, "/v1/chat/completions"),
}


@pytest.fixture
def provider():
    with ScriptedProvider() as server:
        yield server


@pytest.fixture
def configure(monkeypatch, settings):
    """Set variables. The settings read three of them at the start, the others are read when they are needed."""

    def set_all(**variables):
        for name, value in variables.items():
            if name in IN_SETTINGS:
                setattr(settings, name, value)
            else:
                monkeypatch.setenv(name, value)

    return set_all


@pytest.fixture(params=PLACES)
def place(request):
    return request.param


def variables_of(place, provider):
    legacy = PLACES[place]
    named = {name: value.format(url=provider.url) for name, value in legacy.variables.items()}
    return {"LLM_PROVIDER": place, "LLM_MODEL": legacy.model} | named


def the_choice(user):
    """The only model that the picker offers."""
    [group] = model_choices(user)
    [choice] = group.choices
    return choice


def asked(provider):
    """Path and key of the last request."""
    exchange = provider.requests[-1]
    keys = {
        name: exchange.headers[name]
        for name in ("authorization", "api-key", "x-api-key", "anthropic-version")
        if name in exchange.headers
    }
    return exchange.path, keys


def test_no_provider_is_left_out():
    assert set(PLACES) == set(PROVIDERS)


def test_variables_alone_are_enough(alice, configure, provider, place):
    configure(**variables_of(place, provider))
    selection = select_model(alice)
    assert (selection.reason, selection.model_id, selection.label) == ("environment", None, PLACES[place].model)
    client = client_for(alice, selection.model_id)
    assert client.chat([question("[[tokens=5]]")]).text == expected_text(5)
    assert asked(provider) == (PLACES[place].path, PLACES[place].headers)
    events = [event for event in client.stream([question("[[tokens=5]]")]) if isinstance(event, TextDelta)]
    assert len(events) == 5
    assert asked(provider) == (PLACES[place].path, PLACES[place].headers)
    assert {exchange.body["model"] for exchange in provider.requests} == {PLACES[place].model}


def test_it_is_what_the_picker_shows_and_what_can_be_asked_for(alice, configure, provider, place):
    configure(**variables_of(place, provider))
    choice = the_choice(alice)
    assert (choice.id, choice.name, choice.usable, choice.is_default) == (ENVIRONMENT, PLACES[place].model, True, True)
    assert select_model(alice, requested=choice.id) == select_model(alice)


@pytest.mark.parametrize("pasted", PASTED)
def test_what_pasting_left_around_a_value_is_no_part_of_it(alice, configure, provider, place, pasted):
    configure(**{name: pasted.format(value) for name, value in variables_of(place, provider).items()})
    assert the_choice(alice).usable
    assert client_for(alice, select_model(alice).model_id).chat([question("[[tokens=5]]")]).text == expected_text(5)
    assert asked(provider) == (PLACES[place].path, PLACES[place].headers)


def test_a_provider_may_be_written_with_capitals(alice, configure, provider, place):
    configure(**variables_of(place, provider) | {"LLM_PROVIDER": place.title()})
    assert client_for(alice, select_model(alice).model_id).chat([question("[[tokens=5]]")]).text == expected_text(5)
    assert asked(provider) == (PLACES[place].path, PLACES[place].headers)


@pytest.mark.parametrize(
    ("place", "variables", "path"),
    [
        ("openai", {"LLM_BASE_URL": "{url}"}, "/v1/chat/completions"),
        ("openai", {"LLM_BASE_URL": "{url}/v1/"}, "/v1/chat/completions"),
        ("openai", {"LLM_BASE_URL": "{url}/v1/chat/completions"}, "/v1/chat/completions"),
        ("anthropic", {"LLM_BASE_URL": "{url}/v1/messages"}, "/v1/messages"),
        ("ollama", {"OLLAMA_BASE_URL": "{url}/"}, "/api/chat"),
        ("ollama", {"OLLAMA_BASE_URL": "{url}/api/chat"}, "/api/chat"),
        ("ollama", {"OLLAMA_BASE_URL": "{url}/v1"}, "/api/chat"),
        ("ollama", {"LLM_BASE_URL": "{url}", "OLLAMA_BASE_URL": "http://127.0.0.1:9"}, "/api/chat"),
        ("vllm", {"VLLM_BASE_URL": "{url}"}, "/v1/chat/completions"),
        (
            "azure",
            {"AZURE_OPENAI_ENDPOINT": "{url}/", "AZURE_OPENAI_API_VERSION": ""},
            "/openai/v1/chat/completions",
        ),
        (
            "azure",
            {"AZURE_OPENAI_ENDPOINT": "{url}/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21"},
            "/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21",
        ),
    ],
)
def test_an_address_may_have_a_path(alice, configure, provider, place, variables, path):
    addresses = {name: value.format(url=provider.url) for name, value in variables.items()}
    configure(**variables_of(place, provider) | addresses)
    assert client_for(alice, select_model(alice).model_id).chat([question("[[tokens=5]]")]).text == expected_text(5)
    assert asked(provider) == (path, PLACES[place].headers)


@pytest.mark.parametrize(("place", "url"), [("ollama", "http://127.0.0.1:11434"), ("vllm", "http://localhost:8000")])
def test_a_server_of_ones_own_without_an_address_is_the_one_on_this_machine(alice, configure, place, url):
    configure(LLM_PROVIDER=place, LLM_MODEL="m")
    assert select_model(alice).reason == "environment"
    assert address_policy(None).check(f"{url}/x")
    with pytest.raises(Blocked):
        address_policy(alice.pk).check(f"{url}/x")
    configure(LLM_BASE_URL="http://10.0.0.5:8000")
    with pytest.raises(Blocked):
        address_policy(None).check(f"{url}/x")


# What is wrong is said in a sentence.


def test_empty_variables_are_none(alice, configure):
    names = {name for legacy in PLACES.values() for name in legacy.variables}
    configure(**dict.fromkeys({*names, *IN_SETTINGS}, ""))
    assert model_choices(alice) == []
    with pytest.raises(NoModel, match=r"^No model is set up yet\."):
        select_model(alice)
    with pytest.raises(NoModel, match=r"^No model is set up yet\."):
        client_for(alice, None)


WRONG = [
    ("openai", {"LLM_PROVIDER": "opnai"}, "LLM_PROVIDER names 'opnai', which is not installed. Set it to one of: "),
    ("openai", {"LLM_MODEL": ""}, "LLM_MODEL is not set. Set it to the model that is to answer."),
    ("openai", {"LLM_MODEL": " \n"}, "LLM_MODEL is not set."),
    ("openai", {"OPENAI_API_KEY": ""}, "OPENAI_API_KEY is not set. Set it to the provider's key."),
    ("anthropic", {"ANTHROPIC_API_KEY": "\n"}, "ANTHROPIC_API_KEY is not set."),
    ("huggingface", {"HF_TOKEN": ""}, "HF_TOKEN is not set."),
    ("azure", {"AZURE_OPENAI_API_KEY": ""}, "AZURE_OPENAI_API_KEY is not set."),
    ("azure", {"AZURE_OPENAI_ENDPOINT": ""}, "AZURE_OPENAI_ENDPOINT is not set and this provider has no address"),
    ("openai_compatible", {"LLM_BASE_URL": ""}, "LLM_BASE_URL is not set and this provider has no address"),
    ("openai", {"LLM_BASE_URL": "localhost:8000"}, "The address in LLM_BASE_URL cannot be used: not a plain http or "),
    ("ollama", {"OLLAMA_BASE_URL": "localhost:11434"}, "The address in OLLAMA_BASE_URL cannot be used: "),
    (
        "ollama",
        {"OLLAMA_BASE_URL": "http://0.0.0.0:11434"},
        "The address in OLLAMA_BASE_URL cannot be used: an address",
    ),
    (
        "vllm",
        {"VLLM_BASE_URL": "http://gpu:80000/v1"},
        "The address in VLLM_BASE_URL cannot be used: port out of range",
    ),
    (
        "azure",
        {"AZURE_OPENAI_ENDPOINT": "res.openai.azure.com"},
        "The address in AZURE_OPENAI_ENDPOINT cannot be used:",
    ),
    ("vllm", {"LLM_BASE_URL": "http://1.2.3"}, "The address in LLM_BASE_URL cannot be used: "),
]


@pytest.mark.parametrize(("place", "wrong", "said"), WRONG)
def test_what_is_wrong_is_said_wherever_somebody_looks(alice, configure, provider, place, wrong, said):
    configure(**variables_of(place, provider) | wrong)
    choice = the_choice(alice)
    assert (choice.usable, choice.is_default) == (False, False)
    assert choice.unusable_reason.startswith(said)
    assert choice.unusable_reason.endswith(".")
    for refused in (lambda: select_model(alice), lambda: client_for(alice, None)):
        with pytest.raises(NoModel) as refusal:
            refused()
        assert (
            refusal.value.message == f"The model of this server's environment cannot answer. {choice.unusable_reason}"
        )
    with pytest.raises(ModelUnavailable, match="cannot answer now"):
        select_model(alice, requested=ENVIRONMENT)
    assert KEY not in choice.unusable_reason
    assert not provider.requests


@pytest.mark.parametrize(("place", "wrong", "said"), WRONG)
def test_what_is_wrong_there_keeps_no_other_model_from_answering(
    alice, configure, provider, make_model, settings, place, wrong, said
):
    configure(**variables_of(place, provider) | wrong)
    settings.ALLOWED_ENDPOINTS = [provider.url]
    shared = make_model(name="shared", provider="openai_compatible", base_url=f"{provider.url}/v1")
    DefaultModel.objects.create(user=None, model=shared)
    selection = select_model(alice)
    assert (selection.reason, selection.model_id) == ("global_default", shared.pk)
    assert client_for(alice, shared.pk).chat([question("[[tokens=5]]")]).text == expected_text(5)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"LLM_BASE_URL": "http://169.254.169.254/v1"}, "endpoint_not_allowed"),
        ({"OPENAI_API_KEY": "sk-one\nsk-two"}, "bad_credentials"),
        ({"OPENAI_API_KEY": "bad-key"}, "bad_credentials"),
        ({"LLM_MODEL": "missing-model"}, "model_not_found"),
    ],
)
def test_what_only_a_call_can_show_is_an_error_with_a_sentence(alice, configure, provider, wrong, code):
    configure(**variables_of("openai", provider) | wrong)
    with pytest.raises(LLMError) as refusal:
        client_for(alice, None).chat([question("[[tokens=5]]")])
    assert refusal.value.code == code
    assert refusal.value.message.endswith((".", "”", '"'))
