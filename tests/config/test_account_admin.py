import pytest
from django.contrib.auth.models import User

from chat.models import Conversation
from registry.models import Connection


@pytest.fixture
def alice(db):
    alice = User.objects.create_user("alice")
    Conversation.objects.create(owner=alice, title="my secret diagnosis")
    Connection.objects.create(owner=alice, name="her own server", provider="vllm", base_url="https://vllm.example/v1")
    return alice


def test_deleting_an_account_counts_what_goes_with_it_and_reads_nothing_out(admin_client, alice):
    page = admin_client.get(f"/admin/auth/user/{alice.pk}/delete/").content.decode()
    assert "Conversations: 1" in page
    assert "Connections: 1" in page
    assert "diagnosis" not in page
    assert "her own server" not in page
    selected = {"action": "delete_selected", "_selected_action": [alice.pk]}
    listed = admin_client.post("/admin/auth/user/", selected).content.decode()
    assert "diagnosis" not in listed


def test_an_account_with_a_connection_can_be_deleted(admin_client, alice):
    answer = admin_client.post(f"/admin/auth/user/{alice.pk}/delete/", {"post": "yes"})
    assert answer.status_code == 302
    assert not User.objects.filter(username="alice").exists()
    assert not Connection.objects.exists()


def test_staff_without_the_permission_cannot_delete_accounts(client, alice):
    staff = User.objects.create_user("staff", is_staff=True)
    client.force_login(staff)
    assert client.post(f"/admin/auth/user/{alice.pk}/delete/", {"post": "yes"}).status_code == 403
