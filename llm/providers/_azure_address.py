"""Where an Azure resource, or a gateway in front of one, takes requests. Three styles of address, told apart by what a
person pasted: `/openai/deployments/NAME/...?api-version=DATE`, `/openai/v1/...`, which needs no version, and
`/models/chat/completions?api-version=DATE`, which takes every model of the catalogue by the name in the body."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode

from llm.errors import BadRequest
from llm.providers._address import split_url
from llm.providers._reading import text_of
from llm.types import JSON

# The newest dated version that is not a preview, for a pasted path that says "dated" and not which.
_DEFAULT_VERSION = "2024-10-21"
_CATALOGUE_VERSION = "2024-05-01-preview"
_NO_ADDRESS = "Every Azure resource has an address of its own. Enter it, like https://NAME.openai.azure.com."
_DATED = re.compile(r"\d{4}-\d{2}-\d{2}(?:-preview)?")
_DEPLOYMENTS = re.compile(r"(?P<root>.*)/deployments(?:/(?P<name>[^/]*)(?:/.*)?)?")
# A bare "/models" too, as the portal shows it; "/openai/models" is a list.
_CATALOGUE = re.compile(r"(?P<root>.*)/models/chat/completions|/models")
_OPERATION = re.compile(r"/(?:chat/completions|responses|models)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class AzureAddress:
    """`root` ends where `/v1`, `/deployments` or `/models` begins. `version` "" is the style that needs none;
    `deployment` is the one that was pasted."""

    root: str
    version: str = ""
    deployment: str = ""
    is_catalogue: bool = False
    query: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, base_url: str, options: Mapping[str, JSON]) -> Self:
        """A version in the address beats the option; a path that ends in `/v1` beats both."""
        parts = split_url(base_url.strip())
        if not parts.netloc:
            raise BadRequest(_NO_ADDRESS)
        version, query = _version_and_query(parts, options)
        if pasted := _CATALOGUE.fullmatch(parts.path.rstrip("/")):
            root, version = f"{parts.scheme}://{parts.netloc}{pasted['root'] or ''}", _dated(version)
            return cls(root=root, version=version or _CATALOGUE_VERSION, is_catalogue=True, query=query)
        path = _OPERATION.sub("", parts.path.rstrip("/"))
        if pasted := _DEPLOYMENTS.fullmatch(path):
            root, name = _root(parts, pasted["root"]), unquote(pasted["name"] or "")
            return cls(root=root, version=_dated(version) or _DEFAULT_VERSION, deployment=name, query=query)
        # "preview" opts in to what the style without dates has not released.
        query = (("api-version", "preview"), *query) if version == "preview" else query
        if path.endswith("/v1"):
            return cls(root=_root(parts, path.removesuffix("/v1")), query=query)
        root = _root(parts, path if path.endswith("/openai") else f"{path}/openai")
        return cls(root=root, version=_dated(version), query=query)

    def url(self, operation: str, *, deployment: str = "") -> str:
        """Only chat completions of the dated style have the deployment in their path."""
        if self.is_catalogue:
            return self._of_catalogue(operation)
        if not self.version:
            return self._join(f"/v1/{operation}", self.query)
        place = f"/deployments/{quote(deployment, safe='')}" if deployment and operation != "responses" else ""
        return self._join(f"{place}/{operation}", (("api-version", self.version), *self.query))

    def _of_catalogue(self, operation: str) -> str:
        """It has no list of its own: its resource lists the models in the style without versions."""
        if operation == "models":
            return self._join("/openai/v1/models", self.query)
        return self._join(f"/models/{operation}", (("api-version", self.version), *self.query))

    def _join(self, path: str, query: tuple[tuple[str, str], ...]) -> str:
        return f"{self.root}{path}?{urlencode(query)}" if query else f"{self.root}{path}"


def _version_and_query(parts: SplitResult, options: Mapping[str, JSON]) -> tuple[str, tuple[tuple[str, str], ...]]:
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    pasted = next((value for name, value in pairs if name == "api-version"), "")
    version = pasted or text_of(options.get("api_version")).strip()
    return version, tuple(pair for pair in pairs if pair[0] != "api-version")


def _root(parts: SplitResult, path: str) -> str:
    """A bare host has everything below `/openai`; what stands behind a gateway's own path is the gateway's affair."""
    return f"{parts.scheme}://{parts.netloc}{path or '/openai'}"


def _dated(version: str) -> str:
    return version if _DATED.fullmatch(version) else ""
