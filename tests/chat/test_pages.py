"""What the pages show to whom, before any script runs."""

import datetime as dt
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from uuid import uuid4

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from chat.models import Conversation, Message, Status
from chat.pages import NEEDS_OTHER_MODEL
from chat.sidebar import age_label
from chat.strings import STRINGS
from llm import LLMError, is_retryable
from llm.providers import PROVIDERS
from registry.models import Connection, DefaultModel, LLMModel

SPRITE = Path("chat/static/chat/icons.svg")


@pytest.fixture(autouse=True)
def _database(db):
    """Every page reads rows."""


@pytest.fixture
def alice():
    return get_user_model().objects.create_user("alice", password="correct horse battery")


@pytest.fixture
def bob():
    return get_user_model().objects.create_user("bob")


@pytest.fixture
def model():
    connection = Connection.objects.create(name="Local", provider="vllm", owner=None)
    return LLMModel.objects.create(connection=connection, name="Local model", model_id="m", context_window=32768)


@pytest.fixture
def page(client, alice, model):
    client.force_login(alice)
    return client


@pytest.fixture
def conversation(alice, model):
    """A question and its answer."""
    conversation = Conversation.objects.create(owner=alice, title="Old talk", model=model)
    question = Message.objects.create(conversation=conversation, role="user", text="Why <b>?")
    conversation.active_leaf = Message.objects.create(
        conversation=conversation, parent=question, role="assistant", text="Because *so*.", model=model, model_label="M"
    )
    conversation.save()
    return conversation


def url_of(conversation):
    return reverse("conversation", args=[conversation.pk])


def html(response):
    assert response.status_code == 200
    return response.content.decode()


def data(text):
    return json.loads(re.search(r'<script id="page" type="application/json">(.*?)</script>', text, re.DOTALL)[1])


def visible(text):
    """The page without what the script clones."""
    return re.sub(r"<template.*?</template>", "", text, flags=re.DOTALL)


@pytest.mark.parametrize("path", ["/", "/picker/", "/c/00000000-0000-4000-8000-000000000000/"])
def test_strangers_are_asked_to_sign_in(client, path):
    response = client.get(path)
    assert response.status_code == 302
    assert response.url == f"/accounts/login/?next={path}"


def test_signing_in_leads_to_the_page_that_was_wanted(client, alice):
    assert 'name="next" value="/picker/"' in html(client.get("/accounts/login/?next=/picker/"))
    form = {"username": "alice", "password": "correct horse battery", "next": "/picker/"}
    assert client.post("/accounts/login/", form).url == "/picker/"


def test_signing_in_never_leads_to_another_site(client, alice):
    form = {"username": "alice", "password": "correct horse battery", "next": "https://evil.example/"}
    assert client.post("/accounts/login/", form).url == "/"


def test_signing_out_is_a_post(page):
    assert page.get("/accounts/logout/").status_code == 405
    assert page.post("/accounts/logout/").url == "/accounts/login/"
    assert page.get("/").status_code == 302


def test_a_conversation_shows_its_messages_escaped_and_rendered(page, conversation):
    text = visible(html(page.get(url_of(conversation))))
    assert '<div class="bubble" dir="auto">Why &lt;b&gt;?</div>' in text
    assert "<p>Because <em>so</em>.</p>" in text
    assert data(text)["conversation"] == str(conversation.pk)
    assert data(text)["sources"] == {str(conversation.active_leaf_id): "Because *so*."}


def test_stored_html_is_shown_as_it_is(page, conversation):
    Message.objects.filter(role="assistant").update(html="<p>stored</p>")
    assert "<p>stored</p>" in html(page.get(url_of(conversation)))


def test_only_an_answer_without_stored_html_is_rendered(page, conversation, monkeypatch):
    rendered = []
    monkeypatch.setattr("chat.markdown.render", lambda text: rendered.append(text) or "")
    page.get(url_of(conversation))
    assert rendered == ["Because *so*."]
    Message.objects.filter(role="assistant").update(html="<p>stored</p>")
    page.get(url_of(conversation))
    assert rendered == ["Because *so*."]


