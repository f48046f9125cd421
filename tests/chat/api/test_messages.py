"""`/api/conversations/{id}/messages`: the tree is read by pages, and grows by turns."""

from uuid import uuid4

import pytest
from django.core.cache import cache
from rest_framework.throttling import SimpleRateThrottle

from chat.models import Conversation, Message, Status
from llm.testing import expected_text
from registry.models import LLMModel

NOBODYS = "00000000-0000-4000-8000-00000000000a"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def send(api, engine, messages):
    def post(text, **fields):
        return api.post(messages, {"text": text} | fields)

    return post


def test_a_message_starts_a_turn(send, api, messages, conversation, ended):
    client_id = str(uuid4())
    answer = send("[[tokens=5]]", client_id=client_id)
    assert answer.status_code == 202
    accepted = answer.json()
    assert set(accepted) == {"client_id", "conversation", "message", "turn"}
    assert (accepted["client_id"], accepted["conversation"]) == (client_id, str(conversation.pk))
    ended(accepted["turn"])
    read = api.get(f"{messages}/{accepted['turn']}").json()
    assert (read["role"], read["text"], read["status"], read["finish"]) == (
        "assistant",
        expected_text(5),
        "complete",
        "stop",
    )
    assert (read["parent"], read["model_label"], read["model_reason"]) == (
        accepted["message"],
        "Scripted model",
        "conversation",
    )
    assert (read["usage"]["output_tokens"], read["usage"]["cost"], read["error"]) == (5, None, None)


def test_the_server_makes_a_client_id(send, ended):
    accepted = send("[[tokens=1]]").json()
    assert str(ended(accepted["turn"]).parent.client_id) == accepted["client_id"]


def test_the_same_message_again_is_the_same_turn(send, ended, provider):
    client_id = str(uuid4())
    first = send("[[tokens=1]]", client_id=client_id)
    ended(first.json()["turn"])
    again = send("[[tokens=1]]", client_id=client_id)
    assert (again.status_code, again.json()) == (202, first.json())
    assert len(provider.requests) == 1


def test_the_client_id_of_somebody_else_is_a_conflict(send, client_of, bob, model):
    client_id = str(uuid4())
    send("[[tokens=1]]", client_id=client_id)
    own = Conversation.objects.create(owner=bob, model=model)
    refused = client_of(bob).post(f"/api/conversations/{own.pk}/messages", {"text": "hi", "client_id": client_id})
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "client_id_taken")


def test_while_an_answer_is_written_no_other_begins(send):
    assert send("[[hang]]").status_code == 202
    refused = send("me too")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "turn_in_progress")


def test_too_many_answers_at_once_are_refused_at_once(ask, send, settings):
    for _ in range(settings.MAX_TURNS_PER_USER):
        ask("[[hang]]")
    refused = send("one too many")
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "busy")


def test_the_first_message_names_a_chat_without_a_title(send, conversation, ended):
    Conversation.objects.update(title="")
    ended(send("[[tokens=1]] Which is the longest?").json()["turn"])
    conversation.refresh_from_db()
    assert conversation.title == "[[tokens=1]] Which is the longest?"


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ({}, "text"),
        ({"text": " \n"}, "text"),
        ({"text": "x" * 100_001}, "text"),
        ({"text": ["x"]}, "text"),
        ({"text": "x", "client_id": "1"}, "client_id"),
        ({"text": "x", "parent": "1"}, "parent"),
        ({"text": "x", "params": {"stop": None}}, "params"),
        ({"text": "x", "conversation": NOBODYS}, "conversation"),
    ],
)
def test_what_is_wrong_is_named(api, messages, engine, body, names):
    refused = api.post(messages, body)
    assert (refused.status_code, list(refused.json()["error"]["details"])) == (400, [names])
    assert not Message.objects.exists()


def test_why_no_model_can_answer_has_its_status(send, model):
    unknown = send("hi", model=str(uuid4()))
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "model_unavailable")
    LLMModel.objects.update(is_active=False)
    assert send("hi").json()["error"]["code"] == "model_unavailable"
    Conversation.objects.update(model=None)
    nobody = send("hi")
    assert (nobody.status_code, nobody.json()["error"]["code"]) == (409, "no_model")


def test_a_parent_of_another_conversation_is_not_found(send, ask, ended):
    elsewhere = ended(ask("[[tokens=1]]").turn)
    refused = send("hi", parent=str(elsewhere.pk))
    assert (refused.status_code, refused.json()["error"]["code"]) == (404, "not_found")


