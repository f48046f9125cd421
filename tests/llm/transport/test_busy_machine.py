"""A machine that gives no more threads, and a process that was forked from one that had some."""

import os
import threading

import pytest

from llm.addresses import AddressPolicy
from llm.cancellation import Cancellation
from llm.client import UnifiedLLMClient
from llm.errors import Overloaded, TimedOut
from llm.retry import NO_RETRY, Retry
from llm.tools import tool
from llm.tools.threads import run_calls
from llm.transport import Timeouts, Transport
from llm.transport.deadlines import Reaper
from llm.types import ModelConfig, ToolCall, user
from tests.llm.wire import answer

SOON = 10
HELLO = answer(b'{"choices":[{"message":{"content":"Hello"},"finish_reason":"stop"}]}')


@pytest.fixture
def refuse_threads(monkeypatch):
    """Makes the next `count` threads whose name begins with `prefix` fail to start."""
    begin = threading.Thread.start

    def refuse(prefix, count):
        left = [None] * count

        def start(thread):
            if left and thread.name.startswith(prefix):
                left.pop()
                raise RuntimeError("can't start new thread")
            begin(thread)

        monkeypatch.setattr(threading.Thread, "start", start)

    return refuse


@pytest.fixture
def new_reaper(monkeypatch):
    monkeypatch.setattr("llm.transport.calls.reaper", Reaper())


def reply(peer):
    while peer.read_request():
        peer.send(HELLO)


def say_nothing(peer):
    peer.read_request()
    peer.hang()


def client_of(server, *, retry=NO_RETRY, first_byte=60.0):
    timeouts = Timeouts(connect=SOON, first_byte=first_byte, idle=60, total=60)
    transport = Transport(AddressPolicy.granting([server.url]), timeouts=timeouts)
    config = ModelConfig(provider="openai_compatible", model="m", base_url=server.url)
    return UnifiedLLMClient(config, transport=transport, retry=retry)


@pytest.mark.usefixtures("new_reaper")
@pytest.mark.parametrize("prefix", ["llm-deadlines", "llm-dns"])
def test_without_a_thread_the_call_is_refused_with_a_sentence(serve, refuse_threads, prefix):
    server = serve(reply)
    refuse_threads(prefix, 1)
    with pytest.raises(Overloaded, match="This server is too busy"):
        client_of(server).chat([user("x")])
    assert server.requests == []


@pytest.mark.usefixtures("new_reaper")
def test_a_call_without_a_thread_is_tried_again(serve, refuse_threads):
    refuse_threads("llm-d", 2)
    client = client_of(serve(reply), retry=Retry(uniform=lambda _low, _high: 0))
    assert client.chat([user("x")]).text == "Hello"


@pytest.mark.usefixtures("new_reaper")
def test_deadlines_hold_although_their_thread_could_not_be_started_at_first(serve, refuse_threads):
    client = client_of(serve(say_nothing), first_byte=0.2)
    refuse_threads("llm-deadlines", 1)
    with pytest.raises(Overloaded):
        client.chat([user("x")])
    with pytest.raises(TimedOut, match="did not start to answer"):
        client.chat([user("x")])


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_deadlines_hold_in_a_process_that_was_forked(serve):
    server = serve(say_nothing)
    client = client_of(server, first_byte=0.2)
    with pytest.raises(TimedOut):
        client.chat([user("x")])
    child = os.fork()
    if child == 0:
        exit_code = 1
        try:
            client.chat([user("x")])
        except TimedOut as error:
            exit_code = 0 if "did not start to answer" in error.message else 2
        finally:
            os._exit(exit_code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert len(server.requests) == 2


@pytest.mark.parametrize("refused", [1, 3])
def test_a_tool_without_a_thread_is_an_error_for_the_model(refuse_threads, refused):
    @tool
    def double(number: int) -> int:
        """Twice as much."""
        return number * 2

    refuse_threads("llm-tool", refused)
    calls = [(double, ToolCall(str(number), "double", f'{{"number": {number}}}')) for number in range(3)]
    results = run_calls(calls, Cancellation())
    assert [result.is_error for result in results] == [position < refused for position in range(3)]
    assert all("too busy" in result.content for result in results[:refused])
