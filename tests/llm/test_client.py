"""The client against a provider of three lines, so that what is tested is the client."""

import json

import pytest

import llm
from llm.client import UnifiedLLMClient
from llm.errors import (
    BadCredentials,
    BadRequest,
    Blocked,
    LLMError,
    Overloaded,
    ProviderError,
    RateLimited,
    Truncated,
    UnknownProvider,
)
from llm.retry import Retry, parse_retry_after
from llm.secret import Secret
from llm.transport import Timeouts, Transport
from llm.types import (
    Finish,
    HttpRequest,
    Image,
    Message,
    ModelConfig,
    ReasoningDelta,
    TextDelta,
    ToolCall,
    ToolSpec,
    Usage,
    user,
)
from tests.llm.wire import CHUNKED, LAST_CHUNK, answer, chunk

SOON = 10
AT_ONCE = Retry(uniform=lambda _low, _high: 0)


class Lines:
    """Every line of the answer is the name of an event with its arguments, as JSON."""

    EVENTS = {"text": TextDelta, "reasoning": ReasoningDelta, "call": ToolCall, "finish": Finish}

    def build(self, config, request):
        body = {
            "messages": [m.text for m in request.messages],
            "params": dict(request.params),
            "stream": request.stream,
        }
        headers = {"Authorization": f"Bearer {config.api_key.reveal()}", "Content-Type": "application/json"}
        return HttpRequest(method="POST", url=config.base_url, headers=headers, body=json.dumps(body).encode())

    def parse(self, chunks):
        for line in b"".join(chunks).splitlines():
            name, *arguments = json.loads(line)
            if name == "overloaded":
                raise Overloaded(*arguments)
            yield self.EVENTS[name](*arguments)

    def error(self, status, headers, body):
        if status == 429:
            return RateLimited(body.decode(), retry_after=parse_retry_after(headers))
        kind = {401: BadCredentials, 400: BadRequest}.get(status, Overloaded)
        return kind(body.decode(errors="replace"), status=status)


@pytest.fixture(autouse=True)
def provider(monkeypatch):
    provider = Lines()
    monkeypatch.setitem(llm.client.PROVIDERS, "lines", provider)
    return provider


def replies(reply):
    def script(peer):
        while peer.read_request():
            peer.send(reply)

    return script


def lines(*events):
    return answer(b"\n".join(json.dumps(event).encode() for event in events))


# "Hi" and "Hello" at four characters a token.
ESTIMATE = Usage(input_tokens=1, output_tokens=2, estimated=True)
HELLO = lines(["text", "Hel"], ["text", "lo"], ["finish", "stop"])


def client_of(server, *, retry=AT_ONCE, **config):
    policy = llm.AddressPolicy.granting([server.url])
    transport = Transport(policy, timeouts=Timeouts(connect=SOON))
    fields = {"api_key": Secret("sk-0123456789"), **config}
    config = ModelConfig(provider="lines", model="m", base_url=server.url + "/", **fields)
    return UnifiedLLMClient(config, transport=transport, retry=retry)


def sent(server):
    return json.loads(server.requests[-1].partition(b"\r\n\r\n")[2])


def test_stream(serve):
    events = list(client_of(serve(replies(HELLO))).stream([user("Hi")]))
    assert events == [TextDelta("Hel"), TextDelta("lo"), Finish("stop", ESTIMATE)]


def test_chat_folds_the_stream(serve):
    reply = client_of(serve(replies(HELLO))).chat([user("Hi")])
    assert (reply.text, reply.finish) == ("Hello", "stop")
    assert 0 < reply.first_token_seconds <= reply.seconds


@pytest.mark.parametrize("streaming", [True, False])
def test_a_model_that_cannot_stream_goes_the_same_way(serve, streaming):
    server = serve(replies(HELLO))
    assert client_of(server, streaming=streaming).chat([user("Hi")]).text == "Hello"
    assert sent(server)["stream"] is streaming


def test_parameters_of_the_call_beat_those_of_the_model(serve):
    server = serve(replies(HELLO))
    client = client_of(server, params={"temperature": 1, "top_p": 0.5, "seed": 7})
    client.chat([user("Hi")], temperature=0, top_p=None)
    assert sent(server)["params"] == {"temperature": 0, "seed": 7}


def test_an_unknown_provider():
    with pytest.raises(UnknownProvider):
        UnifiedLLMClient(ModelConfig(provider="no such", model="m"))


def test_an_image_for_a_model_without_eyes_is_not_sent(serve):
    server = serve(replies(HELLO))
    picture = Message("user", (Image(url="https://example.com/cat.png"),))
    with pytest.raises(BadRequest, match="images"):
        client_of(server).stream([picture])
    assert server.connections == 0
    assert client_of(server, vision=True).chat([picture]).text == "Hello"


def test_tools_for_a_model_that_cannot_call_them_are_not_sent(serve):
    server, spec = serve(replies(HELLO)), ToolSpec("f", "Does it.", {"type": "object"})
    with pytest.raises(BadRequest, match="tools"):
        client_of(server, tools=False).stream([user("Hi")], tools=[spec])
    assert server.connections == 0
    assert client_of(server).chat([user("Hi")], tools=[spec]).text == "Hello"


def test_nothing_is_sent_before_the_first_event_is_wanted(serve):
    server = serve(replies(HELLO))
    events = client_of(server).stream([user("Hi")])
    assert server.connections == 0
    assert next(events) == TextDelta("Hel")


