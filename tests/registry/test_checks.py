import pytest
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.utils import ConnectionHandler

from registry import checks
from registry.checks import check_addresses, check_environment_model, require_usable_key
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


@pytest.mark.parametrize("key", ["", "short"])
def test_where_keys_are_sealed_the_old_key_is_asked_for_and_no_new_one(make_model, settings, key):
    rows = [make_model(key=KEY).connection for _ in range(2)]
    kid = rows[0].sealed_api_key.split(".")[1]
    settings.ENCRYPTION_KEY = key
    with pytest.raises(
        ImproperlyConfigured, match=f"2 stored keys were sealed with {kid}. Put that key back"
    ) as refusal:
        require_usable_key()
    assert "openssl" not in str(refusal.value)


def test_looking_for_a_database_makes_none(tmp_path, monkeypatch, settings):
    settings.ENCRYPTION_KEY = ""
    absent = {"ENGINE": "django.db.backends.sqlite3", "NAME": tmp_path / "db.sqlite3"}
    monkeypatch.setattr(checks, "connections", ConnectionHandler({"default": absent}))
    [error] = checks.check_encryption_key()
    assert (error.id, error.hint) == ("registry.E001", checks.MAKE_A_KEY)
    assert list(tmp_path.iterdir()) == []


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


@pytest.mark.parametrize("junk", ["v1.", "v1.x.y.z", "v1.0123456789abcdef.AAAA", "v1.FFFFFFFF.AAAA", "v1.ffffffff"])
def test_a_row_that_holds_no_envelope_does_not_stop_the_site(make_model, junk):
    make_model(key=KEY)
    Connection.objects.update(sealed_api_key=junk)
    assert found() == set()
    require_usable_key()


def test_a_provider_that_is_gone_is_a_warning(make_model):
    make_model(provider="retired", name="Old one")
    [warning] = [message for message in run_checks(databases=["default"]) if message.id == "registry.W001"]
    assert "'Old one'" in warning.msg
    assert "'retired'" in warning.msg


def test_an_address_in_the_environment_must_be_one(settings):
    settings.LLM_PROVIDER, settings.LLM_BASE_URL = "openai", "localhost:8000"
    assert "registry.E003" in {message.id for message in run_checks()}


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("localhost:11434", "not a plain http or https URL"),
        ("0.0.0.0:11434", "not a plain http or https URL"),
        ("http://0.0.0.0:11434", "an address to listen on"),
        ("http://[::]:11434", "an address to listen on"),
    ],
)
def test_what_a_server_is_told_to_listen_on_is_no_address_to_call(monkeypatch, address, said):
    monkeypatch.setenv("OLLAMA_BASE_URL", address)
    [error] = [message for message in run_checks() if message.id == "registry.E003"]
    assert f"The environment names {address!r}: {said}" in error.msg
    assert error.hint == "Write http://host:port."


@pytest.mark.parametrize(
    ("setting", "entry", "advice"),
    [
        ("ALLOWED_ENDPOINTS", "10.0.0.5:8000", "http://host:port"),
        ("ALLOWED_ENDPOINTS", "http://10.0.0.5:80000", "http://host:port"),
        ("CSRF_TRUSTED_ORIGINS", "site.example", "https://host"),
        ("ALLOWED_HOSTS", "https://site.example", "host alone"),
        ("ALLOWED_HOSTS", "site.example:8000", "without a port"),
        ("ALLOWED_HOSTS", "::1", "in brackets"),
    ],
)
def test_an_address_in_the_settings_must_be_one(settings, setting, entry, advice):
    setattr(settings, setting, [entry])
    [error] = [message for message in run_checks() if message.id == "registry.E003"]
    assert f"{setting} names {entry!r}: " in error.msg
    assert advice in error.hint


def test_addresses_and_patterns_that_can_be_used(settings):
    settings.ALLOWED_ENDPOINTS = ["http://10.0.0.5:8000", "https://[fd12::1]/v1"]
    settings.ALLOWED_HOSTS = ["site.example", ".example.org", "*", "[::1]"]
    settings.CSRF_TRUSTED_ORIGINS = ["https://site.example:8443", "https://*.example.org"]
    assert check_addresses() == []


@pytest.mark.parametrize(
    ("provider", "model", "url", "said"),
    [
        ("opnai", "m", "", "'opnai', which is not installed"),
        ("openai", "", "", "LLM_MODEL is not set"),
        ("openai", "m", "", "OPENAI_API_KEY is not set"),
        ("openai", "m", "localhost:8000", "like http://host:port"),
        ("openai_compatible", "m", "", "LLM_BASE_URL is not set"),
    ],
)
def test_an_environments_model_that_cannot_answer_is_a_warning(settings, provider, model, url, said):
    settings.LLM_PROVIDER, settings.LLM_MODEL, settings.LLM_BASE_URL = provider, model, url
    [warning] = [message for message in run_checks() if message.id == "registry.W002"]
    assert said in warning.msg


def test_an_environments_model_that_can_answer_is_no_warning(settings, monkeypatch):
    settings.LLM_PROVIDER, settings.LLM_MODEL = "openai", "m"
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    assert check_environment_model() == []


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
