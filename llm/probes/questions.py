"""The questions that a connection test puts to a model: short ones, with few tokens to answer them."""

from __future__ import annotations

import struct
import zlib
from dataclasses import replace

from llm.cancellation import Cancellation
from llm.client import UnifiedLLMClient
from llm.errors import BadRequest, Unreachable
from llm.framing import MalformedJSONError, decode_json
from llm.probes.steps import ProbeStep, Unfit, passed, skipped
from llm.provider_calls import ProviderCall
from llm.reply import Reply, ReplyBuilder
from llm.retry import NO_RETRY
from llm.transport import Answer, Sender
from llm.types import JSON, HttpRequest, Image, Message, ModelConfig, Text, ToolCall, ToolSpec, user

# The smallest limit that every vendor takes (OpenAI's Responses API refuses less).
FEW_TOKENS = 16
# A model that thinks before it calls needs some more.
TOKENS_FOR_A_CALL = 512

HELLO = user("Reply with the word OK.")
WEATHER = ToolSpec(
    "get_weather",
    "The weather in a city.",
    {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
)
ASK_FOR_WEATHER = user("What is the weather in Oslo? Call get_weather.")
# Vision models refuse pictures of a pixel or two; 64 by 64 is inside every known minimum.
SIDE = 64
RED = (255, 0, 0)


class SecondConnection:
    """Sends once more where a kept connection turns out to be closed: the server has not read the request then.

    llama.cpp's server gives up a connection after a stream without a word; measured, 10 of 30 next questions met that.
    """

    def __init__(self, transport: Sender) -> None:
        self._transport = transport

    def send(self, request: HttpRequest, cancellation: Cancellation | None = None) -> Answer:
        try:
            return self._transport.send(request, cancellation)
        except Unreachable:
            return self._transport.send(request, cancellation)


class Questions:
    """Each of them is one request, two where the first is refused for its form; what is refused is not tried again."""

    def __init__(self, config: ModelConfig, transport: Sender, cancellation: Cancellation) -> None:
        self._config = config
        self._transport = SecondConnection(transport)
        self._cancellation = cancellation
        self._calls: list[ProviderCall] = []

    def take_calls(self) -> tuple[ProviderCall, ...]:
        """What has gone out to the model since this was asked last."""
        calls, self._calls = tuple(self._calls), []
        return calls

    def chat(self) -> Reply:
        """Not streamed, because what stands between here and the model may break streams alone."""
        return self._ask(HELLO, streaming=False, max_tokens=FEW_TOKENS)

    def stream(self) -> ProbeStep:
        reply = self._ask(HELLO, streaming=True, max_tokens=FEW_TOKENS)
        if not has_answered(reply):
            raise Unfit("The stream ended without a single event of the answer.")
        first = "none within the limit" if reply.first_token_seconds is None else latency(reply.first_token_seconds)
        counted = reply.usage and not reply.usage.estimated
        usage = "" if counted else " No token counts came with it, so they are estimated."
        return passed("stream", f"First event: {first}.{usage}")

    def tools(self) -> ProbeStep:
        try:
            reply = self._ask_for_weather("required")
        except BadRequest:
            # Some models take no forced call, some servers not even the word.
            reply = self._ask_for_weather("auto")
        if any(is_sound(call) for call in reply.tool_calls):
            return passed("tools", f"It called {WEATHER.name} with valid arguments.")
        if reply.finish == "length" and not reply.text.strip():
            return skipped("tools", f"no call within {TOKENS_FOR_A_CALL} tokens, so nothing is proved")
        if reply.tool_calls:
            raise Unfit("The model called a function with arguments that do not fit it.")
        raise Unfit("The model answered in words and called no function.")

    def vision(self) -> ProbeStep:
        question = Message(
            "user",
            (Text("Which colour is this? One word."), Image(data=plain_png(SIDE, RED), media_type="image/png")),
        )
        reply = self._ask(question, max_tokens=FEW_TOKENS)
        if not has_answered(reply):
            raise Unfit("The model did not answer a question about a picture.")
        # A server may drop pictures in silence, and a small model may be wrong: either is worth a look, not a failure.
        saw_red = "red" in reply.text.lower()
        return passed("vision", "" if saw_red else "It took a picture, but did not say that the picture is red.")

    def _ask_for_weather(self, choice: str) -> Reply:
        return self._ask(ASK_FOR_WEATHER, tools=(WEATHER,), max_tokens=TOKENS_FOR_A_CALL, tool_choice=choice)

    def _ask(
        self, message: Message, *, streaming: bool | None = None, tools: tuple[ToolSpec, ...] = (), **params: JSON
    ) -> Reply:
        config = self._config if streaming is None else replace(self._config, streaming=streaming)
        client = UnifiedLLMClient(config, transport=self._transport, retry=NO_RETRY)
        reply = ReplyBuilder()
        events = client.stream(
            [message], tools=tools, cancellation=self._cancellation, on_call=self._calls.append, **params
        )
        for event in events:
            reply.add(event)
        return reply.reply()


def has_answered(reply: Reply) -> bool:
    """A reasoning model may think up to the limit and say nothing, and that is an answer too."""
    return bool(reply.text.strip() or reply.reasoning or reply.tool_calls) or reply.finish == "length"


def is_sound(call: ToolCall) -> bool:
    try:
        arguments = decode_json(call.arguments)
    except MalformedJSONError:
        return False
    return call.name == WEATHER.name and isinstance(arguments, dict) and isinstance(arguments.get("city"), str)


def latency(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 10 else f"{seconds:.0f} s"


def plain_png(side: int, colour: tuple[int, int, int]) -> bytes:
    """A square of one colour (PNG, third edition: 11.2.1 IHDR, 11.2.3 IDAT, 11.2.4 IEND)."""
    line = b"\0" + bytes(colour) * side
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(line * side, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(kind, data) for kind, data in chunks)


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
