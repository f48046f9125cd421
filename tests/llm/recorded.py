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
    def folder(self):
        return self.name.partition("/")[0]

    @property
    def call(self):
        return self.name.partition("/")[2]

    @property
    def provider(self):
        """A folder that is named like a provider is its own; any other is that of a server which speaks for several."""
        wires = {"messages": "anthropic", "responses": "openai"}
        return PROVIDERS[self.folder if self.folder in PROVIDERS else wires.get(self.call.partition("_")[0], "vllm")]

    @property
    def is_list(self):
        return self.call == "models"

    @property
    def is_sign_of_life(self):
        """What the server says of itself, to nobody who asked a model."""
        return self.call in ("health", "version")

    @property
    def is_cut(self):
        """Recorded only up to somewhere in its middle."""
        return self.call.startswith("cut")


def recorded(path):
    head, _, body = path.read_bytes().partition(b"\r\n\r\n")
    return Recorded(f"{path.parent.name}/{path.stem}", int(head.split()[1]), body)


EVERYTHING = [recorded(path) for path in sorted(STREAMS.glob("*/*.http"))]
SIGNS_OF_LIFE = [answer for answer in EVERYTHING if answer.is_sign_of_life]
OTHERS = [answer for answer in EVERYTHING if answer.is_list or answer.is_sign_of_life]
ANSWERS = [answer for answer in EVERYTHING if answer.status == 200 and answer not in OTHERS]
LISTS = [answer for answer in EVERYTHING if answer.is_list]
REFUSALS = [answer for answer in EVERYTHING if answer.status != 200]


def body_of(name):
    return next(answer.body for answer in EVERYTHING if answer.name == name)
