"""A real server with a real model: llama.cpp speaks chat completions, Messages and Responses."""

import pytest

import llm
from config import local_model
from llm.cancellation import Cancellation
from llm.types import Finish, ModelConfig, TextDelta, user

pytestmark = pytest.mark.local_model

QUESTION = [user("What is the capital of France?")]
CALM = {"temperature": 0, "max_tokens": 16}
FORMATS = {
    "chat completions": ("openai_compatible", {}),
    "Messages": ("anthropic", {}),
    "Responses": ("openai", {"wire_format": "responses"}),
}


@pytest.fixture(params=FORMATS)
def connect(request, local_server):
    provider, options = FORMATS[request.param]

    def client(**changes):
        config = ModelConfig(
            provider=provider, base_url=local_server, options=options, **{"model": local_model.MODEL_ID} | changes
        )
        return llm.UnifiedLLMClient(config, transport=llm.Transport(llm.AddressPolicy.granting([local_server])))

    return client


@pytest.mark.parametrize("streaming", [True, False])
def test_it_answers(connect, streaming):
    reply = connect(streaming=streaming).chat(QUESTION, **CALM)
    assert "Paris" in reply.text
    assert reply.finish == "stop"
    assert not reply.usage.estimated
    assert reply.usage.output_tokens > 3


def test_it_streams_a_token_an_event(connect):
    events = list(connect().stream(QUESTION, **CALM))
    assert isinstance(events[-1], Finish)
    words = [event.text for event in events if isinstance(event, TextDelta)]
    assert len(words) == pytest.approx(events[-1].usage.output_tokens, abs=2)


@pytest.mark.parametrize("streaming", [True, False])
def test_a_limit_cuts_the_answer(connect, streaming):
    reply = connect(streaming=streaming).chat([user("Count from one to one hundred.")], temperature=0, max_tokens=16)
    assert reply.usage.output_tokens <= 17
    assert reply.text


def test_the_whole_conversation_arrives(connect):
    client = connect()
    alone = client.chat(QUESTION, **CALM).usage.input_tokens
    conversation = [llm.system("Be brief."), user("Hello"), llm.assistant("Hello Ada."), *QUESTION]
    assert client.chat(conversation, **CALM).usage.input_tokens > alone + 15


def test_a_conversation_beyond_its_window_is_an_error_that_says_so(connect):
    with pytest.raises(llm.ContextTooLong):
        connect().chat([user("word " * 20_000)])


def test_leaving_ends_the_work_at_once(connect):
    cancellation = Cancellation()
    events = connect().stream([user("Tell me a long story.")], cancellation=cancellation)
    next(events)
    cancellation.cancel()
    with pytest.raises(llm.Cancelled):
        list(events)
    assert "Paris" in connect().chat(QUESTION, **CALM).text
