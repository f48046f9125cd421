"""Calls that are the caller's to run."""

import pytest

from llm import BadRequest, Finish, ToolCall, ToolSpec, tool, user
from tests.llm.loop.conversation import OSLO, kinds

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
