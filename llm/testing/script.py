"""What a prompt asks of the scripted provider: directives in double square brackets, as many as wanted.

[[tokens=50 rate=100]]      50 words, 100 a second; rate 0, the default, is as fast as possible
[[ttft=800]]                milliseconds before the first token
[[say=any text]]            exactly this text
[[markdown]]                headings, a list, a table and code
[[utf8split]]               text whose characters are cut in two by the writes
[[reason]]                  reasoning before the text
[[tool=NAME {"a": 1}]]      a call with these arguments, until its result has come; `[[always]]`: after that too
[[no_usage]]                no token counts
[[error=429 retry=3]]       a status, with Retry-After; `code=insufficient_quota` names the reason, and with
                            `times=1` only the first request with this prompt fails
[[body={"error": "busy"}]]  that refusal's body, word for word, in place of the one that the format would write
[[error_in_stream=5]]       an error event after 5 tokens; without a number after half of them
[[drop_after=20]]           a clean end of file after 20 tokens, without terminator
[[cut_after=20]]            the connection ends within the chunked body
[[reset_after=20]]          the connection is reset
[[hang_after=5]]            silence after 5 tokens, until the client leaves
[[hang]]                    not even headers
[[html]]                    a web page with status 200
[[malformed=30]]            30 events that are not JSON before the text; without a number one

A request that asks for JSON gets JSON, of its schema if it names one, unless the prompt says what the text is.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from llm.testing.sample import sample_of
from llm.types import JSON

Fault: TypeAlias = Literal["drop", "cut", "reset", "hang", "error"]

MULTIBYTE = "Grüße aus Zürich, 日本語, naïve café, 🌍🚀 and done."
MARKDOWN = """# A heading

Some **bold** words, `code` and a [link](https://example.org/).

## A list

- one
- two
  - two and a half

| name | tokens |
|------|-------:|
| a    |     10 |
| b    |    200 |

```python
def add(a: int, b: int) -> int:
    return a + b
```

The end.
"""
THOUGHT = "The user wants an answer, so I think about it first."
_DIRECTIVE = re.compile(r"\[\[(.*?)\]\](?!\])", re.DOTALL)
_TOOL = re.compile(r"tool=(?P<name>\S+)\s*(?P<arguments>\{.*\})?", re.DOTALL)
_OPTION = re.compile(r"(\w+)(?:=(\S+))?")
_WORD = re.compile(r"\S+\s*|\s+")


@dataclass(frozen=True, slots=True)
class Call:
    id: str
    name: str
    arguments: str

    @property
    def fragments(self) -> list[str]:
        return [self.arguments[start : start + 5] for start in range(0, len(self.arguments), 5)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """How one request is answered."""

    text: str
    calls: tuple[Call, ...]
    options: Mapping[str, str]
    refusal_body: JSON = None

    def has(self, option: str) -> bool:
        return option in self.options

    def number(self, option: str, default: float = 0) -> float:
        return float(self.options.get(option) or default)

    @property
    def tokens(self) -> list[str]:
        return _WORD.findall(self.text)

    @property
    def thoughts(self) -> list[str]:
        return _WORD.findall(THOUGHT) if self.has("reason") else []

    @property
    def broken_frames(self) -> int:
        return int(self.number("malformed", 1)) if self.has("malformed") else 0

    def fault_after(self, sent: int, total: int) -> Fault | None:
        """What goes wrong once `sent` of `total` tokens are out."""
        faults: tuple[Fault, ...] = ("drop", "cut", "reset", "hang")
        for fault in faults:
            if self.has(f"{fault}_after") and sent >= self.number(f"{fault}_after"):
                return fault
        after = self.number("error_in_stream", total // 2)
        return "error" if self.has("error_in_stream") and sent >= after else None

    def due(self, sent: int) -> float:
        """Seconds from the request to the next token. Counted from the start, so that delays do not add up."""
        rate = self.number("rate")
        return self.number("ttft") / 1000 + (sent / rate if rate else 0)


def read_script(prompt: str, tool_results: list[str], schema: JSON = None) -> Script:
    directives = _DIRECTIVE.findall(prompt)
    options = _options(directives)
    calls = _calls(directives) if not tool_results or "always" in options else ()
    text = _scripted_text(directives, options) or _reply(prompt, tool_results)
    if schema is not None and not _scripted_text(directives, options):
        text = json.dumps(sample_of(schema, text), ensure_ascii=False)
    return Script(text=text, calls=calls, options=options, refusal_body=_refusal_body(directives))


def expected_text(tokens: int) -> str:
    """The answer to `[[tokens=N]]`."""
    return " ".join(f"w{number}" for number in range(tokens))


def _options(directives: list[str]) -> dict[str, str]:
    plain = (directive for directive in directives if not directive.startswith(("say=", "tool=", "body=")))
    return dict(option for directive in plain for option in _OPTION.findall(directive))


def _calls(directives: list[str]) -> tuple[Call, ...]:
    found = [match for directive in directives if (match := _TOOL.fullmatch(directive))]
    return tuple(
        Call(f"call_{number}", match["name"], match["arguments"] or json.dumps({"city": "Oslo"}))
        for number, match in enumerate(found, start=1)
    )


def _refusal_body(directives: list[str]) -> JSON:
    bodies = [directive.removeprefix("body=") for directive in directives if directive.startswith("body=")]
    return json.loads(bodies[-1]) if bodies else None


def _scripted_text(directives: list[str], options: Mapping[str, str]) -> str:
    """The text that a directive names; "" if none does."""
    said = [directive.removeprefix("say=") for directive in directives if directive.startswith("say=")]
    if said:
        return said[-1]
    if "markdown" in options:
        return MARKDOWN
    if "tokens" in options:
        return expected_text(int(options["tokens"]))
    return MULTIBYTE if "utf8split" in options else ""


def _reply(prompt: str, tool_results: list[str]) -> str:
    if tool_results:
        return f"The tool said: {tool_results[-1][:200]}"
    return f"You said: {_DIRECTIVE.sub('', prompt).strip()[:200] or 'nothing'}"
