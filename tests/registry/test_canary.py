"""What binds a database to its encryption key from the first start on."""

import pytest
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction

from registry import envelope
from registry.checks import require_usable_key
from registry.models import Connection, EncryptionCanary

KEY = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789abc"
OTHER_KEY = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="

pytestmark = pytest.mark.django_db


def refusal():
    with pytest.raises(ImproperlyConfigured) as refused:
        require_usable_key()
    return str(refused.value)


def kid_of(setting):
    return envelope.KeyRing(envelope.load_key(setting)).primary


def test_the_first_start_binds_a_database_and_later_ones_leave_it(settings):
    assert not EncryptionCanary.objects.exists()
    require_usable_key()
    [canary] = EncryptionCanary.objects.all()
    assert canary.opens
    assert canary.sealed.startswith(f"v1.{kid_of(settings.ENCRYPTION_KEY)}.")
    require_usable_key()
    assert EncryptionCanary.objects.get().sealed == canary.sealed


def test_another_key_is_refused_before_any_key_is_stored(settings):
    require_usable_key()
    wanted, settings.ENCRYPTION_KEY = kid_of(settings.ENCRYPTION_KEY), OTHER_KEY
    said = refusal()
    assert f"sealed with encryption key {wanted}; present: {kid_of(OTHER_KEY)}." in said
    assert "No key is stored yet: `manage.py rotate_encryption_key`" in said
    with pytest.raises(CommandError, match=f"encryption key {wanted}"):
        call_command("check", databases=["default"])
    call_command("check")


def test_another_key_in_front_of_the_old_one_is_a_rotation(settings):
    require_usable_key()
    before = EncryptionCanary.objects.get().sealed
    settings.ENCRYPTION_KEY, settings.ENCRYPTION_KEYS_OLD = OTHER_KEY, [settings.ENCRYPTION_KEY]
    require_usable_key()
    assert EncryptionCanary.objects.get().sealed == before


def test_a_key_that_is_refused_leaves_no_canary(settings, make_model):
    make_model(key=KEY)
    right, settings.ENCRYPTION_KEY = settings.ENCRYPTION_KEY, OTHER_KEY
    assert "No key is stored" not in refusal()
    assert not EncryptionCanary.objects.exists()
    settings.ENCRYPTION_KEY = right
    require_usable_key()
    assert EncryptionCanary.objects.get().opens


def test_of_two_first_starts_with_different_keys_one_is_refused(settings):
    EncryptionCanary.objects.plant()
    first, settings.ENCRYPTION_KEY = settings.ENCRYPTION_KEY, OTHER_KEY
    EncryptionCanary.objects.plant()
    assert f"sealed with encryption key {kid_of(first)}" in refusal()


@pytest.mark.parametrize("damage", ["{sealed}A", "v1.{kid}.AAAA", "v1.{kid}"])
def test_an_altered_canary_is_noticed_and_can_be_replaced(settings, damage):
    require_usable_key()
    sealed, kid = EncryptionCanary.objects.get().sealed, kid_of(settings.ENCRYPTION_KEY)
    EncryptionCanary.objects.update(sealed=damage.format(sealed=sealed, kid=kid))
    assert f"canary of this database was altered: no present key opens it ({kid})" in refusal()
    call_command("rotate_encryption_key", verbosity=0)
    require_usable_key()


def test_the_text_of_a_stored_key_is_no_canary(make_model):
    make_model(key=KEY)
    EncryptionCanary.objects.create(sealed=Connection.objects.get().sealed_api_key)
    assert "was altered" in refusal()


@pytest.mark.parametrize("row", [{"id": 2, "sealed": "v1.x"}, {"id": 1, "sealed": "canary"}])
def test_the_database_refuses_a_second_canary_and_a_clear_one(row):
    with pytest.raises(IntegrityError), transaction.atomic():
        EncryptionCanary.objects.create(**row)


@pytest.mark.django_db(transaction=True)
def test_before_its_migration_there_is_no_canary():
    with connection.schema_editor() as editor:
        editor.alter_db_table(EncryptionCanary, "registry_encryptioncanary", "elsewhere")
    try:
        require_usable_key()
    finally:
        with connection.schema_editor() as editor:
            editor.alter_db_table(EncryptionCanary, "elsewhere", "registry_encryptioncanary")
    assert not EncryptionCanary.objects.exists()
    assert not [found for found in run_checks(databases=["default"]) if found.is_serious()]
