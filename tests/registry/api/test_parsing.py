"""What may come as a body, and in which shape everything else is refused."""

import json

import pytest

from registry.models import LLMModel

DEEP = 33
BODIES = {
    "cut off": (b'{"name": ', "not JSON"),
    "Latin-1": ('{"name": "é"}'.encode("latin-1"), "not UTF-8"),
    "NaN": (b'{"input_price": NaN}', "not JSON"),
    "too many digits": (b'{"context_window": ' + b"9" * 5000 + b"}", "too many digits"),
    "deep": (b"[" * 100_000 + b"]" * 100_000, "nested too deeply"),
    "rather deep": (b'{"options":' + b"[" * DEEP + b"]" * DEEP + b"}", "nested more than"),
    "NUL": (b'{"name": "a\\u0000b"}', "NUL"),
    "NUL in a name": (b'{"options": {"a\\u0000b": 1}}', "NUL"),
    "half a pair": (b'{"name": "\\ud800"}', "surrogate"),
    "a second document": (b"{}{}", "not JSON"),
}


@pytest.mark.parametrize("body", BODIES)
def test_what_is_no_storable_json_is_refused(api, body):
    content, words = BODIES[body]
    refused = api.generic("POST", "/api/models", content, content_type="application/json")
    assert refused.status_code == 400
    error = refused.json()["error"]
    assert error["code"] == "parse_error"
    assert words in error["message"]
    assert not LLMModel.objects.exists()


def test_a_body_has_an_end(api, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    body = json.dumps({"name": "x" * 1000})
    refused = api.generic("POST", "/api/models", body, content_type="application/json")
    assert (refused.status_code, refused.json()["error"]["code"]) == (413, "too_large")


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
def test_another_content_type_is_told_which_header_to_send(api, content_type):
    refused = api.generic("POST", "/api/models", b"name=x", content_type=content_type)
    assert refused.status_code == 415
    assert "Content-Type: application/json" in refused.json()["error"]["message"]


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/nonesuch", 404, "not_found"),
        ("GET", "/api/models/no-uuid", 404, "not_found"),
        ("GET", "/api/models/00000000-0000-4000-8000-000000000000", 404, "not_found"),
        ("PUT", "/api/models", 405, "method_not_allowed"),
        ("POST", "/api/models/00000000-0000-4000-8000-000000000000", 405, "method_not_allowed"),
        ("OPTIONS", "/api/models", 405, "method_not_allowed"),
    ],
)
def test_every_refusal_has_one_shape(api, method, path, status, code):
    for slash in ("", "/"):
        refused = api.generic(method, path + slash, b"{}", content_type="application/json")
        assert refused.status_code == status
        assert refused.json()["error"]["code"] == code
        assert refused.json()["error"]["message"]


def test_nobody_keeps_copies(api, as_user):
    for answer in (api.get("/api/models"), as_user("anonymous").get("/api/models"), api.get("/api/nonesuch")):
        assert answer.headers["Cache-Control"] == "no-store"


def test_an_answer_in_another_format(api):
    refused = api.get("/api/models", headers={"Accept": "text/csv"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (406, "not_acceptable")


@pytest.mark.parametrize("field", ["name", "model_id"])
@pytest.mark.parametrize("text", ["a\nb", "a\x1bb", "a\u202eb", "a\u2028b"])
def test_names_are_one_line(api, field, text):
    body = {"name": "x", "model_id": "y", "provider": "openai"} | {field: text}
    refused = api.post("/api/models", body)
    assert refused.status_code == 400
    assert "one line" in refused.json()["error"]["details"][field][0]


@pytest.mark.parametrize("field", ["options", "default_params"])
@pytest.mark.parametrize("value", [[], "x", 1, None, {"x": "y" * 20_000}])
def test_documents_are_small_objects(api, field, value):
    refused = api.post("/api/models", {"name": "x", "model_id": "y", "provider": "openai", field: value})
    assert refused.status_code == 400, refused.json()
    assert field in refused.json()["error"]["details"]


def test_the_docs_are_read_only(client):
    assert client.post("/api/docs").status_code == 405


def test_a_wrong_method_is_told_the_right_ones(api):
    assert api.get("/api/models/test-connection").json()["error"]["message"] == "This address takes POST."
    assert api.put("/api/models", {}).json()["error"]["message"] == "This address takes GET, POST."
