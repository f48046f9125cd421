import threading
from uuid import uuid4

import pytest
from django.db import connection

from chat import turns, wire
from chat.broadcast import row_final
from chat.models import Conversation, Message, Status
from llm.testing import expected_text
from registry.models import UsageRecord
from tests.live_site import wait_for


def in_parallel(count, work):
    """Run `work(i)` in threads that start together; their results in order."""
    results, barrier = [None] * count, threading.Barrier(count)

    def run(i):
        barrier.wait()
        try:
            results[i] = work(i)
        except wire.Refused as refused:
            results[i] = refused
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[i]) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_a_question_and_its_answer_are_saved(ask, ended, model, alice):
    accepted = ask("[[tokens=20]]")
    answer = ended(accepted.turn)
    assert (answer.status, answer.finish, answer.text) == (Status.COMPLETE, "stop", expected_text(20))
    assert answer.html == f"<p>{expected_text(20).strip()}</p>\n"
    assert (answer.model, answer.model_label, answer.model_reason) == (model, "Scripted model", "requested")
    assert answer.parent.text == "[[tokens=20]]"
    assert answer.conversation.owner == alice
    assert answer.conversation.active_leaf == answer


def test_usage_is_recorded_once(ask, ended, alice):
    answer = ended(ask("[[tokens=20]]").turn)
    record = UsageRecord.objects.get(turn=answer.pk)
    assert (record.user, record.output_tokens, record.source) == (alice, 20, "reported")


def test_rows_are_saved_before_the_provider_hears_of_it(ask, provider):
    accepted = ask("[[hang]] first words")
    assert Message.objects.get(pk=accepted.message).text == "[[hang]] first words"
    assert Message.objects.get(pk=accepted.turn).is_running


def test_a_turn_that_gets_no_thread_fails_and_gives_its_place_back(ask, ended, engine, monkeypatch):
    def refuse(*_):
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as full:
        full.setattr(threading, "_start_new_thread", refuse)
        accepted = ask("[[say=Oslo]] capital?")
        answer = ended(accepted.turn)
    assert (answer.status, answer.error_code) == (Status.FAILED, "overloaded")
    assert "Try again" in answer.error_message
    wait_for(lambda: not engine.runner.is_busy)
    # The pool kept the job; when a thread comes to it, the turn stays as it ended.
    again = ended(ask("[[say=Oslo]] again?", conversation=accepted.conversation).turn)
    assert (again.status, again.text) == (Status.COMPLETE, "Oslo")
    assert ended(accepted.turn).status == Status.FAILED
    wait_for(lambda: not engine.runner.is_busy)
    assert engine.live_turns.all() == []


def test_the_model_is_told_the_conversation(ask, ended, provider):
    first = ask("[[say=Oslo]] capital?")
    ended(first.turn)
    second = ask("[[tokens=1]] and again?", conversation=first.conversation)
    ended(second.turn)
    told = provider.requests[-1].body["messages"]
    assert [(m["role"], m["content"]) for m in told] == [
        ("user", "[[say=Oslo]] capital?"),
        ("assistant", "Oslo"),
        ("user", "[[tokens=1]] and again?"),
    ]


def test_the_system_prompt_goes_first(ask, ended, provider):
    first = ask("[[tokens=1]]")
    ended(first.turn)
    Conversation.objects.update(system_prompt="Be brief.")
    ended(ask("[[tokens=1]]", conversation=first.conversation).turn)
    assert provider.requests[-1].body["messages"][0] == {"role": "system", "content": "Be brief."}


def test_the_same_send_again_is_the_same_turn(engine, alice, model, ended, provider):
    request = wire.Send(client_id=uuid4(), text=f"[[tokens=3]] {uuid4()}", model=str(model.pk))
    first = turns.send(engine, alice.pk, request)
    ended(first.turn)
    again = turns.send(engine, alice.pk, request)
    assert (again.turn, again.message, again.replayed) == (first.turn, first.message, True)
    assert len(provider.requests) == 1


def test_twenty_identical_sends_at_once_are_one_turn(engine, alice, model, ended, provider):
    request = wire.Send(client_id=uuid4(), text="[[tokens=3]]", model=str(model.pk))
    results = in_parallel(20, lambda _: turns.send(engine, alice.pk, request))
    accepted = {result.turn for result in results if isinstance(result, turns.Accepted)}
    assert len(accepted) == 1, results
    ended(accepted.pop())
    assert len(provider.requests) == 1
    assert Message.objects.count() == 2


