"""What the models of the vendor who made chat completions and Responses refuse, by the number in their name.

Written from the vendor's errors as of November 2026, and not from the table by which our provider avoids them.
"""

import re
from collections.abc import Iterator

from llm.testing.formats.base import Refusal
from llm.types import JSON

_NAME = re.compile(r"(?:ft:)?(?:gpt-(?P<major>\d+)(?:\.(?P<minor>\d+))?|o\d)(?P<rest>.*)")
_NEVER = ("stop", "presence_penalty", "frequency_penalty", "logit_bias", "prediction")
_SAMPLING = {"temperature": 1, "top_p": 1, "logprobs": False, "top_logprobs": 0}


def chat_complaints(model: str, body: JSON) -> Iterator[Refusal]:
    if (name := _NAME.match(model)) is None:
        return
    version = _version(name)
    if version < (5, 0):
        yield from _unrecognised(body)
        return
    for field in ("max_tokens", *_NEVER):
        if field in body:
            message = f"Unsupported parameter: '{field}' is not supported with this model."
            yield Refusal(message=message, code="unsupported_parameter", param=field)
    yield from _steering(version, name["rest"], body, body.get("reasoning_effort"), "reasoning_effort")
    yield from _tools(model, version, body)


def responses_complaints(model: str, body: JSON) -> Iterator[Refusal]:
    name = _NAME.match(model)
    effort = (body.get("reasoning") or {}).get("effort")
    if name and _version(name) >= (5, 0):
        yield from _steering(_version(name), name["rest"], body, effort, "reasoning.effort")
    elif name and "reasoning" in body:
        message = "Unsupported parameter: 'reasoning.effort' is not supported with this model."
        yield Refusal(message=message, code="unsupported_parameter", param="reasoning.effort")


def _version(name: re.Match[str]) -> tuple[int, int]:
    """Models whose name begins with an o reason as the fifth generation does; its chat models do not reason."""
    if name["rest"].startswith("-chat"):
        return (4, 0)
    return (int(name["major"]), int(name["minor"] or 0)) if name["major"] else (5, 0)


def _unrecognised(body: JSON) -> Iterator[Refusal]:
    if "reasoning_effort" in body:
        yield Refusal(message="Unrecognized request argument supplied: reasoning_effort")


def _steering(version: tuple[int, int], rest: str, body: JSON, effort: str | None, param: str) -> Iterator[Refusal]:
    """Efforts that the model knows, and sampling, which is free only while the model does not reason."""
    if effort is not None and effort not in (known := _efforts(version, rest)):
        message = f"Unsupported value: '{effort}' is not supported with this model. Supported values are: {known}."
        yield Refusal(message=message, code="unsupported_value", param=param)
    if (effort or _default(version)) == "none":
        return
    for field, only in _SAMPLING.items():
        if body.get(field, only) != only:
            message = f"Unsupported value: '{field}' does not support {body[field]} with this model."
            yield Refusal(message=message, code="unsupported_value", param=field)


def _tools(model: str, version: tuple[int, int], body: JSON) -> Iterator[Refusal]:
    """From 5.4 on next to an effort, from 5.6 on also next to the default one."""
    effort = body.get("reasoning_effort") or ("none" if version < (5, 6) else "default")
    if "tools" in body and version >= (5, 4) and effort != "none":
        message = f"Function tools with reasoning_effort are not supported for {model} in /v1/chat/completions."
        yield Refusal(message=message, param="reasoning_effort")


def _efforts(version: tuple[int, int], rest: str) -> list[str]:
    known = ["low", "medium", "high"]
    if version <= (5, 0):
        return ["minimal", *known]
    known += ["xhigh"] * (version >= (5, 2)) + ["max"] * (version >= (6, 0))
    always = version >= (6, 2) or (version >= (6, 0) and "-astra" in rest) or (version == (6, 1) and "-sol" in rest)
    return known if always else ["none", *known]


def _default(version: tuple[int, int]) -> str:
    return "none" if (5, 1) <= version < (5, 5) else "medium"
