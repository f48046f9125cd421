"""The official `openai` client, which validates strictly here, on chat completions, Responses and lists of models."""

import json

import pytest

from llm.testing import expected_text
from llm.testing.script import THOUGHT
from tests.llm.referees.conversation import ASK_FOR_TOOL, TOOL, WEATHER, user

pytestmark = pytest.mark.xdist_group("referees")

FLAT_TOOL = {"type": "function", "strict": False} | WEATHER


@pytest.fixture(scope="module")
def client(openai, provider):
    with openai.OpenAI(
        base_url=f"{provider.url}/v1",
        api_key="k",
        max_retries=0,
        timeout=5,
        _strict_response_validation=True,
    ) as client:
        yield client


def chat(client, prompt, **options):
    return client.chat.completions.create(model="m", messages=[user(prompt)], **options)


def test_chat(client):
    answer = chat(client, "[[tokens=3 reason]]")
    assert answer.choices[0].message.content == expected_text(3)
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage.completion_tokens_details.reasoning_tokens == answer.usage.completion_tokens - 3 == 11


def test_chat_in_a_stream_with_usage(client):
    *chunks, last = chat(client, "[[tokens=3]]", stream=True, stream_options={"include_usage": True})
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == expected_text(3)
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert (last.choices, last.usage.completion_tokens) == ([], 3)


def test_the_stream_helper_folds_tool_calls(client):
    with client.chat.completions.stream(model="m", messages=[user(ASK_FOR_TOOL)], tools=[TOOL]) as stream:
        answer = stream.get_final_completion()
    [call] = answer.choices[0].message.tool_calls
    assert (call.id, call.function.name, json.loads(call.function.arguments)) == (
        "call_1",
        "weather",
        {"city": "Zürich"},
    )


def test_a_tool_from_call_to_text(client):
    called = chat(client, ASK_FOR_TOOL, tools=[TOOL]).choices[0]
    assert called.finish_reason == "tool_calls"
    [call] = called.message.tool_calls
    result = {"role": "tool", "tool_call_id": call.id, "content": "rain"}
    messages = [user(ASK_FOR_TOOL), called.message, result]
    answer = client.chat.completions.create(model="m", messages=messages, tools=[TOOL])
    assert answer.choices[0].message.content == "The tool said: rain"


def test_responses(client):
    answer = client.responses.create(model="m", input="[[tokens=3 reason]]")
    assert (answer.output_text, answer.status) == (expected_text(3), "completed")
    assert [item.type for item in answer.output] == ["reasoning", "message"]
    assert answer.usage.output_tokens == 3 + answer.usage.output_tokens_details.reasoning_tokens


def test_responses_in_a_stream(client):
    events = list(client.responses.create(model="m", input="[[tokens=3 reason]]", stream=True))
    assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == expected_text(3)
    thoughts = "".join(event.delta for event in events if event.type == "response.reasoning_summary_text.delta")
    assert thoughts == THOUGHT
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert events[-1].type == "response.completed"
    assert events[-1].response.usage.output_tokens == 14


def test_the_stream_helper_folds_responses(client):
    with client.responses.stream(model="m", input=f"[[reason]] {ASK_FOR_TOOL}", tools=[FLAT_TOOL]) as stream:
        answer = stream.get_final_response()
    assert [item.type for item in answer.output] == ["reasoning", "function_call"]
    assert json.loads(answer.output[1].arguments) == {"city": "Zürich"}


def test_responses_that_the_limit_cuts(client):
    answer = client.responses.create(model="m", input="[[tokens=30]]", max_output_tokens=16)
    assert (answer.status, answer.incomplete_details.reason) == ("incomplete", "max_output_tokens")
    *_, last = client.responses.create(model="m", input="[[tokens=30]]", max_output_tokens=16, stream=True)
    assert last.type == "response.incomplete"


def test_a_tool_of_responses_from_call_to_text(client):
    """Reasoning goes back together with the call to which it led."""
    prompt = f"[[reason]] {ASK_FOR_TOOL}"
    called = client.responses.create(model="m", input=prompt, tools=[FLAT_TOOL], store=False)
    call = called.output[-1]
    result = {"type": "function_call_output", "call_id": call.call_id, "output": "rain"}
    items = [user(prompt), *called.output, result]
    answer = client.responses.create(model="m", input=items, tools=[FLAT_TOOL], store=False)
    assert answer.output_text == "The tool said: rain"


def test_models(client, openai):
    assert [model.id for model in client.models.list()] == ["scripted-model", "scripted-large"]
    assert client.models.retrieve("scripted-model").id == "scripted-model"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("missing-model")


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, "BadRequestError"),
        (401, "AuthenticationError"),
        (403, "PermissionDeniedError"),
        (404, "NotFoundError"),
        (429, "RateLimitError"),
        (503, "InternalServerError"),
    ],
)
def test_errors(client, openai, status, error):
    with pytest.raises(getattr(openai, error)) as caught:
        chat(client, f"[[error={status} retry=3]]")
    assert caught.value.status_code == status
    assert caught.value.response.headers["retry-after"] == "3"
    with pytest.raises(getattr(openai, error), match=str(status)):
        client.responses.create(model="m", input=f"[[error={status}]]", stream=True)


def test_an_error_code_is_read(client, openai):
    with pytest.raises(openai.RateLimitError) as caught:
        chat(client, "[[error=429 code=insufficient_quota]]")
    assert (caught.value.code, caught.value.type) == ("insufficient_quota", "invalid_request_error")


def test_a_bad_key_and_a_missing_model(client, openai):
    with pytest.raises(openai.AuthenticationError):
        chat(client.with_options(api_key="bad-key"), "x")
    with pytest.raises(openai.NotFoundError, match="does not exist"):
        client.chat.completions.create(model="missing-model", messages=[user("x")])


def test_an_error_in_the_stream(client, openai):
    with pytest.raises(openai.APIError, match="had an error"):
        list(chat(client, "[[tokens=9 error_in_stream]]", stream=True))
    *_, last = client.responses.create(model="m", input="[[tokens=9 error_in_stream]]", stream=True)
    assert (last.type, last.code) == ("error", "server_error")


def test_structured_output(client):
    schema = {"name": "w", "schema": WEATHER["parameters"] | {"additionalProperties": False}, "strict": True}
    answer = chat(client, "Oslo", response_format={"type": "json_schema", "json_schema": schema})
    assert json.loads(answer.choices[0].message.content) == {"city": "You said: Oslo"}
    wanted = {"format": {"type": "json_schema"} | schema}
    answer = client.responses.create(model="m", input="Oslo", text=wanted)
    assert json.loads(answer.output_text) == {"city": "You said: Oslo"}
