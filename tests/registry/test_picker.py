import json
from dataclasses import asdict
from decimal import Decimal

import pytest
from django.core.management import call_command

from registry.models import Connection, DefaultModel, LLMModel
from registry.picker import describe, model_choices

KEY = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789abc"


def shown(groups):
    return {group.label: [choice.name for choice in group.choices] for group in groups}


def test_own_models_first_then_by_provider(alice, bob, make_model):
    make_model(alice, name="mine")
    make_model(bob, name="bob's")
    make_model(name="local", provider="vllm")
    make_model(name="keyless", provider="openai")
    make_model(name="answering", provider="openai", key=KEY)
    groups = model_choices(alice)
    assert list(shown(groups).items()) == [
        ("My models", ["mine"]),
        ("OpenAI", ["answering", "keyless"]),
        ("vLLM", ["local"]),
    ]
    assert [(c.usable, c.unusable_reason) for c in groups[1].choices] == [
        (True, ""),
        (False, "No key yet. An administrator can add one."),
    ]


def test_the_environments_model_is_a_choice(alice, settings, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    settings.LLM_PROVIDER, settings.LLM_MODEL = "openai", "gpt-legacy"
    [group] = model_choices(alice)
    assert (group.icon, group.choices[0].id, group.choices[0].name) == ("p-openai", "environment", "gpt-legacy")
    assert group.choices[0].is_default


def test_an_environments_model_that_cannot_answer_is_no_default(alice, make_model, settings):
    settings.LLM_PROVIDER, settings.LLM_MODEL = "openai", "gpt-legacy"
    DefaultModel.objects.create(user=None, model=make_model(name="shared", key=KEY))
    choices = [choice for group in model_choices(alice) for choice in group.choices]
    assert [(c.name, c.usable, c.unusable_reason, c.is_default) for c in choices] == [
        ("gpt-legacy", False, "OPENAI_API_KEY is not set. Set it to the provider's key.", False),
        ("shared", True, "", True),
    ]


def test_the_default_is_marked(alice, bob, make_model):
    first, second = make_model(name="first", key=KEY), make_model(name="second", key=KEY)
    DefaultModel.objects.create(user=None, model=first)
    DefaultModel.objects.create(user=alice, model=second)
    marked = [[c.name for g in model_choices(user) for c in g.choices if c.is_default] for user in (alice, bob)]
    assert marked == [["second"], ["first"]]


def test_choices_are_json_and_hold_no_key(alice, make_model):
    model = make_model(alice, key=KEY, tools=True)
    [group] = json.loads(json.dumps([asdict(group) for group in model_choices(alice)]))
    assert group["choices"][0]["id"] == str(model.pk)
    assert group["choices"][0]["capabilities"] == ["streaming", "tools"]
    assert "sk-" not in json.dumps(group)


def test_the_number_of_queries_is_constant(alice, make_model, django_assert_max_num_queries):
    alice.has_perm("registry.manage_global")
    for number in range(12):
        make_model(alice if number % 3 else None, name=str(number), key=KEY)
    with django_assert_max_num_queries(2):
        assert model_choices(alice)


@pytest.mark.parametrize(
    ("window", "prices", "line"),
    [
        (128000, ("0.15", "0.60"), "128k context · $0.15 / $0.60 per 1M"),
        (131072, (None, None), "128k context · no price set"),
        (922000, ("1", "5"), "922k context · $1.00 / $5.00 per 1M"),
        (1_000_000, ("0.075", "10"), "1M context · $0.075 / $10.00 per 1M"),
        (1_047_576, ("2", None), "1.05M context · no price set"),
        (None, ("0", "0"), "free"),
    ],
)
def test_a_line_describes_a_model(window, prices, line):
    input_price, output_price = (price and Decimal(price) for price in prices)
    assert describe(LLMModel(context_window=window, input_price=input_price, output_price=output_price)) == line


def test_the_default_models_load_into_an_empty_registry(alice):
    call_command("loaddata", "default_models", verbosity=0)
    call_command("loaddata", "default_models", verbosity=0)
    assert sorted(LLMModel.objects.values_list("model_id", flat=True)) == [
        "claude-haiku-5-5",
        "claude-sonnet-5-5",
        "gpt-4o-mini",
        "gpt-6.1-terra",
    ]
    for connection in Connection.objects.all():
        assert connection.is_global
        assert not connection.has_key
    for model in LLMModel.objects.select_related("connection"):
        model.full_clean(exclude=["connection"])
    assert not LLMModel.objects.usable_by(alice).filter(connection__provider="openai").exists()


def test_who_may_enter_a_missing_key_gets_the_page_where(readers, make_model):
    shared, own = make_model(name="shared"), make_model(readers["staff"], name="own")
    pages = {
        reader: {choice.name: choice.key_page for group in model_choices(readers[reader]) for choice in group.choices}
        for reader in ("staff", "holder", "alice")
    }
    page_of = {model.name: f"/admin/registry/connection/{model.connection.pk}/change/" for model in (shared, own)}
    assert pages["staff"] == {"shared": "", "own": page_of["own"]}
    assert pages["holder"] == {"shared": page_of["shared"]}
    assert pages["alice"] == {"shared": ""}
