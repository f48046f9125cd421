import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, IntegrityError, transaction
from django.db import connection as database

from llm.errors import LLMError
from registry.errors import CredentialUnreadable
from registry.models import Connection, DefaultModel, LLMModel
from registry.secrets import preview

KEY = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789abc"
OTHER_KEY = "sk-ant-0123456789abcdefghijklmnopqrstuvwxyz"


@pytest.fixture
def owned(alice):
    row = Connection(owner=alice, name="Alice's", provider="openai")
    row.set_key(KEY, by=alice)
    row.set_headers({"X-Team": "blue"})
    row.save()
    return row


def fresh(row):
    return Connection.objects.get(pk=row.pk)


def test_a_key_is_stored_sealed(owned, alice):
    with database.cursor() as cursor:
        cursor.execute("select * from llm_connections")
        stored = str(cursor.fetchall())
    assert KEY not in stored
    assert "blue" not in stored
    row = fresh(owned)
    assert row.sealed_api_key.startswith("v1.")
    assert row.reveal_key().reveal() == KEY
    assert {name: value.reveal() for name, value in row.reveal_headers().items()} == {"X-Team": "blue"}
    assert (row.key_preview, row.key_set_by, row.has_key) == ("sk-proj...abc", alice, True)
    assert row.key_set_at is not None


def test_a_key_that_waits_can_be_read_and_does_not_show(alice):
    row = Connection(owner=alice, name="new", provider="openai")
    row.set_key(KEY, by=alice)
    assert row.has_key
    assert row.reveal_key().reveal() == KEY
    assert KEY not in f"{row!r} {row} {vars(row)}"


def test_a_cleared_key_is_gone(owned):
    owned.clear_key()
    owned.clear_headers()
    owned.save()
    row = fresh(owned)
    assert (row.sealed_api_key, row.sealed_headers, row.key_preview, row.key_set_at) == ("", "", "", None)
    assert not row.has_key
    assert row.reveal_key().reveal() == ""


def test_saving_named_fields_saves_a_new_key_too(owned, alice):
    owned.name = "renamed"
    owned.set_key(OTHER_KEY, by=alice)
    owned.save(update_fields=["name"])
    assert (fresh(owned).name, fresh(owned).reveal_key().reveal()) == ("renamed", OTHER_KEY)


def test_other_changes_keep_the_key(owned):
    sealed = owned.sealed_api_key
    owned.name, owned.base_url = "renamed", ""
    owned.save()
    assert fresh(owned).sealed_api_key == sealed


def test_whoever_read_a_row_before_its_key_changed_does_not_bring_the_old_one_back(owned, bob):
    stale = fresh(owned)
    owned.set_key(OTHER_KEY, by=bob)
    owned.set_headers({"X-Team": "red"})
    owned.save()
    stale.name = "renamed"
    stale.save()
    row = fresh(owned)
    assert (row.name, row.key_preview, row.key_set_by) == ("renamed", "sk-ant...xyz", bob)
    assert (row.reveal_key().reveal(), row.reveal_headers()["X-Team"].reveal()) == (OTHER_KEY, "red")
    assert stale.reveal_key().reveal() == OTHER_KEY


def test_whoever_read_a_row_before_its_key_was_removed_does_not_bring_it_back(owned):
    stale = fresh(owned)
    owned.clear_key()
    owned.clear_headers()
    owned.save()
    stale.save()
    row = fresh(owned)
    assert (row.has_key, row.has_headers, row.key_preview) == (False, False, "")


def test_a_row_read_before_its_key_changed_cannot_take_the_new_one_elsewhere(owned, alice):
    stale = fresh(owned)
    owned.set_key(OTHER_KEY, by=alice)
    owned.save()
    stale.base_url = "https://evil.example/v1"
    with pytest.raises(ValidationError, match="Enter the key"):
        stale.save()
    assert fresh(owned).reveal_key().reveal() == OTHER_KEY


def test_a_save_that_failed_can_be_tried_again(owned, alice):
    owned.set_key(OTHER_KEY, by=alice)
    owned.name = None
    with pytest.raises(IntegrityError), transaction.atomic():
        owned.save()
    assert fresh(owned).reveal_key().reveal() == KEY
    owned.name = "named"
    owned.save()
    assert fresh(owned).reveal_key().reveal() == OTHER_KEY


def test_headers_without_a_name_are_none(owned):
    owned.set_headers({})
    owned.save()
    assert (fresh(owned).has_headers, fresh(owned).reveal_headers()) == (False, {})


@pytest.mark.parametrize(
    "change",
    [
        {"base_url": "https://evil.example/v1"},
        {"base_url": "https://api.openai.com/other"},
        {"provider": "vllm"},
        {"provider": "openai_compatible", "base_url": "https://api.openai.com/v1"},
    ],
)
@pytest.mark.parametrize("refuse", [Connection.full_clean, Connection.save])
def test_a_new_address_demands_the_key_again(owned, change, refuse):
    for name, value in change.items():
        setattr(owned, name, value)
    with pytest.raises(ValidationError, match="Enter the key"):
        refuse(owned)
    assert fresh(owned).reveal_key().reveal() == KEY


