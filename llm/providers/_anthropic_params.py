"""Parameters as the Messages API wants them. Only what it knows: any other field is a 400."""

from collections.abc import Mapping

from llm.errors import BadRequest
from llm.providers._anthropic_families import Family
from llm.types import JSON, JSONObject

# The format demands a limit; without one from the caller this leaves room for a long answer.
_DEFAULT_MAX_TOKENS = 8192
_EFFORTS = {"minimal": "low", "low": "low", "medium": "medium", "high": "high", "xhigh": "xhigh", "max": "max"}
# Thinking tokens for models that take a budget instead of an effort.
_BUDGETS = {"low": 2048, "medium": 8192}
_LARGEST_BUDGET, _SMALLEST_BUDGET = 16384, 1024
_TOOL_CHOICES = {"auto": "auto", "none": "none", "required": "any"}


def wire_params(family: Family, params: Mapping[str, JSON], *, sampling: bool) -> JSONObject:
    """`sampling`: whether the API's version takes temperature and its like."""
    thinking = _thinking(family, params.get("reasoning_effort"))
    thinks = thinking.get("thinking", {}).get("type") in ("enabled", "adaptive")
    body = thinking | _limit(family, params.get("max_tokens"), thinking) | _stop(params.get("stop"))
    body |= _format(params.get("response_format"), body.get("output_config", {}))
    if sampling and family.sampling and not thinks:
        body |= _sampling(family, params)
    return body


def tool_choice(family: Family, params: Mapping[str, JSON]) -> JSONObject:
    """For requests with tools. A model that thinks refuses to be forced, so it is left to choose."""
    choice = _choice(params.get("tool_choice"))
    thinks = family.always_thinks or bool(_thinking(family, params.get("reasoning_effort")))
    if choice.get("type") in ("any", "tool") and thinks:
        choice = {"type": "auto"}
    if params.get("parallel_tool_calls") is False and choice.get("type") != "none":
        choice = {"type": "auto"} | choice | {"disable_parallel_tool_use": True}
    return {"tool_choice": choice} if choice else {}


def _choice(wanted: JSON) -> JSONObject:
    if not isinstance(wanted, str) or not wanted:
        return {}
    known = _TOOL_CHOICES.get(wanted)
    return {"type": known} if known else {"type": "tool", "name": wanted}


def _limit(family: Family, wanted: JSON, thinking: JSONObject) -> JSONObject:
    """Thoughts count towards the limit, so a budget comes on top of what the caller wants to read, as far as the model
    writes as much."""
    limit = wanted or _DEFAULT_MAX_TOKENS
    budget = thinking.get("thinking", {}).get("budget_tokens", 0)
    if not budget or not isinstance(limit, int):
        return {"max_tokens": limit}
    budget = max(_SMALLEST_BUDGET, min(budget, family.most_tokens - limit))
    most = min(limit + budget, max(limit, family.most_tokens))
    return {"max_tokens": most, "thinking": {"type": "enabled", "budget_tokens": budget}}


def _thinking(family: Family, effort: JSON) -> JSONObject:
    named = _EFFORTS.get(effort) if isinstance(effort, str) else None
    if named is None or not family.thinking:
        return {}
    if family.thinking == "effort":
        return {"thinking": {"type": "adaptive", "display": "summarized"}, "output_config": {"effort": named}}
    return {"thinking": {"type": "enabled", "budget_tokens": _BUDGETS.get(named, _LARGEST_BUDGET)}}


def _sampling(family: Family, params: Mapping[str, JSON]) -> JSONObject:
    found = {name: params[name] for name in ("temperature", "top_p", "top_k") if params.get(name) is not None}
    if family.one_sampling and "temperature" in found:
        found.pop("top_p", None)
    return found


def _stop(stop: JSON) -> JSONObject:
    """Blank sequences are refused."""
    sequences = stop if isinstance(stop, list | tuple) else [stop]
    usable = [sequence for sequence in sequences if isinstance(sequence, str) and sequence.strip()]
    return {"stop_sequences": usable} if usable else {}


def _format(wanted: JSON, output_config: JSONObject) -> JSONObject:
    match wanted:
        case {"type": "json_schema", "json_schema": {"schema": dict(schema)}}:
            return {"output_config": output_config | {"format": {"type": "json_schema", "schema": schema}}}
        case {"type": "json_object"}:
            raise BadRequest("This provider writes JSON only to a schema. Give one with response_format json_schema.")
        case _:
            return {}
