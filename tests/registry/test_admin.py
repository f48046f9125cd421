from uuid import uuid4

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from llm import ProviderCall, Usage
from registry.models import CAPABILITIES, Connection, DefaultModel, LLMModel, UsageRecord
from registry.usage import record_calls

KEY = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789abc"
OTHER_KEY = "sk-ant-0123456789abcdefghijklmnopqrstuvwxyz"


def url(table, page="changelist", *arguments):
    return reverse(f"admin:registry_{table}_{page}", args=arguments)


@pytest.fixture
def browse(client, readers):
    """The admin as one of the readers sees it."""

    def sign_in(name):
        client.force_login(readers[name])
        return client

    return sign_in


@pytest.fixture
def rows(readers, make_model):
    """A connection with its model of each kind."""
    return {
        "staff": make_model(readers["staff"], key=KEY, name="staff's own", base_url="https://staff.example"),
        "alice": make_model(readers["alice"], key=KEY, name="alice's own", base_url="https://alice.example"),
        "global": make_model(key=KEY, name="for everybody", base_url="https://global.example"),
    }


def form_data(row, **changes):
    data = {"name": row.name, "provider": row.provider, "base_url": row.base_url, "owner": row.owner_id or ""}
    return data | {"options": "{}", "is_active": "on", "api_key": "", "headers": ""} | changes


def errors_of(response):
    return str(response.context["errors"])


@pytest.mark.parametrize(
    ("reader", "seen"),
    [
        ("staff", {"staff's own", "for everybody"}),
        ("holder", {"for everybody"}),
        ("superuser", {"staff's own", "alice's own", "for everybody"}),
    ],
)
@pytest.mark.parametrize("table", ["connection", "llmmodel"])
def test_lists_are_scoped(browse, rows, reader, seen, table):
    listed = browse(reader).get(url(table)).context["cl"].queryset
    assert {row.name for row in listed} == seen


@pytest.mark.parametrize("reader", ["alice", "inactive"])
def test_the_admin_is_for_staff(browse, reader):
    assert browse(reader).get(url("connection")).status_code == 302


# reader, row: status of the page, whether it can be saved
PAGES = [
    ("staff", "staff", 200, True),
    ("staff", "global", 200, False),
    ("staff", "alice", 302, False),
    ("holder", "global", 200, True),
    ("holder", "alice", 302, False),
    ("superuser", "global", 200, True),
    ("superuser", "alice", 200, False),
]


@pytest.mark.parametrize(("reader", "row", "status", "editable"), PAGES)
def test_pages_are_scoped(browse, rows, reader, row, status, editable):
    browser, model = browse(reader), rows[row]
    for table, pk in (("connection", model.connection_id), ("llmmodel", model.pk)):
        page = browser.get(url(table, "change", pk))
        assert page.status_code == status
        assert (b"_save" in page.content) == editable
        if status == 200 and not editable:
            assert f"{row}.example" not in page.content.decode()
            assert "sk-proj" not in page.content.decode()
            assert browser.post(url(table, "change", pk), {"name": "taken"}).status_code == 403
            assert browser.post(url(table, "delete", pk), {"post": "yes"}).status_code == 403


@pytest.mark.parametrize(("reader", "row", "status", "editable"), PAGES)
def test_bulk_deletion_is_scoped(browse, rows, reader, row, status, editable):
    pk = rows[row].connection_id
    browse(reader).post(url("connection"), {"action": "delete_selected", "_selected_action": str(pk), "post": "yes"})
    assert Connection.objects.filter(pk=pk).exists() != editable


def test_a_key_is_entered_and_never_shown(browse, readers):
    browser = browse("staff")
    new = Connection(name="New", provider="openai", owner=readers["staff"])
    added = browser.post(
        url("connection", "add"),
        form_data(new, api_key=f" {KEY} ", headers='{"X-Team": "hush"}', _continue="1"),
        follow=True,
    )
    row = Connection.objects.get()
    assert row.reveal_key().reveal() == KEY
    assert row.reveal_headers()["X-Team"].reveal() == "hush"
    assert (row.owner, row.key_set_by) == (readers["staff"], readers["staff"])
    pages = [added, browser.get(url("connection")), browser.get(url("connection", "history", row.pk))]
    for page in pages:
        for hidden in (KEY, KEY[8:20], row.sealed_api_key, row.sealed_headers, "hush"):
            assert hidden not in page.content.decode()
    assert b"sk-proj...abc" in added.content
    assert not [entry for entry in LogEntry.objects.all() if KEY in str(vars(entry))]


