"""What the scripted provider writes has the shape of what real servers answered."""

import json
from itertools import groupby

import pytest

from llm.testing.formats import FORMATS
from llm.testing.script import read_script
from tests.llm.recorded import body_of

# Recorded from vLLM 0.32 and llama.cpp b11549, which agree.
RESPONSES = [
    "response.created",
    "response.in_progress",
    "response.output_item.added",
    "response.content_part.added",
    "response.output_text.delta",
    "response.output_text.done",
    "response.content_part.done",
    "response.output_item.done",
    "response.completed",
]
# What one server adds to a format, and the format's vendor does not send.
ADDED = {"timings", "system_fingerprint", "prompt_token_ids", "prompt_text", "token_ids", "stop_reason"}


def events_in(body):
    lines = body.decode().splitlines()
    return [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: {")]


def scripted(path):
    script = read_script("[[tokens=3]]", [])
    request = {"model": "m", "messages": [], "input": "", "stream_options": {"include_usage": True}}
    frames = FORMATS[path].frames(script, request, script.tokens, cut=False)
    return events_in(b"".join(frame.data for frame in frames))


def order(events):
    return [kind for kind, _ in groupby(event.get("type") for event in events) if kind != "ping"]


def test_responses_come_in_the_recorded_order():
    assert order(scripted("/v1/responses")) == RESPONSES


@pytest.mark.parametrize("server", ["vllm-0.32", "llamacpp-b11549"])
def test_messages_come_in_the_recorded_order(server):
    assert order(scripted("/v1/messages")) == order(events_in(body_of(f"{server}/messages_stream")))


@pytest.mark.parametrize("server", ["vllm-0.32", "llamacpp-b11549"])
@pytest.mark.parametrize(
    ("path", "name"), [("/v1/messages", "messages_stream"), ("/v1/chat/completions", "chat_stream_usage")]
)
def test_no_key_is_missing_that_real_servers_send(server, path, name):
    recorded = set().union(*map(set, events_in(body_of(f"{server}/{name}"))))
    assert recorded - set().union(*map(set, scripted(path))) <= ADDED


@pytest.mark.parametrize("server", ["vllm-0.32", "llamacpp-b11549"])
def test_a_chunk_has_the_recorded_stages(server):
    """A role, the text, a reason to end, and the counts without a choice."""
    ours, theirs = (
        [stage(chunk) for chunk in chunks]
        for chunks in (scripted("/v1/chat/completions"), events_in(body_of(f"{server}/chat_stream_usage")))
    )
    assert [kind for kind, _ in groupby(ours)] == [kind for kind, _ in groupby(theirs)]


def stage(chunk):
    if not chunk["choices"]:
        return "usage" if chunk["usage"] else "nothing"
    [choice] = chunk["choices"]
    if choice["finish_reason"]:
        return "end"
    return "role" if "role" in choice["delta"] else "text"
