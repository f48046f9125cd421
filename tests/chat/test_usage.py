"""Every call that a turn made is noted with the turn's end, whatever the end is."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.utils import timezone

import llm
import registry.client
from chat import broadcast, checkpoints, markdown, produce, turns, usage
from chat.live import LiveTurn, Outcome, TurnSpec
from chat.models import Conversation, Message, Status
from llm.transport import Timeouts, Transport
from registry.models import UsageRecord
from registry.usage import usage_of_turn
from tests.live_site import wait_for

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def priced(model):
    model.input_price, model.output_price = Decimal(2), Decimal(10)
    model.save()
    return model


@pytest.fixture
def rows(ended):
    """Attempt, source and outcome of a turn's calls, once it has ended."""

    def of(accepted):
        ended(accepted.turn)
        records = UsageRecord.objects.filter(turn=accepted.turn).order_by("round", "attempt")
        return list(records.values_list("attempt", "source", "outcome"))

    return of


@pytest.fixture
def impatient(monkeypatch):
    """Deadlines that a test can wait for."""
    timeouts = Timeouts(connect=5, first_byte=0.2, idle=0.2, total=5)
    monkeypatch.setattr(registry.client, "transport_for", lambda policy: Transport(policy, timeouts=timeouts))


@pytest.mark.parametrize(
    ("prompt", "noted"),
    [
        ("[[tokens=20]]", [(0, "reported", "complete")]),
        ("[[tokens=20 no_usage]]", [(0, "estimated", "complete")]),
        ("[[error=401]]", [(0, "none", "bad_credentials")]),
        ("[[error=429 retry=60]]", [(0, "none", "rate_limited")]),
        ("[[error=503 times=1]]", [(0, "none", "overloaded"), (1, "reported", "complete")]),
        ("[[html]]", [(0, "none", "not_an_llm_api")]),
        ("[[hang]]", [(0, "estimated", "timed_out")]),
        ("[[tokens=20 hang_after=5]]", [(0, "estimated", "timed_out")]),
        ("[[tokens=20 drop_after=5]]", [(0, "estimated", "truncated")]),
        ("[[tokens=20 reset_after=5]]", [(0, "estimated", "truncated")]),
    ],
)
def test_one_row_for_each_call(ask, rows, impatient, prompt, noted):
    assert rows(ask(prompt)) == noted


def test_a_call_that_may_be_billed_is_estimated_by_its_prompt(ask, ended, impatient, priced):
    turn = ended(ask("[[hang]]" + "x" * 392).turn).pk
    row = UsageRecord.objects.get(turn=turn)
    assert (row.input_tokens, row.output_tokens, row.cost) == (100, 0, Decimal("0.0002"))
    assert (row.user.username, row.model, row.model_label) == ("alice", priced, "Scripted model")


def test_a_server_that_is_not_there_costs_nothing(ask, rows, model, settings):
    settings.ALLOWED_ENDPOINTS = ["http://127.0.0.1:9"]
    model.connection.base_url = "http://127.0.0.1:9/v1"
    model.connection.save()
    accepted = ask("hello")
    assert rows(accepted) == [(attempt, "none", "unreachable") for attempt in range(3)]
    assert usage_of_turn(accepted.turn).cost == 0


def test_an_attempt_that_was_refused_leaves_the_cost_of_the_turn_known(ask, ended, priced):
    turn = ended(ask("[[error=503 times=1]] [[tokens=20]]").turn).pk
    complete = UsageRecord.objects.get(turn=turn, outcome="complete")
    assert usage_of_turn(turn).cost == complete.cost == (2 * complete.input_tokens + 200) / Decimal(10**6)


def test_a_call_that_never_left_is_not_noted(ask, rows, model, settings):
    model.connection.set_key("sk-0123456789abcdefghij", by=None)
    model.connection.save()
    type(model.connection).objects.update(base_url="http://127.0.0.1:9/v1")  # the key was sealed for another place
    assert rows(ask("hello")) == []
    model.connection.refresh_from_db()
    model.connection.clear_key()
    model.connection.save()
    settings.ALLOWED_ENDPOINTS = []
    accepted = ask("hello")
    assert rows(accepted) == []
    assert usage_of_turn(accepted.turn) is None


# Ended from here.


@pytest.mark.parametrize("prompt", ["[[hang]]", "[[tokens=1000 rate=100]]"])
def test_a_stopped_call_is_called_stopped(engine, alice, ask, rows, provider, prompt):
    accepted = ask(prompt)
    provider.wait_for_request()
    turns.stop(engine, alice.pk, accepted.turn)
    assert rows(accepted) == [(0, "estimated", "stopped")]


def test_a_call_that_the_servers_end_interrupts_is_called_interrupted(engine, ask, rows, provider):
    accepted = ask("[[hang]]")
    provider.wait_for_request()
    engine.drain(grace=0)
    assert rows(accepted) == [(0, "estimated", "interrupted")]


