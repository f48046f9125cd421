"""Errors keep secrets to themselves."""

import base64
import json
from urllib.parse import quote

import pytest

from llm.redaction import LONGEST_MESSAGE, Redaction
from llm.secret import Secret
from llm.types import ModelConfig

KEY = 'sk-pröj/+=&"key" 4711'


@pytest.mark.parametrize(
    "spelling",
    [
        KEY,
        KEY.upper(),
        quote(KEY, safe=""),
        quote(KEY, safe="").lower(),
        json.dumps(KEY)[1:-1],
        json.dumps(KEY, ensure_ascii=False)[1:-1],
        *(base64.b64encode(lead + KEY.encode() + b":tail").decode() for lead in (b"", b"u", b"us", b"user:")),
        base64.urlsafe_b64encode(b"user:" + KEY.encode()).decode(),
    ],
)
def test_a_repeated_key_is_taken_out(spelling):
    redaction = Redaction(ModelConfig(provider="x", model="y", api_key=Secret(KEY)))
    cleaned = redaction.clean(f"Incorrect API key provided: {spelling}. Get another one.")
    assert spelling not in cleaned
    assert spelling[3:-9] not in cleaned
    assert cleaned.startswith("Incorrect API key provided: ")


def test_secrets_in_headers_are_taken_out_with_and_without_their_scheme():
    headers = {"Authorization": Secret("Bearer token-4711"), "X-Beta": Secret("1")}
    redaction = Redaction(ModelConfig(provider="x", model="y", headers=headers))
    assert redaction.clean("token-4711 is wrong, Bearer token-4711 too, 1 time") == "*** is wrong, *** too, 1 time"


def test_messages_become_one_printable_line():
    redaction = Redaction(ModelConfig(provider="x", model="y"))
    assert redaction.clean("a\r\n\tb\0c\x1b[31m\u202ed\u2028e") == "a b c [31m d e"
    assert len(redaction.clean("x" * 1000)) == LONGEST_MESSAGE


def test_a_key_is_taken_out_before_the_message_is_cut():
    redaction = Redaction(ModelConfig(provider="x", model="y", api_key=Secret("sk-0123456789")))
    assert "sk-0" not in redaction.clean("x" * (LONGEST_MESSAGE - 6) + "sk-0123456789")


def test_what_no_database_holds_is_not_in_a_message():
    redaction = Redaction(ModelConfig(provider="x", model="y"))
    assert redaction.clean("half \ud83d and \0 none, whole \ud83c\udf0d") == "half \ufffd and none, whole 🌍"
