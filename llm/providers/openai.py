"""OpenAI, and what each family of its models rejects on chat completions (as of November 2026)."""

import re
from dataclasses import dataclass

from llm.providers._openai_chat import Body, OpenAIChat

_EFFORTS = ("low", "medium", "high")
_REFUSED_BY_REASONERS = ("stop", "presence_penalty", "frequency_penalty", "logit_bias", "prediction")
_SAMPLING = ("temperature", "top_p", "logprobs", "top_logprobs")
# "gpt-5.6-sol", "o4-mini", "ft:gpt-5-mini:team::id": the number decides, because prefixes break with the next.
_NAME = re.compile(r"^(?:ft:)?(?P<line>gpt-|o)(?P<major>\d+)(?:\.(?P<minor>\d+))?(?:-(?P<variant>[a-z]+))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Reasoning models from version `since` on, up to the next row; of one `variant` where it names one."""

    line: str = "gpt-"
    since: tuple[int, int]
    variant: str = ""
    efforts: tuple[str, ...]
    default_effort: str = "medium"
    tools_need_no_effort: bool = False


# A later row that fits wins. Efforts as accepted on chat completions, "max" only where the family documents it.
FAMILIES = (
    Family(line="o", since=(1, 0), efforts=_EFFORTS),
    Family(since=(5, 0), efforts=("minimal", *_EFFORTS)),
    Family(since=(5, 1), efforts=("none", *_EFFORTS), default_effort="none"),
    Family(since=(5, 2), efforts=("none", *_EFFORTS, "xhigh"), default_effort="none"),
    # From 5.4 on function tools next to any effort but "none" are a 400, from 5.5 on even next to the default.
    Family(since=(5, 4), efforts=("none", *_EFFORTS, "xhigh"), default_effort="none", tools_need_no_effort=True),
    Family(since=(5, 5), efforts=("none", *_EFFORTS, "xhigh"), tools_need_no_effort=True),
    Family(since=(6, 0), efforts=("none", *_EFFORTS, "xhigh", "max"), tools_need_no_effort=True),
    # These know no "none": their tools work on the Responses API only.
    Family(since=(6, 0), variant="astra", efforts=(*_EFFORTS, "xhigh", "max")),
    Family(since=(6, 1), variant="sol", efforts=(*_EFFORTS, "xhigh", "max")),
    Family(since=(6, 2), efforts=(*_EFFORTS, "xhigh", "max")),
)


def family_of(model: str) -> Family | None:
    """The family of reasoning models to which a model belongs; None for older models and names of other makes."""
    name = _NAME.match(model)
    if name is None:
        return None
    version = (int(name["major"]), int(name["minor"] or 0))
    fitting = [
        family
        for family in FAMILIES
        if family.line == name["line"] and family.since <= version and family.variant in ("", name["variant"])
    ]
    return fitting[-1] if fitting else None


def fit(body: Body) -> Body:
    """The request without what its model answers with a 400."""
    family = family_of(str(body["model"]))
    return _without(body, {"reasoning_effort"}) if family is None else _fit_reasoner(body, family)


def _fit_reasoner(body: Body, family: Family) -> Body:
    effort = _effort(body, family)
    refused = {*_REFUSED_BY_REASONERS, "reasoning_effort"}
    # Sampling can be steered only while the model does not reason.
    if (effort or family.default_effort) != "none":
        refused |= set(_SAMPLING)
    return _without(body, refused) | ({"reasoning_effort": effort} if effort else {}) | {"messages": _developed(body)}


def _effort(body: Body, family: Family) -> str:
    if family.tools_need_no_effort and "tools" in body:
        return "none"
    effort = body.get("reasoning_effort")
    return effort if isinstance(effort, str) and effort in family.efforts else ""


def _developed(body: Body) -> list[Body]:
    """Reasoning models have a `developer` where others have a `system`."""
    return [message | {"role": "developer"} if message["role"] == "system" else message for message in body["messages"]]


def _without(body: Body, names: set[str]) -> Body:
    return {name: value for name, value in body.items() if name not in names}


provider = OpenAIChat(
    label="OpenAI",
    icon="p-openai",
    base_url="https://api.openai.com/v1",
    key_env="OPENAI_API_KEY",
    needs_key=True,
    max_tokens_field="max_completion_tokens",
    empty_content=None,
    fit=fit,
)
