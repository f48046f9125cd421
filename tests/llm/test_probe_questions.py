"""What a connection test finds out about streaming, tools and vision."""

import base64
import struct
import zlib

import pytest

from llm.probes import questions
from llm.testing import ScriptedProvider
from llm.types import user
from tests.llm.gateway import Gateway, in_json, refusal, streamed, whole
from tests.llm.test_probes import ALL_PASSED, failure, run, statuses
from tests.llm.wire import CHUNKED

TURN_OFF = {"stream": "Turn off streaming", "tools": "Turn off tools", "vision": "Turn off vision"}


@pytest.fixture
def steps_with(serve):
    """The steps, and what the gateway was asked."""

    def start(**answers):
        gateway = Gateway(**answers)
        return run(serve(gateway.script).url), gateway

    return start


@pytest.mark.parametrize("kind", TURN_OFF)
@pytest.mark.parametrize("status", [b"400 Bad Request", b"500 Internal Server Error", b"501 Not Implemented"])
def test_an_ability_that_is_refused_is_to_be_turned_off(steps_with, kind, status):
    """llama.cpp's server refuses pictures and tools that it is not built for with a 500."""
    steps, _ = steps_with(**{kind: refusal(status, "This is not supported here.")})
    step = failure(steps)
    assert step.name == kind
    assert step.remedy.startswith(f"{TURN_OFF[kind]} for this model")
    assert "This is not supported here." in step.detail


@pytest.mark.parametrize("kind", TURN_OFF)
def test_a_refusal_that_passes_does_not_condemn_an_ability(steps_with, kind):
    steps, _ = steps_with(**{kind: refusal(b"429 Too Many Requests")})
    assert failure(steps).code == "rate_limited"
    assert "Turn off" not in failure(steps).remedy


# Streaming.


def test_a_stream_that_is_cut_fails_though_the_chat_passed(steps_with):
    steps, _ = steps_with(stream=streamed(ended=False))
    assert steps["chat"].status == "passed"
    assert (failure(steps).name, failure(steps).code) == ("stream", "truncated")
    assert "what cuts streams" in failure(steps).remedy


def test_a_stream_that_is_cut_within_a_chunk_fails(serve):
    gateway = Gateway()

    def script(peer):
        while peer.read_request():
            found = gateway.answer_to(peer.server.requests[-1])
            peer.send(found[:-60] if found.startswith(CHUNKED) else found)
            if found.startswith(CHUNKED):
                return

    steps = run(serve(script).url)
    assert statuses(steps) == ALL_PASSED | {"stream": "failed"}
    assert steps["stream"].code == "truncated"


def test_a_stream_without_token_counts_passes_with_a_note(steps_with):
    steps, _ = steps_with(stream=streamed(usage=False))
    assert statuses(steps) == ALL_PASSED
    assert "No token counts" in steps["stream"].detail
    assert "No token counts" not in steps_with()[0]["stream"].detail


def test_a_stream_without_an_event_of_the_answer_fails(steps_with):
    step = failure(steps_with(stream=streamed(""))[0])
    assert (step.name, step.code) == ("stream", "unfit_answer")


# Tools.


def test_a_model_that_answers_in_words_is_to_have_its_tools_turned_off(steps_with):
    step = failure(steps_with(tools=whole("It rains in Oslo."))[0])
    assert (step.name, step.code) == ("tools", "unfit_answer")
    assert step.detail == "The model answered in words and called no function."
    assert step.remedy.startswith("Turn off tools for this model")


@pytest.mark.parametrize("provider", ["openai_compatible", "anthropic"])
def test_words_instead_of_a_call_fail_in_both_formats(monkeypatch, provider):
    monkeypatch.setattr(questions, "ASK_FOR_WEATHER", user("[[say=It rains.]]"))
    with ScriptedProvider() as scripted:
        step = failure(run(scripted.url, provider=provider, model="scripted-model"))
    assert (step.name, step.code) == ("tools", "unfit_answer")


