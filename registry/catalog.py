"""The templates of `catalog.toml`, read once.

A mistake in the file is an `ImproperlyConfigured` that names the entry.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from registry.models import CAPABILITIES
from registry.models.llm_model import PRICES
from registry.providers import provider_label
from registry.template import Lifecycle, Template

CATALOGUE = Path(__file__).with_name("catalog.toml")


@dataclass(frozen=True, slots=True)
class Catalogue:
    checked: date
    """When its figures were compared with their sources."""
    templates: Mapping[str, Template]
    """By id, in the order of the file."""


@cache
def catalogue() -> Catalogue:
    return read(CATALOGUE.read_text(encoding="utf-8"))


def templates() -> tuple[Template, ...]:
    return tuple(catalogue().templates.values())


def template(template_id: str) -> Template | None:
    return catalogue().templates.get(template_id)


def read(text: str) -> Catalogue:
    try:
        document = tomllib.loads(text)
        checked, tables = document["checked"], document["templates"]
    except (tomllib.TOMLDecodeError, KeyError) as mistake:
        raise ImproperlyConfigured(f"{CATALOGUE.name} cannot be read: {mistake}") from mistake
    found: dict[str, Template] = {}
    # Those that others name as their successor have none, and come first.
    for name in sorted(tables, key=lambda name: "successor" in tables[name]):
        found[name] = _template(name, tables[name], found)
    return Catalogue(checked=checked, templates={name: found[name] for name in tables})


def _template(name: str, table: dict[str, Any], found: Mapping[str, Template]) -> Template:
    try:
        return Template(id=name, **_values(table, found))
    except (TypeError, ValueError) as mistake:
        raise ImproperlyConfigured(f"{CATALOGUE.name}, {name}: {mistake}") from mistake


def _values(table: dict[str, Any], found: Mapping[str, Template]) -> dict[str, Any]:
    values = {"vendor": provider_label(table.get("provider", ""))} | table
    values |= _capabilities(values.pop("capabilities", []))
    values |= {name: _price(name, values[name]) for name in PRICES if name in values}
    values["lifecycle"] = Lifecycle(values.get("lifecycle"))
    if "successor" in values:
        values["successor"] = _successor(values["successor"], found)
    return values


def _capabilities(listed: list[str]) -> dict[str, bool]:
    if unknown := set(listed).difference(CAPABILITIES):
        raise ValueError(f"no capabilities: {', '.join(sorted(unknown))}")
    return {name: name in listed for name in CAPABILITIES}


def _price(name: str, written: object) -> Decimal:
    try:
        price = Decimal(written) if isinstance(written, str) else Decimal("NaN")
    except InvalidOperation:
        price = Decimal("NaN")
    if not price.is_finite():
        raise ValueError(f'{name} is not written like "0.15": {written!r}')
    return price


def _successor(name: str, found: Mapping[str, Template]) -> Template:
    if name not in found:
        raise ValueError(f"its successor is no entry, or not current: {name}")
    return found[name]
