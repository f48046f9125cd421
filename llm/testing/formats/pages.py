"""What clients ask besides a chat: which models there are, what one can do, whether the server is up."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from llm.testing.formats import paths
from llm.testing.formats.base import MISSING_MODEL, Asked, Format, Refusal
from llm.types import JSON

MODELS = ("scripted-model", "scripted-large")
_CREATED, _CREATED_AT = 1795400000, "2026-11-23T00:00:00Z"
_CONTEXT = 8192


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One address. `wire` words its refusals; `show` writes the answer about one model, or about none."""

    pattern: str
    wire: Format
    show: Callable[[str], JSON]
    method: str = "GET"

    def answers(self, asked: Asked, method: str) -> bool:
        return method == self.method and self._match(asked) is not None

    def complaints(self, asked: Asked) -> Iterator[Refusal]:
        yield from self.wire.admission(asked)
        if self._model(asked) == MISSING_MODEL:
            yield self.wire.missing(MISSING_MODEL)

    def content(self, asked: Asked) -> JSON:
        return self.show(self._model(asked))

    def _match(self, asked: Asked) -> re.Match[str] | None:
        return re.fullmatch(self.pattern, asked.path)

    def _model(self, asked: Asked) -> str:
        """From the path, or from the body of a POST."""
        found = self._match(asked)
        named = found.groupdict().get("model", "") if found else ""
        return named or (str(asked.body.get("model", "")) if isinstance(asked.body, dict) else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionedPage(Page):
    """For clients that name the version of Messages: the same path shows others another list."""

    def answers(self, asked: Asked, method: str) -> bool:
        return paths.MESSAGES_VERSION in asked.headers and Page.answers(self, asked, method)


def pages(*, plain: Format, messages: Format, ndjson: Format, dated: Format, deployed: Format) -> tuple[Page, ...]:
    """The first that answers is the one."""
    return (
        VersionedPage(pattern=paths.MODEL_LISTS, wire=messages, show=_described_list),
        VersionedPage(pattern=paths.MODEL, wire=messages, show=_described),
        Page(pattern=paths.MODEL_LISTS, wire=plain, show=_list),
        Page(pattern=paths.MODEL, wire=plain, show=_row),
        Page(pattern=paths.DATED_MODEL_LIST, wire=dated, show=_deployable_list),
        Page(pattern=paths.DEPLOYED_MODEL_LIST, wire=deployed, show=_list),
        Page(pattern=paths.DATED_MODEL, wire=dated, show=_deployable),
        Page(pattern=paths.DEPLOYED_MODEL, wire=deployed, show=_row),
        Page(pattern="/", wire=ndjson, show=lambda _: paths.NDJSON_GREETING),
        Page(pattern="/api/version", wire=ndjson, show=lambda _: {"version": "0.15.2"}),
        Page(pattern="/api/tags", wire=ndjson, show=_tags),
        Page(pattern="/api/show", wire=ndjson, show=_details, method="POST"),
        Page(pattern="/health", wire=plain, show=lambda _: ""),
        Page(pattern="/info", wire=plain, show=_container),
    )


def _row(model: str) -> JSON:
    return {"id": model, "object": "model", "created": _CREATED, "owned_by": "script"}


def _list(_: str) -> JSON:
    return {"object": "list", "data": [_row(model) for model in MODELS]}


def _described(model: str) -> JSON:
    fixed = {"type": "model", "lifecycle": "active", "created_at": _CREATED_AT}
    return fixed | {"id": model, "display_name": model, "max_input_tokens": _CONTEXT, "max_tokens": _CONTEXT}


def _described_list(_: str) -> JSON:
    data = [_described(model) for model in MODELS]
    return {"data": data, "has_more": False, "first_id": MODELS[0], "last_id": MODELS[-1]}


def _deployable(model: str) -> JSON:
    able = {"inference": True, "completion": True, "chat_completion": True, "fine_tune": False, "embeddings": False}
    state = {"status": "succeeded", "lifecycle_status": "generally-available", "created_at": _CREATED}
    return {"id": model, "object": "model", "capabilities": able} | state


def _deployable_list(_: str) -> JSON:
    """What the region may run, and not what is deployed."""
    return {"object": "list", "data": [_deployable(model) for model in MODELS]}


def _tags(_: str) -> JSON:
    """Names carry a tag."""
    names = [f"{model}:latest" for model in MODELS]
    fixed = {"modified_at": _CREATED_AT, "size": 96576768, "digest": "0" * 64, "details": _family()}
    return {"models": [{"name": name, "model": name} | fixed for name in names]}


def _details(_: str) -> JSON:
    info = {"general.architecture": "llama", "llama.context_length": _CONTEXT}
    capabilities = ["completion", "tools", "vision", "thinking"]
    fixed = {"template": "{{ .Prompt }}", "modified_at": _CREATED_AT, "details": _family()}
    return fixed | {"model_info": info, "capabilities": capabilities}


def _family() -> JSON:
    family = {"format": "gguf", "family": "llama", "families": ["llama"]}
    return {"parent_model": "", "parameter_size": "134.52M", "quantization_level": "Q4_1"} | family


def _container(_: str) -> JSON:
    limits = {"max_input_tokens": _CONTEXT - 1, "max_total_tokens": _CONTEXT, "max_concurrent_requests": 128}
    return {"model_id": MODELS[0], "model_pipeline_tag": "text-generation", "version": "3.3.7"} | limits
