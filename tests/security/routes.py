"""Every route that the site answers, as the table of `tests/security/policy.py` spells it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLResolver, get_resolver

NAMED_GROUP = re.compile(r"\(\?P<(\w+)>[^()]*\)")
CONVERTER = re.compile(r"<\w+:(\w+)>")


@dataclass(frozen=True, slots=True)
class Route:
    path: str
    slash_is_optional: bool = False


def routes(urlconf: Any = None) -> list[Route]:
    """All of them, those of the admin and of installed packages too. None is the site's own `urls.py`."""
    return list(_inside(get_resolver(urlconf).url_patterns, "/"))


def _inside(patterns: Any, prefix: str) -> Iterator[Route]:
    for each in patterns:
        pattern = str(each.pattern)
        if isinstance(each, URLResolver):
            yield from _inside(each.url_patterns, prefix + spelled(pattern))
        else:
            yield Route(prefix + spelled(pattern), slash_is_optional=pattern.endswith("/?$"))


def spelled(pattern: str) -> str:
    """`^models/(?P<pk>[^/.]+)/?$` and `models/<uuid:pk>` are both `models/<pk>`."""
    plain = pattern.removeprefix("^").removesuffix("$").removesuffix("/?")
    return CONVERTER.sub(r"<\1>", NAMED_GROUP.sub(r"<\1>", plain))
