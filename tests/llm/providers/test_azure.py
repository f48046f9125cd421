"""Azure OpenAI: deployments whose names say nothing, versions that know little, the content filter in all its forms."""

import json

import pytest

import llm
from llm.client import UnifiedLLMClient
from llm.errors import (
    BadCredentials,
    BadRequest,
    ContentFiltered,
    ContextTooLong,
    ModelNotFound,
    NotAnAPI,
    Overloaded,
    RateLimited,
)
from llm.providers import PROVIDERS
from llm.retry import NO_RETRY
from llm.secret import Secret
from llm.transport import Transport
from llm.types import ChatRequest, Finish, ModelConfig, TextDelta, ToolSpec, system, user
from tests.llm.providers.responses_wire import ANSWERS, stream
from tests.llm.wire import answer

HOST = "https://res.openai.azure.com"
TOOL = ToolSpec("weather", "The weather.", {"type": "object", "properties": {}})
TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJ4In0.c2lnbmF0dXJl"
DATED = "/openai/deployments/prod/chat/completions?api-version="
GA, PREVIEW = "2024-10-21", "2025-04-01-preview"
azure = PROVIDERS["azure"]


def asked(base_url=HOST, model="prod", *, tools=(), options=None, key="k" * 32, messages=(), **params):
    config = ModelConfig(provider="azure", model=model, base_url=base_url, api_key=Secret(key), options=options or {})
    return azure.build(config, ChatRequest(messages=messages or (user("Hi"),), tools=tools, params=params))


def body(*args, **kwargs):
    return json.loads(asked(*args, **kwargs).body)


def test_a_key_and_a_token_have_headers_of_their_own():
    assert asked(key=" 0123abc\n").headers == {"content-type": "application/json", "api-key": "0123abc"}
    assert asked(key=f"{TOKEN}\n").headers == {"content-type": "application/json", "authorization": f"Bearer {TOKEN}"}
    for almost in ("eyJabc.def", f"{TOKEN}.more", f"x{TOKEN}"):
        assert "api-key" in asked(key=almost).headers


@pytest.mark.parametrize(
    ("deployment", "underlying", "is_reasoner"),
    [
        ("prod", "", None),
        ("prod", "gpt-5.6-terra", True),
        ("gpt-4o", "gpt-5.6-terra", True),
        ("gpt-5.6-terra", "gpt-4o", False),
        ("gpt-6-luna", "", True),
        ("GPT-5-Mini-EU", "", True),
        ("gpt-35-turbo", "", False),
        ("gpt-35-turbo-16k", "", False),
        ("gpt-41-mini", "", False),
        ("gpt-51", "", True),
        ("gpt-4o", " ", False),
        ("gpt-4o", 7, False),
    ],
)
def test_the_rules_are_those_of_the_model_under_the_name(deployment, underlying, is_reasoner):
    sent = body(model=deployment, options={"underlying_model": underlying}, messages=(system("x"),), stop="x")
    assert sent["model"] == deployment
    assert sent["messages"][0]["role"] == ("developer" if is_reasoner else "system")
    assert ("stop" in sent) is not bool(is_reasoner)


@pytest.mark.parametrize(
    ("version", "limit", "role", "effort", "usage", "operation"),
    [
        ("2024-06-01", "max_tokens", "system", False, False, "chat"),
        ("2024-09-01-preview", "max_completion_tokens", "system", False, True, "chat"),
        ("2024-10-21", "max_completion_tokens", "system", False, True, "chat"),
        ("2024-12-01-preview", "max_completion_tokens", "developer", True, True, "chat"),
        ("2025-03-01-preview", "max_completion_tokens", "developer", True, True, "responses"),
        ("", "max_completion_tokens", "developer", True, True, "responses"),
    ],
)
def test_gotcha_29_a_version_is_asked_for_what_it_knows(version, limit, role, effort, usage, operation):
    options = {"api_version": version, "underlying_model": "gpt-5.4"}
    sent = body(options=options, messages=(system("x"),), max_tokens=99, reasoning_effort="high")
    assert sent[limit] == 99
    assert sent["messages"][0]["role"] == role
    assert ("reasoning_effort" in sent, "stream_options" in sent) == (effort, usage)
    with_tools = asked(options=options, tools=(TOOL,), reasoning_effort="high")
    assert f"/{operation}" in with_tools.url


