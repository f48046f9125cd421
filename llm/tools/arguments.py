"""Reads the arguments that a model wrote for a tool. What is wrong with them is said so that the model can mend it."""

from __future__ import annotations

from llm.framing import MalformedJSONError, decode_json
from llm.tools.shapes import Schema
from llm.tools.validation import problems
from llm.types import JSON

# More than a model writes in one answer.
LONGEST_ARGUMENTS = 128 * 1024


class ArgumentsError(ValueError):
    """A sentence for the model."""


def read_arguments(text: str, schema: Schema) -> dict[str, JSON]:
    """The object that `text` holds, if it fits `schema`. Some models write nothing where they mean no arguments."""
    value = _decoded(text.strip() or "{}")
    if not isinstance(value, dict):
        raise ArgumentsError("The arguments are not a JSON object. Send an object with the parameters by name.")
    try:
        found = problems(value, schema)
    except RecursionError:
        raise ArgumentsError("The arguments are nested too deeply. Send a simpler object.") from None
    if found:
        raise ArgumentsError(f"The arguments do not fit the tool's parameters. {'; '.join(found)}")
    return value


def _decoded(text: str) -> JSON:
    if len(text) > LONGEST_ARGUMENTS:
        raise ArgumentsError(f"The arguments are longer than {LONGEST_ARGUMENTS} characters. Send less at once.")
    try:
        return decode_json(text)
    except MalformedJSONError as error:
        raise ArgumentsError(f"The arguments are not valid JSON: {error}. Send one JSON object.") from None
