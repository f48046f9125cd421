"""Providers quote the key that they refuse, in many spellings. Nothing of it is in a message, a log line or a frame."""

import base64
import json
import logging
import traceback
from urllib.parse import quote
from uuid import uuid4

import pytest

import llm
from chat.models import Message
from llm.errors import LLMError
from registry.client import client_for
from registry.models import Connection, LLMModel
from tests.llm.wire import CHUNKED, LAST_CHUNK, WireServer, answer, chunk
from tests.security.asking import client_of
from tests.security.canaries import pieces_in
from tests.security.sockets import said_over, session_of
from tests.security.world import ALICES, HEADERS, KEYS

KEY = KEYS[ALICES]
HEADER = HEADERS[ALICES]["X-Team-Secret"]

SPELLINGS = {
    "plain": lambda secret: secret,
    "in capitals": lambda secret: secret.upper(),
    "as a URL": lambda secret: quote(secret, safe=""),
    "as a URL with slashes": quote,
    "in base64": lambda secret: base64.b64encode(secret.encode()).decode(),
    "in base64 as a password": lambda secret: base64.b64encode(f"user:{secret}".encode()).decode(),
    "in base64 for URLs": lambda secret: base64.urlsafe_b64encode(f"u:{secret}".encode()).decode(),
    "escaped for JSON": lambda secret: json.dumps(secret).replace("/", "\\/")[1:-1],
    "as a header": lambda secret: f"Authorization: Bearer {secret}",
    "behind many words": lambda secret: "x" * 290 + secret,
    "with words around": lambda secret: f"<{secret}>,'{secret}';{secret}.",
}


def refused(text, status=b"401 Unauthorized"):
    return answer(json.dumps({"error": {"message": f"Incorrect key: {text}"}}).encode(), status=status)


def in_pieces(whole):
    """An answer in chunks so small that each of them cuts the key, each sent by itself."""
    head, body = whole.split(b"\r\n\r\n", 1)
    status = head.split(b"\r\n")[0]
    type_and_coding = b"\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    return [status + type_and_coding, *map(chunk, cut(body)), LAST_CHUNK]


def cut(data, size=7):
    return [data[start : start + size] for start in range(0, len(data), size)]


def event(document):
    return b"data: " + json.dumps(document).encode() + b"\n\n"


WORDS = event({"choices": [{"index": 0, "delta": {"content": "Once upon"}}]})

WAYS = {
    "a refusal": lambda text: [refused(text)],
    "a refusal of another kind": lambda text: [refused(text, b"400 Bad Request")],
    "a refusal in pieces": lambda text: in_pieces(refused(text)),
    "a refusal that is a text": lambda text: [answer(text.encode(), status=b"403 Forbidden", kind=b"text/plain")],
    "a page": lambda text: [answer(f"<html>{text}</html>".encode(), status=b"404 Not Found", kind=b"text/html")],
    "a page instead of an answer": lambda text: [answer(f"<html>{text}</html>".encode(), kind=b"text/html")],
    "no JSON": lambda text: [answer(b'{"choices": ' + text.encode())],
    "the reason of the status": lambda text: [answer(b"{}", status=b"401 " + text.encode())],
    "a header": lambda text: [answer(b"{}", status=b"401 No", headers=b"X-Error: " + text.encode() + b"\r\n")],
    "an event": lambda text: [CHUNKED, chunk(WORDS + event({"error": {"message": text}})), LAST_CHUNK],
    "an event in pieces": lambda text: [
        CHUNKED,
        *map(chunk, cut(WORDS + event({"error": {"message": text}}))),
        LAST_CHUNK,
    ],
    "an event that is no JSON": lambda text: [CHUNKED, chunk(f"data: {{{text}\n\n".encode()), LAST_CHUNK],
}


class Quoting(WireServer):
    """Answers every request with the pieces that it has at the moment."""

    def __init__(self):
        self.pieces = []
        super().__init__(self.answer)

    def answer(self, peer):
        while peer.read_request():
            peer.send(*self.pieces)


@pytest.fixture
def server(settings):
    server = Quoting()
    settings.ALLOWED_ENDPOINTS = [server.url]
    yield server
    server.stop()


def model_at(server, owner):
    connection = Connection(owner=owner, name="quoting", provider="openai_compatible", base_url=f"{server.url}/v1")
    connection.set_key(KEY, by=owner)
    connection.set_headers({"X-Team-Secret": HEADER})
    connection.save()
    return LLMModel.objects.create(connection=connection, name="quoting", model_id="x")


@pytest.mark.parametrize("way", WAYS)
def test_nothing_of_it_is_in_the_error_or_the_log(way, server, world, caplog):
    caplog.set_level(logging.DEBUG)
    client = client_for(world.people["alice"], model_at(server, world.people["alice"]).pk)
    for name, spelled in SPELLINGS.items():
        server.pieces = WAYS[way](f"{spelled(KEY)} {spelled(HEADER)}")
        with pytest.raises(LLMError) as raised:
            client.chat([llm.user("hello")])
        told = [*traceback.format_exception(raised.value), repr(raised.value), str(vars(raised.value)), caplog.text]
        assert pieces_in("".join(told).encode(), (KEY, HEADER)) == [], name


@pytest.mark.parametrize("way", ["a refusal in pieces", "an event in pieces"])
def test_nothing_of_it_is_in_a_frame_or_a_row(way, server, world, engine):
    model, session = model_at(server, None), session_of(client_of(world, "other"))
    for spelled in SPELLINGS.values():
        server.pieces = WAYS[way](f"{spelled(KEY)} {spelled(HEADER)}")
        frames = said_over(session, ("failed",), type="send", client_id=str(uuid4()), text="hello", model=str(model.pk))
        assert pieces_in(frames.encode(), (KEY, HEADER)) == []
    assert pieces_in(str(list(Message.objects.values())).encode(), (KEY, HEADER)) == []


def test_the_search_would_find_it():
    for spelled in SPELLINGS.values():
        assert pieces_in(spelled(KEY).encode(), [KEY])
