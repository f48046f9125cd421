"""Hugging Face: the router by its host, and stricter containers behind any other one."""

import json

import pytest

from llm.addresses import AddressPolicy
from llm.client import UnifiedLLMClient
from llm.errors import (
    BadCredentials,
    BadRequest,
    ContextTooLong,
    LLMError,
    ModelNotFound,
    Overloaded,
    QuotaExceeded,
    RateLimited,
)
from llm.providers import PROVIDERS
from llm.retry import NO_RETRY
from llm.secret import Secret
from llm.transport import Timeouts, Transport, check_headers
from llm.types import ChatRequest, Finish, ModelConfig, ReasoningDelta, TextDelta, ToolCall, Usage, user
from tests.llm.wire import CHUNKED, LAST_CHUNK, answer, chunk

HF = PROVIDERS["huggingface"]
DEDICATED = "https://abc123.eu-west-1.aws.endpoints.huggingface.cloud"
TGI = "http://127.0.0.1:8080"


def config(base_url="", *, model="m", **options):
    return ModelConfig(
        provider="huggingface", model=model, base_url=base_url, api_key=Secret("hf_abcdefgh"), options=options
    )


def request(base_url="", *, options=None, model="m", **params):
    return HF.build(
        config(base_url, model=model, **(options or {})), ChatRequest(messages=(user("Hi"),), params=params)
    )


def body(base_url="", **rest):
    return json.loads(request(base_url, **rest).body)