def test_another_owners_client_id_is_refused(engine, ask, bob, model):
    client_id = Message.objects.get(pk=ask("[[tokens=1]]").message).client_id
    with pytest.raises(wire.Refused) as refused:
        turns.send(engine, bob.pk, wire.Send(client_id=client_id, text="hi", model=str(model.pk)))
    assert (refused.value.code, refused.value.status) == ("client_id_taken", 409)


def test_one_turn_at_a_time_in_a_conversation(ask, provider):
    first = ask("[[hang]]")
    with pytest.raises(wire.Refused) as refused:
        ask("me too", conversation=first.conversation)
    assert (refused.value.code, refused.value.status) == ("turn_in_progress", 409)
    assert Message.objects.filter(role="user").count() == 1


def test_a_user_has_a_limit_of_running_turns(ask, settings):
    for _ in range(settings.MAX_TURNS_PER_USER):
        ask("[[hang]]")
    with pytest.raises(wire.Refused) as refused:
        ask("one too many")
    assert (refused.value.code, refused.value.status) == ("busy", 429)
    assert not Message.objects.filter(text="one too many").exists()


def test_a_place_is_given_back_when_a_turn_ends_or_is_refused(ask, ended, settings):
    for _ in range(settings.MAX_TURNS_PER_USER + 1):
        with pytest.raises(wire.Refused):
            ask("for nobody", conversation=uuid4())
    for _ in range(settings.MAX_TURNS_PER_USER + 1):
        ended(ask("[[tokens=1]]").turn)


def test_foreign_things_do_not_exist(engine, ask, bob, model):
    accepted = ask("[[tokens=1]]")
    bobs = [
        lambda: turns.send(
            engine,
            bob.pk,
            wire.Send(client_id=uuid4(), text="x", model=str(model.pk), conversation=accepted.conversation),
        ),
        lambda: turns.regenerate(engine, bob.pk, wire.Regenerate(client_id=uuid4(), message=accepted.turn)),
        lambda: turns.stop(engine, bob.pk, accepted.turn),
        lambda: turns.check_visible(bob.pk, accepted.turn),
    ]
    for attempt in bobs:
        with pytest.raises(wire.Refused) as refused:
            attempt()
        assert refused.value.status == 404
    assert Message.objects.count() == 2


def test_a_parent_of_another_conversation_is_refused(ask, ended):
    one, other = ask("[[tokens=1]]"), ask("[[tokens=1]]")
    ended(one.turn), ended(other.turn)
    with pytest.raises(wire.Refused) as refused:
        ask("hi", conversation=one.conversation, parent=other.turn)
    assert refused.value.status == 404


def test_a_deactivated_user_can_do_nothing(engine, alice, model):
    alice.is_active = False
    alice.save()
    with pytest.raises(wire.Refused) as refused:
        turns.send(engine, alice.pk, wire.Send(client_id=uuid4(), text="hi", model=str(model.pk)))
    assert refused.value.status == 401


def test_stopping_closes_the_providers_socket_and_keeps_the_text(engine, alice, ask, ended, provider):
    accepted = ask("[[tokens=1000 rate=100]]")
    request = provider.wait_for_request()
    while not (live := engine.live_turns.get(accepted.turn)).seq:
        pass
    turns.stop(engine, alice.pk, accepted.turn)
    answer = ended(accepted.turn)
    provider.wait_until_idle(5)
    assert (answer.status, answer.finish) == (Status.STOPPED, "stopped")
    assert answer.text
    assert expected_text(1000).startswith(answer.text)
    assert request.closed_by_client
    assert UsageRecord.objects.get(turn=answer.pk).source == "estimated"
    assert live.final.usage["estimated"]


def test_a_stop_that_only_reached_the_database_is_obeyed(ask, ended, provider):
    accepted = ask("[[hang]]")
    provider.wait_for_request()
    Message.objects.filter(pk=accepted.turn).update(stop_requested_at="2026-01-01T00:00Z")
    assert ended(accepted.turn).status == Status.STOPPED


