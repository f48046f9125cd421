"""`/api/models`: what is read, made, changed and deleted. Who may do it is in tests/security."""

import pytest

from registry.models import Connection, LLMModel
from tests.registry.api.conftest import KEY

NEW = {"name": "Mine", "model_id": "gpt-4o-mini", "provider": "openai"}
REDUCED = {
    "id",
    "name",
    "provider",
    "model_id",
    "is_global",
    "is_active",
    "usable",
    "unusable_reason",
    "capabilities",
    "context_window",
    "max_output_tokens",
    "input_price",
    "output_price",
    "cached_input_price",
}
FOR_EDITORS = {
    "connection",
    "base_url",
    "has_key",
    "key_preview",
    "default_params",
    "last_test",
    "created_at",
    "updated_at",
}


def test_a_model_with_a_connection_of_its_own(api, alice):
    made = api.post("/api/models", NEW | {"api_key": KEY, "input_price": "0.15", "capabilities": {"tools": True}})
    assert made.status_code == 201, made.json()
    document = made.json()
    assert set(document) == REDUCED | FOR_EDITORS
    assert (document["usable"], document["key_preview"], document["is_global"]) == (True, "sk-proj...abc", False)
    assert (document["input_price"], document["output_price"]) == ("0.15", None)
    assert document["capabilities"] == {
        "streaming": True,
        "tools": True,
        "vision": False,
        "reasoning": False,
        "json": False,
    }
    assert KEY not in made.content.decode()
    model = LLMModel.objects.get(pk=document["id"])
    assert (model.connection.owner, model.connection.reveal_key().reveal()) == (alice, KEY)
    assert api.get(f"/api/models/{model.pk}/").json() == document


def test_a_model_of_a_connection(api, make_model, alice):
    connection = make_model(alice, key=KEY).connection
    made = api.post("/api/models", {"name": "Second", "model_id": "gpt-4o", "connection": str(connection.pk)}).json()
    assert (made["connection"], made["provider"], made["has_key"]) == (str(connection.pk), "openai", True)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"name": "x", "model_id": "y"}, "Send connection, or provider"),
        (NEW | {"connection": "00000000-0000-4000-8000-000000000000"}, "no connection of yours"),
        (NEW | {"name": ""}, "name: This field may not be blank."),
        (NEW | {"owner": 1}, "owner: There is no such field here."),
        (NEW | {"provider": "nonesuch"}, "provider: "),
        (NEW | {"api_key": "sk-proj...abc"}, "api_key: This is a placeholder"),
        (NEW | {"api_key": ""}, "api_key: This is empty"),
        (NEW | {"base_url": "ftp://x"}, "base_url: "),
        (NEW | {"headers": {"Host": "evil"}}, "headers: The header 'Host' cannot be set"),
        (NEW | {"default_params": {"messages": []}}, "default_params: Remove messages"),
        (NEW | {"capabilities": {"telepathy": True}}, "capabilities.telepathy: There is no such field"),
        (NEW | {"input_price": "-1"}, "input_price: "),
        (NEW | {"is_global": True}, "is_global: A model belongs to whoever its connection belongs to."),
        (NEW | {"context_window": 2**31}, "context_window: "),
        (
            {"provider": "openai_compatible", "name": "x", "model_id": "y"},
            "base_url: OpenAI-compatible has no address of its own",
        ),
        ([], "no JSON object"),
    ],
)
def test_bad_input_makes_nothing(api, body, message):
    refused = api.post("/api/models", body)
    assert refused.status_code == 400
    error = refused.json()["error"]
    assert message in error["message"], error
    assert not LLMModel.objects.exists()
    assert not Connection.objects.exists()


def test_either_a_connection_or_what_makes_one(api, make_model, alice):
    connection = make_model(alice).connection
    refused = api.post("/api/models", NEW | {"connection": str(connection.pk)})
    assert refused.json()["error"]["message"] == "Send either connection or provider, not both."


def test_what_was_read_can_be_sent_back(api, make_model, alice):
    model = make_model(alice, key=KEY, input_price="2")
    document = api.get(f"/api/models/{model.pk}").json()
    changed = api.patch(f"/api/models/{model.pk}", document | {"name": "Other"})
    assert changed.status_code == 200, changed.json()
    assert changed.json() | {"updated_at": ""} == document | {"name": "Other", "updated_at": ""}


def test_the_address_moves_only_with_a_key(api, make_model, alice):
    model = make_model(alice, key=KEY)
    path = f"/api/models/{model.pk}"
    refused = api.patch(path, {"base_url": "https://evil.example/v1"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "key_required")
    moved = api.patch(path, {"base_url": "https://other.example/v1", "api_key": "k" * 30})
    assert (moved.status_code, moved.json()["base_url"]) == (200, "https://other.example/v1")
    removed = api.patch(path, {"base_url": "https://third.example/v1", "api_key": None})
    assert (removed.json()["has_key"], removed.json()["base_url"]) == (False, "https://third.example/v1")


def test_the_address_of_a_connection_that_serves_others(api, make_model, alice):
    model = make_model(alice, key=KEY)
    LLMModel.objects.create(connection=model.connection, name="second", model_id="second")
    path = f"/api/models/{model.pk}"
    refused = api.patch(path, {"api_key": "k" * 30})
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "connection_shared")
    assert api.patch(path, {"provider": "openai", "name": "New"}).status_code == 200


