"""What the model is told of tools that fail, hang or do not exist."""

import threading
import time

import pytest

from llm import Finish, ToolCall, ToolResult, tool, user
from llm.tools.threads import AT_ONCE
from tests.llm.loop.conversation import OSLO, SOON, kinds, results_in, results_sent, text_of


@tool
def fail() -> str:
    """Fails."""
    raise RuntimeError("broken")


@pytest.mark.parametrize(
    ("call", "content"),
    [
        ("nonsense {}", "There is no tool of this name. Offered are: fail, get_weather."),
        ("fail {}", "RuntimeError: broken"),
        ('get_weather {"town": "Oslo"}', "'town' was unexpected"),
    ],
)
def test_what_goes_wrong_is_told_to_the_model(client, weather, asked, call, content):
    events = list(client.stream([user(f"[[tool={call}]]")], tools=[weather.tool, fail]))
    [result] = results_in(events)
    assert result.is_error
    assert content in result.content
    assert content in results_sent(asked()[1])[0]
    assert content in text_of(events)
    assert events[-1].reason == "stop"
    assert weather.cities == []


def test_gotcha_24_calls_run_whatever_the_finish_says(client, weather, monkeypatch):
    parse = type(client.provider).parse

    def says_stop(self, chunks):
        for event in parse(self, chunks):
            yield Finish("stop", event.usage) if isinstance(event, Finish) else event

    monkeypatch.setattr(type(client.provider), "parse", says_stop)
    reply = client.chat([user(f"[[tool=get_weather {OSLO}]]")], tools=[weather.tool])
    assert reply.text == "The tool said: Sunny in Oslo"


@pytest.mark.parametrize("reason", ["length", "content_filter", "refusal"])
def test_calls_of_an_answer_that_was_cut_do_not_run(client, weather, asked, monkeypatch, reason):
    parse = type(client.provider).parse

    def is_cut(self, chunks):
        for event in parse(self, chunks):
            yield Finish(reason, event.usage) if isinstance(event, Finish) else event

    monkeypatch.setattr(type(client.provider), "parse", is_cut)
    events = list(client.stream([user(f"[[tool=get_weather {OSLO}]]")], tools=[weather.tool]))
    assert kinds(events) == [ToolCall, ToolResult, Finish]
    assert (events[1].is_error, events[2].reason) == (True, reason)
    assert events[1].content.startswith("Not run:")
    assert weather.cities == []
    assert len(asked()) == 1


def test_a_tool_that_takes_too_long_is_an_error_for_the_model_and_its_late_result_is_dropped(client):
    released, ended = threading.Event(), threading.Event()

    @tool(timeout=0.05)
    def slow() -> str:
        released.wait(SOON)
        ended.set()
        return "late"

    @tool
    def patient() -> str:
        released.wait(SOON)
        return "in time"

    @tool
    def last() -> str:
        """Has a place only when the slow one has lost its own."""
        released.set()
        ended.wait(SOON)
        time.sleep(0.02)
        return "in time"

    calls = ["slow", *["patient"] * (AT_ONCE - 1), "last"]
    prompt = "".join(f"[[tool={name} {{}}]]" for name in calls)
    events = list(client.stream([user(prompt)], tools=[slow, patient, last]))
    late, *others = results_in(events)
    assert late == ToolResult("call_1", "slow", "The tool did not finish within 0.05 seconds.", is_error=True)
    assert [result.content for result in others] == ["in time"] * AT_ONCE
    assert ended.is_set()


def test_late_tools_do_not_keep_others_from_running(client):
    released = threading.Event()

    @tool(timeout=0.05)
    def slow(n: int) -> int:
        if n < AT_ONCE:
            released.wait(SOON)
        return n

    prompt = "".join(f'[[tool=slow {{"n": {n}}}]]' for n in range(AT_ONCE + 1))
    results = results_in(client.stream([user(prompt)], tools=[slow]))
    released.set()
    assert [result.is_error for result in results] == [True] * AT_ONCE + [False]
