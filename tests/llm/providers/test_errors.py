"""The tables of errors in the vendors' documents, row by row."""

import json

import pytest

from llm.errors import (
    BadCredentials,
    BadRequest,
    ContentFiltered,
    ContextTooLong,
    ModelNotFound,
    NotAnAPI,
    Overloaded,
    ProviderError,
    QuotaExceeded,
    RateLimited,
)
from llm.providers import PROVIDERS
from tests.llm import fuzz


def chat_error(status, error, headers=None):
    return PROVIDERS["openai"].error(status, headers or {}, json.dumps({"error": error}).encode())


def message_error(status, kind, message="", *, headers=None, details=None):
    error = {"type": kind, "message": message, "details": details}
    body = json.dumps({"type": "error", "error": error, "request_id": "req_1"}).encode()
    return PROVIDERS["anthropic"].error(status, headers or {}, body)


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (400, {"code": "context_length_exceeded", "message": "x"}, ContextTooLong),
        (400, {"code": "unsupported_parameter", "message": "max_tokens"}, BadRequest),
        (400, {"code": "unknown_parameter", "message": "x"}, BadRequest),
        (400, {"code": "content_policy_violation", "message": "x"}, ContentFiltered),
        (400, {"message": "Invalid prompt: it goes against our usage policy"}, ContentFiltered),
        (400, {"code": "string_above_max_length", "message": "too long"}, BadRequest),
        (401, {"code": "invalid_api_key", "type": "invalid_request_error", "message": "x"}, BadCredentials),
        (403, {"code": "unsupported_country_region_territory", "message": "x"}, BadCredentials),
        (404, {"code": "model_not_found", "message": "The model `x` does not exist"}, ModelNotFound),
        (404, {"message": "Invalid URL (POST /v1/x)", "type": "invalid_request_error"}, NotAnAPI),
        (408, {"message": "x"}, Overloaded),
        (409, {"message": "x"}, Overloaded),
        (413, {"message": "x"}, BadRequest),
        (422, {"message": "x"}, BadRequest),
        (429, {"code": "rate_limit_exceeded", "type": "tokens", "message": "x"}, RateLimited),
        (429, {"code": "insufficient_quota", "type": "insufficient_quota", "message": "x"}, QuotaExceeded),
        (429, {"message": "Request too large for m on TPM: Limit 1, Requested 2"}, ContextTooLong),
        (500, {"type": "server_error", "message": "x"}, Overloaded),
        (501, {"type": "not_supported_error", "code": 501, "message": "x"}, BadRequest),
        (503, {"message": "The engine is currently overloaded"}, Overloaded),
        (503, {"code": 503, "message": "Loading model", "type": "unavailable_error"}, Overloaded),
        (400, {"code": 400, "message": "x", "type": "exceed_context_size_error"}, ContextTooLong),
    ],
)
def test_statuses_and_codes_of_chat_completions(status, error, kind):
    found = chat_error(status, error)
    assert type(found) is kind
    assert found.status == status


@pytest.mark.parametrize(
    ("status", "kind", "message", "expected"),
    [
        (400, "invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum", ContextTooLong),
        (400, "invalid_request_error", "temperature: Extra inputs are not permitted", BadRequest),
        (400, "invalid_request_error", "Output blocked by content filtering policy", ContentFiltered),
        (400, "invalid_request_error", "You have reached your specified spend limit", QuotaExceeded),
        (401, "authentication_error", "invalid x-api-key", BadCredentials),
        (402, "billing_error", "x", QuotaExceeded),
        (403, "permission_error", "x", BadCredentials),
        (404, "not_found_error", "model: claude-3-opus-20240229", ModelNotFound),
        (409, "conflict_error", "x", Overloaded),
        (413, "request_too_large", "x", BadRequest),
        (500, "api_error", "x", Overloaded),
        (503, "api_error", "x", Overloaded),
        (504, "timeout_error", "x", Overloaded),
        (529, "overloaded_error", "Overloaded", Overloaded),
    ],
)
def test_statuses_and_types_of_messages(status, kind, message, expected):
    assert type(message_error(status, kind, message)) is expected


def test_a_rate_limit_says_how_long_to_wait():
    assert chat_error(429, {"message": "x"}, {"retry-after": "3"}).retry_after == 3
    assert chat_error(429, {"message": "x"}, {"retry-after-ms": "250"}).retry_after == 0.25
    assert message_error(429, "rate_limit_error", headers={"retry-after": "7"}).retry_after == 7


def test_a_limit_of_messages_without_a_time_is_the_monthly_one():
    assert type(message_error(429, "rate_limit_error")) is QuotaExceeded
    spent = {"error_code": "enforced_spend_limit_reached"}
    assert type(message_error(429, "rate_limit_error", headers={"retry-after": "7"}, details=spent)) is QuotaExceeded


