"""What a docstring says of a function and of its parameters, in Google's style (`Args:`) or Sphinx's (`:param x:`)."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

_PARAMETERS = re.compile(r"(Args|Arguments|Parameters|Attributes):\s*")
_OTHER_SECTION = re.compile(r"(Returns|Return|Yields|Raises|Examples?|Notes?|Warnings?|See Also|References|Todo):\s*")
_ENTRY = re.compile(r"\*{0,2}(?P<name>\w+)\s*(?:\([^)]*\))?\s*:\s*(?P<text>.*)")
_FIELD = re.compile(r":(?P<kind>\w+)\s*(?P<names>[^:]*):\s*(?P<text>.*)")

_PARAMETER_FIELDS = ("param", "parameter", "arg", "argument")


@dataclass(frozen=True, slots=True)
class Documentation:
    """`summary` is the prose before the first section: the part that tells a model what the function is for."""

    summary: str
    parameters: Mapping[str, str]


def documentation_of(documented: object) -> Documentation:
    lines = (inspect.getdoc(documented) or "").splitlines()
    end = next((number for number, line in enumerate(lines) if _begins_a_section(line)), len(lines))
    parameters = _joined(_google_entries(lines)) | _joined(_sphinx_fields(lines))
    return Documentation("\n".join(lines[:end]).strip(), parameters)


def _begins_a_section(line: str) -> bool:
    return any(pattern.fullmatch(line) for pattern in (_PARAMETERS, _OTHER_SECTION, _FIELD))


def _joined(pieces: Iterable[tuple[str | None, str]]) -> dict[str, str]:
    """Texts by name. A piece without a name continues the one before it; what belongs to no parameter is called ""."""
    texts: dict[str, list[str]] = {}
    name = ""
    for found, text in pieces:
        name = name if found is None else found
        texts.setdefault(name, []).append(text)
    return {name: " ".join(text).strip() for name, text in texts.items() if name}


def _google_entries(lines: list[str]) -> Iterator[tuple[str | None, str]]:
    block = list(_parameter_block(lines))
    indent = min((_indent(line) for line in block), default=0)
    for line in block:
        entry = _ENTRY.fullmatch(line.strip()) if _indent(line) == indent else None
        yield (entry["name"], entry["text"]) if entry else (None, line.strip())


def _parameter_block(lines: list[str]) -> Iterator[str]:
    inside = False
    for line in lines:
        if line and not line[0].isspace():
            inside = _PARAMETERS.fullmatch(line) is not None
        elif inside and line.strip():
            yield line


def _sphinx_fields(lines: list[str]) -> Iterator[tuple[str | None, str]]:
    """`:param x: text` or `:param int x: text`; indented lines continue it."""
    for line in lines:
        found = _FIELD.fullmatch(line)
        if found is not None:
            words = found["names"].split() if found["kind"] in _PARAMETER_FIELDS else []
            yield (words[-1] if words else "", found["text"])
        else:
            yield (None if line[:1].isspace() else "", line.strip())


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
