"""Cancelling and leaving while tools run and between rounds."""

import threading

import pytest

from llm import Cancellation, Cancelled, RoundEnd, TextDelta, tool, user
from llm.tools.threads import AT_ONCE
from tests.llm.loop.conversation import OSLO, SOON


def test_cancelled_while_a_tool_runs(client, asked):
    running, released, ended = threading.Event(), threading.Event(), threading.Event()
    cancellation = Cancellation()

    @tool
    def slow() -> str:
        running.set()
        released.wait(SOON)
        ended.set()
        return "too late"

    def cancel():
        running.wait(SOON)
        cancellation.cancel()

    threading.Thread(target=cancel).start()
    with pytest.raises(Cancelled):
        client.chat([user("[[tool=slow {}]]")], tools=[slow], cancellation=cancellation)
    assert not ended.is_set()  # the caller did not wait for it
    released.set()
    assert ended.wait(SOON)
    assert len(asked()) == 1


def test_what_has_not_started_when_cancelled_never_starts(client):
    cancellation, started, released = Cancellation(), [], threading.Event()

    @tool
    def slow(n: int) -> int:
        started.append(n)
        if len(started) == AT_ONCE:
            cancellation.cancel()
        released.wait(SOON)
        return n

    prompt = "".join(f'[[tool=slow {{"n": {n}}}]]' for n in range(2 * AT_ONCE))
    with pytest.raises(Cancelled):
        client.chat([user(prompt)], tools=[slow], cancellation=cancellation)
    released.set()
    assert sorted(started) == list(range(AT_ONCE))


def test_cancelled_by_a_tool_no_further_round_is_asked(client, asked):
    cancellation = Cancellation()

    @tool
    def give_up() -> str:
        cancellation.cancel()
        return "given up"

    with pytest.raises(Cancelled):
        client.chat([user("[[tool=give_up {}]]")], tools=[give_up], cancellation=cancellation)
    assert len(asked()) == 1


def test_cancelled_before_the_next_round(client, weather, asked):
    cancellation = Cancellation()
    prompt = user(f"[[tool=get_weather {OSLO}]]")
    events = client.stream([prompt], tools=[weather.tool], cancellation=cancellation)
    while not isinstance(next(events), RoundEnd):
        pass
    cancellation.cancel()
    with pytest.raises(Cancelled):
        next(events)
    assert len(asked()) == 1


def test_cancelled_in_the_second_round(client, server, weather, asked):
    cancellation, before = Cancellation(), len(server.requests)

    def cancel():
        server.wait_for_request(before + 2)
        cancellation.cancel()

    prompt = f"[[tool=get_weather {OSLO}]][[say=one two three]][[hang_after=1]]"
    threading.Thread(target=cancel).start()
    with pytest.raises(Cancelled):
        client.chat([user(prompt)], tools=[weather.tool], cancellation=cancellation)
    assert len(asked()) == 2


def test_leaving_in_the_second_round_closes_the_socket(client, server, weather):
    before = len(server.requests)
    events = client.stream([user(f"[[tool=get_weather {OSLO}]][[say=a b c]][[hang_after=2]]")], tools=[weather.tool])
    while not isinstance(next(events), TextDelta):
        pass
    events.close()
    server.wait_until_idle()
    assert server.requests[before + 1].closed_by_client
