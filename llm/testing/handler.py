"""One request to the scripted provider: which format it speaks, whether it is refused, what is answered."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, cast
from urllib.parse import parse_qsl, unquote, urlsplit

from llm.testing.delivery import ClientLeftError, Delivery
from llm.testing.formats import Asked, Format, Page, Refusal, complaint_of, format_at, lost, page_at
from llm.testing.records import Exchange
from llm.testing.script import Script, read_script
from llm.types import JSON

if TYPE_CHECKING:
    from llm.testing.server import Server

_HTML = b"<!doctype html><html><head><title>Welcome</title></head><body>It works!</body></html>"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    exchange: Exchange

    def log_message(self, *_: object) -> None:
        """Silence: prompts belong in no log."""

    def do_GET(self) -> None:
        self._serve(self._asked(None))

    def do_POST(self) -> None:
        self._serve(self._asked(_parsed(self.rfile.read(int(self.headers.get("content-length", 0))))))

    def _asked(self, body: JSON) -> Asked:
        address = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        return Asked(path=unquote(address.path), query=dict(parse_qsl(address.query)), headers=headers, body=body)

    def _serve(self, asked: Asked) -> None:
        wire = format_at(asked.path) if self.command == "POST" else None
        if page := page_at(asked, self.command):
            self._show(page, asked)
        elif wire:
            self._answer(wire, asked)
        else:
            with self._recorded(Exchange(self.command, self.path, asked.headers, asked.body)):
                self._send_json(404, lost(asked.path).body)

    def _show(self, page: Page, asked: Asked) -> None:
        with self._recorded(Exchange(self.command, self.path, asked.headers, asked.body)):
            if refusal := next(page.complaints(asked), None):
                self._refuse(page.wire, refusal)
                return
            content = page.content(asked)
            if isinstance(content, str):
                self._send(200, content.encode(), {"content-type": "text/plain; charset=utf-8"})
            else:
                self._send_json(200, content)

    def _answer(self, wire: Format, asked: Asked) -> None:
        exchange = Exchange(self.command, self.path, asked.headers, asked.body)
        if refusal := complaint_of(wire, asked):
            with self._recorded(exchange):
                self._refuse(wire, refusal)
            return
        exchange.prompt, exchange.images = wire.prompt(asked.body), wire.images(asked.body)
        with self._recorded(exchange) as attempts:
            results, schema = wire.tool_results(asked.body), wire.wish(asked.body).schema
            self._play(wire, read_script(exchange.prompt, results, schema), attempts)

    @contextmanager
    def _recorded(self, exchange: Exchange) -> Iterator[int]:
        server = cast("Server", self.server)
        self.exchange = exchange
        try:
            yield server.records.add(exchange)
        except ConnectionError as error:
            left = isinstance(error, ClientLeftError | BrokenPipeError | ConnectionResetError)
            exchange.closed_by_client = left and not server.closing
            self.close_connection = True
        finally:
            exchange.end()

    def _play(self, wire: Format, script: Script, attempts: int) -> None:
        delivery = Delivery(self.connection, self.exchange, script)
        if script.has("hang"):
            delivery.wait_for_client_to_leave()
        if script.has("error") and attempts < script.number("times", float("inf")):
            self._refuse(wire, _scripted_refusal(script), script)
        elif script.has("error_in_stream") and not wire.wish(self.exchange.body).streamed:
            self._refuse(wire, Refusal(status=500, message="The script asked for an error."))
        elif script.has("html"):
            self._send(200, _HTML, {"content-type": "text/html"})
        else:
            self._deliver(wire, script, delivery)

    def _deliver(self, wire: Format, script: Script, delivery: Delivery) -> None:
        body, wish = self.exchange.body, wire.wish(self.exchange.body)
        tokens = script.tokens if not script.calls or script.has("tokens") else []
        cut = wish.limit is not None and wish.limit < len(tokens)
        tokens = tokens[: wish.limit]
        if wish.streamed:
            length = {"transfer-encoding": "chunked"} if delivery.chunked else {"connection": "close"}
            self._send_head(200, {"content-type": wire.content_type} | length)
            delivery.stream(wire, wire.frames(script, body, tokens, cut=cut), len(tokens))
            return
        whole = json.dumps(wire.whole(script, body, tokens, cut=cut), ensure_ascii=False).encode()
        whole = whole[: len(whole) // 2] if script.has("malformed") else whole
        self._send_head(200, {"content-type": "application/json", "content-length": str(len(whole))})
        delivery.whole(whole, len(tokens))

    def _refuse(self, wire: Format, refusal: Refusal, script: Script | None = None) -> None:
        retry = {"retry-after": script.options["retry"]} if script and "retry" in script.options else {}
        body = wire.refusal(refusal) if refusal.body is None else refusal.body
        self._send_json(refusal.status, body, retry)

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


def _parsed(text: bytes) -> JSON:
    """None is a body that no format takes."""
    try:
        return json.loads(text or b"null")
    except json.JSONDecodeError:
        return None


def _scripted_refusal(script: Script) -> Refusal:
    status = int(script.number("error"))
    message = f"The script asked for a {status}."
    return Refusal(status=status, message=message, code=script.options.get("code", ""), body=script.refusal_body)
