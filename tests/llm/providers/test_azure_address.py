"""Where Azure is asked: both styles of address, in every form that people paste."""

import json

import openai
import pytest

from llm.errors import BadRequest
from llm.providers import PROVIDERS
from llm.types import ChatRequest, ModelConfig, ToolSpec, user
from tests.llm.wire import answer

HOST = "https://res.openai.azure.com"
TOOL = ToolSpec("weather", "The weather.", {"type": "object", "properties": {}})
V1 = "/openai/v1/chat/completions"
DATED = "/openai/deployments/prod/chat/completions?api-version="
GA, PREVIEW = "2024-10-21", "2025-04-01-preview"
azure = PROVIDERS["azure"]


def asked(base_url=HOST, model="prod", *, tools=(), options=None):
    config = ModelConfig(provider="azure", model=model, base_url=base_url, options=options or {})
    return azure.build(config, ChatRequest(messages=(user("Hi"),), tools=tools))


@pytest.mark.parametrize(
    ("pasted", "version", "path"),
    [
        # A bare endpoint: the version decides.
        ("", "", V1),
        ("/", "", V1),
        ("/openai", "", V1),
        ("", GA, DATED + GA),
        ("/openai/", GA, DATED + GA),
        ("", PREVIEW, DATED + PREVIEW),
        ("", "v1", V1),
        ("", "latest", V1),
        ("", "preview", V1 + "?api-version=preview"),
        # The style that needs no version.
        ("/openai/v1", "", V1),
        ("/openai/v1/", GA, V1),
        ("/openai/v1/chat/completions", "", V1),
        ("/openai/v1/responses", "", V1),
        ("/openai/v1/models", "", V1),
        ("/openai/v1?api-version=preview", "", V1 + "?api-version=preview"),
        ("/openai/v1?api-version=2024-10-21", "", V1),
        ("/v1", "", V1),
        # The dated style, as the portal shows it.
        (f"?api-version={GA}", "", DATED + GA),
        (f"?api-version={GA}", PREVIEW, DATED + GA),
        (f"/openai/deployments/prod/chat/completions?api-version={PREVIEW}", "", DATED + PREVIEW),
        (f"/openai/deployments/prod?api-version={PREVIEW}", "", DATED + PREVIEW),
        ("/openai/deployments/prod", "", DATED + GA),
        ("/openai/deployments", PREVIEW, DATED + PREVIEW),
        (f"/openai/responses?api-version={PREVIEW}", "", DATED + PREVIEW),
        (f"/openai/models?api-version={GA}", "", DATED + GA),
        # What cannot be a version is none.
        ("", "soon", V1),
        ("", 7, V1),
        ("", None, V1),
        ("?api-version=", GA, DATED + GA),
    ],
)
@pytest.mark.parametrize(
    "host",
    [
        HOST,
        "https://res.services.ai.azure.com",
        "https://res.cognitiveservices.azure.com",
        "https://res.openai.azure.us",
        "https://res.openai.azure.cn",
        "https://gateway.azure-api.net",
        "https://gateway.internal.example:8443",
    ],
)
def test_an_address_in_every_form_that_people_paste(host, pasted, version, path):
    assert asked(host + pasted, options={"api_version": version}).url == host + path


@pytest.mark.parametrize(
    ("pasted", "url"),
    [
        ("https://g.example/team", "https://g.example/team/openai/v1/chat/completions"),
        ("https://g.example/team/openai", "https://g.example/team/openai/v1/chat/completions"),
        ("https://g.example/team/v1", "https://g.example/team/v1/chat/completions"),
        ("https://g.example/v1/team/openai/v1", "https://g.example/v1/team/openai/v1/chat/completions"),
        (
            "https://r.services.ai.azure.com/api/projects/p",
            "https://r.services.ai.azure.com/api/projects/p/openai/v1/chat/completions",
        ),
        (
            f"https://g.example/aoai/deployments/x/chat/completions?api-version={GA}&team=a",
            f"https://g.example/aoai/deployments/x/chat/completions?api-version={GA}&team=a",
        ),
        ("https://g.example/openai/deployments/", f"https://g.example{DATED}{GA}"),
        (" https://g.example/openai/v1/ ", "https://g.example/openai/v1/chat/completions"),
    ],
)
def test_gateways_with_paths_and_parameters_of_their_own(pasted, url):
    assert asked(pasted).url == url


@pytest.mark.parametrize("pasted", ["", "res.openai.azure.com", "/openai/v1"])
def test_without_a_host_there_is_nobody_to_ask(pasted):
    with pytest.raises(BadRequest, match="address of its own"):
        asked(pasted)


def test_a_deployments_name_is_quoted_and_named_in_the_body_too():
    request = asked(model="a/b c?", options={"api_version": GA})
    assert request.url == f"{HOST}/openai/deployments/a%2Fb%20c%3F/chat/completions?api-version={GA}"
    assert json.loads(request.body)["model"] == "a/b c?"


@pytest.mark.parametrize(
    ("version", "chat", "models"),
    [
        ("", "/openai/v1/responses", "/openai/v1/models"),
        (PREVIEW, f"/openai/responses?api-version={PREVIEW}", f"/openai/models?api-version={PREVIEW}"),
    ],
)
def test_responses_and_models_have_no_deployment_in_their_path(version, chat, models):
    options = {"api_version": version, "underlying_model": "gpt-6.2-sol"}
    request = asked(tools=(TOOL,), options=options)
    assert request.url == HOST + chat
    assert json.loads(request.body)["model"] == "prod"
    listed = azure.models(ModelConfig(provider="azure", model="prod", base_url=HOST, options=options))
    assert listed.request.url == HOST + models
    assert listed.names({"data": [{"id": "gpt-6.2-sol"}]}) == ["gpt-6.2-sol"]
    assert not listed.is_complete


@pytest.mark.parametrize("version", ["", GA])
def test_the_vendors_own_client_asks_at_the_same_places(serve, version):
    body = b'{"object":"chat.completion","choices":[{"message":{"content":"hi"},"finish_reason":"stop"}]}'

    def script(peer):
        while peer.read_request():
            peer.send(answer(body))

    server = serve(script)
    if version:
        theirs = openai.AzureOpenAI(azure_endpoint=server.url, api_version=version, api_key="0123", max_retries=0)
    else:
        theirs = openai.OpenAI(base_url=f"{server.url}/openai/v1/", api_key="0123", max_retries=0)
    with theirs:
        theirs.chat.completions.create(model="prod", messages=[{"role": "user", "content": "Hi"}], timeout=10)
        theirs.models.list(timeout=10)
    paths = [request.split(b" ")[1].decode() for request in server.requests]
    options = {"api_version": version}
    config = ModelConfig(provider="azure", model="prod", base_url=server.url, options=options)
    assert server.url + paths[0] == asked(server.url, options=options).url
    assert server.url + paths[1] == azure.models(config).request.url
