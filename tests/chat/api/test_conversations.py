"""`/api/conversations`: a person's own, and nobody else's."""

import pytest

from chat.models import Conversation, Message
from registry.models import Connection, LLMModel, UsageRecord
from tests.live_site import wait_for

NOBODYS = "00000000-0000-4000-8000-00000000000a"

pytestmark = pytest.mark.django_db(transaction=True)
PATH = "/api/conversations"


def titles(answer):
    assert answer.status_code == 200, answer.json()
    return [row["title"] for row in answer.json()["results"]]


def test_a_conversation_is_made_read_changed_and_deleted(api, alice, model):
    made = api.post(PATH, {"title": "Rivers", "model": str(model.pk), "tools": ["calculate"], "params": {"seed": 7}})
    assert made.status_code == 201
    document = made.json()
    assert Conversation.objects.get().owner == alice
    assert document | {"id": "", "created_at": "", "updated_at": ""} == {
        "id": "",
        "title": "Rivers",
        "model": str(model.pk),
        "system_prompt": "",
        "params": {"seed": 7},
        "tools": ["calculate"],
        "pinned": False,
        "active_leaf": None,
        "running_turn": None,
        "created_at": "",
        "updated_at": "",
    }
    address = f"{PATH}/{document['id']}"
    assert api.get(address).json() == document
    changes = {"title": "Lakes", "pinned": True, "model": None, "system_prompt": "Be brief.", "params": {}, "tools": []}
    assert api.patch(address, changes).json() == document | changes
    assert api.get(address + "/").json() == document | changes
    assert api.delete(address).status_code == 204
    assert api.get(address).status_code == 404


def test_it_may_begin_with_nothing(api):
    made = api.post(PATH, {})
    assert (made.status_code, made.json()["title"], made.json()["model"]) == (201, "", None)


def test_a_document_that_was_read_may_come_back(api, conversation):
    document = api.get(f"{PATH}/{conversation.pk}").json()
    assert api.patch(f"{PATH}/{conversation.pk}", document).json() == document


def test_the_newest_comes_first_and_a_change_makes_none_newer(api, alice):
    rows = [Conversation.objects.create(owner=alice, title=title) for title in ("one", "two", "three")]
    api.patch(f"{PATH}/{rows[0].pk}", {"title": "one, renamed", "pinned": True})
    assert titles(api.get(PATH)) == ["three", "two", "one, renamed"]
    assert titles(api.get(f"{PATH}?page_size=1&page=2")) == ["two"]


def test_titles_are_searched(api, alice):
    for title in ("The Nile", "The Rhine", "Mountains"):
        Conversation.objects.create(owner=alice, title=title)
    assert titles(api.get(f"{PATH}?search=nile")) == ["The Nile"]
    assert titles(api.get(f"{PATH}?search=THE")) == ["The Rhine", "The Nile"]


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ({"title": "x" * 201}, "title"),
        ({"title": None}, "title"),
        ({"model": "x"}, "model"),
        ({"model": NOBODYS}, "model"),
        ({"tools": ["rm"]}, "tools.0"),
        ({"tools": "calculate"}, "tools"),
        ({"tools": ["calculate", "calculate"]}, "tools"),
        ({"params": {"base_url": "https://evil.example"}}, "params"),
        ({"params": {"temperature": "hot"}}, "params"),
        ({"params": []}, "params"),
        ({"owner": 1}, "owner"),
        ({"system_prompt": "x" * 100_001}, "system_prompt"),
        ({"titel": "x"}, "titel"),
    ],
)
def test_what_is_wrong_is_named(api, conversation, body, names):
    for refused in (api.post(PATH, body), api.patch(f"{PATH}/{conversation.pk}", body)):
        assert refused.status_code == 400
        error = refused.json()["error"]
        assert (error["code"], list(error["details"])) == ("invalid", [names])
    assert Conversation.objects.count() == 1


def test_an_unknown_tool_is_answered_with_those_that_there_are(api):
    message = api.post(PATH, {"tools": ["rm"]}).json()["error"]["message"]
    assert message == "tools.0: There is no tool of this name. There are: current_time, calculate, convert_unit."


def test_a_model_of_somebody_else_does_not_exist(api, bob):
    connection = Connection.objects.create(name="Bob's", provider="openai", owner=bob)
    foreign = LLMModel.objects.create(connection=connection, name="Bob's", model_id="x")
    refused = api.post(PATH, {"model": str(foreign.pk)})
    assert refused.status_code == 400
    assert "no model of this id" in refused.json()["error"]["message"]


@pytest.mark.parametrize("rank", [{}, {"is_staff": True}, {"is_staff": True, "is_superuser": True}])
def test_nobody_else_finds_it(conversation, client_of, django_user_model, rank):
    Message.objects.create(conversation=conversation, role="user", text="secret")
    reader = client_of(django_user_model.objects.create_user("mallory", **rank))
    address = f"{PATH}/{conversation.pk}"
    assert titles(reader.get(PATH)) == []
    attempts = [
        reader.get(address),
        reader.patch(address, {"title": "mine"}),
        reader.delete(address),
        reader.post(f"{address}/stop"),
        reader.get(f"{address}/events"),
        reader.get(f"{address}/messages"),
        reader.post(f"{address}/messages", {"text": "hi"}),
    ]
    assert {attempt.status_code for attempt in attempts} == {404}
    assert {attempt.json()["error"]["code"] for attempt in attempts} == {"not_found"}
    conversation.refresh_from_db()
    assert (conversation.title, conversation.messages.count()) == ("Rivers", 1)


def test_an_id_that_is_none_is_not_found(api):
    for path in (f"{PATH}/{'-' * 36}", f"{PATH}/{'-' * 36}/messages", f"{PATH}/{'-' * 36}/stop", f"{PATH}/x"):
        assert api.get(path).status_code in {404, 405}, path
        assert api.post(path, {}).status_code in {404, 405}, path


def test_stopping_keeps_what_arrived_and_happens_once(api, ask, ended, provider):
    accepted = ask("[[tokens=1000 rate=100]]")
    provider.wait_for_request(tokens=3)
    address = f"{PATH}/{accepted.conversation}"
    assert api.get(address).json()["running_turn"] == str(accepted.turn)
    assert api.post(f"{address}/stop").json() == {"turn": str(accepted.turn)}
    assert ended(accepted.turn).status == "stopped"
    again = api.post(f"{address}/stop")
    assert (again.status_code, again.json()) == (200, {"turn": None})
    assert api.get(address).json()["running_turn"] is None


def test_deleting_stops_what_runs_and_its_use_stays_noted(api, ask, provider, engine):
    accepted = ask("[[tokens=1000 rate=100]]")
    request = provider.wait_for_request(tokens=3)
    assert api.delete(f"{PATH}/{accepted.conversation}").status_code == 204
    provider.wait_until_idle()
    assert request.closed_by_client
    assert not Message.objects.exists()
    wait_for(lambda: UsageRecord.objects.filter(turn=accepted.turn, outcome="stopped").exists())


def test_a_program_without_a_token_is_refused(client):
    for answer in (client.get(PATH), client.post(PATH, {}, content_type="application/json")):
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "not_authenticated")


def test_a_page_shows_titles_and_the_example_is_accepted(api, conversation):
    page = api.get(PATH, headers={"accept": "text/html"}).content.decode()
    assert f'/api/conversations/{conversation.pk}"><bdi>Rivers</bdi>' in page
    for path in (f"{PATH}/{conversation.pk}", f"{PATH}/{conversation.pk}/messages", "/api/chat"):
        assert api.get(path, headers={"accept": "text/html"}).status_code in {200, 405}