@pytest.mark.parametrize(
    "message",
    [
        "This model's maximum context length is 32768 tokens. However, you requested 40000 tokens",
        "The decoder prompt (length 9) is longer than the maximum model length of 8",
        "request (9 tokens) exceeds the available context size (8 tokens), try increasing it",
        "`inputs` tokens + `max_new_tokens` must be <= 4096",
        "The input token count (9) exceeds the maximum number of tokens allowed (8).",
        "Please reduce the length of the messages. Current length is 9 while limit is 8",
        "The maximum input length is 8 tokens",
        "input tokens exceed the configured limit of 8 tokens",
    ],
)
def test_a_context_that_is_too_long_is_known_by_its_prose(message):
    assert type(chat_error(400, {"message": message})) is ContextTooLong


SHAPES = [
    {"error": {"message": "the reason", "type": "t", "param": None, "code": None}},
    {"error": "the reason"},
    {"error": {"message": json.dumps({"error": {"message": "the reason", "code": 400}})}},
    {"error": {"message": json.dumps({"message": "the reason"})}},
    {"object": "error", "message": "the reason", "code": 400},
    {"message": "the reason", "statusCode": 400},
    {"detail": "the reason"},
    {"detail": [{"loc": ["body"], "msg": "the reason", "type": "missing"}]},
    {"errors": ["the reason"]},
    {"errors": [{"message": "the reason"}]},
    {"error": "the reason", "error_type": "validation"},
    [{"error": {"message": "the reason", "status": "INVALID_ARGUMENT"}}],
    "the reason",
]


@pytest.mark.parametrize("name", PROVIDERS)
@pytest.mark.parametrize("shape", SHAPES, ids=json.dumps)
def test_every_shape_of_error_gives_up_its_sentence(name, shape):
    error = PROVIDERS[name].error(400, {}, json.dumps(shape).encode())
    assert error.message.endswith("It said: the reason")
    assert error.message.startswith("The provider refused")


def test_plain_text_is_quoted_and_a_web_page_is_not():
    assert PROVIDERS["vllm"].error(400, {}, b"no such thing").message.endswith("It said: no such thing")
    assert "It said" not in PROVIDERS["vllm"].error(400, {}, b"<html>no such thing</html>").message


def test_a_long_sentence_is_cut_and_stays_on_one_line():
    message = chat_error(400, {"message": "line\n\tnext\x00 " + "word " * 200}).message
    assert "line next" in message
    assert len(message) < 300
    assert message.endswith("…")


def test_the_words_of_an_error_cannot_change_a_clear_status():
    assert (
        type(chat_error(401, {"message": "maximum context length is 5", "code": "rate_limit_exceeded"}))
        is BadCredentials
    )
    assert type(chat_error(503, {"message": "prompt is too long"})) is Overloaded


def test_a_redirect_is_not_an_api():
    assert type(PROVIDERS["vllm"].error(307, {"location": "https://elsewhere.example/"}, b"")) is NotAnAPI


EVENTS = ["data: %s\n\ndata: [DONE]\n\n", "event: error\ndata: %s\n\n", "%s"]
LINES = ["%s\n", "%s"]


def framings(name):
    """How this provider's answers frame a JSON document: its undamaged ones show it."""
    return EVENTS if fuzz.reads_events(name) else LINES


def test_providers_of_both_framings_are_found():
    assert {name for name in PROVIDERS if framings(name) is EVENTS} >= {"anthropic", "openai", "vllm"}
    assert framings("ollama") is LINES


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        ({"error": {"message": "x", "type": "server_error", "param": None, "code": None}}, Overloaded),
        ({"error": {"message": "x", "type": "InternalServerError", "code": 500}}, Overloaded),
        ({"error": {"message": "x", "type": "BadRequestError", "code": 400}}, BadRequest),
        ({"error": {"message": "maximum context length is 5", "code": 400}}, ContextTooLong),
        ({"error": {"message": "x", "code": "insufficient_quota"}}, QuotaExceeded),
        ({"error": "the engine died"}, ProviderError),
        ({"detail": "the engine died"}, ProviderError),
        ({"object": "error", "message": "x", "code": 429}, RateLimited),
        ({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}, Overloaded),
        ({"type": "error", "error": {"type": "invalid_request_error", "message": "x"}}, BadRequest),
        ([{"error": {"code": 403, "message": "x", "status": "PERMISSION_DENIED"}}], BadCredentials),
    ],
    ids=repr,
)
@pytest.mark.parametrize(("name", "framing"), [(name, framing) for name in PROVIDERS for framing in framings(name)])
def test_gotcha_33_and_34_an_error_inside_an_answer_with_status_200(name, framing, data, kind):
    with pytest.raises(kind) as caught:
        list(PROVIDERS[name].parse([(framing % json.dumps(data)).encode()]))
    assert type(caught.value) is kind


def test_a_quote_is_cut_between_words_so_that_no_part_of_a_key_is_left():
    key = "0123456789abcdef" * 3
    for lead in range(80, 170):
        said = f"{'x' * lead} {key} is not a valid credential"
        message = PROVIDERS["vllm"].error(403, {}, json.dumps({"error": {"message": said}}).encode()).message
        assert key in message or "012345" not in message
