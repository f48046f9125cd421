"""Rows that cannot be read are mended by entering again what cannot be read."""

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from llm import user
from registry.client import client_for
from registry.errors import CredentialUnreadable
from registry.models import Connection
from tests.registry.unreadable.conftest import DAMAGE
from tests.registry.unreadable.refused import ENTERED, KEY, assert_refused_for


def form_data(row, **changes):
    data = {"name": row.name, "provider": row.provider, "base_url": row.base_url, "owner": row.owner_id or ""}
    return data | {"options": "{}", "is_active": "on", "api_key": "", "headers": ""} | changes


@pytest.fixture
def save_as_superuser(client, readers):
    """Post a connection's form in the admin; the problems that the page then shows."""
    client.force_login(readers["superuser"])

    def save(row, **changes):
        page = client.post(
            reverse("admin:registry_connection_change", args=[row.pk]), form_data(row, **changes), follow=True
        )
        assert page.status_code == 200
        return str(page.context.get("errors", ""))

    return save


REPAIRS = [name for name in DAMAGE if name not in {"another owner", "no address", "a provider that is gone"}]


@pytest.mark.parametrize("damaged", REPAIRS, indirect=True)
def test_entering_key_and_headers_again_mends_a_row(damaged, save_as_superuser):
    row = damaged.connection
    assert save_as_superuser(row, api_key=ENTERED, headers='{"X-Team": "red"}') in {"", "[]"}
    row = Connection.objects.get(pk=row.pk)
    assert (row.reveal_key().reveal(), row.reveal_headers()["X-Team"].reveal()) == (ENTERED, "red")


def test_a_mended_row_is_used_again(readers, under_another_key, save_as_superuser, provider, connections):
    model, reader = under_another_key, readers["superuser"]
    assert_refused_for(reader, model)
    assert save_as_superuser(model.connection, api_key=ENTERED) in {"", "[]"}
    with pytest.raises(CredentialUnreadable, match="headers"):
        client_for(reader, model.pk)
    assert connections == []
    save_as_superuser(Connection.objects.get(), remove_headers="on")
    assert client_for(reader, model.pk).chat([user("[[tokens=2]]")]).text
    [request] = provider.requests
    assert request.headers["authorization"] == f"Bearer {ENTERED}"
    assert len(connections) == 1


@pytest.mark.parametrize(
    ("damaged", "said", "unsaid"),
    [
        ("the key altered", "The stored key cannot be read.", "The stored ones cannot be read."),
        ("the headers altered", "The stored ones cannot be read.", "The stored key cannot be read."),
    ],
    indirect=["damaged"],
)
def test_the_form_says_what_to_enter_again(client, readers, damaged, said, unsaid):
    client.force_login(readers["superuser"])
    page = client.get(reverse("admin:registry_connection_change", args=[damaged.connection_id])).content.decode()
    assert said in page
    assert unsaid not in page


def test_an_address_that_is_none_is_mended_with_the_key(damaged_address, save_as_superuser):
    row, address = damaged_address
    assert "This is not an address" in save_as_superuser(row, api_key=ENTERED, remove_headers="on")
    assert "Enter the key" in save_as_superuser(row, base_url=address)
    assert save_as_superuser(row, base_url=address, api_key=ENTERED, remove_headers="on") in {"", "[]"}
    assert Connection.objects.get().reveal_key().reveal() == ENTERED


@pytest.fixture
def damaged_address(model):
    address = model.connection.base_url
    Connection.objects.update(base_url="not an address")
    return Connection.objects.get(), address


@pytest.mark.parametrize("damaged", ["the key altered", "the headers altered"], indirect=True)
def test_sharing_wants_again_only_what_cannot_be_read(damaged, request):
    row, is_key = damaged.connection, "the key" in request.node.callspec.params["damaged"]
    row.owner = None
    with pytest.raises(ValidationError, match="The stored key" if is_key else "The stored headers"):
        row.full_clean()
    if is_key:
        row.set_key(ENTERED, by=None)
    else:
        row.set_headers({"X-Team": "red"})
    row.full_clean()
    row.save()
    row = Connection.objects.get(pk=row.pk)
    assert row.is_global
    assert row.reveal_key().reveal() == (ENTERED if is_key else KEY)
    assert row.reveal_headers()["X-Team"].reveal() == ("blue" if is_key else "red")


def test_a_damaged_row_can_be_deleted(client, readers, damaged):
    client.force_login(readers["superuser"])
    owner = Connection.objects.filter(pk=damaged.connection_id).values_list("owner", flat=True).get()
    client.post(reverse("admin:registry_connection_delete", args=[damaged.connection_id]), {"post": "yes"})
    is_anothers = owner == readers["alice"].pk
    assert Connection.objects.filter(pk=damaged.connection_id).exists() == is_anothers
