"""What every wire format of the scripted provider offers, and the few things that all of them write alike."""

import hashlib
import json
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from llm.testing.script import Script
from llm.types import JSON

BAD_KEY = "bad-key"
MISSING_MODEL = "missing-model"


@dataclass(frozen=True, slots=True)
class Frame:
    """Bytes of a stream; `token` if they count as one."""

    data: bytes
    token: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request. Header names are in lower case."""

    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: JSON = None

    @property
    def bearer(self) -> str:
        return self.headers.get("authorization", "").removeprefix("Bearer ")

    @property
    def keys(self) -> list[str]:
        """Every key that the request shows, in whichever header."""
        return [key for key in (self.headers.get("api-key"), self.headers.get("x-api-key"), self.bearer) if key]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a request is not served. `body` is sent as it is, in place of the one that the format would write."""

    status: int = 400
    message: str
    code: str = ""
    param: str | None = None
    body: JSON = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a request says about its answer, wherever its format says it. `schema` if JSON is wanted; {} is any."""

    streamed: bool
    limit: int | None = None
    schema: JSON = None


class Format(Protocol):
    @property
    def content_type(self) -> str: ...
    @property
    def broken_frame(self) -> bytes: ...
    def admission(self, asked: Asked) -> Iterator[Refusal]: ...
    def complaints(self, asked: Asked) -> Iterator[Refusal]: ...
    def missing(self, model: str) -> Refusal: ...
    def prompt(self, body: JSON) -> str: ...
    def tool_results(self, body: JSON) -> list[str]: ...
    def images(self, body: JSON) -> int: ...
    def wish(self, body: JSON) -> Wish: ...
    def frames(self, script: Script, body: JSON, tokens: list[str], *, cut: bool) -> Iterator[Frame]: ...
    def whole(self, script: Script, body: JSON, tokens: list[str], *, cut: bool) -> JSON: ...
    def refusal(self, refusal: Refusal) -> JSON: ...
    def error_frame(self, number: int = 0) -> bytes: ...


def event(data: JSON, name: str = "") -> bytes:
    line = f"event: {name}\n" if name else ""
    return f"{line}data: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


def parts_of(content: JSON) -> list[dict[str, JSON]]:
    """The parts of a message's content, which may be a string."""
    return content if isinstance(content, list) else [{"type": "text", "text": content or ""}]


def text_of(content: JSON) -> str:
    return "".join(part.get("text", "") for part in parts_of(content))


def count(parts: Iterable[Mapping[str, JSON]], kind: str) -> int:
    return sum(part.get("type") == kind for part in parts)


def words(*asked: JSON) -> int:
    return len(" ".join(str(part) for part in asked).split())


def first_without_answer(asked: Iterable[str], answered: Iterable[str]) -> str | None:
    known = set(answered)
    return next((name for name in asked if name not in known), None)


def signature_of(thoughts: str) -> str:
    """What proves that thoughts came back unchanged."""
    return b64encode(hashlib.sha256(thoughts.encode()).digest()).decode()