def test_an_answer_that_is_too_long_is_called_truncated(ask, rows, monkeypatch):
    monkeypatch.setattr(produce, "LONGEST_ANSWER", 20)
    assert rows(ask("[[tokens=1000 rate=500]]")) == [(0, "estimated", "truncated")]


@pytest.mark.parametrize(
    ("place", "name", "noted"),
    [(markdown, "render", (0, "reported", "complete")), (LiveTurn, "add", (0, "estimated", "internal_error"))],
)
def test_a_failure_of_ours_does_not_hide_the_call(ask, rows, monkeypatch, place, name, noted):
    def fail(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(place, name, fail)
    accepted = ask("[[tokens=5]]")
    assert rows(accepted) == [noted]
    assert Message.objects.get(pk=accepted.turn).error_code == "internal_error"


def test_a_chat_that_is_deleted_meanwhile_was_paid_for(engine, ask, provider):
    accepted = ask("[[tokens=100000 rate=100]]")
    provider.wait_for_request(tokens=3)
    Conversation.objects.all().delete()
    provider.wait_until_idle()
    engine.drain(grace=5)
    row = UsageRecord.objects.get(turn=accepted.turn)
    assert (row.source, row.outcome, row.user.username) == ("estimated", "stopped", "alice")


# Left by a process that died.


@pytest.fixture
def orphan(alice, model):
    """A turn whose process was killed, with its question and an earlier answer."""
    conversation = Conversation.objects.create(owner=alice, system_prompt="s" * 40)
    question = Message.objects.create(conversation=conversation, role="user", text="q" * 80)

    def left(status, **fields):
        lease = timezone.now() + checkpoints.LEASE + timedelta(seconds=7)
        facts = {"role": "assistant", "parent": question, "status": status, "lease_until": lease}
        return Message.objects.create(
            conversation=conversation, model=model, model_label="Scripted model", **facts | fields
        )

    return left


def test_the_call_of_a_process_that_died_is_estimated_once(orphan, model):
    parts = [{"type": "reasoning", "text": "r" * 20}, {"type": "tool", "name": "f", "phase": "call", "args": "a" * 12}]
    turn = orphan(Status.STREAMING, text="t" * 8, parts=parts)
    for _ in range(2):
        checkpoints.interrupt(Message.objects.filter(pk=turn.pk))
    row = UsageRecord.objects.get()
    assert (row.turn, row.outcome, row.source) == (turn.pk, "interrupted", "estimated")
    assert (row.input_tokens, row.output_tokens, row.model, row.model_label) == (30, 10, model, "Scripted model")
    assert 6000 <= row.duration_ms <= 7000


def test_a_turn_that_waited_for_its_place_had_no_call(orphan):
    assert checkpoints.interrupt(Message.objects.filter(pk=orphan(Status.QUEUED).pk)) == 1
    assert not UsageRecord.objects.exists()


def test_that_a_call_is_out_is_saved_before_the_first_token(ask):
    turn = ask("[[hang]]").turn
    wait_for(lambda: Message.objects.get(pk=turn).status == Status.STREAMING)


def test_a_turn_that_another_process_ended_is_not_noted_twice(ask, engine):
    turn = ask("[[tokens=1000 rate=100]]").turn
    wait_for(lambda: Message.objects.get(pk=turn).status == Status.STREAMING)
    checkpoints.interrupt(Message.objects.filter(pk=turn))
    engine.drain(grace=5)
    assert UsageRecord.objects.get().outcome == "interrupted"


# Several calls, and what viewers are told.


def test_each_round_is_a_row_and_their_sum_is_the_turns(alice, priced):
    spec = TurnSpec(
        turn=uuid4(), conversation=uuid4(), owner=alice.pk, parent=uuid4(), model=priced.pk, model_label="M"
    )
    live, used = LiveTurn(spec), llm.Usage(input_tokens=1000, output_tokens=10)
    live.calls = [llm.ProviderCall(usage=used), llm.ProviderCall(round=1, outcome="cancelled", usage=used)]
    assert usage.record(live, Outcome(status=Status.STOPPED)).cost == Decimal("0.0042")
    assert list(UsageRecord.objects.order_by("round").values_list("round", "outcome")) == [
        (0, "complete"),
        (1, "stopped"),
    ]


async def last_frame(turn):
    return [frame async for frame in broadcast.follow_row(turn)][-1]


@pytest.mark.parametrize(
    ("prompt", "cost"),
    [("[[say=Oslo]] capital?", "0.00002"), ("[[error=401]]", "0"), ("[[tokens=9 cut_after=1]]", None)],
)
def test_viewers_are_told_the_same_now_and_later(engine, ask, ended, priced, monkeypatch, prompt, cost):
    lives = []
    monkeypatch.setattr("chat.engine.LiveTurn", lambda spec: lives.append(LiveTurn(spec)) or lives[-1])
    turn = ended(ask(prompt).turn).pk
    told = asyncio.run(last_frame(turn))["usage"]
    engine.drain(grace=0)
    assert lives[0].final.usage == told
    assert cost in (None, told["cost"])
