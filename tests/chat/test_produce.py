"""What an answer's events become, without a provider."""

from uuid import uuid4

import pytest

import llm
from chat import produce
from chat.live import LiveTurn, TurnSpec


@pytest.fixture
def live():
    return LiveTurn(TurnSpec(turn=uuid4(), conversation=uuid4(), owner=1, parent=uuid4(), model=None, model_label="M"))


def test_neither_the_end_of_a_round_nor_that_of_the_answer_is_shown(live):
    assert produce.show([llm.RoundEnd(1, None), llm.TextDelta("Oslo"), llm.Finish("length")], live) == "length"
    assert (live.seq, live.snapshot().text, live.snapshot().tools) == (1, "Oslo", ())


def test_an_answer_that_is_too_long_is_cut(live, monkeypatch):
    monkeypatch.setattr(produce, "LONGEST_ANSWER", 5)
    with pytest.raises(llm.Truncated, match="longer than this site keeps"):
        produce.show([llm.TextDelta("1234"), llm.TextDelta("56"), llm.Finish("stop")], live)
    assert live.snapshot().text == "123456"
