"""Reads the tables of `policy.py`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

READERS = ("anonymous", "inactive", "other", "owner", "staff", "holder", "superuser")
"""`owner` is alice, whose rows are the private ones; `inactive` is alice once her account is switched off."""


@dataclass(frozen=True, slots=True)
class Line:
    path: str
    method: str
    row: str
    cells: dict[str, str]
    """What each reader gets."""

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.row}"


def read_table(text: str, **names: str) -> Iterator[Line]:
    """The lines of a table; `{table}` and the like are replaced by `names`."""
    for number, line in enumerate(filter(None, map(str.strip, text.splitlines()))):
        path, method, row, *cells = line.format(**names).split()
        if number == 0:
            assert tuple(cells) == READERS, f"The head of the table must name {READERS}."
            continue
        cells = cells * len(READERS) if len(cells) == 1 else cells
        assert len(cells) == len(READERS), f"This line needs one cell for everybody or {len(READERS)}: {line}"
        yield Line(path, method, row, dict(zip(READERS, cells, strict=True)))
