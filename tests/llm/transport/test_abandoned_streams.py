"""A stream that its caller drops is closed by the garbage collector, in whichever thread that happens to run."""

import gc
import itertools
import threading
import time

import pytest

from llm.addresses import AddressPolicy
from llm.client import UnifiedLLMClient
from llm.retry import NO_RETRY
from llm.transport import Timeouts, Transport
from llm.transport.deadlines import Reaper, reaper
from llm.types import Finish, ModelConfig, TextDelta, user
from tests.llm.wire import CHUNKED, LAST_CHUNK, chunk

SOON = 10
PATIENT = Timeouts(connect=SOON, first_byte=120, idle=120, total=120)
HELLO = b'data: {"choices":[{"delta":{"content":"Hello"},"finish_reason":"stop"}]}\n\n'
DONE = b"data: [DONE]\n\n"


class Viewer:
    """Part of a cycle, so that only the garbage collector ends it."""

    def __init__(self, stream):
        self.stream = stream
        self.itself = self


class Collecting:
    """Something to look at that collects garbage, as every line of Python may."""

    def __init__(self):
        self.seen = threading.Event()

    def expire_or_next_look(self, _now):
        gc.collect()
        self.seen.set()


class CollectingNumbers:
    def __next__(self):
        gc.collect()
        return next(self.numbers)

    numbers = itertools.count(10**9)


@pytest.fixture
def no_collection():
    gc.disable()
    yield
    gc.enable()


def begin_and_say_no_more(peer):
    peer.read_request()
    peer.send(CHUNKED, chunk(HELLO))
    peer.hang()


def client_of(server):
    transport = Transport(AddressPolicy.granting([server.url]), timeouts=PATIENT)
    config = ModelConfig(provider="openai_compatible", model="m", base_url=server.url)
    return UnifiedLLMClient(config, transport=transport, retry=NO_RETRY)


def leave_a_stream(server):
    stream = client_of(server).stream([user("x")])
    assert next(stream) == TextDelta("Hello")
    Viewer(stream)


@pytest.mark.usefixtures("no_collection")
def test_a_stream_that_is_collected_in_the_thread_of_the_deadlines_delays_none(serve):
    server, collecting = serve(begin_and_say_no_more), Collecting()
    leave_a_stream(server)
    reaper.look_at(collecting, time.monotonic())
    assert collecting.seen.wait(SOON)
    assert server.client_left.wait(SOON)


@pytest.mark.usefixtures("no_collection")
def test_a_stream_that_is_collected_while_a_deadline_is_set_delays_none(serve, monkeypatch):
    server, collecting = serve(begin_and_say_no_more), Collecting()
    leave_a_stream(server)
    monkeypatch.setattr(reaper, "_order", CollectingNumbers())
    threading.Thread(target=reaper.look_at, args=(collecting, time.monotonic()), daemon=True).start()
    assert collecting.seen.wait(SOON)
    assert server.client_left.wait(SOON)


def test_garbage_is_not_collected_under_the_lock_of_the_deadlines(monkeypatch):
    """A foreign finaliser may wait for a thread that wants to set a deadline."""
    deadlines, waited_for = Reaper(), Collecting()

    class Numbers:
        def __next__(self):
            if threading.current_thread().name != "waited for":
                thread = threading.Thread(
                    target=deadlines.look_at, args=(waited_for, time.monotonic()), name="waited for", daemon=True
                )
                thread.start()
                thread.join(SOON)
                assert not thread.is_alive()
            return next(CollectingNumbers.numbers)

    monkeypatch.setattr(deadlines, "_order", Numbers())
    deadlines.look_at(Collecting(), time.monotonic())
    assert waited_for.seen.wait(SOON)


def test_leaving_a_stream_before_its_end_reads_no_further(serve):
    """Closing takes no time, although this server would go on."""
    server = serve(begin_and_say_no_more)
    stream = client_of(server).stream([user("x")])
    next(stream)
    stream.close()
    assert server.client_left.wait(SOON)


def test_a_stream_that_is_left_at_its_finish_has_given_its_connection_back(serve):
    def script(peer):
        while peer.read_request():
            peer.send(CHUNKED, chunk(HELLO), chunk(DONE), LAST_CHUNK)

    server = serve(script)
    client = client_of(server)
    for _ in range(3):
        stream = client.stream([user("x")])
        while not isinstance(next(stream), Finish):
            pass
        stream.close()
    assert (len(server.requests), server.connections) == (3, 1)


def test_a_server_that_never_ends_a_finished_answer_is_not_waited_for(serve):
    def script(peer):
        peer.read_request()
        peer.send(CHUNKED, chunk(HELLO), chunk(DONE))
        peer.hang()

    server = serve(script)
    began = time.monotonic()
    assert client_of(server).chat([user("x")]).text == "Hello"
    assert time.monotonic() - began < SOON
    assert server.client_left.wait(SOON)
