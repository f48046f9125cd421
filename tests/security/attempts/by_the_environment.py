"""Keys of the environment: for global connections, at the provider's address or the one that the environment names."""

from __future__ import annotations

from collections.abc import Callable

from llm.providers import PROVIDERS
from registry.models import Connection, LLMModel
from tests.security.attempts import Attempt, Stage

WITH_KEYS = [name for name, provider in PROVIDERS.items() if provider.key_env]
PROXIES = ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy")
# Of the vendors' own libraries; this site reads none of them.
OF_LIBRARIES = (
    *("OPENAI_BASE_URL", "OPENAI_API_BASE", "ANTHROPIC_BASE_URL", "HF_ENDPOINT", "HF_INFERENCE_ENDPOINT"),
    *("OLLAMA_HOST", "AZURE_OPENAI_BASE_URL", "OPENAI_API_HOST", "LITELLM_API_BASE"),
)


def key_in_environment(stage: Stage, provider: str) -> None:
    stage.monkeypatch.setenv(PROVIDERS[provider].key_env, stage.key)


def connection_at(stage: Stage, provider: str, owner: str | None, url: str) -> None:
    connection = Connection.objects.create(
        owner=stage.world.people[owner] if owner else None, name="moved", provider=provider, base_url=url
    )
    LLMModel.objects.create(connection=connection, name="moved", model_id="x")


def moved(provider: str, owner: str | None) -> Callable[[Stage], str]:
    """A connection without a key of its own, at another server."""

    def act(stage: Stage) -> str:
        key_in_environment(stage, provider)
        connection_at(stage, provider, owner, f"{stage.there}/v1")
        return "written"

    return act


def named_for_another_provider(provider: str) -> Callable[[Stage], str]:
    """LLM_BASE_URL belongs to LLM_PROVIDER; the keys of all others have nothing to do with it."""

    def act(stage: Stage) -> str:
        key_in_environment(stage, provider)
        stage.settings.LLM_PROVIDER, stage.settings.LLM_MODEL = "vllm", "x"
        stage.settings.LLM_BASE_URL = f"{stage.there}/v1"
        connection_at(stage, provider, None, f"{stage.there}/v1")
        return "written"

    return act


def stored_key_and_a_new_address_in_the_environment(stage: Stage) -> str:
    """Everybody's connection without an address of its own: its key was sealed for the address that there was."""
    stage.settings.LLM_PROVIDER, stage.settings.LLM_BASE_URL = "openai_compatible", f"{stage.home}/v1"
    connection = Connection(name="at the environment's", provider="openai_compatible")
    connection.set_key(stage.key, by=None)
    connection.save()
    LLMModel.objects.create(connection=connection, name="x", model_id="x")
    stage.settings.LLM_BASE_URL = f"{stage.there}/v1"
    return "written"


def own_connection_at_the_environments_address(stage: Stage) -> str:
    key_in_environment(stage, "openai")
    stage.settings.LLM_PROVIDER, stage.settings.LLM_BASE_URL = "openai", f"{stage.there}/v1"
    connection_at(stage, "openai", "alice", f"{stage.there}/v1")
    return "written"


def variable(name: str) -> Callable[[Stage], str]:
    def act(stage: Stage) -> str:
        stage.monkeypatch.setenv(name, stage.there)
        return "written"

    return act


def netrc(stage: Stage) -> str:
    """Another key for our server, and a login for the other one."""
    host = stage.there.removeprefix("http://")
    stage.folder.joinpath(".netrc").write_text(f"machine {host} login x password {stage.key}\n")
    stage.monkeypatch.setenv("HOME", str(stage.folder))
    stage.monkeypatch.setenv("NETRC", str(stage.folder / ".netrc"))
    connection_at(stage, "vllm", "alice", f"{stage.there}/v1")
    return "written"


ATTEMPTS = [
    *(
        Attempt(f"environment: {p}'s key, everybody's connection elsewhere", moved(p, None), "written")
        for p in WITH_KEYS
    ),
    *(
        Attempt(f"environment: {p}'s key, one's own connection elsewhere", moved(p, "alice"), "written")
        for p in WITH_KEYS
    ),
    *(
        Attempt(
            f"environment: {p}'s key, LLM_BASE_URL of another provider",
            named_for_another_provider(p),
            "written",
            is_allowed=True,
        )
        for p in WITH_KEYS
    ),
    Attempt(
        "environment: LLM_BASE_URL moves under a stored key",
        stored_key_and_a_new_address_in_the_environment,
        "written",
        then="credential_unreadable",
        is_allowed=True,
    ),
    *(Attempt(f"environment: {name}", variable(name), "written") for name in (*PROXIES, *OF_LIBRARIES)),
    Attempt("environment: .netrc", netrc, "written", reaches=True),
]
