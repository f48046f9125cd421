"""Requests that are wrong around their fields: ids, queries, paths, methods, headers and bodies."""

import gzip
import json

import pytest
from django.db import transaction

from tests.registry.api.refusals import refused
from tests.registry.api.rows import IDS, NOBODYS, everything

NEW = {"name": "x", "provider": "openai"}
COLLECTIONS = ["connections", "models", "models/templates", "tokens"]


@pytest.fixture
def api(as_user, rows, no_names):
    """Alice's. Whatever a test asks for leaves the tables as they were."""
    client = as_user("alice")
    before = everything()
    yield client
    assert everything() == before


def sent(api, method, path, body=b"{}", **headers):
    """The answer; what it changed is undone."""
    with transaction.atomic():
        response = api.generic(
            method, path, body, content_type=headers.pop("content_type", "application/json"), **headers
        )
        transaction.set_rollback(response.status_code < 300)
    return response


NONSENSE = [
    *("x", "0", "-1", "null", "*", "'", "{id}", "..", "%2e%2e", "%2f", "a%00b", "%ff", "%", "%u0041", "\u0661"),
    *("x" * 5000, "' OR 1=1 --", "00000000-0000-0000-0000-00000000000g", NOBODYS),
]


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
@pytest.mark.parametrize("collection", ["connections", "models", "tokens"])
def test_ids_that_are_none_and_ids_of_others(api, collection, method):
    others = [IDS["bob", kind] for kind in ("connection", "model", "token")]
    for row_id in [*NONSENSE, *others]:
        error = refused(sent(api, method, f"/api/{collection}/{row_id}"))
        assert error["code"] in {"not_found", "method_not_allowed"}, row_id


@pytest.mark.parametrize("owner", ["bob", None])
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/models", {"name": "x", "model_id": "x", "connection": "connection"}),
        ("/api/models/from-template", {"template": "openai-gpt-6-2-astra", "connection": "connection"}),
        ("/api/models/test-connection", {"model": "model"}),
        ("/api/models/test-connection", {"connection": "connection"}),
        ("/api/models/test-connection", {"connection": "connection", "model_id": "x"}),
    ],
)
def test_ids_of_others_in_bodies(api, path, body, owner):
    ids = {name: IDS[owner, kind] for name, kind in body.items() if (owner, kind) in IDS}
    assert refused(api.post(path, body | ids))["code"] in {"invalid", "not_found", "permission_denied"}
    for row_id in [None, *NONSENSE[:8], 0, -1, 10**30, [], {}, [IDS["alice", "model"]], True]:
        refused(api.post(path, body | dict.fromkeys(ids, row_id)))


QUERIES = [
    *("page=0", "page=-1", "page=x", "page=1.5", "page=" + "9" * 5000, "page=1&page=2", "page[]=1", "page=%00"),
    *("page_size=0", "page_size=-1", "page_size=x", "page_size=" + "9" * 5000, "page_size=1&page=1000000000000"),
    *("ordering=?", "ordering=-", "ordering=--name", "ordering=connection__owner__password", "ordering=name,name"),
    *("owner=bob", "owner=None", "owner=mine&owner=global", "owner=,", "provider=x", "capability=id", "capability=,"),
    *("search=%00", "search=%ff", "search=%ED%A0%80", "search=%25_%5C", "search=" + "x" * 101, "search=%F0%9F%99%82"),
    *("%", "%%%=%", "=", "&&&", "x", "format=xml", "x=" + "y" * 100_000, "a=1&" * 1500, "_method=DELETE"),
]


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_queries(api, collection):
    for query in QUERIES:
        response = api.get(f"/api/{collection}?{query}")
        assert response.status_code == 200 or refused(response), query
        page = api.get(f"/api/{collection}?{query}", headers={"Accept": "text/html"})
        assert page.status_code == response.status_code, query
    assert len(api.get(f"/api/{collection}?page_size={'9' * 30}").json()["results"]) <= 200


PATHS = [
    *("//models", "/models//", "/./models", "/../admin/", "/%2e%2e/admin/", "/%ff", "/%", "/a%00b", "/models;x=1"),
    *("/MODELS", "/models.json", "/models/templates/x", "/models/test-connection/x", "/schema/x", "/nonesuch"),
    *("/" + "x" * 50_000, "/x" * 5000),
]


def test_paths(api):
    for path in PATHS:
        assert refused(api.get(f"/api{path}"))["code"] == "not_found", path


METHODS = ["PUT", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "X" * 100, "_"]


@pytest.mark.parametrize("path", ["models", "models/templates", "models/test-connection", "connections", "tokens"])
def test_methods(api, path):
    for method in METHODS:
        response = sent(api, method, f"/api/{path}")
        assert refused(response)["code"] == "method_not_allowed"
        assert response.headers["Allow"]


def test_a_method_is_what_it_is(api):
    """No header and no field makes it another one."""
    path = f"/api/models/{IDS['alice', 'model']}"
    for name in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"):
        assert api.get(path, headers={name: "DELETE"}).status_code == 200
        refused(api.post(path, {"_method": "DELETE"}, headers={name: "DELETE"}))


