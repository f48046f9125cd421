import pytest
from django.urls import reverse

PASSWORD = "correct horse battery staple"


@pytest.fixture
def alice(client, django_user_model, db):
    alice = django_user_model.objects.create_user("alice")
    alice.set_unusable_password()
    alice.save()
    client.force_login(alice)
    return alice


def set_password(client, first=PASSWORD, second=PASSWORD):
    return client.post(reverse("first-password"), {"new_password1": first, "new_password2": second})


def test_a_first_password_is_set_and_works(client, alice):
    assert b"Set a password" in client.get(reverse("first-password")).content
    assert set_password(client).headers["Location"] == "/"
    assert client.get("/").status_code == 200, "signed in still"
    client.logout()
    assert client.login(username="alice", password=PASSWORD)


@pytest.mark.parametrize(
    ("first", "second", "said"), [("short", "short", b"too short"), (PASSWORD, "another one", b"match")]
)
def test_a_password_that_is_refused_says_why(client, alice, first, second, said):
    answer = set_password(client, first, second)
    assert said in answer.content
    alice.refresh_from_db()
    assert not alice.has_usable_password()


def test_whoever_has_a_password_cannot_replace_it_without_it(client, alice):
    alice.set_password(PASSWORD)
    alice.save()
    client.force_login(alice)
    assert client.get(reverse("first-password")).headers["Location"] == "/"
    set_password(client, "stolen by who sat down here", "stolen by who sat down here")
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)


def test_strangers_are_sent_to_the_login_page(client, db):
    assert client.get(reverse("first-password")).headers["Location"].startswith(reverse("login"))
    assert b"Use the link that the terminal printed" in client.get(reverse("login")).content
