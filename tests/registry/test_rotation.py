"""Sealing again with another key, while the site is used."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import islice

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection as database

from registry import derivation, envelope
from registry.checks import require_usable_key
from registry.models import Connection, EncryptionCanary
from registry.rotation import State, inspect, is_finished, rotate

KEY = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789abc"
ENTERED = "sk-ant-0123456789abcdefghijklmnopqrstuvwxyz"
OTHER_KEY = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="
THIRD_KEY = "QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl8="


@pytest.fixture
def alice(db):
    return User.objects.create_user("alice")


@pytest.fixture
def bob(db):
    return User.objects.create_user("bob")


@pytest.fixture
def quick_derivation(monkeypatch):
    """Where the time belongs to the database: its part is tested here, not how slow a key is to guess."""
    envelope._keyring.cache_clear()
    monkeypatch.setattr(derivation, "ITERATIONS", 1000)
    yield
    envelope._keyring.cache_clear()


@pytest.fixture
def make_rows(db, alice):
    """Connections of alice with a key, every third with headers as well."""

    def make(number):
        rows = []
        for position in range(number):
            row = Connection(owner=alice, name=f"row {position}", provider="openai")
            row.set_key(f"{KEY}{position}", by=alice)
            if position % 3 == 0:
                row.set_headers({"X-Row": str(position)})
            row.save()
            rows.append(row)
        return rows

    return make


@pytest.fixture
def promote(settings):
    """Another key seals from here on; those that did so far only open."""

    def promote(key=OTHER_KEY):
        settings.ENCRYPTION_KEYS_OLD = [settings.ENCRYPTION_KEY, *settings.ENCRYPTION_KEYS_OLD]
        settings.ENCRYPTION_KEY = key

    return promote


@pytest.fixture
def drop_old(settings):
    def drop():
        settings.ENCRYPTION_KEYS_OLD = []

    return drop


def rotate_all(batch=100):
    return Counter(state for _, state in rotate(batch))


def inspected():
    return Counter(state for _, state in inspect(100))


def assert_intact(rows):
    for row in rows:
        stored = Connection.objects.get(pk=row.pk)
        position = stored.name.removeprefix("row ")
        assert stored.reveal_key().reveal() == f"{KEY}{position}"
        headers = {name: value.reveal() for name, value in stored.reveal_headers().items()}
        assert headers == ({"X-Row": position} if int(position) % 3 == 0 else {})


@pytest.mark.parametrize("batch", [1, 2, 100])
def test_everything_is_sealed_again(make_rows, promote, drop_old, batch):
    rows = make_rows(5)
    Connection.objects.create(owner=rows[0].owner, name="without a key", provider="openai")
    promote()
    assert inspected() == {State.OLD: 7}
    assert rotate_all(batch) == {State.ROTATED: 7}
    assert rotate_all(batch) == {State.CURRENT: 7}
    assert is_finished()
    drop_old()
    assert inspected() == {State.CURRENT: 7}
    assert_intact(rows)
    require_usable_key()


def test_nothing_else_of_a_row_changes(make_rows, promote):
    make_rows(3)
    columns = [field.attname for field in Connection._meta.concrete_fields if not field.name.startswith("sealed_")]
    before = list(Connection.objects.order_by("pk").values(*columns))
    promote()
    rotate_all()
    assert list(Connection.objects.order_by("pk").values(*columns)) == before
    assert "updated_at" in before[0]


def test_what_an_old_key_sealed_is_opened_and_nothing_more_is_sealed_with_it(make_rows, promote, settings):
    first, second = make_rows(2)
    promote()
    promote(THIRD_KEY)
    second.set_key(ENTERED, by=None)
    second.save()
    first.owner = None
    first.save()
    EncryptionCanary.objects.plant()
    rotate_all()
    sealed = [row for rows in Connection.objects.values_list("sealed_api_key", "sealed_headers") for row in rows if row]
    sealed += EncryptionCanary.objects.values_list("sealed", flat=True)
    settings.ENCRYPTION_KEYS_OLD = []
    require_usable_key()
    assert len({text.split(".")[1] for text in sealed}) == 1
    assert len(sealed) == 4


@pytest.mark.parametrize("done", range(5))
def test_a_rotation_that_was_cut_short_is_taken_up_again(make_rows, promote, drop_old, done):
    rows = make_rows(3)
    require_usable_key()
    promote()
    steps = rotate(100)
    assert [state for _, state in islice(steps, done)] == [State.ROTATED] * min(done, 4)
    steps.close()
    require_usable_key()
    assert_intact(rows)
    assert rotate_all() == Counter({State.CURRENT: min(done, 4), State.ROTATED: 4 - min(done, 4)})
    drop_old()
    require_usable_key()
    assert_intact(rows)


def test_an_edit_between_reading_and_writing_stays(make_rows, promote, bob):
    make_rows(4)
    promote()
    untouched, removed, renamed, deleted = Connection.objects.order_by("pk")
    steps = rotate(100)
    first, state = next(steps)  # all rows have been read by now
    assert (first.connection.pk, state) == (untouched.pk, State.ROTATED)
    removed.clear_key()
    removed.save()
    renamed.name = "renamed"
    renamed.set_key(ENTERED, by=bob)
    renamed.save()
    deleted.delete()
    states = {(sealed.connection.pk, sealed.name): state for sealed, state in steps}
    assert states[removed.pk, "api_key"] is State.CHANGED
    assert states[renamed.pk, "api_key"] is State.CHANGED
    assert Connection.objects.count() == 3
    assert not Connection.objects.get(pk=removed.pk).has_key
    kept = Connection.objects.get(pk=renamed.pk)
    assert (kept.name, kept.key_set_by, kept.reveal_key().reveal()) == ("renamed", bob, ENTERED)


def test_a_row_that_was_read_before_the_rotation_does_not_bring_the_old_seal_back(make_rows, promote, drop_old):
    [row] = make_rows(1)
    promote()
    rotate_all()
    row.name = "row 0"
    row.save()
    drop_old()
    assert inspected() == {State.CURRENT: 2}


EDITS = 100


def edit(position, row, bob):
    """One of five edits, by somebody who read the row before the rotation began."""
    match position % 5:
        case 0:
            row.set_key(f"{ENTERED}{position}", by=bob)
        case 1:
            row.name = f"renamed {position}"
        case 2:
            row.set_headers({"X-Edited": str(position)})
        case 3:
            row.clear_key()
        case 4:
            row.owner = None
    row.save()


def result_of_edit(position, row):
    headers = {name: value.reveal() for name, value in row.reveal_headers().items()}
    return row.name, row.owner_id, row.reveal_key().reveal(), row.key_set_by_id, headers


def expected(position, alice, bob):
    name, owner, key, by = f"row {position}", alice.pk, f"{KEY}{position}", alice.pk
    headers = {"X-Row": str(position)} if position % 3 == 0 else {}
    match position % 5:
        case 0:
            key, by = f"{ENTERED}{position}", bob.pk
        case 1:
            name = f"renamed {position}"
        case 2:
            headers = {"X-Edited": str(position)}
        case 3:
            key, by = "", None
        case 4:
            owner = None
    return name, owner, key, by, headers


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("quick_derivation")
def test_none_of_a_hundred_edits_during_a_rotation_is_lost(make_rows, promote, drop_old, alice, bob):
    rows = make_rows(EDITS)
    promote()
    begun = threading.Event()

    def work(position):
        with closing(database):
            begun.wait(30)
            edit(position, rows[position], bob)

    with ThreadPoolExecutor(20) as pool:
        edits = [pool.submit(work, position) for position in range(EDITS)]
        steps = rotate(10)
        states = Counter([next(steps)[1]])
        begun.set()
        states.update(state for _, state in steps)
        for each in edits:
            each.result()
    assert states[State.ROTATED] > 1
    assert states[State.UNREADABLE] == 0
    rotate_all()
    drop_old()
    assert inspected().keys() == {State.CURRENT}
    for position, row in enumerate(rows):
        stored = Connection.objects.get(pk=row.pk)
        assert result_of_edit(position, stored) == expected(position, alice, bob), position


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("quick_derivation")
def test_two_rotations_at_once_do_no_harm(make_rows, promote, drop_old):
    rows = make_rows(12)
    promote()
    together = threading.Barrier(2)

    def work():
        with closing(database):
            together.wait(30)
            return rotate_all(3)

    with ThreadPoolExecutor(2) as pool:
        first, second = [each.result() for each in [pool.submit(work) for _ in range(2)]]
    assert (first + second)[State.ROTATED] == 16
    assert first.total() == second.total() == 16
    drop_old()
    require_usable_key()
    assert_intact(rows)


def test_while_something_needs_the_old_key_so_does_the_canary(make_rows, promote, drop_old):
    make_rows(1)
    broken = make_rows(1)[0]
    Connection.objects.filter(pk=broken.pk).update(base_url="https://elsewhere.example")
    require_usable_key()
    before = EncryptionCanary.objects.get().sealed
    promote()
    assert rotate_all() == {State.ROTATED: 2, State.UNREADABLE: 2}
    assert EncryptionCanary.objects.get().sealed == before
    assert not is_finished()
    Connection.objects.filter(pk=broken.pk).delete()
    rotate_all()
    drop_old()
    assert is_finished()
    require_usable_key()


def test_a_key_that_does_not_fit_changes_nothing(make_rows, settings):
    rows = make_rows(2)
    require_usable_key()
    right, settings.ENCRYPTION_KEY = settings.ENCRYPTION_KEY, OTHER_KEY
    assert rotate_all() == {State.UNREADABLE: 3}
    settings.ENCRYPTION_KEY = right
    require_usable_key()
    assert_intact(rows)


def test_a_database_without_a_stored_key_can_be_given_another(db, settings):
    require_usable_key()
    settings.ENCRYPTION_KEY = OTHER_KEY
    call_command("rotate_encryption_key", verbosity=0)
    require_usable_key()


def said(capsys, *options, fails=False):
    """What the command says, without keys in any form."""
    sealed = [text for row in Connection.objects.values_list("sealed_api_key", "sealed_headers") for text in row]
    if fails:
        with pytest.raises(CommandError) as failure:
            call_command("rotate_encryption_key", *options)
        assert failure.value.returncode == 1
    else:
        call_command("rotate_encryption_key", *options)
    output = capsys.readouterr().out + (str(failure.value) if fails else "")
    assert KEY not in output
    assert not [text for text in sealed if text and text in output]
    return output


def test_the_command_counts(make_rows, promote, drop_old, capsys):
    make_rows(3)
    promote()
    before = list(Connection.objects.order_by("pk").values())
    assert "rotated 0, to be rotated 4, already current 0, changed meanwhile 0, unreadable 0" in said(
        capsys, "--dry-run"
    )
    assert "ENCRYPTION_KEYS_OLD is still needed" in said(capsys, "--verify")
    assert list(Connection.objects.order_by("pk").values()) == before
    assert not EncryptionCanary.objects.exists()
    assert "rotated 4, to be rotated 0, already current 0" in said(capsys, "--batch", "2")
    assert "already current 4" in said(capsys)
    verified = said(capsys, "--verify")
    assert "ENCRYPTION_KEYS_OLD may be dropped" in verified
    assert "still needed" not in verified
    drop_old()
    require_usable_key()


@pytest.mark.parametrize("options", [(), ("--dry-run",), ("--verify",)])
def test_what_cannot_be_read_is_named(make_rows, promote, capsys, options):
    make_rows(2)
    broken = Connection.objects.get(name="row 1")
    Connection.objects.filter(pk=broken.pk).update(sealed_api_key=broken.sealed_api_key[:-2], name="two\nlines")
    promote()
    output = said(capsys, *options, fails=True)
    assert f"the key of the connection 'two\\nlines' ({broken.pk})" in output
    assert "unreadable 1" in output
    assert "1 cannot be read. Edit these connections" in output
    assert ("still needed" in output) == ("--verify" in options)


def test_verify_also_opens_what_is_current(make_rows, capsys):
    [row] = make_rows(1)
    Connection.objects.update(sealed_headers=row.sealed_headers[:-2])
    assert "already current 2" in said(capsys)
    assert f"the headers of the connection 'row 0' ({row.pk})" in said(capsys, "--verify", fails=True)


@pytest.mark.parametrize("options", [("--batch", "0"), ("--batch", "-1"), ("--batch", "x"), ("--verify", "--dry-run")])
def test_bad_usage(options):
    with pytest.raises(CommandError, match=r"number of rows|not allowed with"):
        call_command("rotate_encryption_key", *options)