def test_without_a_transport_only_public_addresses_are_reached():
    client = UnifiedLLMClient(ModelConfig(provider="lines", model="m", base_url="http://127.0.0.1:1/"))
    with pytest.raises(Blocked):
        client.chat([user("Hi")])


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("https://10.0.0.5/v1/secret?key=secret", "lines@10.0.0.5 was blocked: private address"),
        ("http://api.example.com/secret", "lines@api.example.com was blocked: scheme or port not allowed"),
        ("https://secret:secret@api.example.com/", "lines@api.example.com was blocked: not a plain http or https URL"),
    ],
)
def test_the_log_says_once_why_an_address_was_blocked_and_nothing_that_may_be_a_secret(caplog, url, reason):
    client = UnifiedLLMClient(ModelConfig(provider="lines", model="m", base_url=url))
    with pytest.raises(Blocked) as raised:
        client.chat([user("Hi")])
    assert caplog.messages == [f"a call of 'm' at {reason}"]
    assert raised.value.message == Blocked.default_message


# Finish is last, or an error is raised


def test_without_finish_the_answer_is_truncated(serve):
    events = client_of(serve(replies(lines(["text", "Hel"])))).stream([user("Hi")])
    assert next(events) == TextDelta("Hel")
    with pytest.raises(Truncated):
        next(events)


def test_an_empty_answer_is_truncated_and_not_repeated(serve):
    server = serve(replies(answer(b"")))
    with pytest.raises(Truncated):
        client_of(server).chat([user("Hi")])
    assert len(server.requests) == 1


def test_nothing_comes_after_finish(serve):
    server = serve(replies(lines(["finish", "stop"], ["text", "more"], ["finish", "length"])))
    assert [type(event) for event in client_of(server).stream([user("Hi")])] == [Finish]


@pytest.mark.parametrize(
    "line", [b"{", b"[]", b"3", b'["nonsense"]', b'["text", 1, 2, 3]', b"null", b"\xff", b"[" * 100_000]
)
def test_a_parser_that_stumbles_is_an_error_of_the_provider(serve, line):
    with pytest.raises(ProviderError):
        client_of(serve(replies(answer(line)))).chat([user("Hi")])


def test_the_log_says_where_a_parser_stumbled_and_nothing_of_the_answer(serve, caplog):
    line = Lines.parse.__code__.co_firstlineno + 5
    with pytest.raises(ProviderError):
        client_of(serve(replies(lines(["text", "the secret of this answer"], ["the secret of this name"])))).chat(
            [user("Hi")]
        )
    [record] = caplog.records
    place = f"tests.llm.test_client.Lines.parse, line {line}"
    assert (record.name, record.levelname) == ("llm", "ERROR")
    assert record.getMessage() == f"a parser stumbled: KeyError in {place}"
    assert record.exc_info is None


# Errors and keys


@pytest.mark.parametrize("status", [b"401", b"400", b"429"])
def test_a_key_that_the_provider_repeats_is_not_shown(serve, status):
    server = serve(
        replies(answer(b"Wrong key sk-0123456789\r\nTry another", status=status, headers=b"Retry-After: 99\r\n"))
    )
    with pytest.raises(LLMError) as raised:
        client_of(server).chat([user("Hi")])
    assert raised.value.message == str(raised.value) == "Wrong key *** Try another"
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__


def test_a_key_inside_a_stream_is_not_shown(serve):
    server = serve(replies(lines(["text", "a"], ["overloaded", "key sk-0123456789 is busy"])))
    with pytest.raises(Overloaded, match=r"^key \*\*\* is busy$"):
        client_of(server).chat([user("Hi")])


def test_an_error_body_that_breaks_off_still_tells_its_status(serve):
    head = b"HTTP/1.1 401 Unauthorized\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\n"
    server = serve(lambda peer: (peer.read_request(), peer.send(head, b"wrong key")))
    with pytest.raises(BadCredentials, match="wrong key"):
        client_of(server).chat([user("Hi")])


def test_only_the_beginning_of_an_endless_error_body_is_read(serve, provider, monkeypatch):
    sizes = []
    monkeypatch.setattr(
        provider, "error", lambda _status, _headers, body: sizes.append(len(body)) or BadRequest(), False
    )

    def script(peer):
        peer.read_request()
        peer.send(b"HTTP/1.1 400 Bad\r\n\r\n")
        while True:
            peer.send(b"x" * 65536)

    with pytest.raises(BadRequest):
        client_of(serve(script)).chat([user("Hi")])
    assert sizes == [65536]


# Leaving


def test_leaving_the_generator_closes_the_socket(serve, provider, monkeypatch):
    def parse(chunks):
        for data in chunks:
            yield TextDelta(data.decode())

    monkeypatch.setattr(provider, "parse", parse, False)

    def script(peer):
        peer.read_request()
        peer.send(CHUNKED, chunk(b"one"))
        peer.hang()

    server = serve(script)
    events = client_of(server).stream([user("Hi")])
    assert next(events) == TextDelta("one")
    events.close()
    assert server.client_left.wait(SOON)


def test_the_connection_serves_again_although_the_parser_stops_at_its_terminator(serve, provider, monkeypatch):
    def parse(chunks):
        yield TextDelta(next(iter(chunks)).decode())
        yield Finish("stop")

    monkeypatch.setattr(provider, "parse", parse, False)
    server = serve(replies(CHUNKED + chunk(b"one") + LAST_CHUNK))
    client = client_of(server)
    assert [client.chat([user("Hi")]).text for _ in range(3)] == ["one"] * 3
    assert server.connections == 1
