"""What each family of Claude models accepts, by the number in the name (as of November 2026)."""

import re
from dataclasses import dataclass
from typing import TypeAlias

_Version: TypeAlias = tuple[int, int]

# claude-opus-4-5-20251101, claude-3-5-sonnet-20241022, claude-sonnet-5: at most two digits, or it is a date.
_NAME = re.compile(
    r"claude-(?:(?P<line>[a-z]+)-)?(?P<major>\d{1,2})(?!\d)(?:-(?P<minor>\d{1,2})(?!\d))?(?:-(?P<old_line>[a-z]+))?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Models from version `since` on, up to the next row; of one `line` (opus, sonnet, ...) where it names one.

    `thinking` is by "effort", by "budget" of tokens, or none; a budget and the answer share `most_tokens`.
    `always_thinks`: it cannot be turned off, and a model that thinks takes no forced tool choice.
    """

    since: _Version
    line: str = ""
    sampling: bool = True
    one_sampling: bool = False
    thinking: str = ""
    most_tokens: int = 0
    always_thinks: bool = False


# A later row that fits wins. A model of another make behind a server that speaks this format is _OTHER.
_OTHER = Family(since=(0, 0))
_FAMILIES = (
    _OTHER,
    Family(since=(3, 7), thinking="budget", most_tokens=64_000),
    Family(since=(4, 0), line="opus", thinking="budget", most_tokens=32_000),
    # temperature and top_p together are a 400.
    Family(since=(4, 1), thinking="budget", one_sampling=True, most_tokens=32_000),
    Family(since=(4, 5), thinking="budget", one_sampling=True, most_tokens=64_000),
    Family(since=(4, 6), thinking="effort", one_sampling=True),
    Family(since=(4, 7), thinking="effort", sampling=False),
    Family(since=(5, 1), line="fable", thinking="effort", sampling=False, always_thinks=True),
    Family(since=(5, 1), line="mythos", thinking="effort", sampling=False, always_thinks=True),
    Family(since=(5, 5), thinking="effort", sampling=False, always_thinks=True),
    Family(since=(5, 5), line="haiku", thinking="effort", sampling=False),
)


def family_of(model: str) -> Family:
    name = _NAME.search(model)
    if name is None:
        return _OTHER
    version = (int(name["major"]), int(name["minor"] or 0))
    line = name["line"] or name["old_line"]
    return [family for family in _FAMILIES if family.since <= version and family.line in ("", line)][-1]