@pytest.mark.parametrize(
    ("address", "why", "can_be_allowed"),
    [
        ("https://api.example.com/v1", "", False),
        ("https://no-such-name.example.com/v1", "", False),
        ("http://10.0.0.5:8000/v1", "", False),
        ("http://10.0.0.6:8000/v1", "it is a private address", True),
        ("https://10.0.0.6/v1", "it is a private address", True),
        ("http://api.example.com/v1", "it is not https on port 443", True),
        ("https://api.example.com:8443/v1", "it is not https on port 443", True),
        ("https://gpu-box/v1", "it is a name inside a private network", True),
        ("http://169.254.169.254/v1", "it is a link-local or reserved address", False),
        ("http://127.0.0.1:8765/v1", "it is an address of this site itself", False),
        ("http://localhost:8765/v1", "it is an address of this site itself", False),
        ("http://[::1]:8765/v1", "it is an address of this site itself", False),
    ],
)
def test_an_address_that_may_not_be_reached_is_said_with_the_reason_to_whoever_may_allow_it(
    browse, readers, settings, monkeypatch, address, why, can_be_allowed
):
    monkeypatch.setattr("registry.addresses.served_ports", {8765})
    settings.ALLOWED_ENDPOINTS = ["http://10.0.0.5:8000"]
    page = saved_by(browse, readers, "holder", address)
    assert ("may not be reached from here" in page) == bool(why)
    assert f"may not be reached from here: {why}" in page or not why
    assert ("manage.py allow_endpoint" in page) == can_be_allowed
    page = saved_by(browse, readers, "staff", address)
    assert ("This address may not be reached from here." in page) == bool(why)
    assert not why or why not in page
    assert "allow_endpoint" not in page


def saved_by(browse, readers, reader, address):
    """The page after this reader has added a connection to this address."""
    new = Connection(name=reader, provider="openai_compatible", base_url=address, owner=readers[reader])
    page = browse(reader).post(url("connection", "add"), form_data(new), follow=True).content.decode()
    assert Connection.objects.get(name=reader).base_url == address
    return page


def test_help_speaks_of_a_stored_key_where_there_is_one(browse, rows):
    browser, stored = browse("staff"), "Leave empty to keep the stored"
    assert stored not in browser.get(url("connection", "add")).content.decode()
    row = rows["staff"].connection
    page = url("connection", "change", row.pk)
    assert browser.get(page).content.decode().count(stored) == 1
    row.set_headers({"x-team": "blue"})
    row.save()
    assert browser.get(page).content.decode().count(stored) == 2


def test_a_form_with_an_error_forgets_the_secrets(browse, readers):
    new = Connection(name="", provider="openai", owner=readers["staff"])
    page = browse("staff").post(url("connection", "add"), form_data(new, api_key=KEY, headers='{"X-Team": "hush"}'))
    assert page.status_code == 200
    assert KEY not in page.content.decode()
    assert "hush" not in page.content.decode()


def test_an_empty_field_keeps_the_key(browse, rows):
    row = rows["staff"].connection
    browse("staff").post(url("connection", "change", row.pk), form_data(row, name="renamed"))
    row = Connection.objects.get(pk=row.pk)
    assert (row.name, row.reveal_key().reveal()) == ("renamed", KEY)


def test_a_key_is_replaced_or_removed(browse, rows):
    row, browser = rows["staff"].connection, browse("staff")
    browser.post(url("connection", "change", row.pk), form_data(row, api_key=OTHER_KEY))
    assert Connection.objects.get(pk=row.pk).reveal_key().reveal() == OTHER_KEY
    browser.post(url("connection", "change", row.pk), form_data(row, remove_key="on"))
    assert not Connection.objects.get(pk=row.pk).has_key


