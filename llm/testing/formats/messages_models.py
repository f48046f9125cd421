"""What the models of the vendor who made Messages refuse, by the number in their name, as of November 2026."""

import re
from collections.abc import Iterator

from llm.testing.formats.base import Refusal
from llm.types import JSON

# A name's number has one or two digits; more are a date.
_NAME = re.compile(r"claude-(?:[a-z]+-)?(?P<major>\d{1,2})(?!\d)(?:-(?P<minor>\d{1,2})(?!\d))?")


def complaints(model: str, body: JSON) -> Iterator[Refusal]:
    if (name := _NAME.match(model)) is None:
        return
    version = (int(name["major"]), int(name["minor"] or 0))
    yield from _sampling(version, body)
    if version >= (4, 7) and (body.get("thinking") or {}).get("type") == "enabled":
        yield Refusal(message='"thinking.type.enabled" is not supported for this model. Use "thinking.type.adaptive".')
    if version < (4, 5) and "effort" in (body.get("output_config") or {}):
        yield Refusal(message="This model does not support the effort parameter.")
    if version >= (4, 6) and body["messages"][-1]["role"] == "assistant":
        yield Refusal(message="This model does not support assistant message prefill.")


def _sampling(version: tuple[int, int], body: JSON) -> Iterator[Refusal]:
    if version >= (4, 7):
        for name in {"temperature", "top_p", "top_k"} & set(body):
            yield Refusal(message=f"`{name}` is deprecated for this model.")
    if version >= (4, 1) and {"temperature", "top_p"} <= set(body):
        yield Refusal(message="`temperature` and `top_p` cannot both be specified for this model.")
