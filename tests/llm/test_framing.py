import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm.errors import LLMError, NotAnAPI, ProviderError, Truncated
from llm.framing import (
    MAX_LINE,
    MAX_MALFORMED,
    MalformedJSONError,
    ServerSentEvent,
    beginning_of_answer,
    decode_json,
    encode_json,
    json_lines,
    json_objects,
    server_sent_events,
    split_lines,
    whole_object,
)

STREAM = (
    b"\xef\xbb\xbfevent: first\r\ndata: one\r\n\r\n: a comment\n\ndata:two\rdata: three\r\r"
    b"id: 7\nretry: 10\nunknown\n\n"
    b"data: \xe2\x80\xa8 \xc2\x85 \xf0\x9f\x8c\x8d\n\ndata:\n\ndata:  two blanks\n\n"
    b"event: last\ndata: unterminated"
)
EVENTS = [
    ServerSentEvent("first", "one"),
    ServerSentEvent("", "two\nthree"),
    ServerSentEvent("", "\u2028 \x85 🌍"),
    ServerSentEvent("", " two blanks"),
    ServerSentEvent("last", "unterminated"),
]


def events(*chunks):
    return list(server_sent_events(chunks))


def test_events_of_a_stream_with_every_kind_of_line_end():
    assert events(STREAM) == EVENTS


@pytest.mark.parametrize("cut", range(len(STREAM) + 1))
def test_events_do_not_depend_on_where_the_stream_is_cut(cut):
    assert events(STREAM[:cut], STREAM[cut:]) == EVENTS


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_events_of_small_chunks_with_empty_ones_between(size):
    chunks = [STREAM[start : start + size] for start in range(0, len(STREAM), size)]
    assert events(*(part for chunk in chunks for part in (chunk, b""))) == EVENTS


def test_invalid_utf8_becomes_replacement_characters():
    assert events(b"data: \xff\xfe ok\n\n") == [ServerSentEvent("", "\ufffd\ufffd ok")]


def test_json_lines_skip_blank_lines_and_keep_the_unterminated_one():
    assert list(json_lines([b'\xef\xbb\xbf{"a":1}\r', b'\n\n  \n{"b"', b":2}"])) == ['{"a":1}', '{"b":2}']


@pytest.mark.parametrize("line", [b"x" * (MAX_LINE + 1), b"x" * (MAX_LINE + 1) + b"\n"])
@pytest.mark.parametrize("size", [1000, 2 * MAX_LINE])
def test_a_line_above_the_limit_is_an_error(line, size):
    with pytest.raises(ProviderError, match="1 MiB"):
        list(split_lines(line[start : start + size] for start in range(0, len(line), size)))


def test_an_event_of_many_lines_has_the_same_limit():
    with pytest.raises(ProviderError, match="1 MiB"):
        events(*[b"data: " + b"x" * 1000 + b"\n"] * 1100)


def test_a_line_at_the_limit_passes():
    assert len(next(split_lines([b"x" * MAX_LINE]))) == MAX_LINE


def test_time_grows_with_the_length_of_a_line_and_not_with_its_square():
    started = time.process_time()
    list(split_lines(b"x" for _ in range(MAX_LINE)))
    # Copying the tail for each byte would take a minute; looking at each byte once half a second.
    assert time.process_time() - started < 10


