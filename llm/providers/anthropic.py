"""Anthropic's Messages API, and what each family of its models accepts (as of November 2026)."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

from llm.errors import LLMError, QuotaExceeded, RateLimited
from llm.providers._address import endpoint, headers
from llm.providers._anthropic_messages import system_text, wire_messages, wire_tool
from llm.providers._anthropic_stream import parse
from llm.providers._base import ModelList
from llm.providers._errors import error_of
from llm.providers._openai_chat import ids_in
from llm.types import JSON, ChatRequest, Event, HttpRequest, ModelConfig

Body: TypeAlias = dict[str, JSON]
Version: TypeAlias = tuple[int, int]

# The format demands a limit; without one from the caller this leaves room for a long answer.
DEFAULT_MAX_TOKENS = 8192
# "2026-10-21" refuses sampling parameters for every model, so models that take them are asked under the older version.
OLD_API, NEW_API = "2023-06-01", "2026-10-21"
LAST_WITH_SAMPLING: Version = (4, 6)
FIRST_WITH_EFFORT: Version = (4, 6)
FIRST_WITH_BUDGET: Version = (3, 7)
# Since Claude 4.1 temperature and top_p together are a 400.
FIRST_WITH_ONE_SAMPLING: Version = (4, 1)
EFFORTS = ("low", "medium", "high", "xhigh", "max")
# Thinking tokens for models that take a budget instead of an effort; 1024 is the smallest that is accepted.
BUDGETS = {"low": 2048, "medium": 8192, "high": 16384}
# claude-opus-4-5-20251101, claude-3-5-sonnet-20241022, claude-sonnet-5: at most two digits, or it is a date.
_NAME = re.compile(r"claude-(?:[a-z]+-)?(\d{1,2})(?!\d)(?:-(\d{1,2})(?!\d))?")


def version_of(model: str) -> Version | None:
    """The number in a model's name; None for a model of another make behind a server that speaks this format."""
    found = _NAME.search(model)
    return (int(found[1]), int(found[2] or 0)) if found else None


def api_version(model: str) -> str:
    return OLD_API if takes_sampling(model) else NEW_API


def takes_sampling(model: str) -> bool:
    version = version_of(model)
    return version is None or version <= LAST_WITH_SAMPLING


class Anthropic:
    label = "Anthropic"
    icon = "p-anthropic"
    base_url = "https://api.anthropic.com"
    url_env = ""
    key_env = "ANTHROPIC_API_KEY"
    needs_key = True

    def build(self, config: ModelConfig, request: ChatRequest) -> HttpRequest:
        body = _conversation(config, request) | _params(config.model, {**config.params, **request.params})
        return HttpRequest(
            method="POST",
            url=endpoint(config.base_url or self.base_url, "messages"),
            headers=_headers(config),
            body=json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace"),
        )

    def parse(self, chunks: Iterable[bytes]) -> Iterator[Event]:
        return parse(chunks)

    def models(self, config: ModelConfig) -> ModelList:
        """The list names dated models; their aliases work too."""
        url = f"{endpoint(config.base_url or self.base_url, 'models')}?limit=1000"
        request = HttpRequest(method="GET", url=url, headers=_headers(config))
        return ModelList(request=request, names=ids_in, is_complete=False)

    def error(self, status: int, headers: Mapping[str, str], body: bytes) -> LLMError:
        error = error_of(status, headers, body)
        # Without a time to wait it is the monthly limit of the account's tier.
        if isinstance(error, RateLimited) and error.retry_after is None:
            return QuotaExceeded(status=status)
        return error


def _headers(config: ModelConfig) -> dict[str, str]:
    return {"anthropic-version": api_version(config.model)} | headers(config, key_header="x-api-key")


def _conversation(config: ModelConfig, request: ChatRequest) -> Body:
    body: Body = {"model": config.model, "messages": wire_messages(request.messages), "stream": request.stream}
    if system := system_text(request.messages):
        body["system"] = system
    if request.tools:
        body["tools"] = [wire_tool(tool) for tool in request.tools]
    return body


def _params(model: str, params: Mapping[str, JSON]) -> Body:
    """Only what is known here: a field that the vendor does not know is a 400."""
    thinking = _thinking(model, params.get("reasoning_effort"))
    budget = thinking.get("thinking", {}).get("budget_tokens", 0)
    limit = params.get("max_tokens") or DEFAULT_MAX_TOKENS
    # Thoughts count towards the limit, and thinking with a budget tolerates no sampling.
    limits: Body = {"max_tokens": limit + budget if isinstance(limit, int) else limit}
    return limits | thinking | _stop(params.get("stop")) | ({} if budget else _sampling(model, params))


def _thinking(model: str, effort: JSON) -> Body:
    version = version_of(model)
    if version is None or effort not in EFFORTS:
        return {}
    if version >= FIRST_WITH_EFFORT:
        adaptive = {"type": "adaptive", "display": "summarized"}
        return {"thinking": adaptive, "output_config": {"effort": effort}}
    if version < FIRST_WITH_BUDGET:
        return {}
    return {"thinking": {"type": "enabled", "budget_tokens": BUDGETS.get(effort, BUDGETS["high"])}}


def _sampling(model: str, params: Mapping[str, JSON]) -> Body:
    if not takes_sampling(model):
        return {}
    found = {name: params[name] for name in ("temperature", "top_p") if params.get(name) is not None}
    version = version_of(model)
    if "temperature" in found and version is not None and version >= FIRST_WITH_ONE_SAMPLING:
        found.pop("top_p", None)
    return found


def _stop(stop: JSON) -> Body:
    """Blank sequences are refused."""
    sequences = stop if isinstance(stop, list | tuple) else [stop]
    usable = [sequence for sequence in sequences if isinstance(sequence, str) and sequence.strip()]
    return {"stop_sequences": usable} if usable else {}


provider = Anthropic()