@pytest.mark.parametrize("change", [{"base_url": "https://evil.example"}, {"provider": "vllm"}])
def test_a_new_address_needs_the_key_again(browse, rows, change):
    row, browser = rows["staff"].connection, browse("staff")
    refused = browser.post(url("connection", "change", row.pk), form_data(row, **change))
    assert "Enter the key" in errors_of(refused)
    assert Connection.objects.get(pk=row.pk).base_url == "https://staff.example"
    browser.post(url("connection", "change", row.pk), form_data(row, api_key=OTHER_KEY, **change))
    assert Connection.objects.get(pk=row.pk).reveal_key().reveal() == OTHER_KEY


@pytest.mark.parametrize(
    "typed",
    [
        {"api_key": "sk-proj...abc"},
        {"api_key": "two words"},
        {"headers": "[1]"},
        {"headers": "{"},
        {"headers": '{"Host": "x"}'},
        {"base_url": "ftp://example.com"},
    ],
)
def test_what_cannot_be_stored_is_explained(browse, rows, typed):
    row = rows["staff"].connection
    refused = browse("staff").post(url("connection", "change", row.pk), form_data(row, **typed))
    assert refused.status_code == 200
    assert refused.context["errors"]
    assert Connection.objects.get(pk=row.pk).reveal_key().reveal() == KEY


def test_only_a_holder_shares(browse, readers, make_model):
    for name, is_shared in (("staff", False), ("holder", True)):
        row = make_model(readers[name], key=KEY).connection
        browse(name).post(url("connection", "change", row.pk), form_data(row, owner=""))
        row = Connection.objects.get(pk=row.pk)
        assert row.is_global == is_shared
        assert row.reveal_key().reveal() == KEY


def test_nobody_takes_or_gives_a_connection(browse, rows, readers):
    row = rows["global"].connection
    for owner in (readers["holder"].pk, readers["alice"].pk):
        page = browse("holder").post(url("connection", "change", row.pk), form_data(row, owner=owner))
        assert page.context["errors"]
        assert Connection.objects.get(pk=row.pk).is_global


def test_sharing_an_unreadable_key_is_explained(browse, readers, make_model):
    row = make_model(readers["holder"], key=KEY).connection
    Connection.objects.filter(pk=row.pk).update(sealed_api_key=row.sealed_api_key[:-2] + "AA")
    page = browse("holder").post(url("connection", "change", row.pk), form_data(row, owner=""))
    assert "re-enter the key" in errors_of(page)


def test_a_row_that_cannot_be_read_still_lists(browse, rows, settings):
    settings.ENCRYPTION_KEY = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="
    browser = browse("staff")
    assert b"staff&#x27;s own" in browser.get(url("connection")).content
    assert browser.get(url("connection", "change", rows["staff"].connection_id)).status_code == 200


PROBES = [
    "sealed_api_key__startswith",
    "sealed_headers",
    "base_url__contains",
    "key_preview",
    "owner__username",
    "owner",
]
MODEL_PROBES = [f"connection__{probe}" for probe in PROBES] + ["usage__cost", "connection__owner__password__startswith"]


@pytest.mark.parametrize(
    ("table", "probe"), [("connection", p) for p in PROBES[:-1]] + [("llmmodel", p) for p in MODEL_PROBES]
)
def test_no_filter_reads_a_hidden_column(browse, rows, table, probe):
    page = browse("staff").get(url(table), {probe: "v1"})
    assert page.status_code in (302, 400)
    assert "cl" not in (page.context or {})


@pytest.mark.parametrize("owner", ["global", "mine", "others"])
@pytest.mark.parametrize("table", ["connection", "llmmodel"])
def test_ownership_names_nobody(browse, rows, table, owner):
    page = browse("staff").get(url(table), {"ownership": owner})
    assert page.status_code == 200
    assert "alice" not in page.content.decode()


@pytest.mark.parametrize(
    ("table", "lookup"),
    [
        ("connection", {"provider__exact": "openai", "is_active__exact": 1, "q": "own"}),
        ("llmmodel", {"connection__provider__exact": "openai", **{f"{name}__exact": 0 for name in CAPABILITIES}}),
        ("usagerecord", {"source__exact": "reported", "outcome": "complete", "created_at__year": 2026}),
    ],
)
def test_filters_work(browse, rows, table, lookup):
    for name, value in lookup.items():
        assert browse("superuser").get(url(table), {name: value}).status_code == 200


