"""Which error a refusal is. The status decides first, then the server's own code, and its prose only where neither can:
most servers say that a context is too long with a plain 400."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from llm.errors import (
    BadCredentials,
    BadRequest,
    ContentFiltered,
    ContextTooLong,
    LLMError,
    ModelNotFound,
    NotAnAPI,
    Overloaded,
    ProviderError,
    QuotaExceeded,
    RateLimited,
)
from llm.providers._faults import Fault, fault_in, fault_in_body
from llm.providers._refused import refused_parameter
from llm.retry import parse_retry_after
from llm.types import JSON, Usage

_CODES: dict[str, type[LLMError]] = {
    "authentication_error": BadCredentials,
    "invalid_api_key": BadCredentials,
    "permission_error": BadCredentials,
    "billing_error": QuotaExceeded,
    "contract_spend_limit_reached": QuotaExceeded,
    "enforced_spend_limit_reached": QuotaExceeded,
    "insufficient_quota": QuotaExceeded,
    "ramp_limit_exceeded": QuotaExceeded,
    "bio_policy": ContentFiltered,
    "content_filter": ContentFiltered,
    "content_policy_violation": ContentFiltered,
    "image_content_policy_violation": ContentFiltered,
    "misalignment_policy_violation": ContentFiltered,
    "responsibleaipolicyviolation": ContentFiltered,
    "context_length_exceeded": ContextTooLong,
    "exceed_context_size_error": ContextTooLong,
    "invalid_prompt": BadRequest,
    "invalid_request_error": BadRequest,
    "deploymentnotfound": ModelNotFound,
    "model_not_found": ModelNotFound,
    "model_not_supported": ModelNotFound,
    "not_found_error": ModelNotFound,
    "notfounderror": ModelNotFound,
    "api_error": Overloaded,
    "internalservererror": Overloaded,
    "overloaded_error": Overloaded,
    "server_error": Overloaded,
    "timeout_error": Overloaded,
    "unavailable_error": Overloaded,
    "rate_limit_error": RateLimited,
    "rate_limit_exceeded": RateLimited,
    "ratelimitreached": RateLimited,
}
_STATUSES: dict[int, type[LLMError]] = {
    401: BadCredentials,
    402: QuotaExceeded,
    403: BadCredentials,
    404: ModelNotFound,
    405: NotAnAPI,
    408: Overloaded,
    409: Overloaded,
    424: Overloaded,
    425: Overloaded,
    429: RateLimited,
}
# Sentences for statuses whose class says something too narrow.
_SENTENCES: dict[int, str] = {
    403: "The provider does not let this key use this model. Check the key's permissions or pick another model.",
    405: "The address does not take chat requests. Check the base URL; most end in /v1.",
    408: "The provider gave up waiting for the request. Try again in a moment.",
    409: "The provider is busy with a conflicting request. Try again in a moment.",
    413: "The request is larger than the provider takes. Start a new chat or send smaller images.",
    424: "Something that the provider depends on failed. Try again in a moment.",
    425: "The provider is not ready yet. Try again in a moment.",
    500: "The provider had an internal error. Try again in a moment or pick another model.",
    501: "The provider does not support this kind of request. Check the model's parameters.",
    504: "The provider did not answer in time. Try again in a moment or pick another model.",
}
# What each may refine: a 429 can be a matter of money, but no text turns a 401 into a bad request.
_REFINED_BY_CODE: dict[type[LLMError], tuple[type[LLMError], ...]] = {
    BadCredentials: (QuotaExceeded, ModelNotFound, ContentFiltered),
    BadRequest: (ContextTooLong, ContentFiltered, ModelNotFound, QuotaExceeded, BadCredentials),
    RateLimited: (QuotaExceeded,),
}
_CONTEXT = re.compile(
    r"context_length_exceeded|maximum context length|prompt is too long|exceed(?:s the)? (?:maximum )?context limit"
    r"|maximum context limit|longer than the (?:model's context|maximum model) length"
    r"|exceeds the (?:available context size|context length)|longer than the context length"
    r"|input tokens exceed the configured limit|tokens \+ `?max_new_tokens`? must be"
    r"|`inputs` must have less than \d+ tokens"
    r"|exceeds the maximum number of tokens allowed|requested token count exceeds"
    r"|current length is \d+ while limit is|maximum input length is \d+ tokens",
    re.IGNORECASE,
)
_FILTER = re.compile(r"content filtering policy|usage policy|content management policy", re.IGNORECASE)
_SPENT = re.compile(r"credit balance is too low|spend(?:ing)? limit|usage limits?\b.*reached", re.IGNORECASE)
_TOO_LARGE = re.compile(r"request too large", re.IGNORECASE)
_WRONG_PATH = re.compile(
    r"^(?:resource )?not found$|invalid url|page not found|unknown (?:url|path|request url)", re.IGNORECASE
)


def error_of(
    status: int, headers: Mapping[str, str], body: bytes, *, hints: Mapping[type[LLMError], str] | None = None
) -> LLMError:
    """The error that an answer with this status means, and in which it is kept.

    `hints` are sentences of a vendor with better advice.
    """
    fault = fault_in_body(body)
    plain = _by_status(status, fault)
    kind = _refined(plain, fault)
    ours = _SENTENCES.get(status, kind.default_message) if kind is plain else kind.default_message
    ours = (hints or {}).get(kind, ours)
    # A rejected key is not quoted: servers echo parts of it.
    message = ours if status == 401 or kind is NotAnAPI else _with_quote(ours, fault)
    if kind is BadRequest:
        return BadRequest(message, status=status, parameter=refused_parameter(body))
    named = parse_retry_after(headers)
    wait = fault.seconds_to_wait() if named is None else named
    return kind(message, status=status, retry_after=wait if kind.retryable else None)


@contextmanager
def telling_usage(counted: Callable[[], Usage | None]) -> Iterator[None]:
    """An error that ends an answer tells what its provider had counted of it."""
    try:
        yield
    except LLMError as error:
        error.usage = counted()
        raise


def error_in_stream(document: Mapping[str, JSON]) -> LLMError | None:
    """The error that an event of a running answer reports, None if it reports none."""
    fault = fault_in(document)
    if fault is None:
        return None
    kind = _refined(_by_code(fault), fault)
    message = kind.default_message if kind is BadCredentials else _with_quote(kind.default_message, fault)
    return RateLimited(message, retry_after=fault.seconds_to_wait()) if kind is RateLimited else kind(message)


def _with_quote(ours: str, fault: Fault) -> str:
    quote = fault.quote()
    return f"{ours} It said: {quote}" if quote else ours


def _by_status(status: int, fault: Fault) -> type[LLMError]:
    if status == 404 and (not fault.message or _WRONG_PATH.search(fault.message)):
        return NotAnAPI
    if status == 429 and _TOO_LARGE.search(fault.message):
        return ContextTooLong
    if (status == 429 and "overloaded" in fault.codes) or (status >= 500 and status != 501):
        return Overloaded
    return _STATUSES.get(status, NotAnAPI if 300 <= status < 400 else BadRequest)


def _by_code(fault: Fault) -> type[LLMError]:
    named = next((_CODES[code] for code in fault.codes if code in _CODES), None)
    number = next((int(code) for code in fault.codes if code.isdecimal() and 400 <= int(code) < 600), None)
    if named is None and number is not None:
        return _by_status(number, fault)
    return named or ProviderError


def _refined(kind: type[LLMError], fault: Fault) -> type[LLMError]:
    """A kind that the status left open, settled by the server's code, or by its prose where it has no code for it."""
    allowed = _REFINED_BY_CODE.get(kind, ())
    for code in fault.codes:
        if _CODES.get(code) in allowed:
            return _CODES[code]
    if kind is BadRequest:
        return _by_prose(fault.message)
    return kind


def _by_prose(message: str) -> type[LLMError]:
    if _CONTEXT.search(message):
        return ContextTooLong
    if _FILTER.search(message):
        return ContentFiltered
    return QuotaExceeded if _SPENT.search(message) else BadRequest
