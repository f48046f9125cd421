"""Lists of models, and whether the server is up, where each client looks for them."""

import pytest
import requests

from llm.testing import ScriptedProvider

MODELS = ["scripted-model", "scripted-large"]
VERSION = {"anthropic-version": "2026-10-21"}
KEY = {"api-key": "k"}


@pytest.fixture(scope="module")
def provider():
    with ScriptedProvider() as running:
        yield running


def get(provider, path, headers=None):
    return requests.get(provider.url + path, headers=headers, timeout=5)


@pytest.mark.parametrize(
    ("path", "headers", "field"),
    [
        ("/v1/models", {}, "owned_by"),
        ("/models", {}, "owned_by"),
        ("/v1/models", VERSION, "display_name"),
        ("/openai/v1/models", KEY, "owned_by"),
        ("/openai/models?api-version=2024-10-21", KEY, "capabilities"),
    ],
)
def test_models(provider, path, headers, field):
    rows = get(provider, path, headers).json()["data"]
    assert [row["id"] for row in rows] == MODELS
    assert all(row[field] for row in rows)


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/v1/models/", {}),
        ("/models/", {}),
        ("/v1/models/", VERSION),
        ("/openai/v1/models/", KEY),
        ("/openai/models/", KEY),
    ],
)
def test_one_model(provider, path, headers):
    query = "?api-version=2024-10-21"
    assert get(provider, f"{path}org/name{query}", headers).json()["id"] == "org/name"
    assert get(provider, f"{path}missing-model{query}", headers).status_code == 404
    assert get(provider, f"{path}m{query}", headers | {"authorization": "Bearer bad-key"}).status_code == 401


def test_a_list_is_kept_from_a_bad_key(provider):
    for path in ("/v1/models", "/api/tags"):
        assert get(provider, path, {"authorization": "Bearer bad-key"}).status_code == 401
    assert get(provider, "/openai/v1/models").status_code == 401
    assert get(provider, "/openai/models", KEY).status_code == 404


def test_tags_and_details(provider):
    tags = get(provider, "/api/tags").json()["models"]
    assert [row["name"] for row in tags] == [f"{model}:latest" for model in MODELS]
    shown = requests.post(f"{provider.url}/api/show", json={"model": "m"}, timeout=5).json()
    assert "tools" in shown["capabilities"]
    assert shown["model_info"][f"{shown['model_info']['general.architecture']}.context_length"] == 8192
    missing = requests.post(f"{provider.url}/api/show", json={"model": "missing-model"}, timeout=5)
    assert (missing.status_code, missing.json()) == (404, {"error": "model 'missing-model' not found"})


def test_signs_of_life(provider):
    assert get(provider, "/").text == "Ollama is running"
    assert get(provider, "/api/version").json()["version"]
    assert (get(provider, "/health").status_code, get(provider, "/health").content) == (200, b"")
    assert get(provider, "/info").json()["max_total_tokens"] == 8192


def test_an_unknown_page(provider):
    assert get(provider, "/api").status_code == 404
    assert get(provider, "/api/show").status_code == 404
    assert [exchange.path for exchange in provider.requests[-2:]] == ["/api", "/api/show"]


def test_the_bare_address_speaks_chat_completions(provider):
    body = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
    answer = requests.post(f"{provider.url}/chat/completions", json=body, timeout=5).json()
    assert answer["choices"][0]["message"]["content"] == "You said: hi"


def test_without_messages_the_model_is_only_loaded(provider):
    lines = requests.post(f"{provider.url}/api/chat", json={"model": "m"}, timeout=5).text.splitlines()
    assert len(lines) == 1
    assert '"done_reason": "load"' in lines[0]