@pytest.mark.parametrize(
    "text",
    ["", "{", "NaN", '{"a": Infinity}', "-Infinity", "9" * 5000, "[" * 100_000, '{"a":' * 100_000, "'single'", "\x00"],
)
def test_json_that_nobody_means_is_malformed(text):
    with pytest.raises(MalformedJSONError):
        decode_json(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "Expecting value: line 1 column 1 (char 0)"),
        ('{"secret": x}', "Expecting value: line 1 column 12 (char 11)"),
        ("{} secret", "Extra data: line 1 column 3 (char 2)"),
        ("[NaN]", "NaN is no number of JSON"),
        ("9" * 5000, "a number has too many digits"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_what_is_wrong_is_said_and_not_quoted(text, reason):
    with pytest.raises(MalformedJSONError) as raised:
        decode_json(text)
    assert str(raised.value) == reason


def test_a_few_malformed_events_are_skipped():
    assert list(json_objects(["{", "5", "null", '{"a":1}', "[]", '[{"b":2}]'])) == [{"a": 1}, {"b": 2}]


def test_more_malformed_events_than_that_are_an_error():
    assert list(json_objects(["{"] * MAX_MALFORMED)) == []
    with pytest.raises(ProviderError):
        list(json_objects(["{"] * (MAX_MALFORMED + 1)))


@pytest.mark.parametrize("chunks", [[b"\xef\xbb\xbf\r\n ", b'\t{"a"', b":1}"], [b"\xef", b"\xbb", b"\xbf", b'{"a":1}']])
def test_the_first_character_is_found_behind_blanks_and_a_byte_order_mark(chunks):
    first, rest = beginning_of_answer(chunks)
    assert first == b"{"
    assert whole_object(rest) == {"a": 1}


@pytest.mark.parametrize("chunks", [[], [b""], [b" \r\n", b"\n"], [b"\xef\xbb"]])
def test_an_answer_without_a_character_is_truncated(chunks):
    with pytest.raises(Truncated):
        beginning_of_answer(chunks)


@pytest.mark.parametrize("chunks", [[b"<html>"], [b"\xef\xbb", b"\xbf\n", b" <", b"!doctype html>"]])
def test_an_answer_that_is_a_page_is_none_of_an_api(chunks):
    with pytest.raises(NotAnAPI):
        beginning_of_answer(chunks)


def test_a_body_that_is_not_json_is_an_error_of_ours():
    with pytest.raises(LLMError):
        whole_object([b'{"choices": ['])


# The same as the plain reading of the standard, whatever comes and however it is cut


def lines_by_the_standard(body):
    """Line ends are CR LF, LF and CR; the last line may lack one."""
    lines = re.split(rb"\r\n|\n|\r", body)
    return lines if lines[-1] else lines[:-1]


def events_by_the_standard(body):
    found, event, data = [], "", []
    for line in [*lines_by_the_standard(body.removeprefix(b"\xef\xbb\xbf")), b""]:
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ").decode("utf-8", "replace")
        if not line:
            found += [ServerSentEvent(event, text)] if (text := "\n".join(data)) else []
            event, data = "", []
        elif name == b"data":
            data.append(value)
        elif name == b"event":
            event = value
    return found


PIECES = st.sampled_from(
    (
        *(b"\n", b"\r", b"\r\n", b"data:", b"data: ", b"data", b"event: e", b":", b" ", b"x", b""),
        *(b"\xef\xbb\xbf", "é".encode(), "\u2028".encode(), b"\xc2\x85", b"\xff", b"\0"),
    )
)
CHUNKS = st.lists(st.lists(PIECES, max_size=8).map(b"".join), max_size=12)


@given(CHUNKS)
def test_any_bytes_have_the_lines_of_the_standard(chunks):
    assert list(split_lines(chunks)) == lines_by_the_standard(b"".join(chunks))


@given(CHUNKS)
def test_any_bytes_have_the_events_of_the_standard(chunks):
    assert events(*chunks) == events_by_the_standard(b"".join(chunks))


@pytest.mark.parametrize("size", [1000, MAX_LINE, 4 * MAX_LINE])
def test_what_stands_before_a_line_that_is_too_long_comes_out(size):
    body = b"one\ntwo\n" + b"x" * (MAX_LINE + 1) + b"\nthree\n"
    lines = split_lines(body[start : start + size] for start in range(0, len(body), size))
    assert [next(lines), next(lines)] == [b"one", b"two"]
    with pytest.raises(ProviderError, match="1 MiB"):
        next(lines)


@pytest.mark.parametrize("text", [" {} ", "\n\t{}\r\n"])
def test_blanks_around_json_are_no_part_of_it(text):
    assert decode_json(text) == {}


@pytest.mark.parametrize("text", ["{} {}", "{}x", "\ufeff{}", "\u2028{}", "{}\xa0", "{}\x0b"])
def test_nothing_but_blanks_may_stand_around_json(text):
    with pytest.raises(MalformedJSONError):
        decode_json(text)


def test_a_body_is_short_json_and_readable():
    assert encode_json({"a": [1, "Zürich 🌍"]}) == '{"a":[1,"Zürich 🌍"]}'.encode()
    assert encode_json("half \ud83d") == b'"half ?"'
