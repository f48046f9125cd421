"""What each family of OpenAI's models accepts, wherever it is served (as of November 2026). Data, and its look-up."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from llm.types import JSON

_EFFORTS = ("low", "medium", "high")
_SAMPLING = ("temperature", "top_p", "logprobs", "top_logprobs")
# Refused by every family that can reason, also while it does not.
_REFUSED_BY_REASONERS = ("stop", "presence_penalty", "frequency_penalty", "logit_bias", "prediction")
# "gpt-5.6-sol", "o4-mini", "ft:gpt-5-mini:team::id": the number decides, because prefixes break with the next.
_NAME = re.compile(r"^(?:ft:)?(?P<line>gpt-|o)(?P<major>\d+)(?:\.(?P<minor>\d+))?(?:-(?P<variant>[a-z]+))?")
# "This model is only supported in v1/responses and not in v1/chat/completions": gpt-5-pro, o3-pro, gpt-5.1-codex-mini.
_ONLY_ON_RESPONSES = ("codex", "pro")
# Chat completions answers it with a 400 for models that take it on Responses.
_EFFORT_ONLY_ON_RESPONSES = "max"


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Models from version `since` on, up to the next row; of one `variant` where the row names one."""

    line: str = "gpt-"
    since: tuple[int, int]
    variant: str = ""
    efforts: tuple[str, ...] = ()
    default_effort: str = "medium"
    tools_or_reasoning: bool = False
    """On chat completions: function tools beside any effort but "none", the default too, are a 400."""

    @property
    def is_reasoner(self) -> bool:
        return bool(self.efforts)

    def effort(self, params: Mapping[str, JSON]) -> str:
        """The effort that was asked for, if the family takes it; else "", which leaves it to the model."""
        asked = params.get("reasoning_effort")
        return asked if isinstance(asked, str) and asked in self.efforts else ""

    def reasons(self, params: Mapping[str, JSON]) -> bool:
        return (self.effort(params) or self.default_effort) != "none"

    def refused(self, params: Mapping[str, JSON]) -> set[str]:
        """Parameters that both formats must not send. Sampling can be steered only while the model does not reason."""
        refused = set() if self.effort(params) else {"reasoning_effort"}
        if self.is_reasoner:
            refused |= set(_REFUSED_BY_REASONERS)
        return refused | set(_SAMPLING) if self.reasons(params) else refused


# A later row that fits wins.
_FAMILIES = (
    Family(since=(0, 0), default_effort="none"),
    Family(line="o", since=(1, 0), efforts=_EFFORTS),
    Family(since=(5, 0), efforts=("minimal", *_EFFORTS)),
    Family(since=(5, 1), efforts=("none", *_EFFORTS), default_effort="none"),
    Family(since=(5, 2), efforts=("none", *_EFFORTS, "xhigh"), default_effort="none"),
    Family(since=(5, 4), efforts=("none", *_EFFORTS, "xhigh"), default_effort="none", tools_or_reasoning=True),
    Family(since=(5, 5), efforts=("none", *_EFFORTS, "xhigh"), tools_or_reasoning=True),
    Family(since=(6, 0), efforts=("none", *_EFFORTS, "xhigh", "max"), tools_or_reasoning=True),
    # These know no "none".
    Family(since=(6, 0), variant="astra", efforts=(*_EFFORTS, "xhigh", "max"), tools_or_reasoning=True),
    Family(since=(6, 1), variant="sol", efforts=(*_EFFORTS, "xhigh", "max"), tools_or_reasoning=True),
    Family(since=(6, 2), efforts=(*_EFFORTS, "xhigh", "max"), tools_or_reasoning=True),
)


def family_of(model: str) -> Family | None:
    """The family to which a model belongs; None for a name that says nothing, about which nothing is assumed."""
    name = _NAME.match(model)
    if name is None:
        return None
    version = (int(name["major"]), int(name["minor"] or 0))
    fitting = [
        family
        for family in _FAMILIES
        if family.line == name["line"] and family.since <= version and family.variant in ("", name["variant"])
    ]
    return fitting[-1] if fitting else None


def needs_responses(model: str, params: Mapping[str, JSON], *, has_tools: bool) -> bool:
    """Whether chat completions would answer this with a 400, or only if the model did not think."""
    family, name = family_of(model), _NAME.match(model)
    if family is None or name is None:
        return False
    if name["variant"] in _ONLY_ON_RESPONSES or family.effort(params) == _EFFORT_ONLY_ON_RESPONSES:
        return True
    return has_tools and family.tools_or_reasoning and family.reasons(params)
