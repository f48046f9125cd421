"""From the bytes of an answer to its documents, before any wire format has a say."""

import pytest

from llm.errors import NotAnAPI, ProviderError, Truncated
from llm.providers._documents import Documents


def read(*chunks):
    documents = Documents(chunks)
    return list(documents), documents.is_whole, documents.is_done


def test_a_stream_is_done_when_it_says_so():
    assert read(b'data: {"a":1}\n\ndata: {"b":2}\n\n') == ([{"a": 1}, {"b": 2}], False, False)
    assert read(b'data: {"a":1}\n\n', b"data: [DONE]\n\n", b'data: {"b":2}\n\n') == ([{"a": 1}], False, True)


def test_one_object_is_whole_and_done():
    assert read(b'\xef\xbb\xbf\n{"a"', b": 1}") == ([{"a": 1}], True, True)
    assert read(b'[{"error": "x"}]') == ([{"error": "x"}], True, True)


@pytest.mark.parametrize(
    "noise", [b": ping\n\n", b"data: : ping\n\n", b"data:\n\n", b"data: {\n\n", b"event: ping\n\n"]
)
def test_keep_alives_are_no_documents(noise):
    assert read(noise + b'data: {"a":1}\n\n' + noise)[0] == [{"a": 1}]


def test_looking_at_the_first_document_does_not_take_it_away():
    documents = Documents([b'data: {"a":1}\n\ndata: {"b":2}\n\n'])
    assert documents.peek(bool) == documents.peek(bool) == {"a": 1}
    assert list(documents) == [{"a": 1}, {"b": 2}]
    assert documents.peek(bool) == {}


def test_what_is_no_answer():
    with pytest.raises(NotAnAPI):
        Documents([b"  <!doctype html>"])
    with pytest.raises(Truncated):
        Documents([b" \n"])
    with pytest.raises(ProviderError):
        list(Documents([b'{"a": ']))
