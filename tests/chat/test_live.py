import threading
from uuid import uuid4

from chat.live import LOG_LENGTH, Final, LiveTurn, TurnSpec
from chat.models import Status
from llm import ReasoningDelta, TextDelta, ToolCall, ToolResult


def live_turn():
    return LiveTurn(TurnSpec(turn=uuid4(), conversation=uuid4(), owner=1, parent=uuid4(), model=None, model_label="M"))


def test_a_snapshot_holds_everything_so_far():
    live = live_turn()
    for event in [
        ReasoningDelta("hm"),
        TextDelta("a"),
        ToolCall("1", "f", "{}"),
        TextDelta("b"),
        ToolResult("1", "f", "4"),
    ]:
        live.add(event)
    state = live.snapshot()
    assert (state.seq, state.text, state.reasoning) == (5, "ab", "hm")
    assert [tool["phase"] for tool in state.tools] == ["call", "result"]
    assert live.snapshot() == state


def test_a_viewer_gets_what_it_has_not_seen():
    live = live_turn()
    for letter in "abc":
        live.add(TextDelta(letter))
    assert live.since(1) == [(2, TextDelta("b")), (3, TextDelta("c"))]
    assert live.since(3) == []


def test_a_viewer_that_is_too_far_behind_or_ahead_needs_a_snapshot():
    live = live_turn()
    for _ in range(LOG_LENGTH + 10):
        live.add(TextDelta("x"))
    assert live.since(9) is None
    assert len(live.since(10)) == LOG_LENGTH
    assert live.since(LOG_LENGTH + 11) is None


def test_listeners_hear_every_change_until_they_leave():
    live, heard = live_turn(), []
    listener = lambda: heard.append(live.seq)  # noqa: E731
    live.subscribe(listener)
    live.add(TextDelta("a"))
    live.publish(Final(status="complete", finish="stop", html="", model_label="M"))
    live.unsubscribe(listener)
    live.add(TextDelta("b"))
    assert heard == [1, 1]


def test_the_first_stop_decides_what_the_turn_is_called():
    live = live_turn()
    live.stop()
    live.stop(Status.INTERRUPTED)
    assert live.cancellation.cancelled
    assert live.stopped_as == Status.STOPPED


def test_readers_in_other_threads_never_see_a_gap():
    live, seen = live_turn(), []

    def read():
        after = 0
        while after < 5000:
            events = live.since(after)
            if events is None:
                state = live.snapshot()
                after, text = state.seq, state.text
                seen[:] = [text]
            elif events:
                assert events[0][0] == after + 1
                after = events[-1][0]
                seen.extend(event.text for _, event in events)

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(5000):
        live.add(TextDelta(f"{number},"))
    reader.join(20)
    assert not reader.is_alive()
    assert "".join(seen) == "".join(f"{number}," for number in range(5000))
