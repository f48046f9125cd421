"""Who sees, uses and edits what: every reader against every kind of row."""

import pytest

from registry.models import Connection, LLMModel
from registry.querysets import may_edit

KEY = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789abc"

# row: owner, is active, has a key
ROWS = {
    "alice's": ("alice", True, True),
    "alice's, off": ("alice", False, True),
    "alice's, no key": ("alice", True, False),
    "inactive's": ("inactive", True, True),
    "global": (None, True, True),
    "global, off": (None, False, True),
    "global, no key": (None, True, False),
}
OWN = ["alice's", "alice's, off", "alice's, no key"]
ACTIVE_GLOBAL = ["global", "global, no key"]
GLOBAL = [*ACTIVE_GLOBAL, "global, off"]

# reader: sees, uses, edits, sees in the admin
TABLE = {
    "anonymous": (ACTIVE_GLOBAL, [], [], ACTIVE_GLOBAL),
    "inactive": (ACTIVE_GLOBAL, [], [], ACTIVE_GLOBAL),
    "alice": (OWN + ACTIVE_GLOBAL, ["alice's", "global"], OWN, OWN + ACTIVE_GLOBAL),
    "bob": (ACTIVE_GLOBAL, ["global"], [], ACTIVE_GLOBAL),
    "staff": (GLOBAL, ["global"], [], GLOBAL),
    "holder": (GLOBAL, ["global"], GLOBAL, GLOBAL),
    "superuser": (GLOBAL, ["global"], GLOBAL, list(ROWS)),
}


@pytest.fixture
def rows(readers, make_model):
    return {
        name: make_model(
            owner and readers[owner], key=KEY if has_key else "", name=name, connection_is_active=is_active
        )
        for name, (owner, is_active, has_key) in ROWS.items()
    }


def names(rows):
    return sorted(row.name for row in rows)


@pytest.mark.parametrize("table", [LLMModel, Connection])
@pytest.mark.parametrize("reader", TABLE)
def test_rights(reader, table, readers, rows):
    sees, uses, edits, sees_in_admin = TABLE[reader]
    user, objects = readers[reader], table.objects
    assert names(objects.visible_to(user)) == sorted(sees)
    assert names(objects.usable_by(user)) == sorted(uses)
    assert names(objects.editable_by(user)) == sorted(edits)
    assert names(objects.in_admin_for(user)) == sorted(sees_in_admin)


@pytest.mark.parametrize("reader", TABLE)
def test_a_row_says_the_same_as_its_queryset(reader, readers, rows):
    user = readers[reader]
    for row in LLMModel.objects.visible_to(user).select_related("connection"):
        assert may_edit(user, row.connection.owner_id) == (row.name in TABLE[reader][2])
        assert (row.unusable_reason(user) == "") == (row.name in TABLE[reader][1])


def test_a_model_that_is_off_itself(alice, bob, make_model):
    own, shared = make_model(alice, is_active=False), make_model(key=KEY, is_active=False)
    assert names(LLMModel.objects.usable_by(alice)) == []
    assert list(LLMModel.objects.visible_to(alice)) == [own]
    assert list(LLMModel.objects.visible_to(bob)) == []
    assert list(Connection.objects.usable_by(bob)) == [shared.connection]


@pytest.mark.parametrize("provider", ["vllm", "not-installed"])
def test_a_global_model_that_needs_no_key(bob, make_model, provider):
    """A provider that is not installed asks for none; the client says what is wrong with it."""
    model = make_model(provider=provider)
    assert LLMModel.objects.usable_by(bob).exists()
    assert model.unusable_reason(bob) == ""


@pytest.mark.parametrize(
    ("base_url", "usable"),
    [
        ("", True),
        ("https://api.openai.com/v1", True),
        ("https://API.openai.com:443/v2", True),
        ("https://api.openai.com", True),
        ("https://api.openai.com?version=2", True),
        ("https://api.openai.com.evil.example/v1", False),
        ("https://api.openai.com:8443/v1", False),
        ("http://api.openai.com/v1", False),
        ("https://evil.example/https://api.openai.com/v1", False),
    ],
)
def test_the_environments_key_goes_to_its_own_provider_only(base_url, usable, bob, make_model, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    model = make_model(base_url=base_url)
    assert LLMModel.objects.usable_by(bob).exists() == usable
    assert (model.unusable_reason(bob) == "") == usable
    assert model.to_config().api_key.reveal() == (KEY if usable else "")


def test_the_environments_key_goes_where_the_environment_says(bob, make_model, monkeypatch, settings):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    settings.LLM_PROVIDER, settings.LLM_BASE_URL = "openai", "https://gateway.example:8443/v1"
    there, elsewhere = (
        make_model(base_url="https://gateway.example:8443/x"),
        make_model(base_url="https://other.example"),
    )
    unnamed = make_model()
    assert set(LLMModel.objects.usable_by(bob)) == {there, unnamed}
    assert elsewhere.to_config().api_key.reveal() == ""
    assert unnamed.to_config().base_url == "https://gateway.example:8443/v1"


def test_a_users_connection_never_gets_the_environments_key(alice, make_model, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    assert make_model(alice).to_config().api_key.reveal() == ""


@pytest.mark.parametrize(
    ("reader", "sentence"),
    [("bob", "No key yet. An administrator can add one."), ("holder", "No key yet. Enter the key of its connection.")],
)
def test_the_reason_says_what_its_reader_can_do(reader, sentence, readers, make_model):
    assert make_model().unusable_reason(readers[reader]) == sentence


def test_an_own_connection_without_a_key_waits_for_it_like_a_global_one(alice, make_model):
    model = make_model(alice)
    assert model.unusable_reason(alice) == "No key yet. Enter the key of its connection."
    assert not LLMModel.objects.usable_by(alice).exists()


def test_reasons_cost_no_query_and_no_decryption(bob, make_model, django_assert_num_queries):
    for number in range(5):
        make_model(name=str(number), key=KEY if number % 2 else "")
    bob.has_perm("registry.manage_global")
    with django_assert_num_queries(1):
        assert {m.unusable_reason(bob) for m in LLMModel.objects.visible_to(bob).select_related("connection")}
