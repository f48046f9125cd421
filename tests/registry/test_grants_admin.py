"""Allowed endpoints in the admin, and what the admin says about an address that is not allowed."""

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from registry import addresses
from registry.grants import NO_SERVER
from registry.grants_admin import GRANTED_ALREADY
from registry.models import AllowedEndpoint, Connection
from tests.llm.hostile_urls import URLS
from tests.registry.granting import GRANTABLE

GPU = {"scheme": "http", "host": "10.0.0.5", "port": 8000}


def url(page="changelist", *arguments):
    return reverse(f"admin:registry_allowedendpoint_{page}", args=arguments)


@pytest.fixture
def browse(client, readers):
    def sign_in(name):
        client.force_login(readers[name])
        return client

    return sign_in


@pytest.fixture
def row(db):
    return AllowedEndpoint.objects.create(**GPU, note="GPU box")


def errors_of(page):
    return str(page.context["errors"])


@pytest.mark.parametrize(("reader", "status"), [("staff", 403), ("alice", 302), ("inactive", 302), ("anonymous", 302)])
def test_nobody_else_sees_or_changes_a_grant(client, readers, row, reader, status):
    if reader != "anonymous":
        client.force_login(readers[reader])
    for page in (url(), url("add"), url("change", row.pk), url("delete", row.pk), url("history", row.pk)):
        answer = client.get(page)
        assert answer.status_code in {status, 302}
        assert "10.0.0.5" not in answer.content.decode()
    for page, data in (
        (url("add"), {"address": "http://10.0.0.6"}),
        (url("change", row.pk), {"usable_by_users": "on"}),
        (url("delete", row.pk), {"post": "yes"}),
        (url(), {"action": "delete_selected", "_selected_action": str(row.pk), "post": "yes"}),
    ):
        assert client.post(page, data).status_code == status
    assert list(AllowedEndpoint.objects.values_list("host", "usable_by_users")) == [("10.0.0.5", False)]


def test_a_grant_that_is_there_looks_like_one_that_is_not(browse, row):
    browser = browse("staff")
    for page in ("change", "delete", "history"):
        there, missing = (browser.get(url(page, pk), follow=True) for pk in (row.pk, row.pk + 1))
        assert there.status_code == missing.status_code
        assert "10.0.0.5" not in there.content.decode()


@pytest.mark.parametrize(("reader", "shown"), [("staff", False), ("holder", True), ("superuser", True)])
def test_the_menu_shows_the_page_to_those_who_may_grant(browse, row, reader, shown):
    page = browse(reader).get(reverse("admin:index")).content.decode()
    assert (url() in page) == shown


@pytest.mark.parametrize("reader", ["holder", "superuser"])
def test_a_grant_is_made_changed_and_taken_back(browse, readers, reader):
    browser = browse(reader)
    browser.post(url("add"), {"address": " http://GPU-box:8000/ ", "note": "GPU box"})
    row = AllowedEndpoint.objects.get()
    assert (str(row), row.usable_by_users, row.note) == ("http://gpu-box:8000", False, "GPU box")
    assert row.created_by == readers[reader]
    listed = browser.get(url()).content.decode()
    for part in ("http://gpu-box:8000", "global connections only", "GPU box", f">{reader}<"):
        assert part in listed
    browser.post(url("change", row.pk), {"usable_by_users": "on", "note": "", "address": "http://evil", "host": "evil"})
    row = AllowedEndpoint.objects.get()
    assert (str(row), row.usable_by_users, row.note) == ("http://gpu-box:8000", True, "")
    assert "everybody&#x27;s connections" in browser.get(url()).content.decode()
    browser.post(url("delete", row.pk), {"post": "yes"})
    assert not AllowedEndpoint.objects.exists()
    assert {entry.object_repr for entry in LogEntry.objects.all()} == {"http://gpu-box:8000"}


def test_a_change_keeps_who_made_the_grant(browse, row, alice):
    AllowedEndpoint.objects.update(created_by=alice)
    page = browse("holder").get(url("change", row.pk)).content.decode()
    assert "http://10.0.0.5:8000" in page
    assert 'name="address"' not in page
    browse("holder").post(url("change", row.pk), {"usable_by_users": "on"})
    assert list(AllowedEndpoint.objects.values_list("created_by", "usable_by_users")) == [(alice.pk, True)]


