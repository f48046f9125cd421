"""Text in pieces comes out as the whole text would: the path for plain pieces, which are most, changes nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm.storable import storable, storable_events
from llm.types import Finish, ReasoningDelta, TextDelta, ToolCall, Usage

PIECES = st.lists(st.text(st.sampled_from(["a", "\0", "é", "\u2028", "\U0001f600", "\ud83d", "\ude00"]), max_size=4))


def text_of(kind, pieces):
    *deltas, finish = storable_events([*map(kind, pieces), Finish("stop")])
    assert finish == Finish("stop")
    assert all(type(delta) is kind and delta.text for delta in deltas)
    return "".join(delta.text for delta in deltas)


@given(PIECES)
def test_pieces_come_out_as_the_whole_would(pieces):
    whole = storable("".join(pieces))
    assert text_of(TextDelta, pieces) == whole
    assert text_of(ReasoningDelta, pieces) == whole


@given(PIECES)
def test_what_comes_out_can_be_stored(pieces):
    text = text_of(TextDelta, pieces)
    assert "\0" not in text
    assert text.encode().decode() == text


@pytest.mark.parametrize(
    ("pieces", "stored"),
    [
        (["a\0b"], "a\ufffdb"),
        (["\ud83d\ude00"], "😀"),
        (["\ud83d", "\ude00"], "😀"),
        (["x\ud83d", "\ude00y"], "x😀y"),
        (["\ud83d", "x"], "\ufffdx"),
        (["\ude00"], "\ufffd"),
        (["x\ud83d"], "x\ufffd"),
        (["\ud83d", "\ud83d", "\ude00"], "\ufffd😀"),
        (["\ud83d", "", "\ude00"], "😀"),
        (["é😀"], "é😀"),
    ],
)
@pytest.mark.parametrize("kind", [TextDelta, ReasoningDelta])
def test_text_comes_out_storable(pieces, stored, kind):
    *deltas, finish = storable_events([*map(kind, pieces), Finish("stop", Usage(output_tokens=1))])
    assert "".join(delta.text for delta in deltas) == stored
    assert {type(delta) for delta in deltas} == {kind}
    assert finish == Finish("stop", Usage(output_tokens=1))


def test_half_a_character_of_the_text_does_not_meet_half_a_character_of_a_thought():
    events = storable_events([TextDelta("\ud83d"), ReasoningDelta("\ude00"), Finish("stop")])
    assert list(events) == [ReasoningDelta("\ufffd"), TextDelta("\ufffd"), Finish("stop")]


def test_tool_calls_and_signatures_come_out_storable():
    events = storable_events([ReasoningDelta("", "s\0"), ToolCall("\0", "\ud83d\ude00", '{"a": "\ud800"}')])
    assert list(events) == [ReasoningDelta("", "s\ufffd"), ToolCall("\ufffd", "😀", '{"a": "\ufffd"}')]


def test_empty_deltas_are_dropped():
    assert list(storable_events([TextDelta(""), ReasoningDelta(""), Finish("stop")])) == [Finish("stop")]
