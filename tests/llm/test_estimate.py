"""A guess where the provider reports nothing."""

from llm import Message, ToolCall, ToolResult, Usage, estimate_usage


def test_an_estimate_counts_what_tools_said():
    calls = Message("assistant", (ToolCall("1", "four", "{}" * 20),))
    results = Message("tool", (ToolResult("1", "four", "x" * 400),))
    assert estimate_usage([calls, results], answered=0) == Usage(input_tokens=111, estimated=True)
