"""What a model is told of a tool's work: its result as text, or why there is none."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import fields, is_dataclass
from decimal import Decimal
from enum import Enum
from traceback import TracebackException

from llm.storable import storable
from llm.types import JSON

LONGEST_RESULT = 64 * 1024
LONGEST_FAILURE = 300
_MARK = "\n[cut: only the beginning of a result of {size} bytes is shown]"


def content_of(result: object) -> str:
    """Text as it is and anything else as JSON; of more than 64 KiB the beginning, and a mark that says so."""
    text = (
        result if isinstance(result, str) else json.dumps(result, ensure_ascii=False, allow_nan=False, default=_plain)
    )
    text = storable(text)
    encoded = text.encode()
    if len(encoded) <= LONGEST_RESULT:
        return text
    mark = _MARK.format(size=len(encoded))
    return encoded[: LONGEST_RESULT - len(mark)].decode(errors="ignore") + mark


def failure_of(error: BaseException) -> str:
    """Type and message on one line. An exception's own `__str__` may fail too; TracebackException outlives that."""
    message = " ".join(str(TracebackException(type(error), error, None)).split())
    line = storable(f"{type(error).__name__}: {message}" if message else type(error).__name__)
    return line if len(line) <= LONGEST_FAILURE else f"{line[:LONGEST_FAILURE]}…"


def _plain(value: object) -> JSON:
    match value:
        case Enum():
            return value.value
        case set() | frozenset():
            return list(value)
        case dt.date() | dt.time():
            return value.isoformat()
        case Decimal():
            return str(value)
        case _ if is_dataclass(value) and not isinstance(value, type):
            return {field.name: getattr(value, field.name) for field in fields(value)}
        case _:
            raise TypeError(f"a result of type {type(value).__name__} cannot be written as JSON")
