"""`POST /api/chat`, answered whole. What is streamed is in `test_streaming.py`."""

from uuid import uuid4

import pytest
from rest_framework.test import APIClient

from chat.models import Conversation, Message
from llm.testing import expected_text
from registry.models import DefaultModel, UsageRecord
from tests.live_site import wait_for

NOBODYS = "00000000-0000-4000-8000-00000000000a"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def chat(api, engine, model):
    """Ask the scripted model; the answer's status and document."""

    def post(**body):
        answer = api.post("/api/chat", {"model": str(model.pk), "stream": False} | body)
        return answer.status_code, answer.json()

    return post


def code(answer):
    status, document = answer
    return status, document["error"]["code"]


# Outside any conversation.


def test_a_question_is_answered_and_nothing_kept_but_its_use(chat, model, alice, engine):
    status, document = chat(message="[[tokens=5]]")
    turn, usage = document.pop("turn"), document.pop("usage")
    assert status == 200
    assert document == {
        "message": {"role": "assistant", "content": expected_text(5)},
        "reasoning": "",
        "model": str(model.pk),
        "model_label": "Scripted model",
        "model_reason": "requested",
        "finish": "stop",
        "tool_calls": [],
        "conversation": None,
    }
    assert (usage["output_tokens"], usage["estimated"], usage["cost"]) == (5, False, None)
    assert not Conversation.objects.exists()
    assert not Message.objects.exists()
    row = UsageRecord.objects.get()
    assert (str(row.turn), row.user, row.model, row.output_tokens) == (turn, alice, model, 5)
    assert not engine.runner.is_busy


def test_all_that_was_said_is_told(chat, provider):
    said = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": " Hi. "},
        {"role": "user", "content": "[[say=Oslo]] capital?"},
    ]
    _, document = chat(messages=said, params={"temperature": 0.5, "max_tokens": 20})
    assert document["message"]["content"] == "Oslo"
    asked = provider.requests[-1].body
    assert asked["messages"] == said
    assert (asked["temperature"], asked["max_tokens"]) == (0.5, 20)


def test_without_a_model_the_default_answers(api, engine, model):
    DefaultModel.objects.create(model=model)
    document = api.post("/api/chat", {"message": "[[tokens=1]]", "stream": False}).json()
    assert (document["model_label"], document["model_reason"]) == ("Scripted model", "global_default")


def test_without_a_model_the_environments_answers(api, engine, model, provider, settings):
    DefaultModel.objects.create(model=model)
    settings.LLM_PROVIDER, settings.LLM_MODEL = "openai_compatible", "from-the-environment"
    settings.LLM_BASE_URL = f"{provider.url}/v1"
    for named in ({}, {"model": None}, {"model": "environment"}):
        document = api.post("/api/chat", {"message": "[[tokens=1]]", "stream": False, **named}).json()
        facts = (document["model"], document["model_label"], document["model_reason"])
        assert facts == ("environment", "from-the-environment", "environment")
    assert UsageRecord.objects.filter(model=None, model_label="from-the-environment").count() == 3


def test_tools_run_here_and_what_they_did_is_told(chat, model, provider):
    model.tools = True
    model.save()
    prompt = '[[tool=calculate {"expression": "6*7"}]] [[tool=current_time {"zone": 5}]]'
    status, document = chat(message=prompt, tools=["calculate", "current_time"])
    assert status == 200
    right, wrong = document["tool_calls"]
    assert right == right | {"name": "calculate", "phase": "result", "args": '{"expression": "6*7"}', "result": "42"}
    assert (wrong["name"], wrong["phase"]) == ("current_time", "error")
    assert document["message"]["content"].startswith("The tool said:")
    assert list(UsageRecord.objects.order_by("round").values_list("round", flat=True)) == [0, 1]
    offered = [tool["function"]["name"] for tool in provider.requests[0].body["tools"]]
    assert offered == ["calculate", "current_time"]
    assert document["usage"]["input_tokens"] == sum(row.input_tokens for row in UsageRecord.objects.all())


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ({}, None),
        ({"message": "x", "messages": [{"role": "user", "content": "x"}]}, None),
        ({"message": ""}, "message"),
        ({"messages": []}, "messages.non_field_errors"),
        ({"messages": "x"}, "messages.non_field_errors"),
        ({"messages": [{"role": "assistant", "content": "x"}]}, "messages"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages.0.role"),
        ({"messages": [{"role": "user"}]}, "messages.0.content"),
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": "x"}]}]}, "messages.0.content"),
        ({"messages": [{"role": "user", "content": "x", "name": "y"}]}, "messages.0.name"),
        ({"message": "x", "tools": ["calculate", "rm"]}, "tools.1"),
        ({"message": "x", "params": {"messages": []}}, "params"),
        ({"message": "x", "base_url": "https://evil.example"}, "base_url"),
        ({"message": "x", "conversation": "1"}, "conversation"),
        ({"messages": [{"role": "user", "content": "x"}], "conversation": NOBODYS}, "messages"),
        ({"message": "x", "stream": "perhaps"}, "stream"),
    ],
)
def test_what_is_wrong_is_named(chat, provider, body, names):
    status, document = chat(**body)
    assert (status, list(document["error"]["details"])) == (400, [names or "non_field_errors"])
    assert not provider.requests


