"""Reasoning in the text of an answer: told apart at every cut, and never at the price of a text without it."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from llm.providers._inline_thinking import CLOSING, OPENING, InlineThinking
from llm.types import ReasoningDelta, TextDelta


def said(pieces):
    """Runs of the same kind as one: where a run was cut is nobody's business."""
    thinking, runs = InlineThinking(), []
    events = [event for piece in pieces for event in thinking.feed(piece)]
    for event in [*events, *thinking.end()]:
        assert event.text
        if runs and type(runs[-1]) is type(event):
            runs[-1] = type(event)(runs[-1].text + event.text)
        else:
            runs.append(event)
    return runs


def thought(text):
    return ReasoningDelta(text)


def text(text):
    return TextDelta(text)


@pytest.mark.parametrize(
    ("answer", "runs"),
    [
        ("<think>hm</think>hi", [thought("hm"), text("hi")]),
        ("\n <think>\nhm\n\nso\n</think>\n\nhi\n", [thought("hm\n\nso"), text("hi\n")]),
        ("<think>\n\n</think>\n\nhi", [text("hi")]),
        ("<think>a</think>\n<think> b</think>hi", [thought("a\n\nb"), text("hi")]),
        ("<think></think><think>b</think>hi", [thought("b"), text("hi")]),
        ("<think>cut by the limit\n", [thought("cut by the limit")]),
        ("<think>a < b </thin</think>x", [thought("a < b </thin"), text("x")]),
        ("<think>", []),
        ("", []),
        ("  \n", [text("  \n")]),
        ("<thin", [text("<thin")]),
        (" < 5", [text(" < 5")]),
        (" " * 65 + "<think>a</think>", [text(" " * 65 + "<think>a</think>")]),
    ],
)
def test_reasoning_at_the_beginning(answer, runs):
    assert said([answer]) == runs
    assert said(answer) == runs


@pytest.mark.parametrize(
    "answer",
    [
        "Models think between <think> and </think>\n",
        "```\n<think>\nhm\n</think>\n```",
        "Close it with `</think>` or a quoted '</think>'.",
        "The </think> tag ends it.",
        "a < b, </th> and <thinker>",
        "<think>hm</think>Write <think>x</think>\n too",
    ],
)
def test_tags_that_an_answer_speaks_of_survive(answer):
    assert said(answer)[-1] == text(answer.removeprefix("<think>hm</think>"))


@pytest.mark.parametrize(
    ("answer", "left"),
    [
        ("So it is 4.\n</think>\n\nIt is 4.", "So it is 4.\n\n\nIt is 4."),
        ("So it is 4.</think>", "So it is 4."),
        ("</think>\n\nIt is 4.", "It is 4."),
        ("So.</think>\r\nA </think>\n stays", "So.\r\nA </think>\n stays"),
    ],
)
def test_gotcha_45_a_closing_tag_without_an_opening_one_is_taken_out(answer, left):
    assert said([answer]) == said(answer) == [text(left)]


PIECES = st.lists(
    st.sampled_from([OPENING, CLOSING, "<", "</think", "think>", " ", "\n", "a", "é", " " * 40]), max_size=12
)


@given(answer=PIECES.map("".join), cuts=st.lists(st.integers(0, 200), max_size=6))
@settings(max_examples=1000, deadline=None)
@example("<think>a</think>b", [3, 9, 12])
def test_every_way_of_cutting_says_the_same(answer, cuts):
    ends = sorted({min(cut, len(answer)) for cut in cuts} | {len(answer)})
    pieces = [answer[start:end] for start, end in zip([0, *ends], ends, strict=False)]
    assert said(pieces) == said([answer]) == said(answer)


@given(pieces=st.lists(st.text(alphabet="ab \n<>/think", max_size=9)))
@settings(max_examples=1000, deadline=None)
def test_text_without_tags_is_unchanged_and_waits_for_no_more_than_a_tag(pieces):
    whole = "".join(pieces)
    if OPENING in whole or CLOSING in whole:
        return
    thinking, given_out = InlineThinking(), ""
    for count, piece in enumerate(pieces, 1):
        given_out += "".join(event.text for event in thinking.feed(piece))
        arrived = "".join(pieces[:count])
        late = arrived.removeprefix(given_out)
        assert given_out + late == arrived
        assert OPENING.startswith(late.lstrip()) or CLOSING.startswith(late.lstrip())
        assert late == late.lstrip() or not arrived.removesuffix(late)
    assert given_out + "".join(event.text for event in thinking.end()) == whole


def test_each_character_is_looked_at_a_few_times_at_most():
    """A hostile server sends the beginnings of tags, or blanks, without end."""
    for unit in ("<", " ", "</think", "\n"):
        thinking, seen = InlineThinking(), 0
        list(thinking.feed(OPENING))
        for _ in range(20_000):
            list(thinking.feed(unit))
            seen = max(seen, len(thinking._held))
        assert seen < 2 * len(CLOSING)
