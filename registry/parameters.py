"""What a connection's options and a model's default parameters may hold, when entered and when used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from registry.errors import UnusableSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

# Whatever the format, these come from the row, the conversation or the call: a parameter must not replace them.
TAKEN = ("model", "messages", "input", "system", "instructions", "stream", "stream_options", "tools")
# Secrets have a field of their own, which is sealed.
SECRET = ("api_key", "authorization")
RESERVED = frozenset({*TAKEN, *SECRET})


def options_problem(options: object) -> str:
    """What is wrong with a connection's options, with what to do; "" where nothing is."""
    return "" if isinstance(options, dict) else 'Options are written like {"name": "value"}.'


def params_problem(params: object) -> str:
    """What is wrong with a model's default parameters, with what to do; "" where nothing is."""
    if not isinstance(params, dict):
        return 'Default parameters are written like {"temperature": 0.2}.'
    reserved = sorted(RESERVED.intersection(params))
    return f"Remove {', '.join(reserved)}: these cannot be default parameters." if reserved else ""


def usable_options(options: Any) -> Mapping[str, Any]:
    """Options as they are stored, or `UnusableSettings`: not every writer asks first."""
    if problem := options_problem(options):
        raise UnusableSettings(f"The options of this connection cannot be used. {problem}")
    return options


def usable_params(params: Any) -> Mapping[str, Any]:
    if problem := params_problem(params):
        raise UnusableSettings(f"The default parameters of this model cannot be used. {problem}")
    return params
