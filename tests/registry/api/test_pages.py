"""The API's pages without a browser: who gets one, what it shows, and what its form offers."""

import json
import re
from html import unescape

import pytest
from django.urls import get_resolver

from registry.models import APIToken, Connection, LLMModel
from tests.registry.api.conftest import KEY

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.fixture
def look(as_user):
    """What a reader's browser gets."""

    def page(name, path):
        return as_user(name).get(path, headers={"accept": BROWSER})

    return page


def text(response):
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    return response.content.decode()


def json_in(tag, response):
    return json.loads(unescape(re.search(rf"<{tag}[^>]*>(.*?)</", text(response), re.DOTALL)[1]))


def document(response):
    return json_in("pre", response)


def body(response):
    """What the form holds before anybody has typed."""
    return json_in("textarea", response)


def buttons(response):
    return re.findall(r'data-method="(\w+)"', text(response))


@pytest.mark.parametrize("accept", ["*/*", "application/json", "application/json, text/html"])
def test_programs_get_json(api, accept):
    assert api.get("/api/models", headers={"accept": accept}).headers["Content-Type"] == "application/json"


def test_a_page_shows_what_programs_get(api, look, make_model, alice):
    model = make_model(alice, name="</pre><script>alert(1)</script>", key=KEY)
    for path in ("/api/", "/api/models", f"/api/models/{model.pk}", "/api/connections", "/api/tokens"):
        response = look("alice", path)
        assert response.status_code == 200
        assert document(response) == api.get(path).json()
        assert b"<script>alert" not in response.content


@pytest.mark.parametrize("path", ["/api/", "/api/models", "/api/models/{model}", "/api/docs", "/api/nonesuch"])
@pytest.mark.parametrize("reader", ["alice", "anonymous"])
def test_pages_hold_nothing_inline(look, make_model, reader, path):
    html = text(look(reader, path.format(model=make_model().pk)))
    assert not re.search(r"\sstyle=|\son\w+=|<style|javascript:", html)
    assert all("src=" in tag for tag in re.findall("<script[^>]*>", html))


@pytest.mark.parametrize(
    ("reader", "path", "status", "code"),
    [
        ("alice", "/api/nonesuch", 404, "not_found"),
        ("alice", "/api/models/00000000-0000-4000-8000-000000000000", 404, "not_found"),
        ("alice", "/api/models?page=99", 404, "not_found"),
        ("alice", "/api/models?owner=bob", 400, "invalid"),
        ("anonymous", "/api/connections", 401, "not_authenticated"),
    ],
)
def test_refusals_are_pages_too(look, as_user, reader, path, status, code):
    response = look(reader, path)
    assert (response.status_code, document(response)["error"]["code"]) == (status, code)
    assert document(response) == as_user(reader).get(path).json()
    assert buttons(response) == []


def test_a_refused_session_write_is_a_page_too(readers):
    from rest_framework.test import APIClient

    client = APIClient(enforce_csrf_checks=True)
    client.force_login(readers["alice"])
    response = client.post("/api/models", {}, headers={"accept": BROWSER})
    assert (response.status_code, document(response)["error"]["code"]) == (403, "permission_denied")


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete", "options"])
def test_nothing_is_there_whatever_the_method(api, method):
    for path in ("/api/nonesuch", "/api/models/a/b/", "/api/%0A"):
        refused = getattr(api, method)(path)
        assert (refused.status_code, refused.json()["error"]["code"]) == (404, "not_found")


def test_who_is_not_signed_in_is_led_to_the_sign_in_and_back(look, make_model):
    model = make_model()
    for path in ("/api/models?owner=global", f"/api/models/{model.pk}", "/api/connections"):
        html = text(look("anonymous", path))
        assert f"/accounts/login/?next={path.replace('?', '%3F').replace('=', '%3D')}" in html
        assert "<form" not in html
        assert "csrf" not in html


@pytest.mark.parametrize(
    ("reader", "own", "shared"),
    [("alice", ["PATCH", "DELETE"], []), ("staff", None, []), ("holder", None, ["PATCH", "DELETE"])],
)
def test_the_form_offers_what_the_reader_may_do(look, make_model, alice, reader, own, shared):
    mine, everybodys = make_model(alice), make_model()
    assert buttons(look(reader, "/api/models")) == ["POST"]
    assert buttons(look(reader, f"/api/models/{everybodys.pk}")) == shared
    page = look(reader, f"/api/models/{mine.pk}")
    assert page.status_code == (200 if own else 404)
    assert buttons(page) == (own or [])


