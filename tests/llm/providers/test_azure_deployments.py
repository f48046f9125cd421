"""Which deployment Azure is asked for, the catalogue that has none, and names that do not tell the model's family."""

import json

import pytest

from llm.errors import BadRequest
from llm.providers import PROVIDERS
from llm.types import ChatRequest, ModelConfig, ToolSpec, user

HOST = "https://res.openai.azure.com"
FOUNDRY = "https://res.services.ai.azure.com"
TOOL = ToolSpec("weather", "The weather.", {"type": "object", "properties": {}})
GA, PREVIEW, CATALOGUE = "2024-10-21", "2025-04-01-preview", "2024-05-01-preview"
azure = PROVIDERS["azure"]


def config(base_url, model="gpt-4o", **options):
    return ModelConfig(provider="azure", model=model, base_url=base_url, options=options)


def asked(connection, *, tools=(), **params):
    return azure.build(connection, ChatRequest(messages=(user("Hi"),), tools=tools, params=params))


@pytest.mark.parametrize("tail", ["", "/", "/chat/completions", "/completions"])
def test_a_deployment_that_was_pasted_beats_the_model_id(tail):
    request = asked(config(f"{HOST}/openai/deployments/prod%20eu{tail}?api-version={GA}"))
    assert request.url == f"{HOST}/openai/deployments/prod%20eu/chat/completions?api-version={GA}"
    assert json.loads(request.body)["model"] == "prod eu"


def test_the_model_id_beside_a_pasted_deployment_tells_the_rules():
    connection = config(f"{HOST}/openai/deployments/prod?api-version={PREVIEW}", "gpt-5.6-terra")
    request = asked(connection, tools=(TOOL,))
    assert request.url == f"{HOST}/openai/responses?api-version={PREVIEW}"
    assert json.loads(request.body)["model"] == "prod"


@pytest.mark.parametrize("pasted", ["/models", "/models/", "/models/chat/completions"])
@pytest.mark.parametrize(("query", "version"), [("", CATALOGUE), (f"?api-version={GA}", GA)])
def test_the_catalogue_takes_the_model_in_the_body(pasted, query, version):
    request = asked(config(FOUNDRY + pasted + query, "DeepSeek-V3.2"), max_tokens=9)
    assert request.url == f"{FOUNDRY}/models/chat/completions?api-version={version}"
    assert json.loads(request.body)["model"] == "DeepSeek-V3.2"


def test_the_catalogue_keeps_its_place_behind_a_gateway():
    request = asked(config(f"https://g.example/team/models/chat/completions?api-version={CATALOGUE}&a=b"))
    assert request.url == f"https://g.example/team/models/chat/completions?api-version={CATALOGUE}&a=b"


def test_the_catalogue_knows_only_what_its_version_does_and_its_resource_lists_the_models():
    connection = config(f"{FOUNDRY}/models/chat/completions?api-version={CATALOGUE}", "gpt-5.6-terra")
    sent = json.loads(asked(connection, tools=(TOOL,), max_tokens=9).body)
    assert sent["max_tokens"] == 9
    assert "stream_options" not in sent
    assert azure.models(connection).request.url == f"{FOUNDRY}/openai/v1/models"


@pytest.mark.parametrize(("model", "is_steered"), [("gpt-5.6-terra", False), ("gpt-5.2", True)])
def test_sampling_goes_only_to_a_model_that_does_not_think_after_all(model, is_steered):
    """This version knows no effort, so that a model thinks as much as it does by default."""
    connection = config(HOST, "prod", underlying_model=model, api_version=GA)
    sent = json.loads(asked(connection, tools=(TOOL,), temperature=0.5, logprobs=True).body)
    assert "reasoning_effort" not in sent
    assert ("temperature" in sent, "logprobs" in sent) == (is_steered, is_steered)


def test_a_name_that_does_not_tell_the_family_is_explained():
    message = (
        "Function tools with reasoning_effort are not supported for gpt-5.6-terra in /v1/chat/completions. "
        "To use function tools, use /v1/responses or set reasoning_effort to 'none'."
    )
    fault = {"message": message, "type": "invalid_request_error", "param": "reasoning_effort", "code": None}
    error = azure.error(400, {}, json.dumps({"error": fault}).encode())
    assert (type(error), error.status, error.parameter) == (BadRequest, 400, "")
    assert "underlying_model" in error.message
