"""The official `anthropic` client, which validates strictly here, under both versions of the interface."""

import pytest

from llm.testing import expected_text
from llm.testing.script import THOUGHT
from tests.llm.referees.conversation import ASK_FOR_TOOL, WEATHER, user

pytestmark = pytest.mark.xdist_group("referees")

TOOL = {"name": "weather", "description": WEATHER["description"], "input_schema": WEATHER["parameters"]}


@pytest.fixture(scope="module", params=["2023-06-01", "2026-10-21"])
def version(request):
    return request.param


@pytest.fixture(scope="module")
def client(anthropic, provider, version):
    with anthropic.Anthropic(
        base_url=provider.url,
        api_key="k",
        max_retries=0,
        timeout=5,
        default_headers={"anthropic-version": version},
        _strict_response_validation=True,
    ) as client:
        yield client


def create(client, prompt, **options):
    return client.messages.create(**{"model": "m", "max_tokens": 100, "messages": [user(prompt)]} | options)


def test_a_message(client, provider, version):
    answer = create(client, "[[tokens=3]]")
    assert (answer.content[0].text, answer.stop_reason) == (expected_text(3), "end_turn")
    assert answer.usage.output_tokens == 3
    assert provider.requests[-1].headers["anthropic-version"] == version


def test_a_message_in_a_stream(client):
    with client.messages.stream(model="m", max_tokens=100, messages=[user("[[tokens=3 reason]]")]) as stream:
        assert "".join(stream.text_stream) == expected_text(3)
        answer = stream.get_final_message()
    assert [block.type for block in answer.content] == ["thinking", "text"]
    assert answer.content[0].thinking == THOUGHT
    assert (answer.stop_reason, answer.usage.output_tokens) == ("end_turn", 14)
    assert answer.usage.input_tokens


def test_the_limit(client):
    answer = create(client, "[[tokens=9]]", max_tokens=3)
    assert (answer.content[0].text, answer.stop_reason) == (f"{expected_text(3)} ", "max_tokens")


@pytest.mark.parametrize("streamed", [True, False])
def test_a_tool_from_call_to_text(client, streamed):
    """Thoughts go back with their signature, unchanged."""
    asked = {"model": "m", "max_tokens": 100, "tools": [TOOL], "messages": [user(f"[[reason]] {ASK_FOR_TOOL}")]}
    if streamed:
        with client.messages.stream(**asked) as stream:
            called = stream.get_final_message()
    else:
        called = client.messages.create(**asked)
    call = called.content[-1]
    assert (called.stop_reason, call.name, call.input) == ("tool_use", "weather", {"city": "Zürich"})
    result = {"type": "tool_result", "tool_use_id": call.id, "content": "rain"}
    turns = [*asked["messages"], {"role": "assistant", "content": called.content}, user([result])]
    assert client.messages.create(**asked | {"messages": turns}).content[-1].text == "The tool said: rain"


def test_changed_thoughts_are_refused(client, anthropic):
    thinking = create(client, "[[reason]]").content[0]
    thinking.thinking += " Or not."
    turns = [user("x"), {"role": "assistant", "content": [thinking, {"type": "text", "text": "x"}]}, user("y")]
    with pytest.raises(anthropic.BadRequestError, match="Invalid `signature`"):
        create(client, "", messages=turns)


def test_sampling_depends_on_the_version(client, anthropic, version):
    if version == "2023-06-01":
        assert create(client, "[[tokens=3]]", extra_body={"temperature": 0.5}).content[0].text == expected_text(3)
        return
    with pytest.raises(anthropic.BadRequestError, match="temperature: Extra inputs are not permitted"):
        create(client, "x", extra_body={"temperature": 0.5})


def test_models(client, anthropic):
    models = list(client.models.list(limit=10))
    assert [model.id for model in models] == ["scripted-model", "scripted-large"]
    assert models[0].lifecycle == "active"
    assert client.models.retrieve("scripted-model").max_input_tokens == 8192
    with pytest.raises(anthropic.NotFoundError):
        client.models.retrieve("missing-model")


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (400, "BadRequestError", "invalid_request_error"),
        (401, "AuthenticationError", "authentication_error"),
        (403, "PermissionDeniedError", "permission_error"),
        (404, "NotFoundError", "not_found_error"),
        (413, "APIStatusError", "request_too_large"),
        (429, "RateLimitError", "rate_limit_error"),
        (500, "InternalServerError", "api_error"),
        (529, "InternalServerError", "overloaded_error"),
    ],
)
def test_errors(client, anthropic, status, error, kind):
    with pytest.raises(getattr(anthropic, error)) as caught:
        create(client, f"[[error={status}]]")
    assert caught.value.status_code == status
    assert caught.value.body["error"]["type"] == kind


def test_a_bad_key_and_a_missing_model(client, anthropic):
    with pytest.raises(anthropic.AuthenticationError):
        create(client.with_options(api_key="bad-key"), "x")
    with pytest.raises(anthropic.NotFoundError, match="missing-model"):
        create(client, "x", model="missing-model")


def test_an_error_in_the_stream_keeps_the_status_of_the_stream(client, anthropic):
    asked = {"model": "m", "max_tokens": 100, "messages": [user("[[tokens=9 error_in_stream]]")]}
    with client.messages.stream(**asked) as stream, pytest.raises(anthropic.APIStatusError) as caught:
        stream.get_final_message()
    assert caught.value.status_code == 200
    assert caught.value.body["error"]["type"] == "overloaded_error"


def test_structured_output(client):
    wanted = {"format": {"type": "json_schema", "schema": WEATHER["parameters"] | {"additionalProperties": False}}}
    assert create(client, "Oslo", output_config=wanted).content[0].text == '{"city": "You said: Oslo"}'
