"""What a connection's options and a model's default parameters may hold, when entered and when used."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from registry.documents import document_problem
from registry.errors import UnusableSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

# Whatever the format, these come from the row, the conversation or the call: a parameter must not replace them.
TAKEN = ("model", "messages", "input", "system", "instructions", "stream", "stream_options", "tools")
# Secrets have a field of their own, which is sealed.
SECRET = ("api_key", "authorization")
RESERVED = frozenset({*TAKEN, *SECRET})
LARGEST = 16_384  # characters of JSON


def options_problem(options: object) -> str:
    """What is wrong with a connection's options, with what to do; "" where nothing is."""
    if not isinstance(options, dict):
        return 'Options are written like {"name": "value"}.'
    return storage_problem(options)


def params_problem(params: object) -> str:
    """What is wrong with a model's default parameters, with what to do; "" where nothing is."""
    if not isinstance(params, dict):
        return 'Default parameters are written like {"temperature": 0.2}.'
    reserved = sorted(RESERVED.intersection(params))
    if reserved:
        return f"Remove {', '.join(reserved)}: these cannot be default parameters."
    return storage_problem(params)


def storage_problem(document: dict[str, Any]) -> str:
    if problem := document_problem(document):
        return problem
    is_too_long = len(json.dumps(document, ensure_ascii=False)) > LARGEST
    return f"This is longer than {LARGEST:,} characters of JSON." if is_too_long else ""


def usable_options(options: Any) -> Mapping[str, Any]:
    """Options as they are stored, or `UnusableSettings`: not every writer asks first."""
    if problem := options_problem(options):
        raise UnusableSettings(f"The options of this connection cannot be used. {problem}")
    return options


def usable_params(params: Any) -> Mapping[str, Any]:
    if problem := params_problem(params):
        raise UnusableSettings(f"The default parameters of this model cannot be used. {problem}")
    return params
