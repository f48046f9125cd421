"""The official `openai` client as it asks a resource with deployments, in both styles of address.

It validates strictly where the vendor's answers satisfy the client's own types, which two do not: the first chunk of a
stream has no id and no object, and the dated list of models has no `created`.
"""

import pytest

from llm.testing import expected_text
from tests.llm.referees.conversation import ASK_FOR_TOOL, TOOL, user

pytestmark = pytest.mark.xdist_group("referees")

OPTIONS = {"api_key": "k", "max_retries": 0, "timeout": 5}


def dated(openai, provider, **options):
    address = {"azure_endpoint": provider.url, "api_version": "2025-03-01-preview"}
    return openai.AzureOpenAI(**address | OPTIONS | options)


def undated(openai, provider, **options):
    return openai.OpenAI(base_url=f"{provider.url}/openai/v1/", **OPTIONS | options)


@pytest.fixture(params=[dated, undated])
def connect(request, openai, provider):
    """A function that opens a client of this style, which is closed after the test."""
    opened = []

    def connected(**options):
        opened.append(request.param(openai, provider, **options))
        return opened[-1]

    yield connected
    for client in opened:
        client.close()


def chat(client, prompt, **options):
    return client.chat.completions.create(model="gpt-deployed", messages=[user(prompt)], **options)


def test_chat(connect, provider):
    answer = chat(connect(_strict_response_validation=True), "[[tokens=3]]")
    assert answer.choices[0].message.content == expected_text(3)
    assert answer.model != "gpt-deployed"
    assert answer.choices[0].content_filter_results["hate"] == {"filtered": False, "severity": "safe"}
    path = provider.requests[-1].path
    assert path in (
        "/openai/v1/chat/completions",
        "/openai/deployments/gpt-deployed/chat/completions?api-version=2025-03-01-preview",
    )


def test_the_first_chunk_speaks_of_the_prompt(connect):
    first, *chunks, last = chat(connect(), "[[tokens=3]]", stream=True, stream_options={"include_usage": True})
    assert (first.choices, first.id, first.model) == ([], "", "")
    assert first.prompt_filter_results[0]["prompt_index"] == 0
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == expected_text(3)
    assert last.usage.completion_tokens == 3


def test_a_tool_from_call_to_text(connect):
    client = connect(_strict_response_validation=True)
    called = chat(client, ASK_FOR_TOOL, tools=[TOOL]).choices[0].message
    result = {"role": "tool", "tool_call_id": called.tool_calls[0].id, "content": "rain"}
    answer = client.chat.completions.create(model="m", messages=[user(ASK_FOR_TOOL), called, result], tools=[TOOL])
    assert answer.choices[0].message.content == "The tool said: rain"


def test_responses(connect):
    client = connect(_strict_response_validation=True)
    assert client.responses.create(model="m", input="[[tokens=3]]").output_text == expected_text(3)
    *_, last = client.responses.create(model="m", input="[[tokens=3]]", stream=True)
    assert last.response.output_text == expected_text(3)


def test_models(connect):
    assert [model.id for model in connect().models.list()] == ["scripted-model", "scripted-large"]


def test_errors(connect, openai):
    client = connect()
    with pytest.raises(openai.AuthenticationError):
        chat(connect(api_key="bad-key"), "x")
    with pytest.raises(openai.NotFoundError) as caught:
        client.chat.completions.create(model="missing-model", messages=[user("x")])
    assert caught.value.code == "DeploymentNotFound"
    with pytest.raises(openai.RateLimitError) as caught:
        chat(client, "[[error=429]]")
    assert caught.value.code == "429"
    with pytest.raises(openai.BadRequestError) as caught:
        chat(client, "[[error=400 code=content_filter]]")
    assert caught.value.body["innererror"]["code"] == "ResponsibleAIPolicyViolation"


def test_an_error_in_the_stream(connect, openai):
    with pytest.raises(openai.APIError, match="had an error"):
        list(chat(connect(), "[[tokens=9 error_in_stream]]", stream=True))