@pytest.mark.parametrize(
    ("prompt", "status", "error"),
    [
        ("[[error=401]]", 502, "bad_credentials"),
        ("[[error=404]]", 502, "model_not_found"),
        ("[[error=400]]", 400, "bad_request"),
        ("[[error=429 retry=60]]", 429, "rate_limited"),
        ("[[error=500]]", 503, "overloaded"),
        ("[[html]]", 502, "not_an_llm_api"),
        ("[[tokens=9 drop_after=3]]", 502, "truncated"),
    ],
)
def test_a_failure_of_the_provider_has_its_status(chat, prompt, status, error):
    answer = chat(message=prompt)
    assert code(answer) == (status, error)
    details = answer[1]["error"]["details"]
    assert details["turn"] == str(UsageRecord.objects.latest("pk").turn)
    assert details.get("text", "") == ("w0 w1 w2 " if error == "truncated" else "")


def test_when_to_come_back_is_told(api, engine, model):
    body = {"message": "[[error=429 retry=60]]", "model": str(model.pk)}
    for is_streamed in (True, False):
        refused = api.post("/api/chat", body | {"stream": is_streamed})
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "60")
        assert refused.json()["error"]["details"]["retry_after"] == 60


def test_a_model_that_cannot_be_asked_has_its_status(chat, model, settings, provider):
    assert code(chat(message="x", model=str(uuid4()))) == (404, "model_unavailable")
    assert code(chat(message="x", model="nonsense")) == (404, "model_unavailable")
    assert code(chat(message="x", tools=["calculate"])) == (400, "bad_request")
    model.connection.set_key("sk-0123456789abcdefghij", by=None)
    model.connection.save()
    type(model.connection).objects.update(base_url=f"{provider.url.replace('127.0.0.1', 'localhost')}/v1")
    assert code(chat(message="x")) == (409, "credential_unreadable")
    model.connection.refresh_from_db()
    model.connection.clear_key()
    model.connection.save()
    settings.ALLOWED_ENDPOINTS = []
    assert code(chat(message="x")) == (409, "endpoint_not_allowed")
    type(model.connection).objects.update(provider="gone")
    assert code(chat(message="x")) == (409, "unknown_provider")
    assert code(chat(message="x", model=None)) == (409, "no_model")
    assert not provider.requests


def test_too_many_at_once_are_refused_at_once(chat, ask, settings, engine):
    for _ in range(settings.MAX_TURNS_PER_USER):
        ask("[[hang]]")
    assert code(chat(message="x")) == (429, "busy")


def test_a_server_that_ends_takes_no_call(chat, engine):
    engine.runner.close()
    assert code(chat(message="x")) == (503, "restarting")


def test_a_server_without_an_engine_says_how_to_start_it(api, model, monkeypatch):
    monkeypatch.setattr("chat.engine._engine", None)
    answer = api.post("/api/chat", {"message": "x", "model": str(model.pk), "stream": False})
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "no_engine")


# In a conversation.


def test_in_a_conversation_both_are_kept(chat, conversation, api):
    status, document = chat(message="[[tokens=3]]", conversation=str(conversation.pk), model=None)
    assert status == 200
    assert (document["message"]["content"], document["conversation"]) == (expected_text(3), str(conversation.pk))
    assert (document["model_reason"], document["usage"]["output_tokens"]) == ("conversation", 3)
    answer = conversation.messages.get(role="assistant")
    assert (str(answer.pk), answer.text) == (document["turn"], expected_text(3))


def test_the_same_client_id_is_the_same_turn(chat, conversation, provider):
    again = {"message": "[[tokens=3]]", "conversation": str(conversation.pk), "client_id": str(uuid4())}
    assert chat(**again) == chat(**again)
    assert len(provider.requests) == 1


def test_tools_become_the_conversations(chat, conversation):
    here = {"conversation": str(conversation.pk)}
    chat(message="[[tokens=1]]", tools=["calculate"], **here)
    chat(message="[[tokens=1]]", **here)
    conversation.refresh_from_db()
    assert conversation.tools == ["calculate"]
    chat(message="[[tokens=1]]", tools=[], **here)
    conversation.refresh_from_db()
    assert conversation.tools == []


def test_a_failed_turn_has_its_status_and_stays(chat, conversation):
    answer = chat(message="[[tokens=9 drop_after=3]]", conversation=str(conversation.pk))
    assert code(answer) == (502, "truncated")
    details = answer[1]["error"]["details"]
    assert (details["conversation"], details["text"]) == (str(conversation.pk), "w0 w1 w2 ")
    assert Message.objects.get(pk=details["turn"]).status == "truncated"


def test_a_conversation_of_somebody_else_does_not_exist(conversation, client_of, bob, engine):
    answer = client_of(bob).post("/api/chat", {"message": "hi", "conversation": str(conversation.pk)})
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
    assert not conversation.messages.exists()


# Who may ask.


def test_a_session_needs_its_csrf_token(alice, engine):
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(alice)
    refused = client.post("/api/chat", {"message": "hi"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "permission_denied")


@pytest.mark.parametrize("accept", ["text/event-stream", "application/json", "*/*", "text/event-stream, */*"])
def test_a_refusal_is_json_whatever_was_asked_for(client, accept):
    refused = client.post("/api/chat", {"message": "hi"}, content_type="application/json", headers={"accept": accept})
    assert refused.status_code == 401
    assert refused.headers["Content-Type"] == "application/json"
    assert refused.json()["error"]["code"] == "not_authenticated"


def test_the_example_of_its_page_is_accepted(api, engine, model, client_of, alice):
    DefaultModel.objects.create(model=model)
    page = api.get("/api/chat", headers={"accept": "text/html"})
    assert page.status_code == 405
    assert "&quot;message&quot;: &quot;Hello&quot;" in page.content.decode()
    assert api.post("/api/chat", {"message": "Hello", "stream": False}).status_code == 200
    wait_for(lambda: not engine.runner.is_busy)
