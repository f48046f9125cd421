"""The templates in the file, and what is said of a file with a mistake."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.management import call_command

from llm.addresses import Origin
from llm.providers import PROVIDERS
from registry.addresses import LOOPBACK_HOSTS
from registry.catalog import catalogue, read, template, templates
from registry.models import Connection, LLMModel
from registry.models.llm_model import PRICES
from registry.template import Lifecycle

SEED = [
    ("anthropic", "Claude 3 Haiku"),
    ("anthropic", "Claude 3 Opus"),
    ("anthropic", "Claude 3.5 Haiku"),
    ("anthropic", "Claude 3.5 Sonnet"),
    ("azure", "GPT-3.5 Turbo (Azure)"),
    ("azure", "GPT-4o (Azure)"),
    ("azure", "GPT-4o Mini (Azure)"),
    ("huggingface", "Llama 3.1 8B (Hugging Face)"),
    ("huggingface", "Mistral 7B (Hugging Face)"),
    ("huggingface", "Zephyr 7B (Hugging Face)"),
    ("ollama", "Llama 3.1 8B (Ollama)"),
    ("ollama", "Mistral 7B (Ollama)"),
    ("ollama", "Phi-3 Mini (Ollama)"),
    ("openai", "GPT-3.5 Turbo"),
    ("openai", "GPT-4 Turbo"),
    ("openai", "GPT-4o"),
    ("openai", "GPT-4o Mini"),
    ("vllm", "Mistral 7B (vLLM)"),
    ("vllm", "vLLM endpoint"),
]
ENDED = (Lifecycle.DEPRECATED, Lifecycle.RETIRED)
each_template = pytest.mark.parametrize("each", templates(), ids=lambda each: each.id)

# One that is right, in TOML's own words.
NEW = {
    "provider": '"openai"',
    "name": '"New"',
    "model_id": '"new"',
    "description": '"A new model."',
    "capabilities": '["streaming", "tools"]',
    "lifecycle": '"current"',
    "source": '"the vendor"',
}
OLD = NEW | {"name": '"Old"', "lifecycle": '"deprecated"', "ends": "2027-01-14", "successor": '"new"'}


def written(**tables):
    lines = ["checked = 2026-11-24"]
    for name, table in tables.items():
        lines += [f"[templates.{name}]", *(f"{key} = {value}" for key, value in table.items())]
    return "\n".join(lines)


def without(table, key):
    return {name: value for name, value in table.items() if name != key}


# --- the file


def test_every_provider_has_a_current_template():
    current = [each for each in templates() if each.lifecycle is Lifecycle.CURRENT]
    assert {each.provider for each in current} == set(PROVIDERS)
    assert len(current) >= 25


def test_the_nineteen_of_the_first_version():
    assert sorted((each.provider, each.name) for each in templates() if each.seed) == SEED


@pytest.mark.django_db
@each_template
def test_a_model_made_from_it_can_be_saved(each):
    connection = each.new_connection(None)
    if not connection.url:
        connection.base_url = "https://mine.example.com"
    connection.full_clean()
    connection.save()
    model = each.new_model(connection)
    model.model_id = model.model_id or "mine"
    model.full_clean()
    model.save()
    stored = LLMModel.objects.select_related("connection").get()
    assert (stored.capabilities, stored.connection.options) == (each.capabilities, dict(each.options))
    assert [getattr(stored, price) for price in PRICES] == [getattr(each, price) for price in PRICES]


@each_template
def test_what_ended_says_when_and_names_a_current_successor(each):
    today = catalogue().checked
    assert (each.lifecycle_on(today), bool(each.notice(today))) == (each.lifecycle, each.lifecycle in ENDED)
    assert each.ends is None or (each.ends <= today) == (each.lifecycle is Lifecycle.RETIRED)
    if each.lifecycle in ENDED:
        assert each.successor.name in each.notice(today)


@each_template
def test_free_is_only_what_runs_on_ones_own_machine(each):
    if 0 in (each.input_price, each.output_price):
        address = each.base_url or PROVIDERS[each.provider].base_url
        assert Origin.parse(address).host in LOOPBACK_HOSTS


def test_no_model_is_there_twice():
    models = [(each.vendor, each.model_id) for each in templates()]
    assert len(models) == len(set(models))


def test_it_is_read_once():
    assert catalogue() is catalogue()
    assert template("openai-gpt-4o-mini") is template("openai-gpt-4o-mini")
    assert template("no-such-template") is None


@pytest.mark.django_db
def test_the_default_models_agree_with_it():
    call_command("loaddata", "default_models", verbosity=0)
    by_model = {(each.provider, each.model_id): each for each in templates()}
    models = LLMModel.objects.select_related("connection")
    assert len(models) == 4
    for model in models:
        fresh = by_model[model.connection.provider, model.model_id].new_model(model.connection)
        for figure in ("name", "capabilities", "context_window", "max_output_tokens", *PRICES):
            assert getattr(model, figure) == getattr(fresh, figure), f"{model}: {figure}"


# --- what is made of it


def test_the_vendor_is_whom_the_connection_is_named_after():
    assert template("openai-gpt-6-luna").new_connection(None).name == "OpenAI"
    assert template("groq-gpt-oss-20b").new_connection(None).name == "Groq"


def test_options_and_parameters_of_a_new_row_are_its_own():
    table = NEW | {"options": "{ stop = [] }", "default_params": "{ stop = [] }"}
    each = read(written(new=table)).templates["new"]
    connection = each.new_connection(None)
    connection.options["stop"].append("x")
    each.new_model(connection).default_params["stop"].append("x")
    assert (each.options, each.default_params) == ({"stop": []}, {"stop": []})


def test_a_connection_of_another_provider_is_refused():
    with pytest.raises(ValidationError, match="This template is for OpenAI") as refusal:
        template("openai-gpt-6-luna").new_model(Connection(provider="anthropic"))
    assert list(refusal.value.message_dict) == ["connection"]


# --- lifecycle


def test_it_ends_on_its_day():
    old = read(written(old=OLD, new=NEW)).templates["old"]
    before = old.ends - timedelta(days=1)
    assert old.lifecycle_on(before) is Lifecycle.DEPRECATED
    assert old.notice(before) == "OpenAI will shut this model down on 14 January 2027. Use New."
    assert old.lifecycle_on(old.ends) is Lifecycle.RETIRED
    assert old.notice(old.ends) == "OpenAI shut this model down on 14 January 2027. Use New."


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        (NEW, ""),
        (NEW | {"lifecycle": '"legacy"'}, ""),
        (NEW | {"lifecycle": '"retired"'}, "OpenAI shut this model down. Pick another model."),
        (
            NEW | {"lifecycle": '"retired"', "ends": "2026-10-23", "vendor": '"Groq"'},
            "Groq shut this model down on 23 October 2026. Pick another model.",
        ),
    ],
)
def test_what_people_are_told(table, sentence):
    assert read(written(some=table)).templates["some"].notice(date(2026, 11, 24)) == sentence


def test_the_order_is_the_files():
    assert list(read(written(old=OLD, new=NEW)).templates) == ["old", "new"]


def test_an_unknown_price_is_none_and_a_known_one_is_exact():
    some = read(written(some=NEW | {"input_price": '"0.15"'})).templates["some"]
    assert (some.input_price, some.output_price) == (Decimal("0.15"), None)


# --- mistakes


@pytest.mark.parametrize(
    ("table", "mistake"),
    [
        (NEW | {"provider": '"nobody"'}, "no provider 'nobody'"),
        (without(NEW, "name"), "name"),
        (without(NEW, "provider"), "provider"),
        (NEW | {"pirce": '"1"'}, "pirce"),
        (NEW | {"capabilities": '["tolls"]'}, "no capabilities: tolls"),
        (NEW | {"lifecycle": '"young"'}, "'young' is not a valid Lifecycle"),
        (without(NEW, "lifecycle"), "None is not a valid Lifecycle"),
        (NEW | {"ends": "2027-01-14"}, "a current model has no day on which it ends"),
        (without(OLD, "ends"), "a deprecated model has a day on which it ends"),
        (NEW | {"input_price": "0.15"}, "input_price is not written like"),
        (NEW | {"output_price": '"-1"'}, "a price is negative"),
        (NEW | {"cached_input_price": '"cheap"'}, "cached_input_price is not written like"),
        (NEW | {"input_price": '"Infinity"'}, "input_price is not written like"),
        (OLD | {"successor": '"nothing"'}, "its successor is no entry, or not current: nothing"),
        (OLD | {"successor": '"other"'}, "its successor is of another provider: other"),
        (OLD | {"successor": '"legacy"'}, "its successor is not current: legacy"),
        (OLD | {"successor": '"old"'}, "its successor is not current: old"),
        (NEW | {"successor": '"new"'}, "a current model has no successor"),
    ],
)
def test_a_mistake_names_its_entry(table, mistake):
    others = {
        "new": NEW,
        "other": NEW | {"provider": '"vllm"'},
        "legacy": NEW | {"lifecycle": '"legacy"'},
        "old": OLD,
    }
    with pytest.raises(ImproperlyConfigured) as refusal:
        read(written(**others, wrong=table))
    assert str(refusal.value).startswith("catalog.toml, wrong: ")
    assert mistake in str(refusal.value)


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        (written(twice=NEW) + "\n" + written(twice=NEW).partition("\n")[2], "twice"),
        (written(some=NEW).partition("\n")[2], "checked"),
        ("checked = 2026-11-24", "templates"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(text, mistake):
    with pytest.raises(ImproperlyConfigured, match=mistake):
        read(text)