def test_a_new_address_with_a_new_key(owned, alice):
    owned.base_url = "https://other.example/v1"
    owned.set_key(OTHER_KEY, by=alice)
    with pytest.raises(ValidationError, match="headers"):
        owned.save()
    owned.clear_headers()
    owned.full_clean()
    owned.save()
    assert fresh(owned).reveal_key().reveal() == OTHER_KEY


def test_the_order_of_key_and_address_does_not_matter(owned, alice):
    owned.set_key(OTHER_KEY, by=alice)
    owned.clear_headers()
    owned.base_url = "https://other.example/v1"
    owned.save()
    assert fresh(owned).reveal_key().reveal() == OTHER_KEY


@pytest.mark.parametrize(
    "change",
    [
        "base_url = 'https://evil.example/v1'",
        "base_url = 'http://api.openai.com/v1'",
        "base_url = 'not an address'",
        "owner_id = null",
        "provider = 'vllm'",
    ],
)
def test_a_write_that_bypasses_the_model_gets_no_key(owned, change):
    with database.cursor() as cursor:
        cursor.execute(f"update llm_connections set {change}")
    for reveal in (Connection.reveal_key, Connection.reveal_headers):
        with pytest.raises(CredentialUnreadable) as refusal:
            reveal(fresh(owned))
        assert isinstance(refusal.value, LLMError)
        assert refusal.value.code == "credential_unreadable"
    assert str(fresh(owned)) == "Alice's"


def test_a_key_moved_to_another_row_stays_closed(owned, alice):
    other = Connection.objects.create(owner=alice, name="other", provider="openai", sealed_api_key=owned.sealed_api_key)
    with pytest.raises(CredentialUnreadable):
        other.reveal_key()


def test_headers_cannot_pass_for_a_key(owned):
    Connection.objects.update(sealed_api_key=owned.sealed_headers)
    with pytest.raises(CredentialUnreadable):
        fresh(owned).reveal_key()


def test_sharing_seals_again(owned):
    before = owned.sealed_api_key
    owned.owner = None
    owned.full_clean()
    owned.save()
    row = fresh(owned)
    assert row.sealed_api_key != before
    assert row.reveal_key().reveal() == KEY
    assert row.reveal_headers()["X-Team"].reveal() == "blue"


def test_a_key_is_not_given_to_another_user(owned, bob):
    owned.owner = bob
    with pytest.raises(ValidationError, match="Enter the key"):
        owned.save()


def test_sharing_an_unreadable_key_changes_nothing(owned, settings):
    settings.ENCRYPTION_KEY = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="
    owned.owner = None
    with pytest.raises(CredentialUnreadable):
        owned.save()
    assert fresh(owned).owner_id is not None


@pytest.mark.parametrize("column", ["sealed_api_key", "sealed_headers"])
def test_the_database_refuses_a_clear_key(owned, column):
    with pytest.raises(IntegrityError), transaction.atomic():
        Connection.objects.update(**{column: KEY})


@pytest.mark.parametrize(
    "key", ["", "  ", "***", "sk-proj...abc", "with space", "with\nbreak", "ключ", "•" * 8, "x" * 5000]
)
def test_what_is_no_key_is_refused_without_being_shown(alice, key):
    row = Connection(owner=alice, name="new", provider="openai")
    with pytest.raises(ValidationError) as refusal:
        row.set_key(key, by=alice)
    assert not key.strip() or key not in str(refusal.value)


@pytest.mark.parametrize(
    "headers", [{"Host": "x"}, {"a b": "x"}, {"X": "a\r\nb"}, {"": "x"}, {"content-length": "1"}, {"X": 1}]
)
def test_headers_that_would_break_the_request_are_refused(headers):
    with pytest.raises(ValidationError):
        Connection().set_headers(headers)


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        ("sk-proj-" + "x" * 40, "sk-proj...xxx"),
        ("sk-ant-" + "y" * 40, "sk-ant...yyy"),
        ("hf_" + "z" * 30, "hf...zzz"),
        ("0123456789" * 2, "...789"),
        ("0123456789" * 2 + "", "...789"),
        ("short", "..."),
        ("sk-0123456789abcdef", "..."),
    ],
)
def test_a_preview_says_little(key, shown):
    assert preview(key) == shown
    assert len(shown.replace("...", "")) <= 10


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("HTTPS://Example.COM:443/v1/", "https://example.com/v1"),
        ("http://10.0.0.5:8000", "http://10.0.0.5:8000"),
        ("https://[2001:DB8::1]/v1", "https://[2001:db8::1]/v1"),
        ("", ""),
    ],
)
def test_addresses_have_one_spelling(alice, typed, stored):
    assert Connection.objects.create(owner=alice, name="c", provider="vllm", base_url=typed).base_url == stored


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com",
        "example.com",
        "https://user@example.com",
        "https://a\\@b.example",
        "https://a b",
        "https://x#y",
    ],
)
def test_an_address_that_could_be_read_in_two_ways_is_refused(alice, url):
    with pytest.raises(ValidationError, match="address"):
        Connection(owner=alice, name="c", provider="vllm", base_url=url).full_clean()