def test_an_inline_connection_goes_with_its_last_model(api, make_model, alice):
    made = api.post("/api/models", NEW).json()
    second = api.post("/api/models", {"name": "2", "model_id": "2", "connection": made["connection"]}).json()
    for model, connections_left in ((second, 1), (made, 0)):
        assert api.delete(f"/api/models/{model['id']}").status_code == 204
        assert Connection.objects.count() == connections_left
    kept = make_model(alice)
    assert api.delete(f"/api/models/{kept.pk}").status_code == 204
    assert Connection.objects.count() == 1


def test_readers_without_rights_get_reduced_fields(as_user, make_model):
    model = make_model(key=KEY)
    for name in ("anonymous", "bob", "staff"):
        assert set(as_user(name).get(f"/api/models/{model.pk}").json()) == REDUCED
    assert set(as_user("holder").get(f"/api/models/{model.pk}").json()) == REDUCED | FOR_EDITORS


def names(response):
    assert response.status_code == 200, response.json()
    return [row["name"] for row in response.json()["results"]]


@pytest.fixture
def some_models(make_model, alice):
    make_model(alice, name="b own", provider="anthropic", vision=True)
    make_model(name="a shared", input_price="3")
    make_model(name="c shared", input_price="1", tools=True, vision=True, base_url="https://x.example")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["a shared", "b own", "c shared"]),
        ("owner=mine", ["b own"]),
        ("owner=global", ["a shared", "c shared"]),
        ("owner=mine,global", ["a shared", "b own", "c shared"]),
        ("provider=anthropic", ["b own"]),
        ("capability=vision", ["b own", "c shared"]),
        ("capability=vision,tools", ["c shared"]),
        ("search=SHARED", ["a shared", "c shared"]),
        ("ordering=-name", ["c shared", "b own", "a shared"]),
        ("ordering=input_price&owner=global", ["c shared", "a shared"]),
        ("page_size=1&page=2", ["b own"]),
    ],
)
def test_lists_can_be_narrowed_and_ordered(api, some_models, query, expected):
    assert names(api.get(f"/api/models?{query}")) == expected


@pytest.mark.parametrize(
    "query",
    [
        "owner=bob",
        "provider=x",
        "capability=flying",
        "ordering=sealed_api_key",
        "search=%00",
        "search=" + "x" * 101,
        "provdier=openai",
    ],
)
def test_filters_that_do_not_exist_are_told(api, query):
    refused = api.get(f"/api/models?{query}")
    assert refused.status_code == 400
    assert query.partition("=")[0] in refused.json()["error"]["details"]


def test_mine_is_nothing_for_who_is_nobody(as_user, some_models):
    assert names(as_user("anonymous").get("/api/models?owner=mine")) == []


@pytest.mark.parametrize("page", ["0", "99", "x", "-1", "9" * 40])
def test_a_page_that_is_not_there(api, page):
    refused = api.get(f"/api/models?page={page}")
    assert refused.status_code == 404
    assert refused.json()["error"] == {"code": "not_found", "message": "There is no such page."}


def test_a_list_costs_the_same_queries_whatever_its_length(as_user, make_model, alice, django_assert_max_num_queries):
    for number in range(30):
        make_model(alice if number % 2 else None, name=str(number), key=KEY if number % 3 else "")
    client = as_user("alice")
    with django_assert_max_num_queries(6):
        assert client.get("/api/models").json()["count"] == 30


def test_a_filter_that_names_nothing_narrows_nothing(api, some_models):
    assert len(names(api.get("/api/models?owner=,&capability=,&ordering=,&provider=&search="))) == 3


def test_pages_neither_repeat_nor_skip_what_is_equal(api, make_model, alice):
    for number in range(9):
        make_model(alice, name=str(number))
    for ordering in ("provider", "-input_price", "created_at,provider", ","):
        path = f"/api/models?ordering={ordering}&page_size=2&page="
        assert sorted(name for page in range(1, 6) for name in names(api.get(f"{path}{page}"))) == list("012345678")


def test_where_a_model_belongs_is_not_changed_here(api, make_model, alice):
    model, other = make_model(alice), make_model(alice)
    for change in ({"connection": str(other.connection_id)}, {"is_global": True}):
        refused = api.patch(f"/api/models/{model.pk}", change)
        assert refused.status_code == 400
        assert set(refused.json()["error"]["details"]) == set(change)


def test_zero_has_one_spelling(api):
    assert api.post("/api/models", NEW | {"input_price": "-0.0"}).json()["input_price"] == "0.00"


def test_another_spelling_of_the_address_changes_nothing(api, make_model, alice):
    model = make_model(alice, key=KEY, base_url="https://api.example.com/v1")
    LLMModel.objects.create(connection=model.connection, name="second", model_id="second")
    changed = api.patch(f"/api/models/{model.pk}", {"base_url": "https://API.example.com:443/v1/"})
    assert (changed.status_code, changed.json()["base_url"]) == (200, "https://api.example.com/v1")