def test_a_token_can_be_revoked_on_its_page(look, alice):
    token, _ = APIToken.objects.create(user=alice, name="laptop")
    assert f'href="http://testserver/api/tokens/{token.id}"' in text(look("alice", "/api/tokens"))
    page = look("alice", f"/api/tokens/{token.id}")
    assert (page.status_code, buttons(page)) == (405, ["DELETE"])


def test_choices_are_those_of_the_reader(look, make_model, alice, bob):
    mine, hers, everybodys = make_model(bob).connection, make_model(alice).connection, make_model().connection
    shown = {name: text(look(name, "/api/models")) for name in ("bob", "holder")}
    assert str(mine.pk) in shown["bob"]
    assert str(hers.pk) not in shown["bob"] + shown["holder"]
    assert str(everybodys.pk) not in shown["bob"]
    assert str(everybodys.pk) in shown["holder"]


def test_only_so_many_choices_are_listed(look, alice):
    Connection.objects.bulk_create(Connection(owner=alice, name=f"c{number}", provider="x") for number in range(150))
    assert text(look("alice", "/api/models")).count("<bdi>c") == 100


def test_the_example_is_accepted_as_it_stands(look, api):
    for path, model in (("/api/models", LLMModel), ("/api/connections", Connection), ("/api/tokens", APIToken)):
        before = model.objects.count()
        made = api.post(path, body(look("alice", path)))
        assert made.status_code == 201, made.json()
        assert model.objects.count() == before + 1


def test_what_is_there_for_changing_changes_nothing(look, api, make_model, alice):
    model = make_model(alice, key=KEY, input_price="2")
    for path in (f"/api/models/{model.pk}", f"/api/connections/{model.connection_id}"):
        before = api.get(path).json()
        changed = api.patch(path, body(look("alice", path)))
        assert changed.status_code == 200, changed.json()
        assert changed.json() | {"updated_at": ""} == before | {"updated_at": ""}


def test_a_form_holds_no_key_and_no_preview(look, make_model, alice):
    model = make_model(alice, key=KEY)
    model.connection.set_headers({"X-Team": "secret-team-name"})
    model.connection.save()
    for path in (f"/api/models/{model.pk}", f"/api/connections/{model.connection_id}"):
        page = look("alice", path)
        assert not {"api_key", "headers", "key_preview"} & set(body(page))
        assert "sk-proj" not in json.dumps(body(page))
        assert KEY not in text(page)
        assert "secret-team-name" not in text(page)


def test_pages_of_a_list_lead_to_each_other(look, make_model):
    for number in range(3):
        make_model(name=str(number))
    html = text(look("anonymous", "/api/models?page=2&page_size=1"))
    assert 'rel="prev" href="http://testserver/api/models?page_size=1"' in html
    assert 'rel="next" href="http://testserver/api/models?page=3&amp;page_size=1"' in html


def test_breadcrumbs_lead_back(look, make_model):
    html = text(look("anonymous", f"/api/models/{make_model(name='mini').pk}/"))
    crumbs = re.search(r'<ol class="crumbs">(.*?)</ol>', html, re.DOTALL)[1]
    assert re.findall(r'href="(.*?)">(.*?)<', crumbs) == [("/api/", "API"), ("/api/models/", "Models")]
    assert "<h1>mini</h1>" in html


def test_an_address_of_any_depth_is_answered(look):
    assert look("anonymous", "/api/" + "a/" * 5000).status_code == 404


@pytest.mark.parametrize("reader", ["alice", "anonymous"])
def test_the_root_names_every_resource(as_user, reader):
    client = as_user(reader)
    there_is = client.get("/api/").json()
    assert {"models", "connections", "tokens", "schema", "docs"} <= set(there_is)
    assert {client.get(address).status_code for address in there_is.values()} <= {200, 401, 405}


def test_the_root_names_every_path_without_an_id(as_user):
    patterns = next(each for each in get_resolver().url_patterns if str(each.pattern) == "api/").url_patterns
    paths = {str(each.pattern).strip("^$").removesuffix("/?") for each in patterns if "(" not in str(each.pattern)}
    assert set(as_user("anonymous").get("/api/").json()) == paths - {""}
