"""Tool rounds over real TCP, with the scripted provider in each format that it speaks."""

import threading
import time

import pytest

from llm import Message, Overloaded, Reasoning, RoundEnd, Text, TextDelta, ToolCall, ToolResult, Truncated, tool, user
from llm.tools.threads import AT_ONCE
from tests.llm.loop.conversation import OSLO, SOON, client_of, kinds, results_in, results_sent, text_of


def test_one_tool(client, weather, asked):
    events = list(client.stream([user(f"[[tool=get_weather {OSLO}]]")], tools=[weather.tool]))
    call, result, end, *deltas, finish = events
    assert call == ToolCall("call_1", "get_weather", OSLO)
    assert result == ToolResult("call_1", "get_weather", "Sunny in Oslo")
    assert (end.number, end.usage.output_tokens) == (1, 0)
    assert text_of(deltas) == "The tool said: Sunny in Oslo"
    assert finish.reason == "stop"
    assert weather.cities == ["Oslo"]
    assert [results_sent(body) for body in asked()[1:]] == [["Sunny in Oslo"]]


def test_the_reply_carries_every_round(client, weather):
    reply = client.chat([user(f"[[tool=get_weather {OSLO}]]")], tools=[weather.tool])
    call = ToolCall("call_1", "get_weather", OSLO)
    assert reply.text == "The tool said: Sunny in Oslo"
    assert reply.messages == (
        Message("assistant", (call,)),
        Message("tool", (ToolResult("call_1", "get_weather", "Sunny in Oslo"),)),
        Message("assistant", (Text("The tool said: Sunny in Oslo"),)),
    )


def test_the_messages_of_a_reply_are_a_history(client, weather):
    question = user(f"[[tool=get_weather {OSLO}]]")
    first = client.chat([question], tools=[weather.tool])
    second = client.chat([question, *first.messages, user("Thanks")], tools=[weather.tool])
    assert second.text == "You said: Thanks"


def test_parallel_tools_run_side_by_side_and_answer_in_order(client, asked):
    together = threading.Barrier(3)

    @tool
    def meet(n: int) -> int:
        together.wait(SOON)
        time.sleep(0.02 * (3 - n))
        return n

    prompt = "".join(f'[[tool=meet {{"n": {n}}}]]' for n in range(3))
    events = list(client.stream([user(prompt)], tools=[meet]))
    assert kinds(events)[:7] == [ToolCall] * 3 + [ToolResult] * 3 + [RoundEnd]
    assert [result.content for result in results_in(events)] == ["0", "1", "2"]
    assert results_sent(asked()[1]) == ["0", "1", "2"]


def test_no_more_tools_at_once_than_allowed(client):
    running, most, lock = 0, 0, threading.Lock()

    @tool
    def count(n: int) -> int:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.01)
        with lock:
            running -= 1
        return n

    prompt = "".join(f'[[tool=count {{"n": {n}}}]]' for n in range(3 * AT_ONCE))
    events = list(client.stream([user(prompt)], tools=[count]))
    assert [result.content for result in results_in(events)] == [str(n) for n in range(3 * AT_ONCE)]
    assert 1 < most <= AT_ONCE


def test_a_model_that_cannot_stream_has_rounds_too(server, wire, weather):
    reply = client_of(server, wire, streaming=False).chat([user(f"[[tool=get_weather {OSLO}]]")], tools=[weather.tool])
    assert reply.text == "The tool said: Sunny in Oslo"


def test_text_without_calls_is_one_round(client, weather, asked):
    events = list(client.stream([user("hello")], tools=[weather.tool]))
    assert text_of(events) == "You said: hello"
    assert RoundEnd not in kinds(events)
    assert len(asked()) == 1


def test_signed_reasoning_goes_back_unchanged(server, weather, asked):
    client = client_of(server, "anthropic")
    reply = client.chat([user(f"[[reason]][[tool=get_weather {OSLO}]]")], tools=[weather.tool])
    thought = reply.messages[0].parts[0]
    assert thought == Reasoning(thought.text, thought.opaque, "anthropic@127.0.0.1")
    assert thought.opaque
    thinking, use = asked()[1]["messages"][1]["content"]
    assert thinking == {"type": "thinking", "thinking": thought.text, "signature": thought.opaque}
    assert (use["type"], use["input"]) == ("tool_use", {"city": "Oslo"})


def test_a_round_is_retried_like_any_call_and_no_tool_runs_twice(client, weather, asked, monkeypatch):
    parse, failures = type(client.provider).parse, [1, 1]

    def fails_at_first(self, chunks):
        if weather.cities and failures:
            failures.pop()
            raise Overloaded
        yield from parse(self, chunks)

    monkeypatch.setattr(type(client.provider), "parse", fails_at_first)
    reply = client.chat([user(f"[[tool=get_weather {OSLO}]]")], tools=[weather.tool])
    assert reply.text == "The tool said: Sunny in Oslo"
    assert weather.cities == ["Oslo"]
    assert len(asked()) == 4


def test_an_error_in_the_second_round_is_the_callers_and_nothing_is_lost(client, weather):
    events = []
    prompt = f"[[tool=get_weather {OSLO}]][[say=one two three]][[drop_after=1]]"
    with pytest.raises(Truncated):
        events.extend(client.stream([user(prompt)], tools=[weather.tool]))
    assert kinds(events) == [ToolCall, ToolResult, RoundEnd, TextDelta]