def test_other_peoples_and_unknown_conversations_are_not_found(client, bob, conversation, page):
    page.force_login(bob)
    assert page.get(url_of(conversation)).status_code == 404
    assert page.get(f"/c/{uuid4()}/").status_code == 404


def test_not_even_a_superuser_reads_them(client, conversation):
    client.force_login(get_user_model().objects.create_superuser("root"))
    assert client.get(url_of(conversation)).status_code == 404


def test_a_running_answer_is_empty_and_says_so(page, conversation):
    Message.objects.filter(role="assistant").update(status=Status.STREAMING, html="<p>half</p>")
    text = visible(html(page.get(url_of(conversation))))
    assert f'data-turn="{conversation.active_leaf_id}" data-status="streaming"' in text
    assert "half" not in text
    assert data(text)["sources"] == {}
    assert 'aria-label="An answer is being written"></span>' in text


def test_the_page_knows_which_other_conversations_are_being_answered(page, alice, bob, conversation):
    Message.objects.filter(role="assistant").update(status=Status.STREAMING)
    theirs = Conversation.objects.create(owner=bob)
    Message.objects.create(conversation=theirs, role="assistant", status=Status.STREAMING)
    turn = {str(conversation.active_leaf_id): str(conversation.pk)}
    assert data(html(page.get("/")))["running"] == turn
    assert data(html(page.get(url_of(conversation))))["running"] == {}


def test_the_management_page_has_the_sites_name_and_icon(page, alice):
    alice.is_staff = True
    alice.save()
    text = html(page.get(reverse("admin:index")))
    assert "Model registry</title>" in text
    assert "chat/favicon" in text
    assert "Django administration" not in text


def test_a_failure_is_shown_with_what_to_do(page, conversation):
    sentence = "The provider rejected the key. Enter a valid key for this connection."
    facts = {"status": Status.FAILED, "error_code": "bad_credentials", "error_message": sentence, "text": ""}
    Message.objects.filter(role="assistant").update(**facts)
    text = visible(html(page.get(url_of(conversation))))
    assert sentence in text
    assert '<code class="failure-code">bad_credentials</code>' in text
    assert 'data-action="other-model"' in visible(text)
    Message.objects.filter(role="assistant").update(error_code="unreachable")
    assert 'data-action="try-again"' in visible(html(page.get(url_of(conversation))))


@pytest.mark.parametrize(
    ("facts", "note"),
    [
        ({"status": Status.COMPLETE, "finish": "stop", "text": " "}, "The model returned an empty answer."),
        ({"status": Status.STOPPED, "text": ""}, "Stopped before the first word."),
        ({"status": Status.STOPPED, "text": "half"}, "Stopped. What was written is kept."),
        ({"status": Status.COMPLETE, "finish": "length", "text": "half"}, "The answer reached its length limit."),
        ({"status": Status.COMPLETE, "finish": "stop", "text": "whole"}, ""),
    ],
)
def test_how_an_answer_ended_is_said_under_it(page, conversation, facts, note):
    Message.objects.filter(role="assistant").update(**facts)
    assert f'<p class="note">{note}</p>' in visible(html(page.get(url_of(conversation))))


def test_a_tool_call_without_a_result_did_not_finish(page, conversation):
    parts = [{"type": "tool", "id": "1", "name": "weather", "phase": "call", "args": "{}"}]
    Message.objects.filter(role="assistant").update(parts=parts, status=Status.STOPPED)
    assert "weather did not finish" in visible(html(page.get(url_of(conversation))))


def test_reasoning_and_tool_calls_are_closed_rows(page, conversation):
    parts = [
        {"type": "reasoning", "text": "Let me think."},
        {"type": "tool", "id": "1", "name": "weather", "phase": "call", "args": '{"city": "Oslo"}'},
        {"type": "tool", "id": "1", "name": "weather", "phase": "error", "result": "no such city"},
    ]
    Message.objects.filter(role="assistant").update(parts=parts)
    text = visible(html(page.get(url_of(conversation))))
    assert text.count("<details") == 2
    assert "<details open" not in text
    for words in ("Let me think.", "weather failed", "{&quot;city&quot;: &quot;Oslo&quot;}", "no such city"):
        assert words in text


