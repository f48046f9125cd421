"""What a stream does while nothing comes, when its viewer may follow no longer, and when it is left."""

import asyncio
import gc
import threading
from uuid import uuid4

import pytest
from django.db import OperationalError

from chat.api import streams
from chat.api.answers import CallAnswer
from chat.api.streams import begun, encoded, event, watched
from chat.bare import BareCall
from chat.live import CallSpec, Final
from chat.sessions import SignIn
from chat.wire import Refused
from llm import TextDelta

# The threads that look whether a viewer may still follow keep their connections from one test to the next.
pytestmark = pytest.mark.django_db

FRAME = {"type": "delta", "turn": "t", "seq": 7, "text": "a\nb\u2028é"}


class Source:
    """Frames that come when a test says so."""

    def __init__(self):
        self.queue = asyncio.Queue()
        self.is_closed = False

    async def frames(self):
        try:
            while (frame := await self.queue.get()) is not None:
                yield frame
        finally:
            self.is_closed = True


def allowed():
    pass


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(streams, "HEARTBEAT", 0.01)
    monkeypatch.setattr(streams, "LOOK", 0.01)


async def test_frames_pass_up_to_their_end():
    source = Source()
    for item in (FRAME, FRAME, None):
        source.queue.put_nowait(item)
    assert [frame async for frame in watched(source.frames(), allowed)] == [FRAME, FRAME]
    assert source.is_closed


async def test_silence_is_filled_and_loses_no_frame(quick):
    source = Source()
    stream = watched(source.frames(), allowed)
    assert [await anext(stream), await anext(stream)] == [None, None]
    source.queue.put_nowait(FRAME)
    assert FRAME in [await anext(stream) for _ in range(2)]
    await stream.aclose()
    assert source.is_closed


async def test_it_ends_with_the_reason_when_the_viewer_may_follow_no_longer(quick, monkeypatch):
    monkeypatch.setattr(streams, "HEARTBEAT", 60)
    looks = []

    def check():
        looks.append(threading.current_thread().name)
        if len(looks) == 3:
            raise Refused("signed_out", "Sign in again.", status=401)
        if len(looks) == 2:
            raise OperationalError("a database that is down refuses nobody")

    source = Source()
    frames = [frame async for frame in watched(source.frames(), check)]
    assert frames == [{"type": "error", "code": "signed_out", "message": "Sign in again."}]
    assert source.is_closed
    assert all(name.startswith("chat-database") for name in looks)


async def test_leaving_closes_what_was_followed():
    source = Source()
    stream = encoded(begun(FRAME, rest=watched(source.frames(), allowed)))
    assert (await anext(stream)).startswith("event: delta\n")
    waiting = asyncio.ensure_future(anext(stream))
    while not source.queue._getters:
        await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await asyncio.sleep(0.01)
    assert source.is_closed
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_database_that_is_down_ends_the_stream_and_nothing_else():
    async def frames():
        yield FRAME
        raise OperationalError("gone")

    assert len([text async for text in encoded(frames())]) == 1


def test_an_event_is_one_line_of_json_whatever_is_said():
    lines = event(FRAME).split("\n")
    assert lines[:2] == ["event: delta", "id: t:7"]
    assert lines[2] == 'data: {"type":"delta","turn":"t","seq":7,"text":"a\\nb\u2028é"}'
    assert lines[3:] == ["", ""]
    assert "id:" not in event({"type": "accepted", "turn": "t"})


# Calls outside any conversation end with their client.


@pytest.fixture
def live():
    return BareCall(CallSpec(turn=uuid4(), owner=1, model=None, model_label="M"))


def frames_of(live):
    return CallAnswer(uuid4(), None, SignIn())._frames(live)


async def test_a_call_ends_when_its_frames_are_dropped_unread(live):
    frames = frames_of(live)
    live.add(TextDelta("a"))
    assert (await anext(frames))["text"] == "a"
    response = begun(rest=frames)
    del frames, response
    gc.collect()
    await asyncio.sleep(0.01)
    assert live.cancellation.cancelled


async def test_a_call_ends_when_its_client_leaves_at_once(live):
    waiting = asyncio.create_task(anext(frames_of(live)))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await asyncio.sleep(0.01)
    assert live.cancellation.cancelled


async def test_a_call_that_has_ended_is_not_stopped(live):
    live.outcome = object()
    live.publish(Final(status="complete", finish="stop", html="", model_label="M"))
    assert [frame["type"] async for frame in frames_of(live)] == ["done"]
    assert not live.cancellation.cancelled
