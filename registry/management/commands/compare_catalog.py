"""Compare the catalogue's figures with those of the package genai-prices."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from django.core.management import BaseCommand, CommandError
from django.utils import timezone

from registry.catalog import catalogue, templates

if TYPE_CHECKING:
    from decimal import Decimal

    from registry.catalog_comparison import Comparison

MISSING = "The package genai-prices is not installed. It is one of the development packages: pip install genai-prices"
ROW = "{:<28} {:<20} {:>12} {:>12}"


class Command(BaseCommand):
    help = "Compare prices and context windows of the catalogue with the package genai-prices, without the network."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--fail-on-difference", action="store_true", help="Exit with 1 where a figure differs.")

    def handle(self, *args: Any, **options: Any) -> None:
        if find_spec("genai_prices") is None:
            raise CommandError(MISSING)
        from registry.catalog_comparison import compare

        comparison = compare(templates(), timezone.localdate())
        self.stdout.write("\n".join(lines(comparison)))
        if comparison.differences and options["fail_on_difference"]:
            raise CommandError(f"{len(comparison.differences)} figures differ.", returncode=1)


def lines(comparison: Comparison) -> Iterator[str]:
    compared, differences = len(comparison.compared), comparison.differences
    yield f"Catalogue of {catalogue().checked}: {compared} figures compared, {len(differences)} differ."
    if differences:
        yield ROW.format("template", "field", "ours", "theirs")
    for row in differences:
        yield ROW.format(row.template, row.field, shown(row.ours), shown(row.theirs))
    yield f"Dearer with long prompts, compared for short ones: {listed(comparison.tiered)}"
    yield f"Not known to them: {listed(comparison.unknown)}"


def shown(figure: Decimal | int | None) -> str:
    return "-" if figure is None else str(figure)


def listed(names: tuple[str, ...]) -> str:
    return ", ".join(names) or "nothing"
