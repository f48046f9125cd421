"""Every provider through the client against the scripted one: chat, stream, tools, usage, errors, foreign histories."""

import itertools
import json

import pytest

import llm
from llm.errors import BadCredentials, ContextTooLong, ModelNotFound, Overloaded, QuotaExceeded, RateLimited, Truncated
from llm.providers import PROVIDERS
from llm.secret import Secret
from llm.testing import ScriptedProvider, expected_text
from llm.types import Finish, Image, Message, ModelConfig, ReasoningDelta, RoundEnd, Text, TextDelta, user
from tests.llm.scripted import can_answer

# Where each provider's server is below the origin, a model of its own, and how its connection differs.
PLACES = {
    "anthropic": ("", "claude-sonnet-5", {}),
    "azure": ("", "gpt-4o", {}),
    "azure, dated": ("?api-version=2024-10-21", "gpt-4o", {}),
    "azure, responses": ("/openai/v1", "prod", {"wire_format": "responses", "underlying_model": "gpt-6.2-sol"}),
    "huggingface": ("/v1", "meta-llama/Llama-3.1-8B-Instruct:groq", {}),
    "ollama": ("", "llama3.1", {}),
    "openai": ("/v1", "gpt-4o-mini", {}),
    "openai, responses": ("/v1", "gpt-6.2-sol", {"wire_format": "responses"}),
    "openai_compatible": ("/v1", "any", {}),
    "vllm": ("/v1", "Qwen/Qwen3-8B", {}),
}
PNG = b"\x89PNG\r\n\x1a\n" + bytes(32)


@pytest.fixture(scope="module")
def server():
    with ScriptedProvider() as server:
        yield server


@pytest.fixture(scope="module")
def transport(server):
    return llm.Transport(llm.AddressPolicy.granting([server.url]))


@pytest.fixture(params=PLACES)
def place(request):
    return request.param


@pytest.fixture
def connect(server, transport):
    def client(place, **changes):
        path, model, options = PLACES[place]
        fields = {"model": model, "api_key": Secret("sk-test-key"), "vision": True} | changes
        config = ModelConfig(
            provider=place.partition(",")[0], base_url=f"{server.url}{path}", options=options, **fields
        )
        return llm.UnifiedLLMClient(config, transport=transport, retry=llm.Retry(uniform=lambda _low, _high: 0))

    return client


def test_no_provider_is_left_out():
    """Except one whose format the scripted provider does not speak."""
    assert {place.partition(",")[0] for place in PLACES} == {name for name in PROVIDERS if can_answer(name)}


@pytest.mark.parametrize("streaming", [True, False])
def test_an_answer_with_its_usage(connect, place, streaming):
    reply = connect(place, streaming=streaming).chat([llm.system("Be brief."), user("[[tokens=20]]")])
    assert reply.text == expected_text(20)
    assert reply.finish == "stop"
    assert (reply.usage.output_tokens, reply.usage.estimated) == (20, False)
    assert reply.usage.input_tokens > 0


def test_a_stream_comes_word_by_word_and_ends_with_finish(connect, place):
    events = list(connect(place).stream([user("[[tokens=20]]")]))
    assert [event.text.strip() for event in events[:-1]] == expected_text(20).split()
    assert isinstance(events[-1], Finish)


def test_gotcha_19_usage_that_is_not_reported_is_estimated(connect, place):
    usage = connect(place).chat([user("[[tokens=20 no_usage]]")]).usage
    assert usage.estimated
    assert usage.output_tokens > 0


def test_tools_run_and_the_answer_is_made_of_their_results(connect, place):
    question = '[[tool=calculate {"expression": "6*7"}]] [[tool=calculate {"expression": "1/0"}]]'
    events = list(connect(place).stream([user(question)], tools=llm.BUILTIN_TOOLS))
    results = [event for event in events if isinstance(event, llm.ToolResult)]
    assert [result.is_error for result in results] == [False, True]
    assert "42" in results[0].content
    assert [event.number for event in events if isinstance(event, RoundEnd)] == [1]
    text = "".join(event.text for event in events if isinstance(event, TextDelta))
    assert text.startswith("The tool said: ")
    assert events[-1].reason == "stop"


def test_calls_of_the_callers_own_tools_are_handed_over(connect, place):
    spec = llm.ToolSpec("weather", "The weather.", {"type": "object", "properties": {"city": {"type": "string"}}})
    reply = connect(place).chat([user('[[tool=weather {"city": "Zürich"}]]')], tools=[spec])
    [call] = reply.tool_calls
    assert (call.name, call.arguments.replace(" ", ""), reply.finish) == ("weather", '{"city":"Zürich"}', "tool_calls")
    result = Message("tool", (llm.ToolResult(call.id, call.name, "rain"),))
    again = connect(place).chat([user("[[tool=weather]]"), reply.message, result], tools=[spec])
    assert again.text == "The tool said: rain"


def test_reasoning_is_told_from_text(connect, place):
    events = list(connect(place).stream([user("[[reason]] [[say=done]]")], reasoning_effort="high"))
    assert "".join(event.text for event in events if isinstance(event, TextDelta)) == "done"
    assert "".join(event.text for event in events if isinstance(event, ReasoningDelta)).strip()


def test_an_image_arrives(connect, place, server):
    question = Message("user", (Text(f"[[say=a cat]] {place}"), Image(data=PNG)))
    assert connect(place).chat([question]).text == "a cat"
    [exchange] = [exchange for exchange in server.requests if exchange.prompt.endswith(f"]] {place}")]
    assert exchange.images == 1


@pytest.mark.parametrize(
    ("script", "error"),
    [
        ("[[error=401]]", BadCredentials),
        ("[[error=404]]", ModelNotFound),
        ("[[error=429 retry=60]]", RateLimited),
        ("[[error=402]]", QuotaExceeded),
        ("[[error=503]]", Overloaded),
        ("[[tokens=9 drop_after=4]]", Truncated),
        ("[[tokens=9 cut_after=4]]", Truncated),
        ("[[tokens=9 reset_after=4]]", Truncated),
        ("[[tokens=9 error_in_stream=4]]", llm.LLMError),
    ],
)
def test_what_goes_wrong_is_a_typed_error(connect, place, script, error):
    with pytest.raises(error) as caught:
        connect(place).chat([user(script)])
    assert "sk-test" not in caught.value.message


def test_a_context_that_is_too_long(connect, place, server):
    sentence = "This model's maximum context length is 8 tokens. However, you requested 9 tokens"
    body = (
        {"error": sentence} if place == "ollama" else {"error": {"message": sentence, "type": "invalid_request_error"}}
    )
    with pytest.raises(ContextTooLong):
        connect(place).chat([user(f"[[error=400]] [[body={json.dumps(body)}]]")])


def test_a_failure_that_passes_is_tried_again(connect, place, server):
    question = f"[[error=503 times=2]] patience {place}"
    assert connect(place).chat([user(question)]).text == f"You said: patience {place}"
    assert len([exchange for exchange in server.requests if exchange.prompt == question]) == 3


@pytest.mark.parametrize(("writer", "reader"), [*itertools.permutations(PLACES, 2)])
def test_a_history_written_by_one_is_accepted_by_another(connect, writer, reader):
    question = user('[[reason]] [[say=I look.]] [[tool=calculate {"expression": "6*7"}]]')
    reply = connect(writer).chat([question], tools=llm.BUILTIN_TOOLS)
    assert reply.tool_calls
    answer = connect(reader).chat([question, *reply.messages, user("Thanks. [[say=welcome]]")], tools=llm.BUILTIN_TOOLS)
    assert answer.text == "welcome"
