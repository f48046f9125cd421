"""Damaged answers: what is recorded and scripted, changed in every way that a server, a proxy or a network might.

A case is a number: the same number is the same damage, as long as the recordings are the same.
"""

import json
import random
import re
import typing
from collections import Counter
from copy import deepcopy
from dataclasses import dataclass, fields

from llm.errors import LLMError
from llm.providers import PROVIDERS
from llm.storable import storable_events
from llm.testing.formats import FORMATS
from llm.types import Finish, FinishReason, ReasoningDelta, TextDelta, ToolCall, Usage
from tests.llm.providers.responses_wire import ANSWERS as RESPONSES
from tests.llm.providers.responses_wire import stream
from tests.llm.recorded import ANSWERS
from tests.llm.scripted import PROMPTS, streamed, whole

# By hand, with the fields that no recording has.
TOOL_STREAM = b"""data: {"choices":[{"index":0,"delta":{"content":"<think>a</think>"},"finish_reason":null}]}
data: {"choices":[{"index":0,"delta":{"reasoning":"so","tool_calls":[{"index":0,"id":"a","function":\
{"name":"f","arguments":"{"}}]},"finish_reason":null}]}
data: {"choices":[{"index":0,"delta":{"refusal":"no","reasoning_details":[{"text":"x"}],"content":[{"type":"text",\
"text":"y"}]},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3,\
"prompt_tokens_details":{"cached_tokens":1},"completion_tokens_details":{"reasoning_tokens":1}}}"""
THINKING_STREAM = b"""data: {"type":"message_start","message":{"usage":{"input_tokens":1,"output_tokens":1}}}
data: {"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}
data: {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"hm"}}
data: {"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"c2ln"}}
data: {"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"t","name":"f","input":{}}}
data: {"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{}"}}
data: {"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":9,"output_tokens_details":{}}}
data: {"type":"message_stop"}"""
RESPONSE_STREAM = stream(*RESPONSES["thinking, calling two tools"][:-1], *RESPONSES["refusing"])
NATIVE_STREAM = b"""{"model":"m","message":{"role":"assistant","content":"<think>a","thinking":"hm"},"done":false}
{"model":"m","message":{"role":"assistant","content":"</think>","tool_calls":[{"id":"a","function":{"index":0,"name":"f",\
"arguments":{"a":1}}}]},"done":false}
{"model":"m","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","prompt_eval_count":2,\
"eval_count":3}"""
WRITTEN = [TOOL_STREAM, THINKING_STREAM, RESPONSE_STREAM, NATIVE_STREAM]
TEXTS = ["", "\0", "a\0b", "\ud83d", "\ude00", "\ud83d\ude00", "é😀\u2028", "[DONE]", "{", "x" * 3000, "error"]
NUMBERS = [0, -1, 1, 2**31, 2**63, 10**30, 1.5, -0.0, 1e308, 1e-320]
NESTED = [[], {}, [None], [[]], {"": None}, {"error": {"message": "\ud800"}}, {"error": "x"}, {"type": "error"}]
HOSTILE = [None, True, False, *TEXTS, *NUMBERS, *NESTED]
RAW = ["NaN", "-Infinity", "1e999", "9" * 5000, "[" * 2000 + "]" * 2000, '{"a":' * 1500 + "1" + "}" * 1500, "'", "01"]
MARK = "@@raw@@"
BYTES = [
    b"\0",
    b"\r",
    b"\n",
    b"\r\n",
    b"\n\n",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\xed\xa0\x80",
    b":",
    b"data:",
    b"data: [DONE]",
]
REASONS = frozenset(typing.get_args(FinishReason))
LONGEST = 3000


class BrokenPromise(AssertionError):
    """Something other than events and an `LLMError` came out, or an event that cannot be stored."""


@dataclass(frozen=True)
class Seed:
    """An undamaged answer and those providers that read it to its end."""

    body: bytes
    speakers: tuple[str, ...]


def seeds():
    bodies = dict.fromkeys(shortened(body) for body in [*WRITTEN, *scripted(), *(answer.body for answer in ANSWERS)])
    return [Seed(body, tuple(name for name in PROVIDERS if reads(name, body))) for body in bodies]


def scripted():
    return [write(wire, prompt) for wire in FORMATS.values() for prompt in PROMPTS for write in (streamed, whole)]


def shortened(body):
    """The beginning and the end of a long stream: what lies between says the same again."""
    events = re.split(rb"(?<=\n\n)", body) if b"\n\n" in body else body.splitlines(keepends=True)
    if len(body) <= LONGEST or len(events) < 3:
        return body
    share = LONGEST * len(events) // len(body) // 2 + 1
    return b"".join(events[:share] + events[-share:])


def reads(name, body):
    try:
        return isinstance([*PROVIDERS[name].parse([body])][-1], Finish)
    except LLMError:
        return False


SEEDS = seeds()
PROVIDER_NAMES = tuple(PROVIDERS)


def reads_events(name):
    """Whether a provider's answers are events and not lines: its undamaged ones show it."""
    return any(b"data: " in seed.body for seed in SEEDS if name in seed.speakers)


def run(number):
    """The provider of the case, and how it ended: "finish" or the name of the error."""
    chance = random.Random(number)
    seed = chance.choice(SEEDS)
    foreign = not seed.speakers or chance.random() < 0.15
    name = chance.choice(PROVIDER_NAMES if foreign else seed.speakers)
    body = damaged(seed.body, chance)
    try:
        return name, outcome(PROVIDERS[name], pieces(body, chance))
    except Exception as broken:
        raise BrokenPromise(f"case {number}: {name} raised {broken!r} for {body!r}") from broken