# Header -> what may come of it.
HEADERS = [
    ("Accept", ["text/csv", "", "a/b/c", "\xff", ","], {406}),
    ("Accept", ["*/*;q=x", "application/json; =;;", "application/json;q=0"], {200}),
    ("Accept-Language", ["\xff,,;q=1;;", "../../etc", "x" * 5000, "en;q=9"], {200}),
    ("Host", ["evil.example", "a b", "", "localhost/", "testserver@evil.example"], {400}),
    ("Host", ["testserver:99999", "TESTSERVER"], {200}),
    ("Authorization", ["Token", "Token a b", "Token \xff", "Token \x00", "Token " + "x" * 5000, "token x"], {401}),
    ("Authorization", ["Basic x", "Bearer x", "\xff", ""], {200, 401}),
    ("X-Forwarded-For", ["\xff", "x" * 5000, "1.2.3.4, 5.6.7.8"], {200}),
    ("X-Forwarded-Host", ["evil.example"], {200}),
    ("X-CSRFToken", ["\xff", "x" * 5000], {200}),
    ("Content-Length", ["x", "-1", "99999999999"], {200}),
    ("Range", ["bytes=0-", "x"], {200}),
    ("If-None-Match", ["*", "\xff"], {200}),
]


@pytest.mark.parametrize(("name", "values", "statuses"), HEADERS)
def test_headers(api, name, values, statuses):
    for value in values:
        response = api.get("/api/connections", headers={name: value})
        assert response.status_code in statuses, (value, response.content)
        assert response.status_code == 200 or refused(response)


def test_cookies(api):
    for value in ("", "x", "\x00", "\xff", "a;b", "x" * 5000):
        api.cookies["sessionid"] = value
        refused(api.get("/api/connections"))


JSON = json.dumps(NEW).encode()
NOT_JSON = ["", "json", "text/json", "application/jsonx", "multipart/form-data", "application/json, x/y", "/", "\xff"]
ODD_JSON = ["APPLICATION/JSON", "application/json; charset=latin-1", "application/json; charset=nonesuch;;"]


def test_content_types(api):
    for content_type in NOT_JSON:
        response = sent(api, "POST", "/api/connections", JSON, content_type=content_type)
        assert refused(response)["code"] == "unsupported_media_type"
    for content_type in ODD_JSON:
        assert sent(api, "POST", "/api/connections", JSON, content_type=content_type).status_code == 201


BODIES = [
    *(b" ", b"null", b"1", b'"x"', b"[]", b"true", b"[{}]", b"NaN", b"\x00", b"\xff", b"//x\n{}", b"{}{}", b"{},"),
    *(b"{'name': 'x'}", b'{"name": "x",}', b'{"name": "x"', b'{"name": "\x01"}', b'{"name": 0x10}', b'{"name": 01}'),
    *(
        b'{"name": 1e400}',
        b'{"name": "\\ud800"}',
        b'{"\\u0000": 1}',
        b'{"": 1}',
        b'{"__proto__": {}}',
        b"name=x",
        b"<x/>",
    ),
    *(JSON[:-1], JSON.decode().encode("utf-16"), JSON.decode().encode("utf-32"), b"[" * 100_000, b'{"x":' * 50_000),
    *(b'{"name": ' + b"9" * 5000 + b"}", b'{"' + b"x" * 100_000 + b'": 1}', b'{"x": 1' + b', "y": 1' * 10_000 + b"}"),
]


WRITING = [
    ("POST", "connections"),
    ("PATCH", f"connections/{IDS['alice', 'connection']}"),
    ("POST", "models"),
    ("PATCH", f"models/{IDS['alice', 'model']}"),
    ("POST", "models/from-template"),
    ("POST", "models/test-connection"),
    ("POST", "tokens"),
]


@pytest.mark.parametrize(("method", "path"), WRITING)
def test_bodies(api, method, path):
    for body in BODIES:
        assert refused(sent(api, method, f"/api/{path}", body))["code"] in {"parse_error", "invalid"}, body[:50]
    compressed = {"HTTP_CONTENT_ENCODING": "gzip"}
    assert "not compressed" in refused(sent(api, method, f"/api/{path}", gzip.compress(JSON), **compressed))["message"]
    chunked = {"HTTP_TRANSFER_ENCODING": "chunked"}
    assert refused(sent(api, method, f"/api/{path}", JSON, **chunked))["code"] == "length_required"


@pytest.mark.parametrize(("method", "path"), WRITING)
def test_a_browser_is_refused_the_same(api, method, path):
    """The page of a refusal is rendered whatever was sent."""
    for body in [*BODIES, b"{}", JSON]:
        status = sent(api, method, f"/api/{path}", body).status_code
        page = sent(api, method, f"/api/{path}", body, HTTP_ACCEPT="text/html")
        assert (page.status_code, page.headers["Content-Type"]) == (status, "text/html; charset=utf-8"), body[:50]


def test_bodies_that_are_odd_but_clear(api):
    for body in (b"\xef\xbb\xbf" + JSON, b'{"name": "a", ' + JSON[1:], b"\r\n\t " + JSON + b" \n"):
        made = sent(api, "POST", "/api/connections", body)
        assert (made.status_code, made.json()["name"]) == (201, "x"), body
