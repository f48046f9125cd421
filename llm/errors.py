"""Why a call to a model failed. A message is a sentence that is safe to show, says what to do and never holds a key.

LLMError
├── BadRequest
│   ├── ContextTooLong
│   └── UnknownProvider
├── BadCredentials
├── Blocked
├── Cancelled
├── ContentFiltered
├── ModelNotFound
├── Overloaded
├── ProviderError
│   └── NotAnAPI
├── QuotaExceeded
├── RateLimited
├── TimedOut
├── Truncated
└── Unreachable
    └── Untrusted
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llm.types import Usage


class LLMError(Exception):
    """`code` is stable. `retryable`: the same request may succeed later, and nothing was generated yet.

    `retry_after` is what the provider asked to wait, in seconds; None where it did not say. `unanswered`: the whole
    request had gone out, and not even the head of an answer came, so that nobody knows what was done with it.
    `usage` is what the provider had counted of an answer that broke off.
    """

    code = "llm_error"
    retryable = False
    unanswered = False
    usage: Usage | None = None
    default_message = "The model could not answer."

    def __init__(self, message: str = "", *, status: int | None = None, retry_after: float | None = None) -> None:
        self.message = message or self.default_message
        self.status = status
        self.retry_after = retry_after
        super().__init__(self.message)


class BadRequest(LLMError):
    """`parameter` is the field of the request that the provider refused, "" where it named none."""

    code = "bad_request"
    default_message = "The provider refused the request. Check the model's parameters."

    def __init__(
        self, message: str = "", *, status: int | None = None, retry_after: float | None = None, parameter: str = ""
    ) -> None:
        super().__init__(message, status=status, retry_after=retry_after)
        self.parameter = parameter


class ContextTooLong(BadRequest):
    code = "context_too_long"
    default_message = (
        "The conversation is longer than this model can read. "
        "Start a new chat or pick a model with a larger context window."
    )


class UnknownProvider(BadRequest):
    code = "unknown_provider"
    default_message = (
        "This connection names a provider that is not installed. Edit the connection and choose one from the list."
    )


class BadCredentials(LLMError):
    code = "bad_credentials"
    default_message = "The provider rejected the key. Enter a valid key for this connection."


class Blocked(LLMError):
    """`detail` says why, for logs only: shown to people it would turn the site into a port scanner."""

    code = "endpoint_not_allowed"
    default_message = (
        "This address may not be reached from here. Use a public https address, or ask an administrator to allow it."
    )

    def __init__(self, message: str = "", *, detail: str = "") -> None:
        super().__init__(message)
        self.detail = detail


class Cancelled(LLMError):
    """The caller ended the call; not a failure of the provider."""

    code = "cancelled"
    default_message = "The call was cancelled."


class ContentFiltered(LLMError):
    code = "content_filtered"
    default_message = "The provider's content filter refused this request. Rephrase it or pick another model."


class ModelNotFound(LLMError):
    code = "model_not_found"
    default_message = "The provider does not know this model id. Check the spelling, or whether the model was retired."


class Overloaded(LLMError):
    code = "overloaded"
    retryable = True
    default_message = "The provider is overloaded. Try again in a moment or pick another model."


class ProviderError(LLMError):
    code = "provider_error"
    default_message = "The provider reported an error. Try again, or pick another model."


class NotAnAPI(ProviderError):
    code = "not_an_llm_api"
    default_message = "The address answered, but not as an LLM API. Check the base URL; most end in /v1."


class QuotaExceeded(LLMError):
    code = "quota_exceeded"
    default_message = "The account behind this key has no credit left. Top it up at the provider or pick another model."


class RateLimited(LLMError):
    code = "rate_limited"
    retryable = True
    default_message = "The provider's rate limit is reached. Wait a moment and try again."


class TimedOut(LLMError):
    code = "timed_out"
    default_message = "The provider did not answer in time. Try again or pick another model."


class Truncated(LLMError):
    code = "truncated"
    default_message = (
        "The connection ended before the answer was complete. What arrived is kept; try again for a full answer."
    )


class Unreachable(LLMError):
    code = "unreachable"
    retryable = True
    default_message = "The provider cannot be reached. Check that the address is right and that the server is running."


class Untrusted(Unreachable):
    """Not retryable: it will be the same certificate."""

    code = "untrusted_certificate"
    retryable = False
    default_message = "The provider's TLS certificate cannot be trusted, or it does not speak https. Check the address."


def is_retryable(code: str) -> bool:
    """What `retryable` was on the error with this code, for whoever kept the code alone."""
    return any(error.code == code and error.retryable for error in _descendants(LLMError))


def _descendants(error: type[LLMError]) -> list[type[LLMError]]:
    return [error, *(each for child in error.__subclasses__() for each in _descendants(child))]
