"""Options and default parameters that are no object, or that would replace what is not theirs."""

import pytest
from django.core.exceptions import ValidationError

from registry.client import client_for
from registry.errors import UnusableSettings
from registry.models import Connection, LLMModel

KEY = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789abc"
NO_OBJECTS = [[], ["a"], "text", 3, False]
RESERVED = ["model", "messages", "input", "stream", "tools", "api_key"]


@pytest.mark.parametrize("options", NO_OBJECTS)
def test_options_that_are_no_object_are_not_entered(make_model, options):
    connection = make_model().connection
    connection.options = options
    with pytest.raises(ValidationError) as refusal:
        connection.full_clean()
    assert list(refusal.value.message_dict) == ["options"]


@pytest.mark.parametrize("params", [*NO_OBJECTS, *({name: 1} for name in RESERVED)], ids=str)
def test_default_parameters_that_cannot_be_sent_are_not_entered(make_model, params):
    model = make_model()
    model.default_params = params
    with pytest.raises(ValidationError) as refusal:
        model.full_clean()
    assert list(refusal.value.message_dict) == ["default_params"]


def test_nothing_entered_is_an_empty_object(make_model):
    model = make_model()
    model.default_params = model.connection.options = None
    model.full_clean()
    model.connection.full_clean()
    assert (model.default_params, model.connection.options) == ({}, {})


def test_what_can_be_sent_is_entered(make_model):
    model = make_model()
    model.default_params, model.connection.options = {"temperature": 0.2}, {"system_role": "developer"}
    model.full_clean()
    model.connection.full_clean()


@pytest.mark.parametrize("stored", [*NO_OBJECTS, {"messages": []}], ids=str)
def test_bad_parameters_that_are_stored_already_are_a_typed_error(alice, make_model, stored):
    model = make_model(key=KEY)
    LLMModel.objects.update(default_params=stored)
    with pytest.raises(UnusableSettings, match="default parameters of this model"):
        client_for(alice, model.pk)


@pytest.mark.parametrize("stored", NO_OBJECTS, ids=str)
def test_bad_options_that_are_stored_already_are_a_typed_error(alice, make_model, stored):
    model = make_model(key=KEY)
    Connection.objects.update(options=stored)
    with pytest.raises(UnusableSettings, match="options of this connection"):
        client_for(alice, model.pk)
