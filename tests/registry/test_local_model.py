"""The row of the quick start's local model, in a process that was given the model's address and in one that was not."""

import pytest
from django.core.management import call_command

from registry.local_model import LOCAL_CONNECTION
from registry.models import Connection, LLMModel
from registry.picker import model_choices


@pytest.fixture
def local_model(db):
    call_command("loaddata", "local_model", verbosity=0)
    Connection.objects.filter(pk=LOCAL_CONNECTION).update(base_url="http://127.0.0.1:4321/v1")
    return LLMModel.objects.select_related("connection").get(connection=LOCAL_CONNECTION)


def test_not_started_it_is_listed_with_the_reason(local_model, alice):
    assert local_model.unusable_reason(alice).startswith("The local model is not running. Start the site with")
    assert not LLMModel.objects.usable_by(alice).exists()
    [group] = model_choices(alice)
    assert [(choice.usable, choice.is_default) for choice in group.choices] == [(False, False)]


def test_started_again_it_can_be_used(local_model, alice, settings):
    settings.ALLOWED_ENDPOINTS = ["http://127.0.0.1:4321"]
    assert local_model.unusable_reason(alice) == ""
    assert LLMModel.objects.usable_by(alice).get() == local_model


def test_started_where_somebody_turned_it_off_it_stays_off(local_model, alice, settings):
    settings.ALLOWED_ENDPOINTS = ["http://127.0.0.1:4321"]
    Connection.objects.update(is_active=False)
    assert not LLMModel.objects.usable_by(alice).exists()


def test_pointed_to_a_server_elsewhere_it_is_that_servers_affair(local_model, alice):
    Connection.objects.update(base_url="http://10.0.0.5:8000/v1")
    local_model.connection.refresh_from_db()
    assert local_model.unusable_reason(alice) == ""
    assert LLMModel.objects.usable_by(alice).get() == local_model


def test_another_connection_to_the_same_address_is_none_of_its_affair(local_model, alice, make_model):
    other = make_model(provider="openai_compatible", base_url="http://127.0.0.1:4321/v1")
    assert list(LLMModel.objects.usable_by(alice)) == [other]
    assert list(Connection.objects.usable_by(alice)) == [other.connection]
