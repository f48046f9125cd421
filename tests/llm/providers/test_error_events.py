"""Events that only their name makes an error."""

import pytest

from llm.errors import LLMError, Overloaded, ProviderError
from llm.providers import PROVIDERS
from llm.types import Finish, TextDelta
from tests.llm import fuzz

STREAMED = [name for name in PROVIDERS if fuzz.reads_events(name)]


def failure(name, data):
    with pytest.raises(LLMError) as caught:
        list(PROVIDERS[name].parse([b"event: error\ndata: " + data + b"\n\n"]))
    return caught.value


@pytest.mark.parametrize("name", STREAMED)
@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b'{"message": "The cat sat on the cable."}', "The cat sat on the cable."),
        (b'{"error": {"message": "The cat sat on the cable."}}', "The cat sat on the cable."),
        (b'{"type": "error", "message": "The cat sat on the cable."}', "The cat sat on the cable."),
        (b"The cat sat on the cable.", "The cat sat on the cable."),
        (b'"The cat"', "The cat"),
        (b"{}", "{}"),
        (b'{"message": "The cat', "The cat"),
    ],
)
def test_an_event_named_error_is_one_whatever_it_holds(name, data, said):
    error = failure(name, data)
    assert isinstance(error, ProviderError)
    assert said in error.message


def test_the_code_in_such_an_event_counts():
    assert isinstance(failure("vllm", b'{"message": "Busy.", "code": "overloaded_error"}'), Overloaded)


def test_an_event_of_another_name_is_no_error():
    data = b'event: message\ndata: {"message": "x", "choices": [{"delta": {"content": "Hi"}}]}\n\ndata: [DONE]\n\n'
    assert list(PROVIDERS["vllm"].parse([data])) == [TextDelta("Hi"), Finish("unknown")]