def outcome(provider, chunks):
    events, error = [], None
    try:
        for event in storable_events(typed(provider.parse(chunks)), origin="here"):
            check_storable(event)
            events.append(event)
    except LLMError as raised:
        error = raised
    finishes = [event for event in events if isinstance(event, Finish)]
    assert finishes == ([] if error else events[-1:]), "Finish is last, or there is an error: never both, never neither"
    if error is None:
        assert finishes, "an end without Finish"
        return "finish"
    assert error.message.isprintable(), "a message that cannot be shown"
    return type(error).__name__


def typed(events):
    for event in events:
        match event:
            case TextDelta(str()) | ReasoningDelta(str(), str()) | ToolCall(str(), str(), str()):
                yield event
            case Finish(reason, None | Usage()) if reason in REASONS:
                yield event
            case _:
                raise AssertionError(f"no event of a provider: {event!r}")


def check_storable(event):
    if isinstance(event, Finish):
        counts = [getattr(event.usage, each.name) for each in fields(event.usage)] if event.usage else []
        assert all(isinstance(count, int) and 0 <= count < 2**31 for count in counts), "a count that no column holds"
        return
    for each in fields(event):
        text = getattr(event, each.name)
        text.encode()
        assert "\0" not in text, "NUL in a text"


def damaged(body, chance):
    for _ in range(chance.choice((1, 1, 2, 3, 6))):
        body = chance.choice(DAMAGES)(body, chance) or body
    return body


def pieces(body, chance):
    """As a network might cut it."""
    many = chance.choice((0, 1, 2, 7, 40))
    cuts = sorted(chance.randrange(len(body) + 1) for _ in range(many))
    return [body[start:end] for start, end in zip([0, *cuts], [*cuts, len(body)], strict=True)]


def span(body, chance, most=60):
    start = chance.randrange(len(body))
    return start, min(len(body), start + chance.randrange(1, most))


def flip(body, chance):
    changed = bytearray(body)
    for _ in range(chance.randrange(1, 6)):
        changed[chance.randrange(len(body))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def cut_out(body, chance):
    start, end = span(body, chance)
    return body[:start] + body[end:]


def cut_off(body, chance):
    return body[: chance.randrange(1, len(body) + 1)]


def double(body, chance):
    start, end = span(body, chance, most=400)
    return body[:end] + body[start:end] * chance.choice((1, 1, 30)) + body[end:]


def insert(body, chance):
    at = chance.randrange(len(body))
    return body[:at] + chance.choice([*BYTES, chance.randbytes(5)]) + body[at:]


def splice(body, chance):
    """The beginning of one answer and the end of another, maybe of another format."""
    other = chance.choice(SEEDS).body
    lines = chance.random() < 0.7
    here, there = (each.splitlines(keepends=True) if lines else each for each in (body, other))
    joined = here[: chance.randrange(len(here) + 1)] + there[chance.randrange(len(there) + 1) :]
    return b"".join(joined) if lines else joined


def shuffle(body, chance):
    lines = body.splitlines(keepends=True)
    one, two = chance.randrange(len(lines)), chance.randrange(len(lines))
    lines[one], lines[two] = lines[two], lines[one]
    return b"".join(lines)


def line_ends(body, chance):
    return body.replace(b"\n", chance.choice((b"\r\n", b"\r", b"\n\n", b"\n: ping\n", b"\n\n\n")))


def change_document(body, chance):
    """One document stays sound JSON, mostly, and loses its shape."""
    lines = body.splitlines(keepends=True)
    holders = [number for number, line in enumerate(lines) if b"{" in line]
    if not holders:
        return None
    number = chance.choice(holders)
    head, brace, rest = lines[number].partition(b"{")
    text = (brace + rest).rstrip()
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    for _ in range(chance.choice((1, 1, 2, 4))):
        document = change(document, chance)
    lines[number] = head + dumped(document, chance) + lines[number][len(head) + len(text) :]
    return b"".join(lines)


def change(value, chance):
    """`value` with one node somewhere inside it changed."""
    keys = list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
    if not keys or chance.random() < 0.02:
        return hostile(chance, MARK, [value], {"error": value})
    key = chance.choice(keys)
    if isinstance(value[key], dict | list) and value[key] and chance.random() < 0.75:
        value[key] = change(value[key], chance)
    else:
        chance.choice(CHANGES)(value, key, chance)
    return value


def hostile(chance, *others):
    """A value of its own: the next change may reach into it, and must not change the cases that follow."""
    return deepcopy(chance.choice([*HOSTILE, *others]))


def replace(value, key, chance):
    value[key] = hostile(chance)


def replace_raw(value, key, _chance):
    value[key] = MARK


def remove(value, key, _chance):
    del value[key]


def graft(value, key, chance):
    """What stands elsewhere in the same object comes here."""
    value[key] = value[chance.choice(list(value))] if isinstance(value, dict) else [value[key]]


def add(value, _key, chance):
    if isinstance(value, dict):
        value[chance.choice(("error", "index", "type", "id", "content", "delta", "done", ""))] = hostile(chance)
    else:
        value.append(hostile(chance))


CHANGES = [replace, replace, replace, replace_raw, remove, graft, add]
DAMAGES = [flip, cut_out, cut_off, double, insert, splice, shuffle, line_ends, *[change_document] * 6]


def dumped(document, chance):
    try:
        text = json.dumps(document, ensure_ascii=chance.random() < 0.5)
    except RecursionError:
        return b"{}"
    return text.replace(f'"{MARK}"', chance.choice(RAW)).encode("utf-8", "surrogatepass")


def tally(numbers):
    """How often each provider ended in which way."""
    return Counter(run(number) for number in numbers)
