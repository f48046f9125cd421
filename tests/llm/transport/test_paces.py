"""Who is slow: the provider, which a limit ends, or the caller, who may take the time that a call has."""

import time

import pytest

from llm.addresses import AddressPolicy
from llm.client import UnifiedLLMClient
from llm.errors import TimedOut
from llm.retry import NO_RETRY
from llm.transport import Timeouts, Transport
from llm.types import Finish, ModelConfig, TextDelta, user
from tests.llm.wire import CHUNKED, LAST_CHUNK, chunk

SOON = 10
IDLE = 0.2
HEL = b'data: {"choices":[{"delta":{"content":"Hel"}}]}\n\n'
LO = b'data: {"choices":[{"delta":{"content":"lo"},"finish_reason":"stop"}]}\n\n'
DONE = b"data: [DONE]\n\n"


def stream_of(server, **limits):
    timeouts = Timeouts(**({"connect": SOON, "first_byte": 60, "idle": IDLE, "total": 60} | limits))
    transport = Transport(AddressPolicy.granting([server.url]), timeouts=timeouts)
    config = ModelConfig(provider="openai_compatible", model="m", base_url=server.url)
    return UnifiedLLMClient(config, transport=transport, retry=NO_RETRY).stream([user("x")])


def begins_then(*pieces):
    def script(peer):
        peer.read_request()
        peer.send(CHUNKED, chunk(HEL))
        time.sleep(IDLE / 4)
        peer.send(*pieces)
        peer.hang()

    return script


def test_a_slow_caller_is_not_the_provider_s_silence(serve):
    stream = stream_of(serve(begins_then(chunk(LO), chunk(DONE), LAST_CHUNK)))
    assert next(stream) == TextDelta("Hel")
    time.sleep(IDLE * 3)
    assert next(stream) == TextDelta("lo")
    time.sleep(IDLE * 3)
    assert isinstance(next(stream), Finish)


@pytest.mark.parametrize("pause", [0, IDLE * 3])
def test_silence_ends_the_call_however_slow_the_caller_was(serve, pause):
    stream = stream_of(serve(begins_then()))
    next(stream)
    time.sleep(pause)
    began = time.monotonic()
    with pytest.raises(TimedOut, match="fell silent"):
        next(stream)
    assert IDLE * 0.9 <= time.monotonic() - began < SOON


def test_a_slow_caller_has_no_more_time_than_a_call_may_take(serve):
    server = serve(begins_then())
    stream = stream_of(server, total=IDLE * 2)
    next(stream)
    assert server.client_left.wait(SOON)
    with pytest.raises(TimedOut, match="longer than a call may take"):
        next(stream)


def test_a_finished_answer_whose_stream_is_never_ended_is_whole(serve):
    *deltas, finish = stream_of(serve(begins_then(chunk(LO))))
    assert deltas == [TextDelta("Hel"), TextDelta("lo")]
    assert (finish.reason, finish.usage.estimated) == ("stop", True)
