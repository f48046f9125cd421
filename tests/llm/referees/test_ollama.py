"""The official `ollama` client, on the NDJSON chat. It drops the ids of tool calls, so those are no promise here."""

import pytest

from llm.testing import expected_text
from llm.testing.script import THOUGHT
from tests.llm.referees.conversation import ASK_FOR_TOOL, TOOL, WEATHER, user

pytestmark = pytest.mark.xdist_group("referees")


@pytest.fixture(scope="module")
def client(ollama, provider):
    with ollama.Client(host=provider.url, timeout=5) as client:
        yield client


def chat(client, prompt, **options):
    return client.chat(model="m", messages=[user(prompt)], **options)


def test_chat(client):
    answer = chat(client, "[[tokens=3 reason]]")
    assert (answer.message.content, answer.message.thinking) == (expected_text(3), THOUGHT)
    assert (answer.done, answer.done_reason, answer.eval_count) == (True, "stop", 14)
    assert answer.total_duration


def test_chat_in_a_stream(client):
    *lines, last = chat(client, "[[tokens=3]]", stream=True)
    assert "".join(line.message.content for line in lines) == expected_text(3)
    assert not any(line.done for line in lines)
    assert (last.done, last.eval_count, last.message.content) == (True, 3, "")


def test_the_limit(client):
    answer = chat(client, "[[tokens=9]]", options={"num_predict": 3})
    assert (answer.message.content, answer.done_reason) == (f"{expected_text(3)} ", "length")


@pytest.mark.parametrize("streamed", [True, False])
def test_a_tool_from_call_to_text(client, streamed):
    answer = chat(client, ASK_FOR_TOOL, tools=[TOOL], stream=streamed)
    message = next(iter(answer)).message if streamed else answer.message
    [call] = message.tool_calls
    assert (call.function.name, call.function.arguments) == ("weather", {"city": "Zürich"})
    result = {"role": "tool", "tool_name": "weather", "content": "rain"}
    messages = [user(ASK_FOR_TOOL), message, result]
    assert client.chat(model="m", messages=messages, tools=[TOOL]).message.content == "The tool said: rain"


def test_images_are_on_record(client, provider):
    client.chat(model="m", messages=[user("look") | {"images": [b"hi"]}])
    assert provider.requests[-1].images == 1


def test_models(client, ollama):
    assert [model.model for model in client.list().models] == ["scripted-model:latest", "scripted-large:latest"]
    shown = client.show("scripted-model")
    assert "tools" in shown.capabilities
    assert shown.modelinfo["llama.context_length"] == 8192
    with pytest.raises(ollama.ResponseError, match="not found"):
        client.show("missing-model")


@pytest.mark.parametrize("status", [400, 401, 404, 429, 503])
@pytest.mark.parametrize("streamed", [True, False])
def test_errors(client, ollama, status, streamed):
    with pytest.raises(ollama.ResponseError) as caught:
        list(chat(client, f"[[error={status}]]", stream=streamed))
    assert (caught.value.status_code, caught.value.error) == (status, f"The script asked for a {status}.")


def test_a_bad_key_and_a_missing_model(ollama, provider):
    headers = {"Authorization": "Bearer bad-key"}
    with (
        ollama.Client(host=provider.url, timeout=5, headers=headers) as stranger,
        pytest.raises(ollama.ResponseError, match="unauthorized"),
    ):
        chat(stranger, "x")
    with ollama.Client(host=provider.url, timeout=5) as client, pytest.raises(ollama.ResponseError) as caught:
        client.chat(model="missing-model", messages=[user("x")])
    assert caught.value.status_code == 404


def test_an_error_in_the_stream_has_no_status(client, ollama):
    with pytest.raises(ollama.ResponseError, match="an error was encountered") as caught:
        list(chat(client, "[[tokens=9 error_in_stream]]", stream=True))
    assert caught.value.status_code == -1


def test_structured_output(client):
    assert chat(client, "Oslo", format=WEATHER["parameters"]).message.content == '{"city": "You said: Oslo"}'
