"""A parameter that a server refuses costs one more request, once; what carries the meaning is never left out."""

import json

import pytest

import llm
from llm.errors import BadRequest
from llm.repairs import MOST_REMEMBERED, Repairs, without
from llm.retry import NO_RETRY
from llm.types import HttpRequest, Message, ModelConfig, Reasoning, Text, user
from tests.llm.wire import answer

DONE = b'data: {"choices":[{"delta":{"content":"hi"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
HI = answer(DONE, kind=b"text/event-stream")


def refusing(parameter):
    message = json.dumps({"error": {"message": f"Unsupported parameter: '{parameter}'.", "param": parameter}}).encode()
    return answer(message, status=b"400 Bad Request")


def strict(*unknown):
    """A server that names the first of the fields that it does not know."""

    def script(peer):
        while peer.read_request():
            body = json.loads(peer.server.requests[-1].partition(b"\r\n\r\n")[2])
            refused = next((name for name in unknown if name in body), None)
            peer.send(refusing(refused) if refused else HI)

    return script


def client_of(server, **config):
    transport = llm.Transport(llm.AddressPolicy.granting([server.url]))
    config = ModelConfig(**{"provider": "openai_compatible", "model": "m", "base_url": server.url} | config)
    return llm.UnifiedLLMClient(config, transport=transport, retry=NO_RETRY)


def bodies(server):
    return [json.loads(request.partition(b"\r\n\r\n")[2]) for request in server.requests]


def test_gotcha_29_the_limit_is_renamed_once_and_the_wish_is_kept(serve):
    server = serve(strict("max_tokens"))
    client = client_of(server)
    assert client.chat([user("x")], max_tokens=9).text == "hi"
    assert client_of(server).chat([user("x")], max_tokens=7).text == "hi"
    limits = [(body.get("max_tokens"), body.get("max_completion_tokens")) for body in bodies(server)]
    assert limits == [(9, None), (None, 9), (None, 7)]


def test_a_limit_that_is_refused_under_both_names_is_an_error_and_never_left_out(serve):
    server = serve(strict("max_tokens", "max_completion_tokens"))
    with pytest.raises(BadRequest):
        client_of(server).chat([user("x")], max_tokens=9)
    assert [body.get("max_tokens", body.get("max_completion_tokens")) for body in bodies(server)] == [9, 9]


def test_reasoning_that_its_provider_does_not_take_back_is_sent_once_more_without_its_signature(serve):
    refusal = {"error": {"message": "messages.1.content.0: Invalid `signature` in `thinking` block"}}
    stop = b'data: {"type":"message_delta","delta":{"stop_reason":"end_turn"}}\n\n'

    def script(peer):
        while peer.read_request():
            signed = b"c2lnbmVk" in peer.server.requests[-1]
            refused = answer(json.dumps(refusal).encode(), status=b"400 Bad Request")
            peer.send(refused if signed else answer(stop, kind=b"text/event-stream"))

    server = serve(script)
    client = client_of(server, provider="anthropic")
    thought = Reasoning("hm", "c2lnbmVk", "anthropic@127.0.0.1")
    history = [user("x"), Message("assistant", (thought, Text("y"))), user("z")]
    assert client.chat(history).finish == "stop"
    assert ["c2lnbmVk" in json.dumps(body) for body in bodies(server)] == [True, False]


def test_gotcha_15_usage_is_estimated_where_the_server_knows_no_stream_options(serve):
    server = serve(strict("stream_options"))
    reply = client_of(server).chat([user("x")])
    assert (reply.text, reply.usage.estimated, len(server.requests)) == ("hi", True, 2)


def test_gotcha_30_a_temperature_may_be_accepted_the_next_time(serve):
    server = serve(strict("temperature"))
    for _ in range(2):
        assert client_of(server).chat([user("x")], temperature=0.5).text == "hi"
    assert ["temperature" in body for body in bodies(server)] == [True, False, True, False]


@pytest.mark.parametrize("parameter", ["messages", "model", "tools", "response_format", "tool_choice", "absent", ""])
def test_what_carries_the_meaning_is_never_left_out(serve, parameter):
    server = serve(lambda peer: [peer.send(refusing(parameter)) for _ in iter(peer.read_request, b"")])
    tool = llm.ToolSpec("f", "", {"type": "object"})
    params = {"response_format": {"type": "json_object"}, "tool_choice": "required"}
    with pytest.raises(BadRequest):
        client_of(server).chat([user("x")], tools=[tool], **params)
    assert len(server.requests) == 1


def test_a_server_that_refuses_one_thing_after_another_is_given_up(serve):
    wanted = {"temperature": 1, "top_p": 1, "seed": 1, "stop": "x", "logprobs": True}
    server = serve(strict(*wanted))
    with pytest.raises(BadRequest):
        client_of(server).chat([user("x")], **wanted)
    assert len(server.requests) == 4


def request(**body):
    return HttpRequest(method="POST", url="https://one.example/", headers={}, body=json.dumps(body).encode())


def test_wishes_belong_to_one_address_and_one_model():
    repairs = Repairs()
    repairs.remember(request(), "m", "seed")
    assert b"seed" not in repairs.applied(request(seed=1), "m").body
    assert repairs.applied(request(seed=1), "other").body == request(seed=1).body


def test_the_oldest_wishes_are_forgotten():
    repairs = Repairs()
    for number in range(MOST_REMEMBERED + 1):
        repairs.remember(request(), str(number), "seed")
    assert b"seed" in repairs.applied(request(seed=1), "0").body
    assert b"seed" not in repairs.applied(request(seed=1), "1").body


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'{"a": 1}'])
def test_a_body_without_the_parameter_cannot_be_repaired(body):
    plain = HttpRequest(method="POST", url="https://one.example/", headers={}, body=body)
    assert without(plain, "seed", refused=()) is None
