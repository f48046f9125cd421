"""The OpenAPI document: valid, whole, and true."""

import re
from pathlib import Path

import pytest
from django.core.management import call_command
from drf_spectacular.generators import SchemaGenerator

from registry.api.urls import router

ID = "00000000-0000-4000-8000-000000000000"
METHODS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture(scope="module")
def schema():
    return SchemaGenerator().get_schema(public=True)


@pytest.fixture(scope="module")
def operations(schema):
    return [
        (method, path, operation) for path, methods in schema["paths"].items() for method, operation in methods.items()
    ]


def test_it_is_valid_and_nothing_had_to_be_guessed(tmp_path):
    call_command("spectacular", validate=True, fail_on_warn=True, file=str(tmp_path / "schema.yaml"))


def test_every_path_of_the_router_is_in_it(schema):
    routes = [re.sub(r"\(\?P<(\w+)>.*?\)(?=/)", "{id}", str(url.pattern)).strip("^$") for url in router.urls]
    assert {f"/api/{route.removesuffix('/?')}" for route in routes} <= set(schema["paths"])
    assert all(not path.endswith("/") for path in schema["paths"])


def test_every_operation_says_what_it_does(schema, operations):
    tags = {tag["name"]: tag["description"] for tag in schema["tags"]}
    ids = [operation["operationId"] for _, _, operation in operations]
    assert len(ids) == len(set(ids))
    for method, path, operation in operations:
        assert operation.get("summary"), (method, path)
        assert operation.get("description"), (method, path)
        assert all(tags[tag] for tag in operation["tags"]), (method, path)
        for parameter in operation.get("parameters", []):
            assert parameter.get("description") or parameter["in"] == "path", (path, parameter)


def test_every_operation_names_the_shape_of_its_refusals(schema, operations):
    for method, path, operation in operations:
        assert method in METHODS
        answer = operation["responses"]["default"]["content"]["application/json"]["schema"]
        assert answer == {"$ref": "#/components/schemas/Error"}, path
    assert schema["components"]["schemas"]["Error"]["properties"]["error"]["required"] == ["code", "message"]


def test_it_says_truly_what_needs_no_sign_in(as_user, operations):
    anonymous = as_user("anonymous")
    for method, path, operation in operations:
        address = re.sub(r"{\w+}", ID, path)
        answer = getattr(anonymous, method)(address, {} if method in {"post", "patch"} else None)
        wants_sign_in = answer.status_code == 401 and answer.json()["error"]["code"] == "not_authenticated"
        assert wants_sign_in == ({} not in operation["security"]), (method, path, answer.content)


def test_every_scheme_that_is_named_is_described(schema, operations):
    named = {scheme for _, _, operation in operations for each in operation["security"] for scheme in each}
    schemes = schema["components"]["securitySchemes"]
    assert named == set(schemes)
    assert all(scheme["description"] for scheme in schemes.values())


def test_what_is_made_or_changed_is_answered_as_it_is_read(schema):
    def answer(path, method, status):
        content = schema["paths"][path][method]["responses"][status]["content"]["application/json"]
        return content["schema"]["$ref"].rpartition("/")[2]

    for name, read in (("models", "ModelDocument"), ("connections", "ConnectionDocument")):
        path = f"/api/{name}/{{id}}"
        assert answer(path, "get", "200") == answer(path, "patch", "200") == read
        assert answer(f"/api/{name}", "post", "201") == read


def test_it_names_no_host_no_file_and_no_key(as_user):
    text = as_user("anonymous").get("/api/schema").content.decode()
    assert "://" not in text
    assert str(Path.home()) not in text
    assert "site-packages" not in text
    assert "servers:" not in text
    assert not re.search(r"sk-\w", text)


@pytest.mark.parametrize(
    ("accept", "answered"),
    [
        ("*/*", "application/vnd.oai.openapi"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "application/vnd.oai.openapi"),
        ("application/yaml", "application/yaml"),
        ("application/vnd.oai.openapi+json", "application/vnd.oai.openapi+json"),
        ("application/json", "application/json"),
    ],
)
def test_it_comes_as_yaml_or_json(as_user, accept, answered):
    response = as_user("anonymous").get("/api/schema/", headers={"accept": accept})
    assert response.status_code == 200
    assert response.headers["Content-Type"].partition(";")[0] == answered
    if "json" in accept:
        assert response.json()["openapi"].startswith("3.")
    else:
        assert response.content.startswith(b"openapi: 3.")
