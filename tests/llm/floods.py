"""Streams that want to fill the memory, and what one costs the process that reads it.

`python -m tests.llm.floods URL PROVIDER ...` is that process, or rather one for each pair: a fork, so that none profits
from memory that another gave back. It reads one answer, keeps nothing, and prints its peak.
"""

import gzip
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from itertools import count, islice
from pathlib import Path

import llm
from tests.llm.wire import CHUNKED, CLOSE_DELIMITED, LAST_CHUNK, OK, WireServer, chunk

MIB = 1024 * 1024
ROOT = Path(__file__).parents[2]
JSON_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
WARM_UP = b'data: {"choices":[{"delta":{"content":"x"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'


@dataclass(frozen=True)
class Flood:
    """`repeat` comes after `head` again and again, until the client leaves."""

    head: bytes
    repeat: bytes = b""
    provider: str = "vllm"
    pieces: object = None
    error: str = ""

    def script(self, most):
        def send(peer):
            request = peer.read_request()
            if request.startswith(b"POST /warm"):
                peer.send(CHUNKED, chunk(WARM_UP), LAST_CHUNK)
                peer.read_request()
            peer.send(self.head)
            for piece in islice(self._pieces(), most):
                peer.send(piece)

        return send

    def _pieces(self):
        if self.pieces is not None:
            yield from self.pieces()
        elif self.repeat:
            bundle = self.repeat * max(1, 65536 // len(self.repeat))
            while True:
                yield bundle


def event(document):
    return f"data: {json.dumps(document, separators=(',', ':'))}\n\n".encode()


def delta(**fields):
    return event({"choices": [{"index": 0, "delta": fields}]})


def tool(**fields):
    return delta(tool_calls=[fields])


def distinct(make):
    """About 64 KiB of events at a time, each made with another number."""

    def pieces():
        numbers = count()
        while True:
            yield b"".join(make(number) for number in islice(numbers, 500))

    return pieces


def bomb():
    yield gzip.compress(bytes(100 * MIB))


def block(number, **fields):
    return event({"type": "content_block_start", "index": number, "content_block": {"type": "tool_use", **fields}})


def line(**message):
    return json.dumps({"model": "m", "message": message, "done": False}).encode() + b"\n"


def item_added(number, **fields):
    item = {"type": "function_call", "id": f"fc_{number}", **fields}
    return event({"type": "response.output_item.added", "output_index": number, "item": item})


def said(kind, number, text):
    return event({"type": f"response.{kind}", "output_index": number, "delta": text})


CREATED = event({"type": "response.created", "response": {"object": "response"}})
REFUSED = b"HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\n\r\n"

FLOODS = {
    "endless line": Flood(CLOSE_DELIMITED + b"d", b"x", error="ProviderError"),
    "endless data line": Flood(CLOSE_DELIMITED + b"data: ", b"x", error="ProviderError"),
    "endless event of short lines": Flood(CLOSE_DELIMITED, b"data: x\n", error="ProviderError"),
    "endless event of empty lines": Flood(CLOSE_DELIMITED, b"data:\n", error="ProviderError"),
    "endless name of an event": Flood(CLOSE_DELIMITED + b"event: ", b"x", error="ProviderError"),
    "endless comments": Flood(CLOSE_DELIMITED, b": keep-alive\n\n", error="Truncated"),
    "endless line ends": Flood(CLOSE_DELIMITED + b": x", b"\r\n", error="Truncated"),
    "endless blanks": Flood(CLOSE_DELIMITED, b" ", error="Truncated"),
    "endless body of long events": Flood(CLOSE_DELIMITED, delta(content="x" * 60_000), error="Truncated"),
    "endless body of tiny events": Flood(CLOSE_DELIMITED, delta(content="xy"), error="Truncated"),
    "endless document": Flood(JSON_HEAD + b'{"choices": "', b"x", error="ProviderError"),
    "endless document of messages": Flood(JSON_HEAD + b'{"x": "', b"x", "anthropic", error="ProviderError"),
    "endless refusal": Flood(REFUSED, b"x", error="BadRequest"),
    "compressed bomb": Flood(OK + b"Content-Encoding: gzip\r\n\r\n", pieces=bomb, error="ProviderError"),
    "compressed bomb on a refusal": Flood(
        REFUSED[:-2] + b"Content-Encoding: gzip\r\n\r\n", pieces=bomb, error="ProviderError"
    ),
    "redirect bomb": Flood(b"HTTP/1.1 302 Found\r\nLocation: /x\r\n\r\n", b"x" * 1000, error="NotAnAPI"),
    "long headers": Flood(OK, b"X: " + b"x" * 65_000 + b"\r\n", error="NotAnAPI"),
    "endless headers": Flood(OK, b"X: y\r\n", error="NotAnAPI"),
    "endless header": Flood(OK + b"X: ", b"x", error="NotAnAPI"),
    "folded headers": Flood(OK + b"X: y\r\n", b" " + b"x" * 60_000 + b"\r\n", error="NotAnAPI"),
    "endless chunk extension": Flood(CHUNKED + b"5;", b"x", error="NotAnAPI"),
    "huge chunk": Flood(CHUNKED + b"7fffffffffffffff\r\n", b": x\n", error="Truncated"),
    "huge length": Flood(OK + b"Content-Length: 9223372036854775807\r\n\r\n", b": x\n", error="Truncated"),
    "endless arguments": Flood(
        CLOSE_DELIMITED, tool(index=0, function={"arguments": "x" * 60_000}), error="ProviderError"
    ),
    "arguments in tiny fragments": Flood(
        CLOSE_DELIMITED, tool(index=0, function={"arguments": "xy"}), error="Truncated"
    ),
    "calls without end": Flood(
        CLOSE_DELIMITED,
        pieces=distinct(lambda number: tool(id=f"call_{number}", function={"name": "f"})),
        error="ProviderError",
    ),
    "blocks without end": Flood(
        CLOSE_DELIMITED,
        provider="anthropic",
        pieces=distinct(lambda number: block(number, id=f"call_{number}", name="f", input={"a": [[]] * 20})),
        error="ProviderError",
    ),
    "native calls without end": Flood(
        CLOSE_DELIMITED,
        provider="ollama",
        pieces=distinct(lambda number: line(tool_calls=[{"function": {"name": "f", "arguments": {"a": number}}}])),
        error="ProviderError",
    ),
    "native calls with long arguments": Flood(
        CLOSE_DELIMITED,
        line(tool_calls=[{"function": {"name": "f", "arguments": {"a": "x" * 60_000}}}]),
        "ollama",
        error="ProviderError",
    ),
    "native tiny lines": Flood(CLOSE_DELIMITED, line(content="xy"), "ollama", error="Truncated"),
    "items without end": Flood(
        CLOSE_DELIMITED + CREATED,
        provider="openai",
        pieces=distinct(lambda number: item_added(number, call_id=f"call_{number}", name="f")),
        error="ProviderError",
    ),
    "texts of items without end": Flood(
        CLOSE_DELIMITED + CREATED,
        provider="openai",
        pieces=distinct(lambda number: said("output_text.delta", number, "xy")),
        error="ProviderError",
    ),
    "arguments of an item": Flood(
        CLOSE_DELIMITED + CREATED,
        said("function_call_arguments.delta", 0, "x" * 60_000),
        "openai",
        error="ProviderError",
    ),
    "arguments of an item in tiny fragments": Flood(
        CLOSE_DELIMITED + CREATED, said("function_call_arguments.delta", 0, "xy"), "openai", error="Truncated"
    ),
    "counts without end": Flood(
        CLOSE_DELIMITED,
        provider="anthropic",
        pieces=distinct(lambda number: event({"type": "message_delta", "delta": {}, "usage": {f"tokens_{number}": 1}})),
        error="Truncated",
    ),
}


def costs_of(floods, most):
    """For each flood the peak memory in bytes above that of a process that has read a small answer, and its error."""
    servers = [WireServer(flood.script(most)) for flood in floods]
    pairs = [text for server, flood in zip(servers, floods, strict=True) for text in (server.url, flood.provider)]
    command = [sys.executable, "-m", "tests.llm.floods", *pairs]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT, timeout=600)
    finally:
        for server in servers:
            server.stop()
    return [json.loads(line) for line in done.stdout.splitlines()]


def memory(field):
    """A figure of /proc/self/status in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field))


def read_one(url, provider):
    transport = llm.Transport(llm.AddressPolicy.granting([url]))

    def read(path, name):
        config = llm.ModelConfig(provider=name, model="m", base_url=f"{url}/{path}")
        for _event in llm.UnifiedLLMClient(config, transport=transport, retry=llm.NO_RETRY).stream([llm.user("x")]):
            pass

    read("warm", "vllm")
    Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here
    before, error = memory("VmRSS"), ""
    try:
        read("flood", provider)
    except llm.LLMError as raised:
        error = type(raised).__name__
    sys.stdout.write(json.dumps({"peak": memory("VmHWM") - before, "error": error}) + "\n")
    sys.stdout.flush()


def main(arguments):
    for url, provider in zip(arguments[::2], arguments[1::2], strict=True):
        child = os.fork()
        if not child:
            read_one(url, provider)
            os._exit(0)
        if os.waitpid(child, 0)[1]:
            raise SystemExit(f"{url} {provider} failed")


if __name__ == "__main__":
    main(sys.argv[1:])
