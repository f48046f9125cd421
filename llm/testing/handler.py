"""One request to the scripted provider: which format it speaks, whether it is refused, what is answered."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, cast

from llm.testing.delivery import ClientLeftError, Delivery
from llm.testing.formats import CHAT_COMPLETIONS, FORMATS, MESSAGES, Format
from llm.testing.records import Exchange
from llm.testing.script import Script, read_script
from llm.types import JSON

if TYPE_CHECKING:
    from llm.testing.server import Server

MODELS = ("scripted-model", "scripted-large")
BAD_KEY = "bad-key"
MISSING_MODEL = "missing-model"
_PAGE = b"<!doctype html><html><head><title>Welcome</title></head><body>It works!</body></html>"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    exchange: Exchange

    def log_message(self, *_: object) -> None:
        """Silence: prompts belong in no log."""

    def do_GET(self) -> None:
        with self._recorded(None, ""):
            wire = MESSAGES if "x-api-key" in self.headers else CHAT_COMPLETIONS
            if self._key() == BAD_KEY:
                self._refuse(wire, 401)
            elif self.path.partition("?")[0] == "/v1/models":
                self._send_json(200, _models())
            else:
                self._send_json(404, {"detail": "Not Found"})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("content-length", 0))) or b"null")
        wire = FORMATS.get(self.path.partition("?")[0])
        prompt = wire.prompt(body) if wire else ""
        with self._recorded(body, prompt) as attempts:
            if wire is None:
                self._send_json(404, {"detail": "Not Found"})
            elif status := self._refusal(body):
                self._refuse(wire, status)
            else:
                self._play(wire, read_script(prompt, wire.tool_results(body)), attempts)

    @contextmanager
    def _recorded(self, body: JSON, prompt: str) -> Iterator[int]:
        server = cast("Server", self.server)
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.exchange = Exchange(self.command, self.path, headers, body, prompt)
        try:
            yield server.records.add(self.exchange)
        except ConnectionError as error:
            left = isinstance(error, ClientLeftError | BrokenPipeError | ConnectionResetError)
            self.exchange.closed_by_client = left and not server.closing
            self.close_connection = True
        finally:
            self.exchange.end()

    def _key(self) -> str:
        return self.headers.get("x-api-key") or self.headers.get("authorization", "").removeprefix("Bearer ")

    def _refusal(self, body: JSON) -> int:
        if self._key() == BAD_KEY:
            return 401
        return 404 if body["model"] == MISSING_MODEL else 0

    def _play(self, wire: Format, script: Script, attempts: int) -> None:
        delivery = Delivery(self.connection, self.exchange, script)
        if script.has("hang"):
            delivery.wait_for_client_to_leave()
        if script.has("error") and attempts < script.number("times", float("inf")):
            self._refuse(wire, int(script.number("error")), script)
        elif script.has("error_in_stream") and not self.exchange.body.get("stream"):
            self._refuse(wire, 500)
        elif script.has("html"):
            self._send(200, _PAGE, {"content-type": "text/html"})
        else:
            self._answer(wire, script, delivery)

    def _answer(self, wire: Format, script: Script, delivery: Delivery) -> None:
        body, tokens = self.exchange.body, script.tokens if not script.calls or script.has("tokens") else []
        limit = body.get("max_completion_tokens") or body.get("max_tokens") or len(tokens)
        cut, tokens = limit < len(tokens), tokens[:limit]
        if body.get("stream"):
            length = {"transfer-encoding": "chunked"} if delivery.chunked else {"connection": "close"}
            self._send_head(200, {"content-type": "text/event-stream"} | length)
            delivery.stream(wire.frames(script, body, tokens, cut=cut), len(tokens), wire.error_frame())
            return
        whole = json.dumps(wire.whole(script, body, tokens, cut=cut), ensure_ascii=False).encode()
        whole = whole[: len(whole) // 2] if script.has("malformed") else whole
        self._send_head(200, {"content-type": "application/json", "content-length": str(len(whole))})
        delivery.whole(whole, len(tokens))

    def _refuse(self, wire: Format, status: int, script: Script | None = None) -> None:
        options = script.options if script else {}
        retry = {"retry-after": options["retry"]} if "retry" in options else {}
        message = _COMPLAINTS.get(status, f"The script asked for a {status}.")
        self._send_json(status, wire.refusal(status, message, options.get("code", "")), retry)

    def _send_json(self, status: int, body: JSON, headers: dict[str, str] | None = None) -> None:
        self._send(status, json.dumps(body).encode(), {"content-type": "application/json"} | (headers or {}))

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self._send_head(status, headers | {"content-length": str(len(body))})
        self.connection.sendall(body)

    def _send_head(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()


_COMPLAINTS = {401: "Incorrect API key provided: bad-***.", 404: "The model `missing-model` does not exist."}


def _models() -> JSON:
    """A list that satisfies the readers of both formats."""
    created = {"created": 1795400000, "created_at": "2026-11-23T00:00:00Z", "owned_by": "script"}
    data = [{"id": name, "object": "model", "type": "model", "display_name": name} | created for name in MODELS]
    return {"object": "list", "data": data, "has_more": False, "first_id": MODELS[0], "last_id": MODELS[-1]}
