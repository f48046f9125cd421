"""JSON documents that people hand in: what of them no database takes, or not every one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from llm.storable import storable

if TYPE_CHECKING:
    from collections.abc import Iterable

DEEPEST = 32


def document_problem(document: Any) -> str:
    """What is wrong with a document, with what to do; "" where nothing is."""
    level = [document]
    for _ in range(DEEPEST):
        if problem := next(filter(None, map(value_problem, level)), ""):
            return problem
        level = [inner for value in level for inner in inside(value)]
        if not level:
            return ""
    return f"This is nested more than {DEEPEST} levels deep."


def value_problem(value: Any) -> str:
    """SQLite takes some of this in silence, PostgreSQL none of it."""
    if isinstance(value, str) and storable(value) != value:
        return "A text holds a NUL character or half of a surrogate pair. Remove it."
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN and infinity are no JSON. Use another number."
    return ""


def inside(value: Any) -> Iterable[Any]:
    match value:
        case dict():
            return [*value, *value.values()]
        case list():
            return value
    return ()
