"""The tools that a model may be offered here, and what is shown of their calls."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from llm import BUILTIN_TOOLS, Tool

TOOLS: dict[str, Tool] = {tool.name: tool for tool in BUILTIN_TOOLS}
"""By the names under which people choose them."""


def merged_steps(parts: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Calls in their order, each merged with the result that came for it later."""
    by_id: dict[str, dict[str, Any]] = {}
    for part in parts:
        by_id[part["id"]] = by_id.get(part["id"], {}) | part
    return list(by_id.values())
