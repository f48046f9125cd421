"""A parameter that a server refuses is renamed or left out and the request sent once more; the server's wish is kept.

Which parameters a model takes changes from model to model and from server to server, faster than any table. A refusal
with a 4xx costs nothing, so reacting to it is safe. What carries the meaning of a request is never left out.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Collection, Mapping
from dataclasses import replace
from threading import Lock
from typing import TypeAlias

from llm.framing import encode_json
from llm.types import JSON, HttpRequest, JSONObject

# A server names one parameter a refusal; three is what a reasoning model behind a strict gateway can object to at once.
MOST_REPAIRS = 3
MOST_REMEMBERED = 1024

_Wishes: TypeAlias = tuple[str, ...]

_OTHER_NAME = {"max_tokens": "max_completion_tokens", "max_completion_tokens": "max_tokens"}
# Left out, each of these leaves a request with the same meaning that is answered in the server's own manner.
_OPTIONAL = frozenset(
    {"temperature", "top_p", "top_k", "min_p", "stop", "stop_sequences", "seed", "n", "user", "metadata"}
    | {"presence_penalty", "frequency_penalty", "repetition_penalty", "logit_bias", "logprobs", "top_logprobs"}
    | {"stream_options", "parallel_tool_calls", "reasoning_effort", "reasoning", "think", "thinking", "verbosity"}
    | {"include", "prediction", "service_tier", *_OTHER_NAME}
)
# Refused for their value or for what stands beside them, so the next request may hold them.
_REFUSED_THIS_TIME = frozenset(
    {"temperature", "top_p", "stop", "logprobs", "top_logprobs", "reasoning_effort", "reasoning", "think", "thinking"}
)


class Repairs:
    """What the servers of this process have refused, by address and model. Safe from any thread."""

    def __init__(self) -> None:
        self._wishes: OrderedDict[tuple[str, str], _Wishes] = OrderedDict()
        self._lock = Lock()

    def applied(self, request: HttpRequest, model: str) -> HttpRequest:
        """The request as its server wants it, as far as is known."""
        with self._lock:
            wishes = self._wishes.get((request.url, model), ())
        for parameter in wishes:
            request = without(request, parameter, refused=wishes) or request
        return request

    def remember(self, request: HttpRequest, model: str, parameter: str) -> None:
        if parameter in _REFUSED_THIS_TIME:
            return
        with self._lock:
            known = self._wishes.pop((request.url, model), ())
            self._wishes[request.url, model] = known if parameter in known else (*known, parameter)
            if len(self._wishes) > MOST_REMEMBERED:
                self._wishes.popitem(last=False)


def without(request: HttpRequest, parameter: str, *, refused: Collection[str]) -> HttpRequest | None:
    """The request with `parameter` under its other name, or without it.

    None where it is not there, where the request would mean something else without it, or where it is a limit whose
    names are all `refused`: an answer without a limit may cost more than an error.
    """
    body = json.loads(request.body or b"null")
    if not isinstance(body, dict) or parameter not in body or parameter not in _OPTIONAL:
        return None
    changed = _changed(body, parameter, refused)
    return None if changed is None else replace(request, body=encode_json(changed))


def _changed(body: Mapping[str, JSON], parameter: str, refused: Collection[str]) -> JSONObject | None:
    rest = {name: value for name, value in body.items() if name != parameter}
    if parameter not in _OTHER_NAME:
        return rest
    other = _OTHER_NAME[parameter]
    return None if other in body or other in refused else rest | {other: body[parameter]}