def test_the_list_holds_own_conversations_by_age(page, alice, bob, conversation):
    Conversation.objects.create(owner=bob, title="Secret of bob")
    text = html(page.get("/"))
    assert "Old talk" in text
    assert "Secret of bob" not in text
    assert 'data-period="Today"' in text


def test_a_list_that_is_cut_says_so(page, alice, monkeypatch):
    monkeypatch.setattr("chat.sidebar.LONGEST", 3)
    for number in range(3):
        Conversation.objects.create(owner=alice, title=f"Talk {number}")
    assert "The 3 newest" not in html(page.get("/"))
    Conversation.objects.create(owner=alice, title="Talk 3")
    text = html(page.get("/"))
    assert text.count("data-conversation=") == 4  # with the part that the script clones
    assert "The 3 newest. Older chats are kept." in text


def test_whoever_has_no_password_is_told_where_to_set_one(client, bob, model, page):
    bob.set_unusable_password()
    bob.save()
    note = "You have no password yet."
    assert note not in html(page.get("/"))
    client.force_login(bob)
    text = html(client.get("/"))
    assert note in text
    assert f'href="{reverse("first-password")}"' in text


def test_an_answer_that_cannot_be_rendered_is_shown_as_it_is(page, conversation, monkeypatch):
    def give_up(text):
        raise RecursionError

    monkeypatch.setattr("chat.markdown.parser.render", give_up)
    assert "<p>Because *so*.</p>" in html(page.get(url_of(conversation)))


@pytest.mark.parametrize(
    ("days", "label"),
    [(0, "Today"), (1, "Yesterday"), (2, "Previous 7 days"), (7, "Previous 7 days"), (8, "November 2026")],
)
def test_ages_have_names(days, label):
    today = dt.date(2026, 11, 23)
    assert age_label(today - dt.timedelta(days), today) == label


def test_the_number_of_queries_does_not_grow(page, alice, model, conversation):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            html(page.get(url_of(conversation)))
        return len(captured)

    few = queries()
    for number in range(20):
        other = Conversation.objects.create(owner=alice, title=f"Talk {number}")
        Message.objects.create(conversation=other, role="assistant", status=Status.STREAMING)
        leaf = conversation.active_leaf
        leaf = Message.objects.create(conversation=conversation, parent=leaf, role="user", text="x")
        conversation.active_leaf = leaf
        LLMModel.objects.create(connection=model.connection, name=f"Model {number}", model_id="m")
    conversation.save()
    assert queries() == few


def test_the_picker_shows_the_default_and_names_what_cannot_be_used(page, model):
    keyless = Connection.objects.create(name="Remote", provider="openai", owner=None)
    LLMModel.objects.create(connection=keyless, name="Remote model", model_id="r")
    DefaultModel.objects.create(user=None, model=model)
    text = html(page.get("/"))
    assert '<span class="name" id="picker-name">Local model</span>' in text
    disabled = re.search(r'data-name="Remote model".*?</div>', text, re.DOTALL)[0]
    assert 'aria-disabled="true"' in disabled
    assert "No key yet" in disabled


def test_a_conversation_keeps_its_model_and_says_when_it_is_gone(page, conversation, model):
    other = LLMModel.objects.create(connection=model.connection, name="Another", model_id="a")
    DefaultModel.objects.create(user=None, model=other)
    assert '<span class="name" id="picker-name">Local model</span>' in html(page.get(url_of(conversation)))
    LLMModel.objects.filter(pk=model.pk).update(is_active=False)
    text = html(page.get(url_of(conversation)))
    assert '<span class="name" id="picker-name">Choose a model</span>' in text
    assert "Local model is no longer available. Choose another model." in text