@pytest.mark.parametrize(
    "call",
    [
        ("get_weather", '{"city": "Os'),
        ("get_weather", "[]"),
        ("get_weather", "{}"),
        ("get_weather", '{"city": 1}'),
        ("get_time", '{"city": "Oslo"}'),
    ],
)
def test_a_call_that_does_not_fit_the_function_fails(steps_with, call):
    step = failure(steps_with(tools=whole(None, finish="tool_calls", calls=(call,)))[0])
    assert (step.name, step.code) == ("tools", "unfit_answer")
    assert "arguments that do not fit" in step.detail


def test_where_a_forced_call_is_refused_a_free_one_is_asked_for(steps_with):
    called = whole(None, finish="tool_calls", calls=(("get_weather", '{"city": "Oslo"}'),))
    unforced = refusal(b"400 Bad Request", "tool_choice 'required' is not supported.")
    steps, gateway = steps_with(tools=lambda body: unforced if body["tool_choice"] == "required" else called)
    assert statuses(steps) == ALL_PASSED
    assert [body["tool_choice"] for body in gateway.asked if "tools" in body] == ["required", "auto"]


def test_a_model_that_thinks_past_the_limit_before_it_calls_is_not_judged(steps_with):
    steps, _ = steps_with(tools=whole("", finish="length"))
    assert steps["tools"].status == "skipped"
    assert "512 tokens" in steps["tools"].detail
    assert steps["tools"].seconds > 0


def test_many_words_are_words_too(steps_with):
    step = failure(steps_with(tools=whole("It rains. " * 100, finish="length"))[0])
    assert (step.name, step.code) == ("tools", "unfit_answer")


# Vision.


def test_the_picture_is_a_png_that_is_red_all_over(steps_with):
    _, gateway = steps_with()
    sent = next(part for body in gateway.asked for part in picture_parts(body))
    png = base64.b64decode(sent["image_url"]["url"].removeprefix("data:image/png;base64,"))
    assert len(png) < 200
    assert pixels(png) == (64, 64, {(255, 0, 0)})


def picture_parts(body):
    return [part for part in body["messages"][0]["content"] if isinstance(part, dict) and part["type"] == "image_url"]


def pixels(png):
    """Width, height and the colours in a PNG of one IDAT, its checksums verified."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    chunks, position = {}, 8
    while position < len(png):
        (length,) = struct.unpack_from(">I", png, position)
        kind, data = png[position + 4 : position + 8], png[position + 8 : position + 8 + length]
        assert struct.unpack_from(">I", png, position + 8 + length) == (zlib.crc32(kind + data),)
        chunks[kind] = data
        position += 12 + length
    width, height = struct.unpack_from(">II", chunks[b"IHDR"])
    raw = zlib.decompress(chunks[b"IDAT"])
    lines = [raw[start + 1 : start + 1 + 3 * width] for start in range(0, len(raw), 1 + 3 * width)]
    assert len(lines) == height
    return width, height, {tuple(line[at : at + 3]) for line in lines for at in range(0, len(line), 3)}


def test_a_model_that_names_another_colour_passes_with_a_note(steps_with):
    steps, _ = steps_with(vision=whole("Blue."))
    assert statuses(steps) == ALL_PASSED
    assert "did not say that the picture is red" in steps["vision"].detail
    assert steps_with()[0]["vision"].detail == ""


def test_a_model_that_says_nothing_about_a_picture_fails(steps_with):
    step = failure(steps_with(vision=whole(""))[0])
    assert (step.name, step.code) == ("vision", "unfit_answer")


def test_a_picture_that_breaks_the_answers_shape_fails_with_a_sentence(steps_with):
    step = failure(steps_with(vision=in_json({"choices": "none"}))[0])
    assert step.name == "vision"
    assert step.remedy.startswith("Turn off vision")
