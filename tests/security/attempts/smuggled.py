"""Words of other libraries that name a server, wherever a text may be entered or said."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from registry.models import Connection, LLMModel
from tests.security.attempts import Attempt, Stage
from tests.security.attempts.over_the_api import CONNECTION, MODEL, THERE, over_api

NAMES: dict[str, Any] = {
    "api_base": f"{THERE}/v1",
    "base_url": f"{THERE}/v1",
    "endpoint": THERE,
    "azure_endpoint": THERE,
    "api_host": THERE,
    "url": f"{THERE}/v1/chat/completions",
    "proxy": THERE,
    "proxies": {"http": THERE, "https": THERE},
    "headers": {"Host": "there.invalid"},
    "extra_headers": {"Host": "there.invalid"},
    "default_headers": {"Host": "there.invalid"},
    "extra_query": {"base_url": THERE},
    "extra_body": {"base_url": THERE},
    "organization": THERE,
    "project": THERE,
    "api_version": f"2024-10-21&endpoint={THERE}",
    "api_type": "azure",
    "region": "there.invalid/",
    "format": THERE,
    "http_client": THERE,
    "transport": THERE,
    "callback_url": THERE,
    "webhook": THERE,
}
MODEL_IDS = [
    f"{THERE}/v1",
    "//there.invalid/x",
    "@there.invalid",
    "../../../there.invalid",
    "x?api_base=http://there.invalid",
    "x#http://there.invalid",
    "x HTTP/1.1\r\nHost: there.invalid",
    "x%0d%0aHost:%20there.invalid",
    "openai/http://there.invalid",
]


def stored(column: str, name: str, value: Any) -> Callable[[Stage], str]:
    """As an old version, a script or a colleague may have left it: no form has seen it."""

    def act(stage: Stage) -> str:
        value_there = over_there(value, stage)
        table, row = (Connection, "connection") if column == "options" else (LLMModel, "model")
        table.objects.filter(pk=stage.world.private.ids[row]).update(**{column: {name: value_there}})
        return "written"

    return act


def over_there(value: Any, stage: Stage) -> Any:
    if isinstance(value, dict):
        return {name: over_there(inner, stage) for name, inner in value.items()}
    return value.replace(THERE, stage.there).replace("there.invalid", stage.there.removeprefix("http://"))


def as_provider(provider: str, model_id: str) -> Callable[[Stage], str]:
    """Of a provider whose paths hold the model's name."""

    def act(stage: Stage) -> str:
        connection = Connection(owner=stage.world.people["alice"], name="other", provider=provider, base_url=stage.home)
        connection.set_key(stage.key, by=None)
        connection.save()
        LLMModel.objects.create(connection=connection, name="other", model_id=over_there(model_id, stage))
        return "written"

    return act


def nothing(stage: Stage) -> str:
    return "nothing"


ENTERED = "done invalid"
ATTEMPTS = [
    *(
        Attempt(f"smuggled in the options: {name}", over_api("PATCH", CONNECTION, {"options": {name: value}}), ENTERED)
        for name, value in NAMES.items()
    ),
    *(
        Attempt(
            f"smuggled in the parameters: {name}", over_api("PATCH", MODEL, {"default_params": {name: value}}), ENTERED
        )
        for name, value in NAMES.items()
    ),
    *(
        Attempt(f"stored in the options: {name}", stored("options", name, value), "written")
        for name, value in NAMES.items()
    ),
    *(
        Attempt(f"stored in the parameters: {name}", stored("default_params", name, value), "written")
        for name, value in NAMES.items()
    ),
    *(
        Attempt(f"said with a message: {name}", nothing, "nothing", says=((name, value),))
        for name, value in NAMES.items()
    ),
    *(
        Attempt(f"model id {model_id!r}", over_api("PATCH", MODEL, {"model_id": model_id}), ENTERED)
        for model_id in MODEL_IDS
    ),
    *(
        Attempt(f"model id {model_id!r} of a provider with deployments", as_provider("azure", model_id), "written")
        for model_id in MODEL_IDS
    ),
]
