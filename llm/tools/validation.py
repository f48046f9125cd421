"""Whether a JSON value fits a schema of ours, and what is wrong if it does not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import islice
from typing import Any

from llm.types import JSON

MOST_PROBLEMS = 3
LONGEST_PROBLEM = 200


def fits(value: JSON, schema: Mapping[str, JSON]) -> bool:
    return bool(_validator()(schema).is_valid(value))


def problems(value: JSON, schema: Mapping[str, JSON]) -> list[str]:
    """The first few, each on a line with its path; none if it fits. Of a union the alternative that was nearly met."""
    from jsonschema.exceptions import best_match

    errors = islice(_validator()(schema).iter_errors(value), MOST_PROBLEMS)
    return [_line(best_match([error]) or error) for error in errors]


def _line(error: Any) -> str:
    line = " ".join(f"{error.json_path}: {error.message}".split())
    return line if len(line) <= LONGEST_PROBLEM else f"{line[:LONGEST_PROBLEM]}…"


@cache
def _validator() -> Any:
    """Imported when it is used: that takes 75 ms, and only those who use tools need it."""
    from jsonschema import Draft202012Validator
    from jsonschema.validators import extend

    return extend(Draft202012Validator, {"anyOf": _any_of})  # type: ignore[no-untyped-call]  # as its stubs are


def _any_of(validator: Any, alternatives: Sequence[JSON], value: JSON, _schema: JSON) -> Iterator[Any]:
    """The library's own collects every error of every alternative: 280 MiB for 128 KiB of wrong elements."""
    from jsonschema import ValidationError

    if any(validator.evolve(schema=alternative).is_valid(value) for alternative in alternatives):
        return
    context = [
        error
        for position, alternative in enumerate(alternatives)
        for error in islice(validator.descend(value, alternative, schema_path=position), MOST_PROBLEMS)
    ]
    yield ValidationError(f"{value!r} fits none of the alternatives", context=context)
