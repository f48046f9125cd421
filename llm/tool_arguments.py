"""Reads the arguments that a model wrote for a tool. What is wrong with them is said so that the model can mend it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from typing import NoReturn

from llm.shapes import Schema
from llm.types import JSON

# More than a model writes in one answer; a bound, because an error costs memory for each wrong element.
LONGEST_ARGUMENTS = 128 * 1024
MOST_PROBLEMS = 3
LONGEST_PROBLEM = 200


class ArgumentsError(ValueError):
    """A sentence for the model."""


def read_arguments(text: str, schema: Schema) -> dict[str, JSON]:
    """The object that `text` holds, if it fits `schema`. Some models write nothing where they mean no arguments."""
    value = _decoded(text.strip() or "{}")
    if not isinstance(value, dict):
        raise ArgumentsError("The arguments are not a JSON object. Send an object with the parameters by name.")
    try:
        found = list(islice(_problems(value, schema), MOST_PROBLEMS))
    except RecursionError:
        raise ArgumentsError("The arguments are nested too deeply. Send a simpler object.") from None
    if found:
        raise ArgumentsError(f"The arguments do not fit the tool's parameters. {'; '.join(found)}")
    return value


def _decoded(text: str) -> JSON:
    if len(text) > LONGEST_ARGUMENTS:
        raise ArgumentsError(f"The arguments are longer than {LONGEST_ARGUMENTS} characters. Send less at once.")
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise ArgumentsError(f"The arguments are not valid JSON: {error}. Send one JSON object.") from None
    except RecursionError:
        raise ArgumentsError("The arguments are nested too deeply. Send a simpler object.") from None
    except ValueError:  # Python reads no number of more than 4,300 digits
        raise ArgumentsError("The arguments hold something that is no number, or one with too many digits.") from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _problems(value: JSON, schema: Schema) -> Iterator[str]:
    from jsonschema import Draft202012Validator  # takes 75 ms, and only those who use tools need it
    from jsonschema.exceptions import best_match

    for error in Draft202012Validator(schema).iter_errors(value):
        closest = best_match([error]) or error  # of a union the alternative that was nearly met
        line = " ".join(f"{closest.json_path}: {closest.message}".split())
        yield line if len(line) <= LONGEST_PROBLEM else f"{line[:LONGEST_PROBLEM]}…"
