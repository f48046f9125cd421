import contextlib
import json
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat import wire

A, B = "00000000-0000-4000-8000-00000000000a", "00000000-0000-4000-8000-00000000000b"


def refusal(frame) -> wire.Refused:
    with pytest.raises(wire.Refused) as refused:
        wire.parse_request(frame if isinstance(frame, str) else json.dumps(frame))
    return refused.value


def test_it_reads_a_send():
    frame = {"type": "send", "client_id": A, "conversation": B, "text": "hi", "params": {"temperature": 0.5}}
    assert wire.parse_request(json.dumps(frame)) == wire.Send(
        client_id=UUID(A), conversation=UUID(B), text="hi", params={"temperature": 0.5}
    )


@pytest.mark.parametrize(
    ("frame", "request_"),
    [
        ({"type": "stop", "turn": A}, wire.Stop(turn=UUID(A))),
        ({"type": "attach", "turn": A}, wire.Attach(turn=UUID(A), after=0)),
        ({"type": "attach", "turn": A, "after": 7}, wire.Attach(turn=UUID(A), after=7)),
        ({"type": "ack", "turn": A, "seq": 7}, wire.Ack(turn=UUID(A), seq=7)),
        ({"type": "regenerate", "client_id": A, "message": B}, wire.Regenerate(client_id=UUID(A), message=UUID(B))),
        ({"type": "ping"}, wire.Ping()),
    ],
)
def test_it_reads_the_other_requests(frame, request_):
    assert wire.parse_request(json.dumps(frame)) == request_


@pytest.mark.parametrize(
    "frame",
    ["", "not json", "[]", "null", "1", '"send"', "[" * 100_000, "{" * 100_000, '{"type": 1}', '{"type": "sudo"}'],
)
def test_what_is_no_request_is_a_malformed_frame(frame):
    assert refusal(frame).code == "malformed_frame"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"client_id": "x"}, "malformed_frame"),
        ({"client_id": None}, "malformed_frame"),
        ({"conversation": 7}, "malformed_frame"),
        ({"model": ["x"]}, "malformed_frame"),
        ({"text": ""}, "empty_message"),
        ({"text": "  \n"}, "empty_message"),
        ({"text": 5}, "empty_message"),
        ({"text": "x" * 100_001}, "message_too_long"),
        ({"params": [1]}, "bad_params"),
        ({"params": {"base_url": "https://evil.example"}}, "bad_params"),
        ({"params": {"temperature": "hot"}}, "bad_params"),
        ({"params": {"temperature": True}}, "bad_params"),
        ({"params": {"temperature": float("nan")}}, "bad_params"),
        ({"params": {"\ud800": 1}}, "bad_params"),
    ],
)
def test_a_send_with_a_wrong_field_is_refused_with_its_reason(change, code):
    frame = {"type": "send", "client_id": A, "text": "hi"} | change
    assert refusal(frame).code == code


def test_a_refusal_names_the_request_it_answers():
    refused = refusal({"type": "send", "client_id": A, "text": ""})
    assert wire.error(refused) == {
        "type": "error",
        "code": "empty_message",
        "message": "Write a message first.",
        "client_id": A,
    }


@pytest.mark.parametrize(("text", "stored"), [("a\0b", "a\ufffdb"), ("\ud83d", "\ufffd"), ("é 漢 🙂", "é 漢 🙂")])
def test_text_is_made_storable(text, stored):
    assert wire.parse_request(json.dumps({"type": "send", "client_id": A, "text": text})).text == stored


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda leaf: st.lists(leaf) | st.dictionaries(st.text(), leaf),
    )
)
def test_any_json_is_read_or_refused(value):
    for frame in (value, {"type": "send", "client_id": str(uuid4()), "text": value, "params": value}):
        with contextlib.suppress(wire.Refused):
            assert wire.parse_request(json.dumps(frame))