def test_another_answer_is_a_sibling(send, api, messages, ended):
    first = send("[[tokens=2]]").json()
    ended(first["turn"])
    again = api.post(f"{messages}/{first['turn']}/regenerate", {})
    assert (again.status_code, again.json()["message"]) == (202, first["message"])
    ended(again.json()["turn"])
    rows = api.get(messages).json()["results"]
    assert [(row["id"], row["parent"], row["on_active_path"]) for row in rows] == [
        (first["message"], None, True),
        (first["turn"], first["message"], False),
        (again.json()["turn"], first["message"], True),
    ]


def test_only_an_answer_of_this_conversation_is_given_again(send, api, messages, ask, ended):
    elsewhere = ended(ask("[[tokens=1]]").turn)
    own = send("[[tokens=1]]").json()
    ended(own["turn"])
    for message in (own["message"], elsewhere.pk, uuid4()):
        assert api.post(f"{messages}/{message}/regenerate", {}).status_code == 404
    assert api.get(f"{messages}/{elsewhere.pk}").status_code == 404
    assert Message.objects.count() == 4


def test_an_answer_is_read_while_it_is_written(send, api, messages, provider):
    turn = send("[[reason]] [[tokens=5 hang_after=3]]").json()["turn"]
    provider.wait_for_request(tokens=3)
    read = api.get(f"{messages}/{turn}").json()
    assert (read["status"] in {"queued", "streaming"}, read["usage"], read["error"]) == (True, None, None)


def test_what_went_wrong_and_what_was_thought_is_read(send, api, messages, ended):
    turn = send("[[reason]] [[tokens=20 drop_after=12]]").json()["turn"]
    ended(turn)
    read = api.get(f"{messages}/{turn}").json()
    assert read["reasoning"].startswith("The user wants")
    assert (read["status"], read["error"]["code"], read["error"]["retryable"]) == ("truncated", "truncated", False)
    assert read["error"]["message"].endswith("try again for a full answer.")
    assert read["usage"]["estimated"]


def test_tool_calls_are_read_with_their_results(api, messages, conversation):
    call = {"type": "tool", "id": "1", "name": "calculate", "phase": "call", "args": "{}"}
    result = {"type": "tool", "id": "1", "name": "calculate", "phase": "result", "result": "4"}
    row = Message.objects.create(conversation=conversation, role="assistant", parts=[call, result])
    assert api.get(f"{messages}/{row.pk}").json()["tools"] == [
        {"id": "1", "name": "calculate", "phase": "result", "args": "{}", "result": "4"}
    ]


@pytest.mark.parametrize("size", [1, 3, 50])
def test_pages_follow_each_other_without_gap_or_duplicate(api, messages, conversation, size):
    rows = [Message.objects.create(conversation=conversation, role="user", text=str(n)) for n in range(7)]
    Message.objects.filter(pk__in=[row.pk for row in rows[2:6]]).update(created_at=rows[2].created_at)
    texts, address = [], f"{messages}?page_size={size}"
    while address:
        page = api.get(address).json()
        assert len(page["results"]) <= size
        texts += [row["text"] for row in page["results"]]
        address = page["next"]
    assert sorted(texts) == [str(n) for n in range(7)]
    assert (texts[0], texts[-1]) == ("0", "6")


@pytest.mark.parametrize(
    "cursor", ["x", "cD14", "cD0wMDAxLTAxLTAx", "cD0wMDAxLTAxLTAxVDAwOjAwKzIzOjU5", "cD0lMDA=", "é"]
)
def test_a_cursor_that_is_none_is_not_found(api, messages, cursor):
    refused = api.get(messages, {"cursor": cursor})
    assert (refused.status_code, refused.json()["error"]["code"]) == (404, "not_found")


def test_a_page_costs_as_many_queries_as_a_message(api, messages, conversation, django_assert_max_num_queries):
    for number in range(20):
        Message.objects.create(conversation=conversation, role="assistant", text=str(number), status=Status.COMPLETE)
    with django_assert_max_num_queries(7):
        assert len(api.get(messages).json()["results"]) == 20


def test_haste_is_slowed_down(send, monkeypatch, api, messages):
    cache.clear()
    monkeypatch.setattr(SimpleRateThrottle, "THROTTLE_RATES", {"anon": "9/min", "user": "99/min", "chat": "1/min"})
    assert send("[[hang]]").status_code == 202
    refused = send("again")
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "throttled")
    assert api.post("/api/chat", {"message": "hi"}).status_code == 429
    assert api.get(messages).status_code == 200
    cache.clear()
