"""Which of OpenAI's formats an answer has, where its first documents do not say."""

import json
from itertools import chain, repeat

import pytest

from llm.errors import ProviderError, Truncated
from llm.providers import PROVIDERS
from llm.providers._documents import MOST_AHEAD, Documents
from llm.types import Finish, TextDelta
from tests.llm.providers.responses_wire import ANSWERS

KEEPALIVE = b'data: {"type":"keepalive"}\n\n'
CHAT = b'data: {"choices":[{"delta":{"content":"Hi"}}]}\n\n'
END = b'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\n'


def lines(events):
    return b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events)


@pytest.mark.parametrize("provider", ["openai", "azure"])
@pytest.mark.parametrize("many", [1, 3])
@pytest.mark.parametrize("name", ANSWERS)
def test_keep_alives_before_a_response_change_nothing(provider, many, name):
    def read(start):
        return list(PROVIDERS[provider].parse([start + lines(ANSWERS[name])]))

    assert read(KEEPALIVE * many) == read(b"")


def test_keep_alives_before_chat_completions_change_nothing():
    assert list(PROVIDERS["openai"].parse([KEEPALIVE * 3 + CHAT + END])) == [TextDelta("Hi"), Finish("stop")]


def test_the_first_word_does_not_wait_for_the_second():
    def chunks():
        yield CHAT
        raise Truncated

    assert next(PROVIDERS["openai"].parse(chunks())) == TextDelta("Hi")


def test_an_error_does_not_wait_for_anything():
    def chunks():
        yield KEEPALIVE + b'data: {"error":{"message":"no"}}\n\n'
        raise AssertionError("read on")

    with pytest.raises(ProviderError, match="no"):
        list(PROVIDERS["openai"].parse(chunks()))


def test_a_server_that_never_tells_is_not_listened_to_for_ever():
    taken = []
    documents = Documents(taken.append(1) or chunk for chunk in chain([KEEPALIVE], repeat(KEEPALIVE)))
    assert documents.peek(lambda document: "choices" in document) == {}
    assert len(taken) <= MOST_AHEAD + 1
