"""Ten thousand damaged answers: events or an `LLMError`, never anything else. `tests.llm.fuzz` says what damage is."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llm.errors import LLMError
from llm.providers import PROVIDERS
from llm.types import Finish, TextDelta, Usage
from tests.llm import fuzz
from tests.llm.recorded import ANSWERS

BLOCKS = 20
BLOCK = 500
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize("block", range(BLOCKS))
def test_damaged_answers(block):
    outcomes = fuzz.tally(range(block * BLOCK, (block + 1) * BLOCK))
    assert outcomes.total() == BLOCK
    # Damage that always ends in an error, or never, would test little.
    assert {name for name, _ in outcomes} == set(PROVIDERS)
    assert sum(many for (_, end), many in outcomes.items() if end == "finish") > BLOCK // 20
    assert len({end for _, end in outcomes}) > 2


def test_every_provider_has_answers_of_its_own_and_every_recording_is_read():
    assert {name for seed in fuzz.SEEDS for name in seed.speakers} == set(PROVIDERS)
    read = {answer.name for answer in ANSWERS if any(fuzz.reads(name, answer.body) for name in PROVIDERS)}
    assert read == {answer.name for answer in ANSWERS if not answer.is_cut}


class Careless:
    """A provider that makes the mistakes which the fuzzer is there to find."""

    def __init__(self, *events, error=None):
        self.events, self.error = events, error

    def parse(self, _chunks):
        yield from self.events
        if self.error:
            raise self.error


@pytest.mark.parametrize(
    "provider",
    [
        Careless(),
        Careless(error=KeyError("x")),
        Careless(Finish("stop"), error=LLMError()),
        Careless(Finish("stop"), TextDelta("more")),
        Careless(TextDelta(None), Finish("stop")),
        Careless(Finish("end_turn")),
        Careless(Finish("stop", Usage(input_tokens=2**31))),
        Careless(Finish("stop", Usage(output_tokens=-1))),
        Careless("text"),
    ],
)
def test_the_fuzzer_sees_a_broken_promise(provider):
    with pytest.raises((AssertionError, KeyError)):
        fuzz.outcome(provider, [])


def test_no_case_changes_another():
    before = repr(fuzz.HOSTILE)
    fuzz.tally(range(500))
    assert repr(fuzz.HOSTILE) == before


def test_a_failure_names_its_case(monkeypatch):
    monkeypatch.setattr(fuzz, "PROVIDERS", dict.fromkeys(PROVIDERS, Careless(error=KeyError("x"))))
    with pytest.raises(fuzz.BrokenPromise, match=r"case 7: .*KeyError"):
        fuzz.run(7)


@pytest.mark.parametrize("name", PROVIDERS)
@given(
    status=st.integers(300, 599), document=ANYTHING, key=st.sampled_from(["error", "detail", "message", "errors", "x"])
)
@settings(max_examples=100, deadline=None)
def test_refusals_with_any_body(name, status, document, key):
    for body in (document, {key: document}, {key: {"message": document, "code": document, "details": document}}):
        error = PROVIDERS[name].error(status, {}, json.dumps(body).encode())
        assert isinstance(error, LLMError)
        assert error.message.isprintable()


@pytest.mark.parametrize("name", PROVIDERS)
@given(body=st.binary(max_size=200))
@settings(max_examples=100, deadline=None)
def test_refusals_with_any_bytes(name, body):
    assert PROVIDERS[name].error(400, {}, body).message.isprintable()
