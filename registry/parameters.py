"""What a connection's options and a model's default parameters may hold, when entered and when used."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from registry.documents import document_problem
from registry.errors import UnusableSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

# Whatever the format, these come from the row, the conversation or the call: a parameter must not replace them.
TAKEN = ("model", "messages", "input", "system", "instructions", "stream", "stream_options", "tools")
# Secrets have a field of their own, which is sealed. Names such as max_tokens are none of these.
SECRET = re.compile(
    r"(x[-_])?(api|access|auth|secret|subscription)?[-_]?(key|token|secret|password|authorization|credentials?)",
    re.IGNORECASE,
)
LARGEST = 16_384  # characters of JSON


def options_problem(options: object) -> str:
    """What is wrong with a connection's options, with what to do; "" where nothing is."""
    if not isinstance(options, dict):
        return 'Options are written like {"name": "value"}.'
    return secrets_problem(options) or storage_problem(options)


def params_problem(params: object) -> str:
    """What is wrong with a model's default parameters, with what to do; "" where nothing is."""
    if not isinstance(params, dict):
        return 'Default parameters are written like {"temperature": 0.2}.'
    if taken := sorted(set(TAKEN).intersection(params)):
        return f"Remove {', '.join(taken)}: these cannot be default parameters."
    return secrets_problem(params) or storage_problem(params)


def secrets_problem(document: dict[str, Any]) -> str:
    found = sorted(filter(SECRET.fullmatch, document))
    return (
        f"Remove {', '.join(found)}: it would be stored in clear. Enter it as the API key or a header." if found else ""
    )


def secret_in_query(url: str) -> bool:
    return any(SECRET.fullmatch(name) or name == "sig" for name, _ in parse_qsl(urlsplit(url).query))


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
