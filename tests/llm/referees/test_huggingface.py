"""The official `huggingface_hub` client, on chat completions found from addresses with and without `/v1`."""

import json

import pytest

from llm.testing import expected_text
from tests.llm.referees.conversation import ASK_FOR_TOOL, TOOL, WEATHER, user

pytestmark = pytest.mark.xdist_group("referees")


@pytest.fixture(scope="module", params=["", "/v1"])
def client(huggingface_hub, provider, request):
    address = provider.url + request.param
    with huggingface_hub.InferenceClient(base_url=address, api_key="hf_k", timeout=5) as client:
        yield client


def chat(client, prompt, **options):
    return client.chat_completion([user(prompt)], **options)


def test_chat(client, provider):
    answer = chat(client, "[[tokens=3]]", model="org/name:groq")
    assert (answer.choices[0].message.content, answer.model) == (expected_text(3), "org/name:groq")
    assert answer.usage.completion_tokens == 3
    assert provider.requests[-1].path == "/v1/chat/completions"


def test_chat_in_a_stream(client):
    *chunks, last = chat(client, "[[tokens=3]]", stream=True, stream_options={"include_usage": True})
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == expected_text(3)
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert (last.choices, last.usage.completion_tokens) == ([], 3)


def test_a_tool_from_call_to_text(client):
    [call] = chat(client, ASK_FOR_TOOL, tools=[TOOL]).choices[0].message.tool_calls
    assert (call.function.name, json.loads(call.function.arguments)) == ("weather", {"city": "Zürich"})
    function = {"name": call.function.name, "arguments": call.function.arguments}
    asked = {
        "role": "assistant",
        "content": "",
        "tool_calls": [{"id": call.id, "type": "function", "function": function}],
    }
    result = {"role": "tool", "tool_call_id": call.id, "content": "rain"}
    answer = client.chat_completion([user(ASK_FOR_TOOL), asked, result], tools=[TOOL])
    assert answer.choices[0].message.content == "The tool said: rain"


def test_a_tool_call_in_a_stream(client):
    deltas = [chunk.choices[0].delta for chunk in chat(client, ASK_FOR_TOOL, tools=[TOOL], stream=True)]
    fragments = [part.function for delta in deltas for part in delta.tool_calls or ()]
    assert fragments[0].name == "weather"
    assert json.loads("".join(fragment.arguments for fragment in fragments)) == {"city": "Zürich"}


@pytest.mark.parametrize("status", [400, 401, 402, 404, 422, 429, 503])
@pytest.mark.parametrize("streamed", [True, False])
def test_errors(client, huggingface_hub, status, streamed):
    with pytest.raises(huggingface_hub.errors.HfHubHTTPError) as caught:
        list(chat(client, f"[[error={status}]]", stream=streamed))
    assert caught.value.response.status_code == status


def test_a_bad_key(huggingface_hub, provider):
    with (
        huggingface_hub.InferenceClient(base_url=provider.url, api_key="bad-key", timeout=5) as stranger,
        pytest.raises(huggingface_hub.errors.HfHubHTTPError) as caught,
    ):
        chat(stranger, "x")
    assert caught.value.response.status_code == 401


def test_an_error_in_the_stream(client, huggingface_hub):
    with pytest.raises(huggingface_hub.errors.TextGenerationError, match="had an error"):
        list(chat(client, "[[tokens=9 error_in_stream]]", stream=True))


def test_structured_output(client):
    """The client turns a schema into another form for a server of its own vendor; JSON it must be all the same."""
    wanted = {"type": "json_schema", "json_schema": {"name": "w", "schema": WEATHER["parameters"], "strict": True}}
    assert json.loads(chat(client, "Oslo", response_format=wanted).choices[0].message.content)


def test_what_the_container_says_of_itself(huggingface_hub, provider):
    with huggingface_hub.InferenceClient(
        model=provider.url, provider="hf-inference", api_key="hf_k", timeout=5
    ) as client:
        assert client.health_check() is True
        assert client.get_endpoint_info()["max_total_tokens"] == 8192
