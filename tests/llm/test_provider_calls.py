"""Every request that goes to a provider is told once, with how it ended and what may be billed for it."""

import json
import threading
from contextlib import suppress

import pytest

from llm import (
    AddressPolicy,
    Cancellation,
    Cancelled,
    Finish,
    LLMError,
    ModelConfig,
    Retry,
    Secret,
    Timeouts,
    Transport,
    UnifiedLLMClient,
    Usage,
    tool,
    user,
)
from llm.testing import ScriptedProvider
from tests.llm.wire import CHUNKED, LAST_CHUNK, answer, chunk

SOON = 10
QUICK = Timeouts(connect=SOON, first_byte=0.2, idle=0.2, total=SOON)
NOTHING = None


@pytest.fixture(scope="module")
def scripted():
    with ScriptedProvider() as server:
        yield server


def client_of(server, *, policy=None, timeouts=QUICK, **fields):
    fields = {"provider": "openai_compatible", "model": "m", "base_url": server.url, "api_key": Secret("k")} | fields
    policy = AddressPolicy.granting([fields["base_url"]]) if policy is None else policy
    at_once = Retry(uniform=lambda _low, _high: 0)
    return UnifiedLLMClient(ModelConfig(**fields), transport=Transport(policy, timeouts=timeouts), retry=at_once)


def calls_of(client, prompt="Hello", **options):
    """What was told until the answer or its error came."""
    calls = []
    with suppress(LLMError):
        client.chat([user(prompt)], on_call=calls.append, **options)
    return calls


def ends(calls):
    """Attempt, outcome, and where the usage comes from."""
    source = {None: NOTHING, True: "estimated", False: "reported"}
    return [(call.attempt, call.outcome, source[call.usage and call.usage.estimated]) for call in calls]


@pytest.mark.parametrize(
    ("prompt", "told"),
    [
        ("[[tokens=20]]", [(0, "complete", "reported")]),
        ("[[tokens=20 no_usage]]", [(0, "complete", "estimated")]),
        ("[[error=400]]", [(0, "bad_request", NOTHING)]),
        ("[[error=401]]", [(0, "bad_credentials", NOTHING)]),
        ("[[error=402]]", [(0, "quota_exceeded", NOTHING)]),
        ("[[error=404]]", [(0, "model_not_found", NOTHING)]),
        ("[[error=429 retry=60]]", [(0, "rate_limited", NOTHING)]),
        ("[[error=503]]", [(attempt, "overloaded", NOTHING) for attempt in range(3)]),
        ("[[error=503 times=1]] patience", [(0, "overloaded", NOTHING), (1, "complete", "reported")]),
        ("[[html]]", [(0, "not_an_llm_api", NOTHING)]),
        ("[[hang]]", [(0, "timed_out", "estimated")]),
        ("[[tokens=20 hang_after=5]]", [(0, "timed_out", "estimated")]),
        ("[[tokens=20 drop_after=5]]", [(0, "truncated", "estimated")]),
        ("[[tokens=20 cut_after=5]]", [(0, "truncated", "estimated")]),
        ("[[tokens=20 reset_after=5]]", [(0, "truncated", "estimated")]),
        ("[[tokens=20 error_in_stream=5]]", [(0, "overloaded", "estimated")]),
    ],
)
def test_how_a_call_ends_says_what_may_be_billed(scripted, prompt, told):
    assert ends(calls_of(client_of(scripted), prompt)) == told


def test_what_is_not_reported_is_estimated_from_what_was_asked_and_what_came(scripted):
    question = "[[hang]]" + "x" * 392
    [waited] = calls_of(client_of(scripted), question)
    assert waited.usage == Usage(input_tokens=100, estimated=True)
    [cut] = calls_of(client_of(scripted), "[[say=abcdefg hijklmn]][[cut_after=1]]" + "x" * 58)
    assert cut.usage == Usage(input_tokens=24, output_tokens=2, estimated=True)


def test_what_a_provider_counted_of_an_answer_that_broke_off_is_kept(scripted):
    client = client_of(scripted, provider="anthropic", model="claude-sonnet-5")
    question = "[[tokens=40 hang_after=20]] 日本語の質問です、文字数では数えられません"
    [cut] = calls_of(client, question)
    [whole] = calls_of(client, question.replace("hang_after=20", "rate=0"))
    assert (cut.outcome, cut.usage.estimated) == ("timed_out", True)
    assert cut.usage.input_tokens == whole.usage.input_tokens
    assert 1 < cut.usage.output_tokens < whole.usage.output_tokens


def test_counts_that_come_with_each_piece_are_kept(serve):
    usage = {"prompt_tokens": 1000, "completion_tokens": 7, "prompt_tokens_details": {"cached_tokens": 900}}
    event = {"choices": [{"index": 0, "delta": {"content": "Hello"}}], "usage": usage}

    def script(peer):
        while peer.read_request():
            peer.send(CHUNKED, chunk(b"data: " + json.dumps(event).encode() + b"\n\n"), LAST_CHUNK)

    [cut] = calls_of(client_of(serve(script)))
    assert cut.usage == Usage(input_tokens=1000, cached_tokens=900, output_tokens=7, estimated=True)


def test_times_are_those_of_the_call(scripted):
    [call] = calls_of(client_of(scripted), "[[tokens=3 ttft=50]]")
    assert 0.05 <= call.first_token_seconds <= call.seconds
    [refused] = calls_of(client_of(scripted), "[[error=400]]")
    assert refused.first_token_seconds is None
    assert refused.seconds > 0


# Errors inside an answer that has begun.


