"""How often the model is asked, and how much of what it wants is run."""

import pytest

from llm import Finish, RoundEnd, ToolCall, ToolResult, user
from llm.loop import LIMIT_REACHED, MAX_CALLS, MAX_ROUNDS, NOT_WANTED
from tests.llm.loop.conversation import OSLO, client_of, kinds, results_in, tool_choice_of


def test_a_model_that_never_stops_calling_is_stopped(client, weather, asked):
    events = list(client.stream([user(f"[[always]][[tool=get_weather {OSLO}]]")], tools=[weather.tool]))
    assert [event.number for event in events if isinstance(event, RoundEnd)] == list(range(1, MAX_ROUNDS))
    assert len(asked()) == MAX_ROUNDS
    assert weather.cities == ["Oslo"] * (MAX_ROUNDS - 1)
    assert kinds(events)[-3:] == [ToolCall, ToolResult, Finish]
    assert events[-2] == ToolResult(events[-3].id, "get_weather", LIMIT_REACHED, is_error=True)
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
