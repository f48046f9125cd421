"""Seal every stored key and header again with ENCRYPTION_KEY, while the site runs."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from collections import Counter
from typing import TYPE_CHECKING, Any

from django.core.management import BaseCommand, CommandError
from django.db import OperationalError, ProgrammingError

from registry import envelope, rotation
from registry.rotation import State

if TYPE_CHECKING:
    from collections.abc import Iterator

    from registry.rotation import Sealed

REENTER = "{} cannot be read. Edit these connections and enter what is missing again, or remove it."
LEFT = "Not everything is sealed with this key yet. Run the command again."
DONE = "Run the command with --verify before you drop ENCRYPTION_KEYS_OLD."
NEEDED = "ENCRYPTION_KEYS_OLD is still needed. Run the command without --verify."
NOT_NEEDED = "Nothing needs another key: ENCRYPTION_KEYS_OLD may be dropped."

MOST_ROWS = 10_000


class Command(BaseCommand):
    help = (
        "Seal again with ENCRYPTION_KEY what was sealed with one of ENCRYPTION_KEYS_OLD. The site may run meanwhile. "
        "A rotation that was cut short is simply run again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        mode = parser.add_mutually_exclusive_group()
        mode.add_argument("--dry-run", action="store_true", help="open everything and say what is to be done")
        mode.add_argument("--verify", action="store_true", help="open everything and say whether old keys are needed")
        parser.add_argument("--batch", type=positive, default=100, metavar="N", help="rows read at a time (100)")

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"Encryption key {envelope.keyring().primary}")
        work = self.verify if options["verify"] else self.rehearse if options["dry_run"] else self.rotate
        try:
            work(options["batch"])
        except (OperationalError, ProgrammingError) as error:
            reason = " ".join(str(error).split())
            raise CommandError(f"The database cannot be used: {reason}. What was done stays; run it again.") from None

    def rotate(self, batch: int) -> None:
        refuse_unreadable(self.report(rotation.rotate(batch)))
        if not rotation.is_finished():
            raise CommandError(LEFT)
        self.stdout.write(DONE)

    def rehearse(self, batch: int) -> None:
        refuse_unreadable(self.report(rotation.inspect(batch)))

    def verify(self, batch: int) -> None:
        unreadable = self.report(rotation.inspect(batch))
        self.stdout.write(NOT_NEEDED if rotation.is_finished() else NEEDED)
        refuse_unreadable(unreadable)

    def report(self, results: Iterator[tuple[Sealed, State]]) -> int:
        """How many cannot be read. Each of them is named, the others are counted."""
        counts: Counter[State] = Counter()
        for sealed, state in results:
            counts[state] += 1
            if state is State.UNREADABLE:
                self.stdout.write(f"  cannot be read: {sealed}")
        self.stdout.write(", ".join(f"{state.value} {counts[state]}" for state in State))
        return counts[State.UNREADABLE]


def refuse_unreadable(unreadable: int) -> None:
    if unreadable:
        raise CommandError(REENTER.format(unreadable))


def positive(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= MOST_ROWS:
        raise ArgumentTypeError(f"{text!r} is no number of rows; give 1 to {MOST_ROWS}")
    return int(text)