@pytest.mark.parametrize(
    ("error", "told"),
    [
        ({"code": "rate_limit_exceeded", "message": "Slow down."}, [(n, "rate_limited", NOTHING) for n in range(3)]),
        ({"code": "content_filter", "message": "No."}, [(0, "content_filtered", NOTHING)]),
        ({"message": "Something broke."}, [(0, "provider_error", "estimated")]),
    ],
)
def test_a_refusal_in_the_place_of_an_answer_costs_nothing_and_an_unclear_error_may(serve, error, told):
    event = chunk(b"data: " + json.dumps({"error": error}).encode() + b"\n\n")

    def script(peer):
        while peer.read_request():
            peer.send(CHUNKED, event, LAST_CHUNK)

    assert ends(calls_of(client_of(serve(script)))) == told


def test_an_answer_that_is_cut_before_its_first_word_may_be_billed(serve):
    def script(peer):
        while peer.read_request():
            peer.send(CHUNKED, LAST_CHUNK)

    assert ends(calls_of(client_of(serve(script)))) == [(0, "truncated", "estimated")]


# Without an answer.


def test_a_server_that_hangs_up_without_an_answer_may_bill_it(serve):
    assert ends(calls_of(client_of(serve(lambda peer: peer.read_request())))) == [(0, "truncated", "estimated")]


def test_a_server_that_nobody_reaches_bills_nothing(serve):
    server = serve(lambda peer: None)
    server.stop()
    assert ends(calls_of(client_of(server))) == [(attempt, "unreachable", NOTHING) for attempt in range(3)]


def test_a_certificate_that_is_not_trusted_ends_the_call_before_the_request(serve, server_tls):
    def script(peer):
        peer.start_tls()
        peer.read_request()

    server = serve(script, server_tls)
    client = client_of(server, base_url=f"https://127.0.0.1:{server.port}")
    assert ends(calls_of(client)) == [(0, "untrusted_certificate", NOTHING)]


@pytest.mark.parametrize(
    "changes", [{"policy": AddressPolicy()}, {"api_key": Secret("a\nb")}, {"headers": {"host": Secret("elsewhere")}}]
)
def test_what_never_left_is_not_told(scripted, changes):
    before = len(scripted.requests)
    assert calls_of(client_of(scripted, **changes)) == []
    assert len(scripted.requests) == before


# Ended by the caller.


def cancelled_when(event, client, prompt="Hello"):
    """The calls of an answer that is cancelled as soon as `event` is set."""
    cancellation = Cancellation()
    stopper = threading.Thread(target=lambda: event.wait(SOON) and cancellation.cancel())
    stopper.start()
    calls = calls_of(client, prompt, cancellation=cancellation)
    stopper.join()
    return calls


def test_a_call_that_is_cancelled_while_it_waits_may_be_billed(serve):
    def script(peer):
        peer.read_request()
        peer.hang()

    server = serve(script)
    assert ends(cancelled_when(server.reached, client_of(server, timeouts=Timeouts()))) == [
        (0, "cancelled", "estimated")
    ]


def test_a_call_that_is_cancelled_before_its_request_went_out_is_not_told(serve):
    server = serve(lambda peer: peer.hang())
    client = client_of(server, base_url=f"https://127.0.0.1:{server.port}", timeouts=Timeouts())
    assert cancelled_when(server.reached, client) == []
    cancellation = Cancellation()
    cancellation.cancel()
    assert calls_of(client_of(server), cancellation=cancellation) == []


def test_attempts_before_a_cancelled_pause_stay_told(scripted):
    cancellation, calls = Cancellation(), []

    def note(call):
        calls.append(call)
        cancellation.cancel()

    with pytest.raises(Cancelled):
        client_of(scripted).chat([user("[[error=503]]")], on_call=note, cancellation=cancellation)
    assert ends(calls) == [(0, "overloaded", NOTHING)]


def test_leaving_early_is_told_as_cancelled(scripted):
    calls = []
    events = client_of(scripted).stream([user("[[tokens=1000 rate=200]]")], on_call=calls.append)
    assert next(events).text
    assert calls == []
    events.close()
    assert ends(calls) == [(0, "cancelled", "estimated")]
    assert calls[0].usage.output_tokens > 0


def test_the_end_is_told_before_it_is_yielded_and_only_once(scripted):
    calls = []
    events = client_of(scripted).stream([user("[[tokens=3]]")], on_call=calls.append)
    end = next(event for event in events if isinstance(event, Finish))
    assert [call.usage for call in calls] == [end.usage]
    events.close()
    assert len(calls) == 1


# Several requests for one answer.


def test_each_round_of_tools_is_a_call_of_its_own(scripted):
    @tool
    def get_weather(city: str) -> str:
        """The weather."""
        return f"Sunny in {city}"

    calls = []
    question = user("[[tool=get_weather]] [[tokens=4]]")
    reply = client_of(scripted).chat([question], tools=[get_weather], on_call=calls.append)
    assert [(call.round, call.attempt, call.outcome) for call in calls] == [(0, 0, "complete"), (1, 0, "complete")]
    assert calls[0].usage + calls[1].usage == reply.usage


def test_a_request_that_is_repaired_was_refused_first(serve):
    refusal = {"error": {"message": "Unsupported parameter: 'seed'.", "param": "seed", "code": "unsupported_parameter"}}
    whole = {"choices": [{"index": 0, "message": {"content": "OK"}, "finish_reason": "stop"}]}

    def script(peer):
        while peer.read_request():
            body = json.loads(peer.server.requests[-1].partition(b"\r\n\r\n")[2])
            refused = "seed" in body
            reply = json.dumps(refusal if refused else whole).encode()
            peer.send(answer(reply, status=b"400 Bad Request" if refused else b"200 OK"))

    calls = calls_of(client_of(serve(script)), seed=7)
    assert ends(calls) == [(0, "bad_request", NOTHING), (1, "complete", "estimated")]