def test_gotcha_28_tools_and_reasoning_together_where_the_version_allows_it():
    options = {"underlying_model": "gpt-5.4", "api_version": "2024-12-01-preview"}
    assert body(options=options, tools=(TOOL,), reasoning_effort="high")["reasoning_effort"] == "none"
    options["api_version"] = PREVIEW
    assert body(options=options, tools=(TOOL,), reasoning_effort="high")["reasoning"]["effort"] == "high"


# Answers

SAFE = {"hate": {"filtered": False, "severity": "safe"}}
PROMPT = {"choices": [], "created": 0, "id": "", "model": "", "object": "", "prompt_filter_results": [SAFE]}
OFFSETS = {"check_offset": 44, "start_offset": 44, "end_offset": 198}


def chunk(finish=None, **delta):
    choice = {"content_filter_results": {}, "delta": delta, "finish_reason": finish, "index": 0, "logprobs": None}
    return {"choices": [choice], "created": 1, "id": "chatcmpl-1", "object": "chat.completion.chunk", "usage": None}


def annotation(finish=None):
    """What the asynchronous filter sends: a choice without any delta."""
    choice = {"index": 0, "finish_reason": finish, "content_filter_results": SAFE, "content_filter_offsets": OFFSETS}
    return {"choices": [choice], "created": 0, "id": "", "model": "", "object": ""}


def parsed(*documents):
    text = "".join(f"data: {json.dumps(document)}\n\n" for document in documents) + "data: [DONE]\n\n"
    return list(azure.parse([text.encode()]))


