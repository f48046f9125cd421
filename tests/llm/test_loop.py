"""Tool rounds over real TCP, with the scripted provider in each format that it speaks."""

import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import pytest

from llm import (
    AddressPolicy,
    BadRequest,
    Cancellation,
    Cancelled,
    Finish,
    Message,
    ModelConfig,
    Overloaded,
    Reasoning,
    Retry,
    RoundEnd,
    Secret,
    Text,
    TextDelta,
    Tool,
    ToolCall,
    ToolResult,
    ToolSpec,
    Transport,
    Truncated,
    UnifiedLLMClient,
    Usage,
    estimate_usage,
    tool,
    user,
)
from llm.loop import LIMIT_REACHED, MAX_CALLS, MAX_ROUNDS, NOT_WANTED
from llm.testing import ScriptedProvider
from llm.tools.threads import AT_ONCE, run_calls

SOON = 10
FORMATS = ["openai", "anthropic"]
OSLO = '{"city": "Oslo"}'


@pytest.fixture(scope="module")
def server():
    with ScriptedProvider() as running:
        yield running


@pytest.fixture(params=FORMATS)
def wire(request):
    return request.param


@pytest.fixture
def client(server, wire):
    return client_of(server, wire)


@pytest.fixture
def asked(server):
    """Bodies of the requests since the test began."""
    before = len(server.requests)
    return lambda: [exchange.body for exchange in server.requests[before:]]


def client_of(server, wire, **config):
    config = ModelConfig(provider=wire, model="m", base_url=server.url, api_key=Secret("k"), **config)
    at_once = Retry(uniform=lambda _low, _high: 0)
    return UnifiedLLMClient(config, transport=Transport(AddressPolicy.granting([server.url])), retry=at_once)


@pytest.fixture
def weather():
    """A tool, and the cities that it was asked for."""
    cities = []

    @tool
    def get_weather(city: str) -> str:
        """The weather."""
        cities.append(city)
        return f"Sunny in {city}"

    return SimpleNamespace(tool=get_weather, cities=cities)


@tool
def fail() -> str:
    """Fails."""
    raise RuntimeError("broken")


def kinds(events):
    return [type(event) for event in events]


def results_in(events):
    return [event for event in events if isinstance(event, ToolResult)]


def text_of(events):
    return "".join(event.text for event in events if isinstance(event, TextDelta))


# What the provider is sent in the second round


def results_sent(body):
    """Contents of the tool results in a request, whichever format it has."""
    if body["messages"][-1]["role"] == "tool":
        return [message["content"] for message in body["messages"] if message["role"] == "tool"]
    return [block["content"] for block in body["messages"][-1]["content"]]


def tool_choice_of(body):
    choice = body.get("tool_choice")
    return choice.get("type") if isinstance(choice, dict) else choice


# Rounds


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


# Calls that are the caller's


SPEC = ToolSpec("get_weather", "The weather.", {"type": "object", "properties": {"city": {"type": "string"}}})


def test_a_call_of_a_specification_ends_the_answer(client, asked):
    call, finish = client.stream([user(f"[[tool=get_weather {OSLO}]]")], tools=[SPEC])
    assert (call, finish.reason) == (ToolCall("call_1", "get_weather", OSLO), "tool_calls")
    assert len(asked()) == 1


def test_beside_a_call_of_a_specification_nothing_runs(client, asked):
    ran = []

    @tool
    def ours() -> str:
        ran.append(1)
        return "ran"

    prompt = f"[[tool=ours {{}}]][[tool=get_weather {OSLO}]]"
    events = list(client.stream([user(prompt)], tools=[ours, SPEC]))
    assert kinds(events) == [ToolCall, ToolCall, Finish]
    assert events[-1].reason == "tool_calls"
    assert ran == []
    assert len(asked()) == 1


def test_both_kinds_are_offered_together(client, weather, asked):
    other = ToolSpec("other", "Another.", {"type": "object", "properties": {}})
    assert client.chat([user(f"[[tool=get_weather {OSLO}]]")], tools=[other, weather.tool]).finish == "stop"
    names = [tool.get("function", tool)["name"] for tool in asked()[0]["tools"]]
    assert names == ["other", "get_weather"]


def test_two_tools_of_one_name_are_refused(client, weather, asked):
    with pytest.raises(BadRequest, match="same name: get_weather"):
        client.stream([user("hello")], tools=[weather.tool, SPEC])
    assert asked() == []


# Tools that go wrong


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


def test_a_tool_that_never_ends_does_not_keep_the_process():
    script = (
        "import threading, llm; from llm.tools.threads import run_calls; "
        "hang = llm.tool(name='hang', timeout=0.01)(lambda: threading.Event().wait()); "
        "[result] = run_calls([(hang, llm.ToolCall('', 'hang', ''))], llm.Cancellation()); assert result.is_error"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=3 * SOON)


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


# Limits


def test_a_model_that_never_stops_calling_is_stopped(client, weather, asked):
    events = list(client.stream([user(f"[[always]][[tool=get_weather {OSLO}]]")], tools=[weather.tool]))
    assert [event.number for event in events if isinstance(event, RoundEnd)] == list(range(1, MAX_ROUNDS))
    assert len(asked()) == MAX_ROUNDS
    assert weather.cities == ["Oslo"] * (MAX_ROUNDS - 1)
    assert kinds(events)[-3:] == [ToolCall, ToolResult, Finish]
    assert events[-2] == ToolResult("call_1", "get_weather", LIMIT_REACHED, is_error=True)
    assert events[-1].reason == "tool_calls"


def test_the_last_round_is_asked_without_tools(server, weather, asked):
    client = client_of(server, "openai")
    client.chat([user(f"[[always]][[tool=get_weather {OSLO}]]")], tools=[weather.tool])
    assert [tool_choice_of(body) for body in asked()] == [None] * (MAX_ROUNDS - 1) + ["none"]


