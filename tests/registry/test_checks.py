import pytest
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import connection

from registry.checks import require_usable_key
from registry.models import Connection

KEY = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789abc"
OTHER_KEY = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="


def found():
    return {message.id for message in run_checks(databases=["default"]) if message.id.startswith("registry.")}


@pytest.mark.django_db
def test_nothing_is_wrong():
    assert found() == set()
    require_usable_key()


@pytest.mark.parametrize("key", ["", "short", "A" * 43 + "="])
@pytest.mark.django_db
def test_a_key_that_cannot_seal_stops_everything(settings, key):
    settings.ENCRYPTION_KEY = key
    assert found() == {"registry.E001"}
    with pytest.raises(ImproperlyConfigured, match="openssl rand -base64 32"):
        require_usable_key()
    with pytest.raises(CommandError, match=r"registry\.E001"):
        call_command("check")


def test_keys_that_the_present_key_cannot_open(make_model, settings):
    make_model(key=KEY)
    settings.ENCRYPTION_KEY, present = OTHER_KEY, settings.ENCRYPTION_KEY
    assert found() == {"registry.E002"}
    with pytest.raises(ImproperlyConfigured) as refusal:
        require_usable_key()
    wanted = Connection.objects.get().sealed_api_key.split(".")[1]
    assert f"encryption key {wanted}; present: " in str(refusal.value)
    settings.ENCRYPTION_KEYS_OLD = [present]
    assert found() == set()
    require_usable_key()


def test_headers_count_as_well(make_model, settings):
    row = make_model().connection
    row.set_headers({"x-team": "blue"})
    row.save()
    settings.ENCRYPTION_KEY = OTHER_KEY
    assert found() == {"registry.E002"}


def test_a_provider_that_is_gone_is_a_warning(make_model):
    make_model(provider="retired", name="Old one")
    [warning] = [message for message in run_checks(databases=["default"]) if message.id == "registry.W001"]
    assert "'Old one'" in warning.msg
    assert "'retired'" in warning.msg


def test_an_address_in_the_environment_must_be_one(settings):
    settings.LLM_PROVIDER, settings.LLM_BASE_URL = "openai", "localhost:8000"
    assert "registry.E003" in {message.id for message in run_checks()}


@pytest.mark.django_db(transaction=True)
def test_before_migrate_there_is_nothing_to_check():
    with connection.schema_editor() as editor:
        editor.alter_db_table(Connection, "llm_connections", "elsewhere")
    try:
        assert found() == set()
        require_usable_key()
    finally:
        with connection.schema_editor() as editor:
            editor.alter_db_table(Connection, "elsewhere", "llm_connections")