USAGE = {"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 2}}


def test_gotcha_17_the_first_chunk_has_no_choices():
    assert parsed(PROMPT, chunk(role="assistant", content=""), chunk(content="hi"), chunk("stop"), USAGE)[:-1] == [
        TextDelta("hi")
    ]
    older = {"choices": [], "prompt_annotations": [SAFE]}
    assert parsed(older, chunk(content="hi"), chunk("stop")) == [TextDelta("hi"), Finish("stop")]


def test_gotcha_18_the_asynchronous_filter_speaks_after_the_end_and_takes_nothing_back():
    found = parsed(PROMPT, annotation(), chunk(content="hi"), annotation(), chunk("stop"), annotation(), USAGE)
    assert found[0] == TextDelta("hi")
    assert (found[-1].reason, found[-1].usage.output_tokens) == ("stop", 2)


def test_gotcha_18_a_late_verdict_of_the_filter_is_the_last_word():
    found = parsed(chunk(content="hi"), chunk("stop"), annotation("content_filter"))
    assert found == [TextDelta("hi"), Finish("content_filter")]


def test_a_completion_that_the_filter_stopped():
    assert parsed(PROMPT, chunk("content_filter")) == [Finish("content_filter")]
    whole = {"choices": [{"finish_reason": "content_filter", "message": {"role": "assistant"}}]}
    assert list(azure.parse([json.dumps(whole).encode()])) == [Finish("content_filter")]


def test_a_filter_that_is_down_does_not_stop_the_answer():
    down = chunk(content="hi")
    down["choices"][0]["content_filter_results"] = {"error": {"code": "content_filter_error", "message": "x"}}
    assert parsed(down, chunk("stop")) == [TextDelta("hi"), Finish("stop")]


# Refusals


def error(status, document, headers=None):
    return azure.error(status, headers or {}, json.dumps(document).encode())


FILTERED = {
    "message": "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
    "type": None,
    "param": "prompt",
    "code": "content_filter",
    "status": 400,
    "innererror": {"code": "ResponsibleAIPolicyViolation", "content_filter_result": SAFE},
}
INVALID = "Access denied due to invalid subscription key or wrong API endpoint."
MISSING = "The API deployment for this resource does not exist."


@pytest.mark.parametrize(
    ("status", "document", "kind"),
    [
        (400, {"error": FILTERED}, ContentFiltered),
        (400, {"error": FILTERED | {"code": "content_policy_violation", "message": "x"}}, ContentFiltered),
        (400, {"error": FILTERED | {"code": None, "message": "x"}}, ContentFiltered),
        (400, {"error": FILTERED | {"code": "BadRequest", "innererror": None}}, ContentFiltered),
        (400, {"error": {"code": "context_length_exceeded", "message": "x"}}, ContextTooLong),
        (400, {"error": {"code": "OperationNotSupported", "message": "x"}}, BadRequest),
        (400, {"error": {"code": "BadRequest", "message": "x"}}, BadRequest),
        (401, {"statusCode": 401, "message": "Unauthorized. Access token is missing, invalid"}, BadCredentials),
        (401, {"error": {"code": "401", "message": INVALID}}, BadCredentials),
        (403, {"error": {"code": "403", "message": "Access denied due to Virtual Network rules."}}, BadCredentials),
        (404, {"error": {"code": "DeploymentNotFound", "message": MISSING}}, ModelNotFound),
        (404, {"error": {"code": "404", "message": "Resource not found"}}, NotAnAPI),
        (404, {"statusCode": 404, "message": "Resource not found"}, NotAnAPI),
        (408, {"error": {"code": "Timeout", "message": "x"}}, Overloaded),
        (424, {"error": {"code": "FailedDependency", "message": "x"}}, Overloaded),
        (429, {"error": {"code": "429", "message": "x"}}, RateLimited),
        (500, {"error": {"code": "InternalServerError", "message": "x"}}, Overloaded),
        (503, {"error": {"code": "ServiceUnavailable", "message": "x"}}, Overloaded),
    ],
    ids=repr,
)
def test_refusals(status, document, kind):
    found = error(status, document)
    assert type(found) is kind
    assert found.status == status


def test_what_to_do_about_a_wrong_deployment_a_wrong_path_and_a_wrong_key():
    assert "deployment" in error(404, {"error": {"code": "DeploymentNotFound", "message": MISSING}}).message
    assert "API version" in error(404, {"error": {"code": "404", "message": "Resource not found"}}).message
    assert "same resource" in error(401, {"statusCode": 401, "message": "Unauthorized."}).message


@pytest.mark.parametrize(
    ("message", "headers", "seconds"),
    [
        ("have exceeded token rate limit. Please retry after 22 seconds. Please go here", {}, 22),
        ("Rate limit reached. Please try again in 20s. Visit", {}, 20),
        ("Please try again in 1.5s", {}, 1.5),
        ("Please try again in 120ms", {}, 0.12),
        ("Please try again in 6m0s", {}, 360),
        ("Please retry after 22 seconds", {"retry-after": "5"}, 5),
        ("Please retry after 22 seconds", {"retry-after": "5", "retry-after-ms": "0"}, 0),
        ("Please retry after a while", {}, None),
        ("Please retry after 3 hours", {}, None),
        ("", {}, None),
    ],
)
def test_a_rate_limit_says_how_long_to_wait_in_a_header_or_in_prose(message, headers, seconds):
    assert error(429, {"error": {"code": "RateLimitReached", "message": message}}, headers).retry_after == seconds


# Over a socket


def test_both_formats_over_a_socket(serve):
    chat = b'data: {"choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
    answers = [chat, stream(*ANSWERS["saying hello"])]

    def script(peer):
        while peer.read_request():
            peer.send(answer(answers.pop(0), kind=b"text/event-stream"))

    server = serve(script)
    options = {"api_version": PREVIEW, "underlying_model": "gpt-6.2-sol"}
    config = ModelConfig(
        provider="azure", model="prod", base_url=server.url, api_key=Secret("0123456789"), options=options
    )
    client = UnifiedLLMClient(config, transport=Transport(llm.AddressPolicy.granting([server.url])), retry=NO_RETRY)
    assert client.chat([user("Hi")]).text == "hi"
    assert client.chat([user("Hi")], tools=[TOOL]).text == "Grüezi 👋 there"
    paths = [request.split(b" ")[1].decode() for request in server.requests]
    assert paths == [DATED + PREVIEW, f"/openai/responses?api-version={PREVIEW}"]
    assert all(b"api-key: 0123456789\r\n" in request for request in server.requests)
    assert not any(b"uthorization" in request for request in server.requests)
