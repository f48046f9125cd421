"""Looks into JSON of a stranger, which holds what is asked for or anything else."""

from llm.types import JSON, JSONObject

_MOST_TOKENS = 2**31 - 1


def text_of(value: JSON) -> str:
    return value if isinstance(value, str) else ""


def dicts_in(values: JSON) -> list[JSONObject]:
    """The objects of a list; none for anything else."""
    return [value for value in values if isinstance(value, dict)] if isinstance(values, list) else []


def rows_in(document: JSON, field: str) -> list[JSONObject]:
    return dicts_in(document.get(field)) if isinstance(document, dict) else []


def ids_in(document: JSON) -> list[str]:
    """The ids of a list of models, `{"data": [{"id": ...}]}`."""
    named = [name for row in rows_in(document, "data") if isinstance(name := row.get("id"), str)]
    # Gemini lists "models/gemini-…" and takes the name without it.
    return list(dict.fromkeys([*named, *(name.removeprefix("models/") for name in named)]))


def tokens(counts: JSON, field: str) -> int:
    """A count that can be one: not negative, not NaN's cousins, not more than a database column holds."""
    value = counts.get(field) if isinstance(counts, dict) else None
    usable = isinstance(value, int | float) and 0 <= value <= _MOST_TOKENS
    return int(value) if usable and value is not None else 0
