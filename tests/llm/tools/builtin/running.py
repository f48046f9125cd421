"""Runs a tool with arguments as a model sends them."""

import json

from llm import ToolCall


def run(used, **arguments):
    return used.run(ToolCall("1", used.name, json.dumps(arguments)))


def refused(used, **arguments):
    result = run(used, **arguments)
    assert result.is_error, result.content
    return result.content


def answered(used, **arguments):
    result = run(used, **arguments)
    assert not result.is_error, result.content
    return result.content
