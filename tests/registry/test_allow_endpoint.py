"""`manage.py allow_endpoint`."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from registry.grants import NO_SERVER
from registry.models import AllowedEndpoint
from tests.llm.hostile_urls import URLS
from tests.registry.granting import GRANTABLE

pytestmark = pytest.mark.django_db


def run(*arguments):
    out = StringIO()
    call_command("allow_endpoint", *arguments, stdout=out)
    return out.getvalue()


def refused(*arguments):
    with pytest.raises(CommandError) as raised:
        run(*arguments)
    return str(raised.value)


def rows():
    return {str(row): (row.usable_by_users, row.note) for row in AllowedEndpoint.objects.all()}


def test_what_was_typed_last_holds():
    said = run("http://10.0.0.5:8000", "--note", "GPU box")
    assert said == (
        "http://10.0.0.5:8000 may be used by global connections only. "
        "With --users, users' own connections may use it too.\n"
    )
    assert rows() == {"http://10.0.0.5:8000": (False, "GPU box")}
    for _ in range(2):
        assert (
            run("HTTP://10.0.0.5:8000", "--users") == "http://10.0.0.5:8000 may be used by everybody's connections.\n"
        )
        assert rows() == {"http://10.0.0.5:8000": (True, "GPU box")}
    run("http://10.0.0.5:8000/", "--note", "")
    assert rows() == {"http://10.0.0.5:8000": (False, "")}


def test_the_grant_is_nobodys_and_keeps_who_made_it(alice):
    run("http://10.0.0.5:8000")
    assert AllowedEndpoint.objects.get().created_by is None
    AllowedEndpoint.objects.update(created_by=alice)
    run("http://10.0.0.5:8000", "--users")
    assert AllowedEndpoint.objects.get().created_by == alice


@pytest.mark.parametrize("rest", ["/v1", "/v1/chat?key=sk-hush", "?key=sk-hush", "/v1/"])
def test_a_grant_is_for_a_whole_server(rest):
    said = run(f"http://10.0.0.5:8000{rest}")
    assert "A grant is for a whole server, here http://10.0.0.5:8000." in said
    assert "v1" not in said
    assert "hush" not in said
    assert set(rows()) == {"http://10.0.0.5:8000"}
    assert "no longer allowed" in run(f"http://10.0.0.5:8000{rest}", "--remove")


def test_a_grant_is_taken_back_once():
    run("http://10.0.0.5:8000")
    run("http://10.0.0.6:8000")
    assert run("http://10.0.0.5:8000", "--remove") == "http://10.0.0.5:8000 is no longer allowed by a grant.\n"
    assert run("http://10.0.0.5:8000", "--remove") == "http://10.0.0.5:8000 was not allowed by a grant.\n"
    assert set(rows()) == {"http://10.0.0.6:8000"}


def test_what_the_settings_open_stays_open_and_is_said(settings, monkeypatch):
    settings.ALLOWED_ENDPOINTS = ["http://10.0.0.5:8000/v1"]
    monkeypatch.setenv("VLLM_BASE_URL", "http://10.0.0.5:8000/v1")
    run("http://10.0.0.5:8000")
    said = run("http://10.0.0.5:8000", "--remove")
    assert "It stays open to everybody's connections: ALLOWED_ENDPOINTS names it." in said
    assert "It stays open to global connections only: the environment names it." in said


@pytest.mark.parametrize("arguments", [[], ["--list"]])
def test_everything_that_is_allowed_is_listed(settings, monkeypatch, arguments):
    assert run(*arguments) == "Nothing is allowed yet: connections reach public https addresses only.\n"
    settings.ALLOWED_ENDPOINTS = ["http://10.0.0.7:1/v1?key=hush"]
    monkeypatch.setenv("VLLM_BASE_URL", "http://10.0.0.8:8001/v1")
    run("http://[fd12::1]:8000", "--users", "--note", "GPU box")
    run("http://10.0.0.5")
    assert [line.split(maxsplit=1) for line in run(*arguments).splitlines()] == [
        ["http://10.0.0.5", "global connections only"],
        ["http://[fd12::1]:8000", "everybody's connections  GPU box"],
        ["http://10.0.0.7:1", "everybody's connections  (ALLOWED_ENDPOINTS)"],
        ["http://10.0.0.8:8001", "global connections only  (the environment)"],
    ]


@pytest.mark.parametrize("options", [["--users"], ["--remove"], ["--note", "x"], ["--note", ""]])
def test_an_option_without_a_url_is_refused(options):
    assert "need a URL such as http://10.0.0.5:8000" in refused(*options)


@pytest.mark.parametrize("other", ["--remove", "--list"])
def test_options_that_contradict_each_other_are_refused(other):
    assert "not allowed with" in refused("http://10.0.0.5:8000", "--users", other)
    assert rows() == {}


@pytest.mark.parametrize("kind", URLS)
def test_what_names_no_server_is_refused_with_a_sentence(kind):
    expected = GRANTABLE.get(kind, {})
    for url in URLS[kind]:
        if url in expected:
            run(url)
            continue
        said = refused(url)
        assert said == NO_SERVER or "cannot be allowed: it is a" in said
        assert "pass" not in said
    assert set(rows()) == set(expected.values())


@pytest.mark.parametrize("url", ["10.0.0.5:8000", "localhost", "http://u:hush@10.0.0.5", "http://10.0.0.5:8000#hush"])
def test_what_names_no_server_cannot_be_removed_either(url):
    assert refused(url, "--remove") == NO_SERVER


def test_a_note_that_cannot_be_stored():
    assert "at most 200 characters" in refused("http://10.0.0.5:8000", "--note", "x" * 201)
    assert rows() == {}
    run("http://10.0.0.5:8000", "--note", "half \udce4 byte\0")
    assert rows() == {"http://10.0.0.5:8000": (False, "half \ufffd byte\ufffd")}


@pytest.mark.django_db(transaction=True)
def test_before_migrate_the_command_says_so():
    with connection.schema_editor() as editor:
        editor.alter_db_table(AllowedEndpoint, "llm_allowed_endpoints", "elsewhere")
    try:
        for arguments in ([], ["http://10.0.0.5:8000"], ["http://10.0.0.5:8000", "--remove"]):
            said = refused(*arguments)
            assert said.startswith("The database cannot be used: ")
            assert said.endswith("Has `manage.py migrate` been run?")
            assert "\n" not in said
    finally:
        with connection.schema_editor() as editor:
            editor.alter_db_table(AllowedEndpoint, "elsewhere", "llm_allowed_endpoints")
