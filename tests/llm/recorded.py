"""Answers of real servers, as stored in `streams/`."""

from dataclasses import dataclass
from pathlib import Path

from llm.providers import PROVIDERS

STREAMS = Path(__file__).parent / "streams"


@dataclass(frozen=True)
class Recorded:
    name: str
    status: int
    body: bytes

    @property
    def provider(self):
        wires = {"messages": "anthropic", "responses": "openai"}
        return PROVIDERS[wires.get(self.name.partition("/")[2].partition("_")[0], "vllm")]

    @property
    def is_list(self):
        return self.name.endswith("/models")


def recorded(path):
    head, _, body = path.read_bytes().partition(b"\r\n\r\n")
    return Recorded(f"{path.parent.name}/{path.stem}", int(head.split()[1]), body)


EVERYTHING = [recorded(path) for path in sorted(STREAMS.glob("*/*.http"))]
ANSWERS = [answer for answer in EVERYTHING if answer.status == 200 and not answer.is_list]
LISTS = [answer for answer in EVERYTHING if answer.is_list]
REFUSALS = [answer for answer in EVERYTHING if answer.status != 200]


def body_of(name):
    return next(answer.body for answer in EVERYTHING if answer.name == name)