def test_a_conversation_whose_model_was_deleted_selects_no_other(page, conversation, model):
    other = LLMModel.objects.create(connection=model.connection, name="Another", model_id="a")
    DefaultModel.objects.create(user=None, model=other)
    model.delete()
    text = html(page.get(url_of(conversation)))
    assert '<span class="name" id="picker-name">Choose a model</span>' in text
    assert "M is no longer available. Choose another model." in text
    assert 'aria-selected="true"' not in text


def test_a_conversation_with_the_environments_model_goes_on_with_it(page, conversation, settings, monkeypatch):
    Conversation.objects.update(model=None)
    Message.objects.filter(role="assistant").update(model=None, model_label="env-model", model_reason="environment")
    assert "env-model is no longer available." in html(page.get(url_of(conversation)))
    settings.LLM_PROVIDER, settings.LLM_MODEL = "openai", "env-model"
    monkeypatch.setenv("OPENAI_API_KEY", "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789abc")
    text = html(page.get(url_of(conversation)))
    assert '<span class="name" id="picker-name">env-model</span>' in text
    assert "no longer available" not in text


def test_without_a_model_the_page_says_what_to_do(client, alice):
    client.force_login(alice)
    text = html(client.get("/"))
    assert "There is no model yet. Ask an administrator to add one." in text


class Markup(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))


@pytest.mark.parametrize("path", ["/", "/accounts/login/", "/picker/"])
def test_no_page_has_inline_scripts_styles_or_foreign_addresses(page, client, path):
    if "login" in path:
        client.logout()
    for tag, attrs in Markup(html(client.get(path))).tags:
        assert tag != "style"
        assert not [name for name in attrs if name == "style" or name.startswith("on")]
        assert tag != "script" or attrs.get("src", "").startswith("/static/") or attrs["type"] == "application/json"
        assert not attrs.get("href", "").startswith(("http", "//"))


@pytest.mark.parametrize("path", ["/", "/accounts/login/", "/picker/"])
def test_the_policy_has_trusted_types(page, client, path):
    if "login" in path:
        client.logout()
    policy = client.get(path)["Content-Security-Policy"]
    assert "require-trusted-types-for 'script'" in policy
    assert "trusted-types dompurify" in policy
    assert "script-src 'self';" in policy + ";"
    assert "unsafe" not in policy


@pytest.mark.parametrize(
    ("cookie", "attribute"), [("dark", 'data-theme="dark"'), ("light", 'data-theme="light"'), ('x"><b>', "")]
)
def test_the_theme_is_in_the_first_byte(page, cookie, attribute):
    page.cookies["theme"] = cookie
    root = re.search(r"<html[^>]*>", html(page.get("/")))[0]
    assert attribute in root
    assert "<b>" not in root
    assert attribute or "data-theme" not in root


def test_failures_that_need_another_model_are_failures_that_exist():
    assert set(NEEDS_OTHER_MODEL) <= {error.code for error in all_errors(LLMError)}
    assert not [code for code in NEEDS_OTHER_MODEL if is_retryable(code)]


def all_errors(error):
    return [error, *(each for child in error.__subclasses__() for each in all_errors(child))]


def test_every_icon_that_is_named_is_in_the_sprite(page):
    symbols = set(re.findall(r'<symbol id="([^"]+)"', SPRITE.read_text()))
    in_templates = set()
    for template in Path("templates").rglob("*.html"):
        in_templates |= set(re.findall(r'chat/icon.html" with name="([a-z0-9-]+)"', template.read_text()))
    assert in_templates - symbols == set()
    assert {provider.icon for provider in PROVIDERS.values()} - symbols == set()


def test_the_script_has_every_string_that_it_says_and_no_other():
    script = "".join(path.read_text() for path in Path("chat/static/chat").glob("*.js"))
    named = set(re.findall(r"'([a-z]+(?:_[a-z]+)*)'", script)) | {f"theme_{name}" for name in ("auto", "light", "dark")}
    assert set(STRINGS) - named == set()
    assert set(re.findall(r"say\('(\w+)'", script)) - set(STRINGS) == set()
