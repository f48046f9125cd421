"""Text in pieces comes out as the whole text would: the path for plain pieces, which are most, changes nothing."""

from hypothesis import given
from hypothesis import strategies as st

from llm.storable import storable, storable_events
from llm.types import Finish, ReasoningDelta, TextDelta

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