def test_regenerating_adds_a_sibling(engine, alice, ask, ended):
    first = ended(ask("[[tokens=2]]").turn)
    accepted = turns.regenerate(engine, alice.pk, wire.Regenerate(client_id=uuid4(), message=first.pk))
    second = ended(accepted.turn)
    assert second.parent == first.parent
    assert Message.objects.get(pk=first.pk).text == second.text
    assert Conversation.objects.get().active_leaf == second


def test_deleting_a_conversation_ends_its_turn(ask, provider, engine):
    ask("[[tokens=100000 rate=100]]")
    provider.wait_for_request()
    Conversation.objects.all().delete()
    provider.wait_until_idle(5)
    assert not Message.objects.exists()


def test_deleting_a_conversation_elsewhere_ends_a_turn_that_is_silent(ask, provider):
    turn = ask("[[hang]]").turn
    wait_for(lambda: Message.objects.get(pk=turn).status == Status.STREAMING)
    Conversation.objects.all().delete()
    provider.wait_until_idle(5)


@pytest.mark.parametrize(
    ("prompt", "status", "code", "text"),
    [
        ("[[error=401]]", Status.FAILED, "bad_credentials", ""),
        ("[[error=404]]", Status.FAILED, "model_not_found", ""),
        ("[[error=429 retry=60]]", Status.FAILED, "rate_limited", ""),
        ("[[html]]", Status.FAILED, "not_an_llm_api", ""),
        ("[[tokens=20 drop_after=5]]", Status.TRUNCATED, "truncated", expected_text(6).removesuffix("w5")),
        ("[[tokens=20 reset_after=5]]", Status.TRUNCATED, "truncated", expected_text(6).removesuffix("w5")),
    ],
)
def test_a_failure_is_kept_on_the_message_beside_the_users_text(ask, ended, prompt, status, code, text):
    answer = ended(ask(prompt).turn)
    assert (answer.status, answer.error_code, answer.text) == (status, code, text)
    assert answer.error_message.endswith((".", '"', "”"))
    assert answer.parent.text == prompt


@pytest.mark.parametrize(("prompt", "retryable"), [("[[error=429 retry=60]]", True), ("[[error=401]]", False)])
def test_whether_it_may_be_tried_again_is_still_known_from_the_row(ask, ended, prompt, retryable):
    assert row_final(ended(ask(prompt).turn), None).retryable == retryable


def test_a_closed_port_is_a_failure(ask, ended, model, settings):
    settings.ALLOWED_ENDPOINTS = ["http://127.0.0.1:9"]
    model.connection.base_url = "http://127.0.0.1:9/v1"
    model.connection.save()
    answer = ended(ask("hello").turn)
    assert (answer.status, answer.error_code) == (Status.FAILED, "unreachable")


def test_an_address_that_is_not_allowed_is_a_failure(ask, ended, settings):
    settings.ALLOWED_ENDPOINTS = []
    assert ended(ask("hello").turn).error_code == "endpoint_not_allowed"


def test_an_unknown_provider_is_a_failure(ask, ended, model):
    type(model.connection).objects.update(provider="gone")
    assert ended(ask("hello").turn).error_code == "unknown_provider"


def test_an_unreadable_key_is_a_failure_and_no_request(ask, ended, model, provider):
    model.connection.set_key("sk-0123456789abcdefghij", by=None)
    model.connection.save()
    type(model.connection).objects.update(base_url=f"{provider.url.replace('127.0.0.1', 'localhost')}/v1")
    assert ended(ask("hello").turn).error_code == "credential_unreadable"
    assert not provider.requests


def test_two_hundred_turns_in_parallel_end_complete_with_their_text(engine, model, settings, django_user_model, ended):
    engine.runner._max_per_user = 200
    owner = django_user_model.objects.create_user("many")
    requests = [
        wire.Send(client_id=uuid4(), text=f"[[tokens=50 rate=100]] {i}", model=str(model.pk)) for i in range(200)
    ]
    accepted = [turns.send(engine, owner.pk, request) for request in requests]
    answers = [ended(each.turn, seconds=60) for each in accepted]
    assert {(answer.status, answer.text) for answer in answers} == {(Status.COMPLETE, expected_text(50))}
    assert UsageRecord.objects.count() == 200