def test_a_provider_without_an_address_needs_one(alice):
    with pytest.raises(ValidationError, match="Enter one"):
        Connection(owner=alice, name="c", provider="openai_compatible").full_clean()


def test_rows_of_a_deleted_user_go_with_the_user(owned, alice):
    LLMModel.objects.create(connection=owned, name="m", model_id="m")
    alice.delete()
    assert not Connection.objects.exists()
    assert not LLMModel.objects.exists()


def test_a_row_becomes_a_config(owned):
    model = LLMModel(connection=owned, name="n", model_id="gpt-x", default_params={"temperature": 0.5}, vision=True)
    config = model.to_config()
    assert (config.provider, config.model, config.base_url) == ("openai", "gpt-x", "https://api.openai.com/v1")
    assert (config.api_key.reveal(), config.headers["X-Team"].reveal()) == (KEY, "blue")
    assert (config.params, config.vision, config.streaming) == ({"temperature": 0.5}, True, True)
    assert KEY not in repr(config)


@pytest.mark.parametrize("price", ["input_price", "output_price", "cached_input_price"])
def test_the_database_refuses_negative_prices(make_model, price):
    model = make_model()
    with pytest.raises(IntegrityError), transaction.atomic():
        LLMModel.objects.filter(pk=model.pk).update(**{price: -1})


def test_there_is_one_default_for_everybody_and_one_each(make_model, alice, bob):
    model = make_model()
    for user in (None, alice, bob):
        DefaultModel.objects.create(user=user, model=model)
    for user in (None, alice):
        with pytest.raises(IntegrityError), transaction.atomic():
            DefaultModel.objects.create(user=user, model=model)


def test_a_default_must_be_within_reach(make_model, alice, bob):
    own = make_model(alice)
    DefaultModel(user=alice, model=own).full_clean()
    for user in (None, bob):
        with pytest.raises(ValidationError, match="Pick another"):
            DefaultModel(user=user, model=own).full_clean()


def test_a_change_of_a_row_that_moved_meanwhile_is_refused(owned, alice):
    """Else its old owner, saved again with a new name, would get the key that was entered since."""
    Connection.objects.filter(pk=owned.pk).delete()
    shared = Connection(pk=owned.pk, name="Everybody's", provider="openai")
    shared.set_key(KEY, by=None)
    shared.save()
    stale, taken_back = fresh(shared), fresh(shared)
    taken_back.owner = alice
    taken_back.set_key(OTHER_KEY, by=alice)
    taken_back.save()
    stale.name = "renamed"
    with pytest.raises(ValidationError, match="changed or deleted meanwhile") as refused:
        stale.save()
    assert refused.value.code == "conflict"
    assert (fresh(shared).owner, fresh(shared).reveal_key().reveal()) == (alice, OTHER_KEY)


def test_a_row_that_was_deleted_does_not_come_back(owned, make_model, alice):
    model = make_model(alice)
    stale_connection, stale_model = fresh(owned), LLMModel.objects.get(pk=model.pk)
    owned.delete()
    model.delete()
    with pytest.raises(ValidationError, match="changed or deleted meanwhile"):
        stale_connection.save()
    with pytest.raises(DatabaseError), transaction.atomic():
        stale_model.save()
    assert not Connection.objects.filter(pk=stale_connection.pk).exists()
    assert not LLMModel.objects.exists()


@pytest.mark.parametrize(
    "options", [{"api_key": "x"}, {"Authorization": "x"}, {"x-api-key": "x"}, {"token": "x"}, {"secret": "x"}]
)
def test_a_key_among_the_options_is_refused(owned, options):
    owned.options = options
    with pytest.raises(ValidationError, match="it would be stored in clear"):
        owned.full_clean()


@pytest.mark.parametrize("query", ["key=AAAA", "api_key=AAAA", "a=b&access_token=x", "sig=x"])
def test_a_key_in_the_address_is_refused(alice, query):
    row = Connection(owner=alice, name="new", provider="openai", base_url=f"https://api.example.com/v1?{query}")
    with pytest.raises(ValidationError, match="This address holds a key"):
        row.save()


def test_an_api_version_in_the_address_is_no_key(alice):
    Connection(owner=alice, name="new", provider="openai", base_url="https://api.example.com/v1?api-version=1").save()
