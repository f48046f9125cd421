from datetime import timedelta

import pytest
from django.db import DataError, InterfaceError, OperationalError, transaction
from django.utils import timezone

from chat import checkpoints, markdown
from chat.models import Conversation, Message, Status
from llm.testing import expected_text

pytestmark = pytest.mark.django_db(transaction=True)


def running(alice, **fields):
    conversation = Conversation.objects.create(owner=alice)
    facts = {"role": "assistant", "status": Status.STREAMING, "text": "half *an* answer", "lease_until": timezone.now()}
    return Message.objects.create(conversation=conversation, **facts | fields)


def test_the_text_is_saved_while_it_grows(ask):
    turn = ask("[[tokens=10000 rate=100]]").turn
    lengths = set()
    while len(lengths) < 3:
        message = Message.objects.get(pk=turn)
        if message.text:
            assert expected_text(10000).startswith(message.text)
            assert message.status == Status.STREAMING
            lengths.add(len(message.text))


def test_a_turn_whose_lease_ran_out_is_interrupted_with_its_text(alice):
    dead = running(alice, lease_until=timezone.now() - timedelta(seconds=1))
    alive = running(alice, lease_until=timezone.now() + timedelta(seconds=20))
    assert checkpoints.interrupt(Message.objects.orphaned(timezone.now())) == 1
    dead.refresh_from_db()
    alive.refresh_from_db()
    assert (dead.status, dead.error_code, dead.html) == (
        Status.INTERRUPTED,
        "interrupted",
        "<p>half <em>an</em> answer</p>\n",
    )
    assert dead.text == "half *an* answer"
    assert alive.status == Status.STREAMING


def test_a_running_turns_lease_is_renewed(ask, monkeypatch):
    monkeypatch.setattr(checkpoints, "LEASE", timedelta(seconds=1))
    turn = ask("[[hang]]").turn
    first = Message.objects.get(pk=turn).lease_until
    while (now := Message.objects.get(pk=turn)).lease_until == first:
        assert now.is_running


@pytest.mark.parametrize("status", ["complete", "stopped", "truncated", "interrupted", "failed"])
def test_a_final_state_never_changes(engine, alice, status):
    message = running(alice, status=status, lease_until=None)
    checkpoints.interrupt(Message.objects.filter(pk=message.pk))
    message.refresh_from_db()
    assert message.status == status


def test_a_failing_database_loses_nothing(ask, ended, monkeypatch):
    failures = iter([OperationalError("gone"), InterfaceError("connection closed")])
    save = checkpoints.save

    def sometimes(live):
        for failure in failures:
            raise failure
        return save(live)

    monkeypatch.setattr(checkpoints, "save", sometimes)
    answer = ended(ask("[[tokens=10]]").turn)
    assert next(failures, None) is None
    assert (answer.status, answer.text) == (Status.COMPLETE, expected_text(10))


@pytest.mark.parametrize("error", [ValueError, DataError])
def test_one_turn_that_cannot_be_saved_harms_no_other(engine, ask, ended, monkeypatch, error):
    record = checkpoints.record

    def poisoned(live, outcome):
        if any(call.usage.output_tokens == 13 for call in live.calls):
            raise error("cannot be recorded")
        return record(live, outcome)

    monkeypatch.setattr(checkpoints, "record", poisoned)
    bad, good = ended(ask("[[tokens=13]]").turn), ended(ask("[[tokens=12]]").turn)
    assert (bad.status, bad.error_code) == (Status.FAILED, "internal_error")
    assert (good.status, good.text) == (Status.COMPLETE, expected_text(12))
    assert engine.is_saving
    assert not engine.runner.is_busy


def test_a_clock_that_jumps_does_not_end_our_own_turns(engine, ask):
    turn = ask("[[hang]]").turn
    Message.objects.filter(pk=turn).update(lease_until=timezone.now() - timedelta(hours=1))
    engine._writer._renewal._next = float("inf")
    engine._writer._reaping._next = 0
    engine._writer._keep_leases()
    assert Message.objects.get(pk=turn).is_running


def test_what_was_rolled_back_counts_as_unsaved(engine, ask):
    turn = ask("[[tokens=5 hang_after=3]]").turn
    live = engine.live_turns.get(turn)
    while live.saved_seq < 3:
        assert live.outcome is None
    live.saved_seq = 0
    engine._writer._tick._next = float("inf")

    with transaction.atomic():
        checkpoints.save(live)
        transaction.set_rollback(True)
    assert live.unsaved


def test_a_text_that_cannot_be_rendered_stops_nobody(alice, monkeypatch):
    def give_up(text):
        if "poison" in text:
            raise RecursionError

    parse = markdown.parser.render
    monkeypatch.setattr(markdown.parser, "render", lambda text: give_up(text) or parse(text))
    poisoned, other = running(alice, text="poison"), running(alice)
    assert checkpoints.interrupt(Message.objects.running()) == 2
    poisoned.refresh_from_db()
    other.refresh_from_db()
    assert (poisoned.status, poisoned.text, poisoned.html) == (Status.INTERRUPTED, "poison", "")
    assert other.html == "<p>half <em>an</em> answer</p>\n"