def test_calls_beyond_the_limit_do_not_run(server, wire, weather, asked):
    prompt = f"[[tool=get_weather {OSLO}]]" * (MAX_CALLS + 3)
    events = list(client_of(server, wire).stream([user(prompt)], tools=[weather.tool]))
    results = results_in(events)
    assert [result.is_error for result in results] == [False] * MAX_CALLS + [True] * 3
    assert results[-1].content == LIMIT_REACHED
    assert len(weather.cities) == MAX_CALLS
    assert events[-1].reason == "stop"
    assert len(asked()) == 2


def test_once_all_calls_are_used_the_next_round_is_the_last(server, weather, asked):
    prompt = f"[[always]]{f'[[tool=get_weather {OSLO}]]' * (MAX_CALLS // 2)}"
    client_of(server, "openai").chat([user(prompt)], tools=[weather.tool])
    assert [tool_choice_of(body) for body in asked()] == [None, None, "none"]
    assert len(weather.cities) == MAX_CALLS


@pytest.mark.parametrize("where", ["call", "model"])
def test_a_forced_choice_is_made_once(server, weather, asked, where):
    params = {"tool_choice": "required"}
    client = client_of(server, "openai", params=params if where == "model" else {})
    prompt = user(f"[[tool=get_weather {OSLO}]]")
    client.chat([prompt], tools=[weather.tool], **(params if where == "call" else {}))
    assert [tool_choice_of(body) for body in asked()] == ["required", "auto"]


def test_a_server_that_calls_although_no_tools_are_wanted_gets_no_tool_run(client, weather, asked):
    prompt = user(f"[[tool=get_weather {OSLO}]]")
    call, result, finish = client.stream([prompt], tools=[weather.tool], tool_choice="none")
    assert result == ToolResult(call.id, "get_weather", NOT_WANTED, is_error=True)
    assert finish.reason == "tool_calls"
    assert weather.cities == []
    assert len(asked()) == 1


# Reasoning


def test_signed_reasoning_goes_back_unchanged(server, weather, asked):
    client = client_of(server, "anthropic")
    reply = client.chat([user(f"[[reason]][[tool=get_weather {OSLO}]]")], tools=[weather.tool])
    thought = reply.messages[0].parts[0]
    assert thought == Reasoning(thought.text, thought.opaque, "anthropic")
    assert thought.opaque
    thinking, use = asked()[1]["messages"][1]["content"]
    assert thinking == {"type": "thinking", "thinking": thought.text, "signature": thought.opaque}
    assert (use["type"], use["input"]) == ("tool_use", {"city": "Oslo"})


# Usage


def test_usage_is_summed_over_rounds(client, weather):
    events = list(client.stream([user(f"[[tool=get_weather {OSLO}]]")], tools=[weather.tool]))
    [first] = [event.usage for event in events if isinstance(event, RoundEnd)]
    total = events[-1].usage
    assert total.input_tokens > 2 * first.input_tokens  # the second round reads the first one too
    assert total.output_tokens > first.output_tokens
    assert not total.estimated


def test_usage_that_nobody_reported_is_estimated_and_says_so(client, weather):
    events = list(client.stream([user(f"[[no_usage]][[tool=get_weather {OSLO}]]")], tools=[weather.tool]))
    first, total = (event.usage for event in events if isinstance(event, RoundEnd | Finish))
    assert first.estimated
    assert total.estimated
    assert total.input_tokens > first.input_tokens > 0


def test_each_round_tells_its_own_usage(client, weather):
    prompt = f"[[always]][[tokens=5]][[tool=get_weather {OSLO}]]"
    events = list(client.stream([user(prompt)], tools=[weather.tool]))
    counts = [event.usage.output_tokens for event in events if isinstance(event, RoundEnd | Finish)]
    assert counts == [5] * (MAX_ROUNDS - 1) + [5 * MAX_ROUNDS]


def test_a_round_without_usage_among_others_is_estimated(client, weather, monkeypatch):
    parse, prompt = type(client.provider).parse, user(f"[[tool=get_weather {OSLO}]]")
    events = client.stream([prompt], tools=[weather.tool])
    end, finish = (event for event in events if isinstance(event, RoundEnd | Finish))

    def reports_the_last(self, chunks):
        for event in parse(self, chunks):
            yield Finish("tool_calls") if getattr(event, "reason", "") == "tool_calls" else event

    monkeypatch.setattr(type(client.provider), "parse", reports_the_last)
    usage = client.chat([prompt], tools=[weather.tool]).usage
    guess = estimate_usage([prompt], answered=len(f"get_weather{OSLO}"))
    assert usage.estimated
    assert usage.input_tokens == finish.usage.input_tokens - end.usage.input_tokens + guess.input_tokens
    assert usage.output_tokens == finish.usage.output_tokens - end.usage.output_tokens + guess.output_tokens


def test_an_estimate_counts_what_tools_said():
    calls = Message("assistant", (ToolCall("1", "four", "{}" * 20),))
    results = Message("tool", (ToolResult("1", "four", "x" * 400),))
    assert estimate_usage([calls, results], answered=0) == Usage(input_tokens=111, estimated=True)


# Cancelling and leaving


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


def test_once_cancelled_nothing_starts():
    cancellation, started = Cancellation(), []
    cancellation.cancel()
    note = tool(name="note")(lambda: started.append(1))
    with pytest.raises(Cancelled):
        run_calls([(note, ToolCall("1", "note", ""))], cancellation)
    assert started == []


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


# Errors


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


def test_a_tool_is_still_a_function(weather):
    assert isinstance(weather.tool, Tool)
    assert weather.tool("Bergen") == "Sunny in Bergen"