def test_choices_are_scoped(browse, rows, readers):
    form = browse("staff").get(url("llmmodel", "add")).context["adminform"].form
    assert [row.name for row in form.fields["connection"].queryset] == ["staff's own"]
    form = browse("staff").get(url("defaultmodel", "add")).context["adminform"].form
    assert {row.name for row in form.fields["model"].queryset} == {"staff's own", "for everybody"}
    assert list(form.fields["user"].queryset) == [readers["staff"]]
    foreign = {"connection": rows["alice"].connection_id, "name": "x", "model_id": "x", "default_params": "{}"}
    assert browse("staff").post(url("llmmodel", "add"), foreign).context["errors"]
    assert LLMModel.objects.count() == 3


@pytest.mark.parametrize(("reader", "allowed"), [("staff", False), ("holder", True)])
def test_the_default_of_everybody_belongs_to_holders(browse, rows, reader, allowed):
    browser = browse(reader)
    browser.post(url("defaultmodel", "add"), {"user": "", "model": rows["global"].pk})
    assert DefaultModel.objects.exists() == allowed


def test_deleting_does_not_name_what_belongs_to_others(browse, rows, readers):
    DefaultModel.objects.create(user=readers["alice"], model=rows["global"])
    page = browse("holder").get(url("connection", "delete", rows["global"].connection_id))
    assert "alice" not in page.content.decode()
    browse("holder").post(url("connection", "delete", rows["global"].connection_id), {"post": "yes"})
    assert not DefaultModel.objects.exists()


def test_usage_is_read_only_and_scoped(browse, rows, readers):
    for name in ("alice", "staff"):
        whose = {"user_id": readers[name].pk, "model_id": rows["global"].pk, "model_label": f"used by {name}"}
        record_calls([ProviderCall(usage=Usage(input_tokens=1))], turn=uuid4(), **whose)
    for reader, seen in (("staff", {"used by staff"}), ("holder", {"used by staff", "used by alice"})):
        listed = browse(reader).get(url("usagerecord")).context["cl"].queryset
        assert {row.model_label for row in listed} == seen
    page = url("usagerecord", "change", UsageRecord.objects.first().pk)
    assert browse("superuser").get(page).status_code == 200
    assert browse("superuser").post(page, {}).status_code == 403


def test_the_last_tests_steps_are_shown_to_whoever_may_edit(browse, rows):
    step = {"name": "chat", "status": "failed", "detail": "", "remedy": "<Enter> a key."}
    LLMModel.objects.update(last_test_at="2026-11-24T12:00Z", last_test_ok=False, last_test_steps=[step])
    page = url("llmmodel", "change", rows["global"].pk)
    said = "chat: failed. &lt;Enter&gt; a key."
    assert said in browse("holder").get(page).text
    assert said not in browse("staff").get(page).text


@pytest.mark.parametrize("table", ["connection", "llmmodel"])
def test_lists_cost_a_constant_number_of_queries(browse, readers, make_model, table):
    browser, counts = browse("superuser"), []
    for number in range(21):
        make_model(readers["alice"] if number % 2 else None, name=str(number))
        if number in {1, 20}:
            with CaptureQueriesContext(connection) as queries:
                assert browser.get(url(table)).status_code == 200
            counts.append(len(queries))
    assert counts[0] == counts[1]


def test_deleting_many_models_takes_the_connections_that_were_made_with_them(browse, make_model, readers):
    inline, kept = make_model(readers["staff"], name="inline"), make_model(readers["staff"], name="kept")
    Connection.objects.filter(pk=inline.connection_id).update(is_inline=True)
    chosen = {"action": "delete_selected", "_selected_action": [str(inline.pk), str(kept.pk)], "post": "yes"}
    browse("staff").post(url("llmmodel"), chosen)
    assert not LLMModel.objects.exists()
    assert list(Connection.objects.all()) == [kept.connection]