def test_the_rest_of_an_address_is_left_out_and_that_is_said(browse):
    page = browse("holder").post(url("add"), {"address": "http://10.0.0.5:8000/v1?key=hush"}, follow=True)
    assert "A grant is for a whole server, here http://10.0.0.5:8000." in page.content.decode()
    assert "hush" not in page.content.decode()
    assert str(AllowedEndpoint.objects.get()) == "http://10.0.0.5:8000"


@pytest.mark.parametrize("again", ["http://10.0.0.5:8000", "HTTP://10.0.0.5:8000/v1"])
def test_the_same_address_twice(browse, row, again):
    assert GRANTED_ALREADY in errors_of(browse("holder").post(url("add"), {"address": again}))
    assert AllowedEndpoint.objects.count() == 1


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("", "This field is required"),
        ("10.0.0.5:8000", NO_SERVER),
        ("http://169.254.169.254", "it is a link-local or reserved address"),
        ("http://0.0.0.0:8000", "it is a link-local or reserved address"),
        ("http://localhost:8765", "it is an address of this site itself"),
        ("http://[::1]:8765", "it is an address of this site itself"),
    ],
)
def test_what_cannot_be_granted_is_explained(browse, monkeypatch, address, said):
    monkeypatch.setattr(addresses, "served_ports", {8765})
    page = browse("holder").post(url("add"), {"address": address})
    assert page.status_code == 200
    assert said in errors_of(page)
    assert not AllowedEndpoint.objects.exists()


@pytest.mark.parametrize("kind", URLS)
def test_what_names_no_server_is_refused_with_a_sentence(browse, kind):
    browser, expected = browse("holder"), GRANTABLE.get(kind, {})
    # The field takes blanks around an address for what they are, and no browser sends half a surrogate pair.
    for hostile in (url for url in URLS[kind] if url == url.strip() and url.isascii()):
        page = browser.post(url("add"), {"address": hostile})
        assert page.status_code == (302 if hostile in expected else 200), hostile
        assert hostile in expected or page.context["errors"]
    assert {str(row) for row in AllowedEndpoint.objects.all()} == set(expected.values())


def test_a_row_that_became_the_sites_own_can_be_taken_back(browse, monkeypatch):
    row = AllowedEndpoint.objects.create(scheme="http", host="localhost", port=8765)
    monkeypatch.setattr(addresses, "served_ports", {8765})
    page = browse("holder").post(url("change", row.pk), {"usable_by_users": "on"})
    assert "an address of this site itself" in errors_of(page)
    browse("holder").post(url("delete", row.pk), {"post": "yes"})
    assert not AllowedEndpoint.objects.exists()


@pytest.mark.parametrize(
    ("reader", "owner", "base_url", "command"),
    [
        ("holder", "", "http://10.0.0.5:8000/v1", "manage.py allow_endpoint http://10.0.0.5:8000<"),
        ("holder", "holder", "http://10.0.0.5:8000/v1", "manage.py allow_endpoint http://10.0.0.5:8000 --users<"),
        ("superuser", "", "https://gpu-box", "manage.py allow_endpoint https://gpu-box<"),
        ("superuser", "", "http://1.1.1.1", "manage.py allow_endpoint http://1.1.1.1<"),
        ("superuser", "", "http://[fd12::1]:80/v1", "manage.py allow_endpoint &#x27;http://[fd12::1]&#x27;<"),
    ],
)
def test_who_may_grant_is_told_how(browse, readers, reader, owner, base_url, command):
    data = {"name": "New", "provider": "openai_compatible", "base_url": base_url, "options": "{}", "is_active": "on"}
    data |= {"owner": readers[owner].pk if owner else ""}
    page = browse(reader).post(reverse("admin:registry_connection_add"), data, follow=True).content.decode()
    assert Connection.objects.count() == 1
    assert command in page
    assert "to the allowed endpoints here in the admin" in page


@pytest.mark.parametrize("base_url", ["http://169.254.169.254/v1", "http://localhost:8765/v1"])
def test_nobody_is_told_to_allow_what_is_never_opened(browse, monkeypatch, base_url):
    monkeypatch.setattr(addresses, "served_ports", {8765})
    data = {"name": "New", "provider": "openai_compatible", "base_url": base_url, "options": "{}", "is_active": "on"}
    page = browse("holder").post(reverse("admin:registry_connection_add"), data, follow=True).content.decode()
    assert "may not be reached from here" in page
    assert "allow_endpoint " not in page