def test_the_router_is_asked_for_a_model_with_the_suffix_that_chooses_its_host():
    sent = request(model="meta-llama/Llama-3.1-8B-Instruct:groq")
    assert sent.url == "https://router.huggingface.co/v1/chat/completions"
    assert sent.headers == {"content-type": "application/json", "authorization": "Bearer hf_abcdefgh"}
    assert json.loads(sent.body) == {
        "model": "meta-llama/Llama-3.1-8B-Instruct:groq",
        "messages": [{"role": "user", "content": "Hi"}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }


@pytest.mark.parametrize(
    ("base_url", "url"),
    [
        (DEDICATED, f"{DEDICATED}/v1/chat/completions"),
        (f"{DEDICATED}/", f"{DEDICATED}/v1/chat/completions"),
        (f"{DEDICATED}/v1", f"{DEDICATED}/v1/chat/completions"),
        (f"{DEDICATED}/v1/chat/completions", f"{DEDICATED}/v1/chat/completions"),
        (f"{DEDICATED}/other", f"{DEDICATED}/other/v1/chat/completions"),
        ("https://router.huggingface.co", "https://router.huggingface.co/v1/chat/completions"),
    ],
)
def test_the_address_by_the_rule_of_the_vendors_client(base_url, url):
    assert request(base_url).url == url


@pytest.mark.parametrize(
    ("base_url", "bill_to", "sent"),
    [
        ("", " acme ", {"x-hf-bill-to": "acme"}),
        ("", "", {}),
        ("", 5, {}),
        ("", "acme & sons", {"x-hf-bill-to": "acme & sons"}),
        (TGI, "acme", {}),
        (DEDICATED, "acme", {"x-scale-up-timeout": "110"}),
    ],
)
def test_gotcha_41_headers_by_the_kind_of_server(base_url, bill_to, sent):
    for headers in (
        request(base_url, options={"bill_to": bill_to}).headers,
        HF.models(config(base_url, bill_to=bill_to)).request.headers,
    ):
        assert {name: value for name, value in headers.items() if name.startswith("x-")} == sent


@pytest.mark.parametrize("bill_to", ["two\r\nlines", "acme 🌍"])
def test_a_payer_that_cannot_be_named_in_a_header_is_refused_and_not_left_out(bill_to):
    with pytest.raises(BadRequest, match="The header x-hf-bill-to holds"):
        check_headers(request(options={"bill_to": bill_to}).headers)


def test_a_sleeping_endpoint_is_held_for_less_than_the_client_waits():
    assert int(request(DEDICATED).headers["x-scale-up-timeout"]) < Timeouts().first_byte


def test_headers_of_the_connection_win():
    own = ModelConfig(
        provider="huggingface", model="m", base_url=DEDICATED, headers={"X-Scale-Up-Timeout": Secret("600")}
    )
    assert HF.build(own, ChatRequest(messages=(user("x"),))).headers["x-scale-up-timeout"] == "600"


SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}}
FORMAT = {"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA, "strict": True}}


@pytest.mark.parametrize("base_url", [TGI, DEDICATED])
def test_a_container_gets_what_tgi_takes(base_url):
    sent = body(base_url, stop="END", temperature=0, response_format=FORMAT, max_tokens=5)
    assert (sent["stop"], sent["temperature"], sent["max_tokens"]) == (["END"], 0.01, 5)
    assert sent["response_format"] == FORMAT | {"value": {"name": "x", "schema": SCHEMA}}
    assert body(base_url, response_format={"type": "json_object"})["response_format"] == {
        "type": "json_object",
        "value": {"type": "object"},
    }
    odd = {"type": "regex", "value": "a+"}
    untouched = body(base_url, stop=["a"], temperature=0.5, response_format=odd)
    assert (untouched["stop"], untouched["temperature"], untouched["response_format"]) == (["a"], 0.5, odd)


def test_the_router_gets_what_openai_takes():
    sent = body(stop="END", temperature=0, response_format=FORMAT)
    assert (sent["stop"], sent["temperature"], sent["response_format"]) == ("END", 0, FORMAT)


def test_options_of_the_connection_settle_what_the_host_cannot_say():
    sent = body(DEDICATED, options={"stream_usage": False, "max_tokens_field": "max_completion_tokens"}, max_tokens=5)
    assert "stream_options" not in sent
    assert sent["max_completion_tokens"] == 5


ROUTED = {
    "data": [
        {
            "id": "org/m",
            "providers": [
                {"provider": "groq", "status": "live"},
                {"provider": "nscale", "status": "error"},
                {"status": "live"},
                None,
            ],
        },
        {"id": "org/n"},
        {"id": None, "providers": {}},
    ]
}


def test_the_public_list_of_the_router_in_every_spelling():
    models = HF.models(config())
    assert models.request.url == "https://router.huggingface.co/v1/models"
    assert not models.proves_key
    assert models.is_complete
    assert set(models.names(ROUTED)) == {
        *(f"org/{name}{suffix}" for name in "mn" for suffix in ("", ":fastest", ":cheapest", ":preferred")),
        "org/m:groq",
    }
    assert models.names(None) == []


def test_the_list_of_a_container_names_one_model_and_takes_any_name():
    models = HF.models(config(DEDICATED))
    assert models.proves_key
    assert not models.is_complete
    assert models.names({"data": [{"id": "org/m"}]}) == ["org/m"]


# Answers


def parsed(*documents):
    return list(HF.parse(["".join(f"data:{json.dumps(each)}\n\n" for each in documents).encode()]))


def delta(finish=None, **content):
    return {"choices": [{"index": 0, "delta": {"role": "assistant"} | content, "finish_reason": finish}]}


@pytest.mark.parametrize("reason", ["stop", "stop_sequence", "eos_token"])
def test_a_stream_of_tgi(reason):
    usage = {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}
    assert parsed(delta(content="hi"), delta(reason, content=""), {"choices": [], "usage": usage}) == [
        TextDelta("hi"),
        Finish("stop", Usage(input_tokens=9, output_tokens=2)),
    ]


@pytest.mark.parametrize(("wire_id", "call_id"), [("", "call_0"), ("0", "0"), (None, "call_0"), (0, "call_0")])
def test_gotcha_20_21_and_24_the_only_call_of_tgi_comes_in_pieces_under_index_zero(wire_id, call_id):
    pieces = ['{"city"', ': "Oslo"}']
    calls = [
        delta(
            tool_calls=[{"index": 0, "id": wire_id, "type": "function", "function": {"name": "f", "arguments": piece}}]
        )
        for piece in pieces
    ]
    assert parsed(*calls, delta("stop")) == [ToolCall(call_id, "f", '{"city": "Oslo"}'), Finish("tool_calls")]


def test_reasoning_in_the_text():
    assert parsed(delta(content="<think>hm"), delta(content="</think>hi"), delta("stop")) == [
        ReasoningDelta("hm"),
        TextDelta("hi"),
        Finish("stop"),
    ]


@pytest.mark.parametrize(
    ("message", "status", "kind"),
    [
        ("Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 9", 422, ContextTooLong),
        ("Input validation error: `inputs` must have less than 1024 tokens. Given: 2000", 422, ContextTooLong),
        ("Template error: x", 422, BadRequest),
        ("Request failed during generation", 424, Overloaded),
        ("Incomplete generation", 500, Overloaded),
    ],
)
def test_an_error_of_tgi_in_the_stream_and_before_it(message, status, kind):
    with pytest.raises(kind) as caught:
        parsed(delta(content="hi"), {"error": {"message": message, "http_status_code": status}})
    assert type(caught.value) is kind
    flat = {"error": message, "error_type": "validation"}
    assert type(HF.error(status, {}, json.dumps(flat).encode())) is kind


@pytest.mark.parametrize(
    ("status", "document", "kind"),
    [
        (
            400,
            {"error": {"message": "The requested model 'x' does not exist", "code": "model_not_found"}},
            ModelNotFound,
        ),
        (400, {"error": {"message": "not supported by any provider", "code": "model_not_supported"}}, ModelNotFound),
        (401, {"error": "Invalid username or password."}, BadCredentials),
        (402, {"error": "You have exceeded your monthly included credits"}, QuotaExceeded),
        (403, {"error": "This authentication method does not have sufficient permissions"}, BadCredentials),
        (404, {"error": "Model org/x not found"}, ModelNotFound),
        (422, {"error": "x", "error_type": "template_error"}, BadRequest),
        (429, {"error": "Model is overloaded", "error_type": "overloaded"}, Overloaded),
        (429, {"error": "Rate limit reached"}, RateLimited),
        (504, {}, Overloaded),
    ],
)
def test_gotcha_39_refusals(status, document, kind):
    error = HF.error(status, {}, json.dumps(document).encode())
    assert type(error) is kind
    assert error.status == status


@pytest.mark.parametrize(
    "body", [b"", b"<html>503</html>", b'{"error":"Model org/m is currently loading","estimated_time":20.0}']
)
def test_gotcha_41_a_model_that_is_not_ready_says_so(body):
    error = HF.error(503, {}, body)
    assert type(error) is Overloaded
    assert error.retryable
    assert "starting" in error.message


# Over a real connection


def test_a_container_at_home(serve):
    def script(peer):
        peer.read_request()
        peer.send(CHUNKED, *(chunk(b"data:" + json.dumps(each).encode() + b"\n\n") for each in (delta(content="hi"),)))
        peer.send(chunk(b":\n\n"), chunk(b"data: " + json.dumps(delta("eos_token")).encode() + b"\n\n"))
        peer.send(chunk(b"data: [DONE]\n\n"), LAST_CHUNK)

    server = serve(script)
    reply = client(server).chat([user("Hi")], stop="END", temperature=0)
    assert (reply.text, reply.finish) == ("hi", "stop")
    head, _, sent = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /v1/chat/completions ")
    assert b"x-hf-bill-to" not in head.lower()
    assert json.loads(sent)["stop"] == ["END"]


def test_an_endpoint_that_is_starting(serve):
    server = serve(lambda peer: (peer.read_request(), peer.send(answer(b"", status=b"503 Service Unavailable"))))
    with pytest.raises(LLMError, match="endpoint is starting"):
        client(server).chat([user("Hi")])


def client(server):
    transport = Transport(AddressPolicy.granting([server.url]))
    return UnifiedLLMClient(config(server.url), transport=transport, retry=NO_RETRY)
