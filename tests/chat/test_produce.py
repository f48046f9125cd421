"""What one call's events become, without a provider."""

import time
from uuid import uuid4

import llm
from chat.live import LiveTurn, TurnSpec
from chat.produce import ProviderCall


def test_the_end_of_a_round_is_neither_a_first_token_nor_shown():
    spec = TurnSpec(turn=uuid4(), conversation=uuid4(), owner=1, parent=uuid4(), model=None, model_label="M")
    live, call = LiveTurn(spec), ProviderCall(started=time.monotonic())
    call.take(llm.RoundEnd(1, None), live)
    assert (call.first_token_seconds, live.seq, live.snapshot().tools) == (None, 0, ())
    call.take(llm.TextDelta("Oslo"), live)
    assert call.first_token_seconds is not None
    assert live.snapshot().text == "Oslo"
