"""Answers of the scripted provider as bytes, without a server in between."""

import json
from urllib.parse import urlsplit

from llm.providers import PROVIDERS
from llm.testing.formats import format_at
from llm.testing.script import read_script
from llm.types import ChatRequest, ModelConfig, user

PROMPTS = (
    "hello",
    "[[utf8split]]",
    "[[reason]] hello",
    '[[tool=first]] [[tool=second {"city": "Zürich 🌍"}]]',
    '[[reason]] [[say=I look.]] [[tool=f {"a": [1, {"b": null}]}]]',
    "[[tokens=3 no_usage]]",
)
# What any of the formats looks for in a request.
_REQUEST = {"model": "m", "messages": [], "input": "x", "stream_options": {"include_usage": True}}


def frames(wire, prompt):
    script = read_script(prompt, [])
    return list(wire.frames(script, _REQUEST, script.tokens, cut=False))


def streamed(wire, prompt):
    return b"".join(frame.data for frame in frames(wire, prompt))


def whole(wire, prompt):
    script = read_script(prompt, [])
    return json.dumps(wire.whole(script, _REQUEST, script.tokens, cut=False)).encode()


def can_answer(name):
    """Whether the scripted provider speaks at the address at which this provider asks."""
    config = ModelConfig(provider=name, model="m", base_url="http://127.0.0.1:9")
    request = PROVIDERS[name].build(config, ChatRequest(messages=(user("x"),)))
    return format_at(urlsplit(request.url).path) is not None
