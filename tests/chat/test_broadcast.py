import asyncio
import threading
from uuid import uuid4

import pytest

from chat import broadcast, turns
from chat.broadcast import coalesced, follow_live
from chat.consumers import Unread
from chat.live import Final, LiveTurn, TurnSpec
from llm import ReasoningDelta, TextDelta, ToolCall

DONE = Final(status="complete", finish="stop", html="<p>x</p>", model_label="M")


@pytest.fixture
def live():
    return LiveTurn(TurnSpec(turn=uuid4(), conversation=uuid4(), owner=1, parent=uuid4(), model=None, model_label="M"))


async def collected(live, after=None):
    return [frame async for frame in follow_live(live, after)]


def shown(frames):
    return "".join(frame["text"] for frame in frames if frame["type"] in {"snapshot", "delta"})


def test_runs_of_text_become_one_frame():
    turn = uuid4()
    events = [(1, ReasoningDelta("h")), (2, ReasoningDelta("m")), (3, TextDelta("a")), (4, TextDelta("b"))]
    events += [(5, ToolCall("1", "f", "{}")), (6, TextDelta("c"))]
    frames = coalesced(turn, events)
    assert [(frame["type"], frame["seq"]) for frame in frames] == [
        ("reasoning", 2),
        ("delta", 4),
        ("tool", 5),
        ("delta", 6),
    ]
    assert [frame.get("text") for frame in frames] == ["hm", "ab", None, "c"]


async def test_a_finished_turn_is_a_snapshot_and_its_end(live):
    live.add(TextDelta("a"))
    live.publish(DONE)
    frames = await collected(live)
    assert [(frame["type"], frame["seq"]) for frame in frames] == [("snapshot", 1), ("done", 2)]


async def test_a_viewer_that_says_where_it_was_gets_no_snapshot(live):
    for letter in "abc":
        live.add(TextDelta(letter))
    live.publish(DONE)
    frames = await collected(live, after=2)
    assert [(frame["type"], frame.get("text")) for frame in frames] == [("delta", "c"), ("done", None)]


async def test_twenty_viewers_of_a_fast_worker_all_see_the_whole_text(live):
    words = [f"{number} " for number in range(3000)]

    def work():
        for word in words:
            live.add(TextDelta(word))
        live.publish(DONE)

    viewers = [asyncio.create_task(collected(live, after)) for after in (None, 0) * 10]
    await asyncio.sleep(0)
    worker = threading.Thread(target=work)
    worker.start()
    for frames in await asyncio.gather(*viewers):
        last_snapshot = max([i for i, frame in enumerate(frames) if frame["type"] == "snapshot"], default=0)
        assert shown(frames[last_snapshot:]) == "".join(words)
        assert [frame["type"] for frame in frames].count("done") == 1
    worker.join()


async def test_a_frame_is_followed_by_a_pause(live, monkeypatch):
    pauses, sleep = [], asyncio.sleep

    async def counted(seconds):
        pauses.append(seconds)
        await sleep(0)

    monkeypatch.setattr(broadcast.asyncio, "sleep", counted)
    frames = follow_live(live, after=0)
    for count in range(1, 4):
        for _ in range(10):
            live.add(TextDelta("x"))
        assert (await anext(frames))["text"] == "x" * 10
        assert pauses == [0.05] * (count - 1)
    await frames.aclose()


async def test_leaving_a_turn_unsubscribes(live):
    frames = follow_live(live, None)
    await anext(frames)
    assert live._listeners
    await frames.aclose()
    assert not live._listeners


@pytest.mark.django_db(transaction=True)
async def test_a_turn_of_another_process_is_followed_by_its_row(engine, ask, ended, monkeypatch):
    from channels.db import database_sync_to_async

    monkeypatch.setattr(broadcast, "ROW_INTERVAL", 0.01)
    accepted = await database_sync_to_async(ask)("[[tokens=30 rate=100]]")
    frames = [frame async for frame in broadcast.follow_row(accepted.turn)]
    assert frames[-1]["type"] == "done"
    assert frames[-2]["text"] == (await database_sync_to_async(ended)(accepted.turn)).text
    assert isinstance(accepted, turns.Accepted)


def test_unread_bytes_are_counted_until_they_are_acknowledged():
    unread, one, two = Unread(), uuid4(), uuid4()
    unread.sent(one, 1, 100)
    unread.sent(one, 5, 100)
    unread.sent(two, 1, 50)
    unread.acknowledged(one, 4)
    assert unread.bytes == 150
    unread.forget(two)
    unread.acknowledged(one, 5)
    unread.acknowledged(uuid4(), 5)
    assert unread.bytes == 0
