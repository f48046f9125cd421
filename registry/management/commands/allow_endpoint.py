"""Grants, for whoever has a shell. The admin manages the same rows under "Allowed endpoints"."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management import BaseCommand, CommandError
from django.db import OperationalError, ProgrammingError

from llm.addresses import Origin
from llm.storable import storable
from registry.addresses import site_of
from registry.environment import environment_urls
from registry.grants import server_of, what_is_left_out, who_may_use
from registry.models import AllowedEndpoint


class Command(BaseCommand):
    help = "Allow connections to a server that is private or not https; without a URL, list what is allowed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("url", nargs="?", help="the server, such as http://10.0.0.5:8000")
        parser.add_argument("--note", help="what it is, for the list")
        action = parser.add_mutually_exclusive_group()
        action.add_argument("--users", action="store_true", help="not only for global connections, but for everybody's")
        action.add_argument("--remove", action="store_true", help="take the grant back")
        action.add_argument("--list", action="store_true", help="list what is allowed, and by what")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self.act_on(options)
        except (OperationalError, ProgrammingError) as error:
            reason = str(error).partition("\n")[0]
            raise CommandError(f"The database cannot be used: {reason}. Has `manage.py migrate` been run?") from None

    def act_on(self, options: dict[str, Any]) -> None:
        if options["list"] or not options["url"]:
            refuse_what_belongs_to_a_url(options)
            self.list_grants()
        elif options["remove"]:
            self.remove(self.server_named(options["url"]))
        else:
            self.allow(self.server_named(options["url"]), options)

    def server_named(self, url: str) -> Origin:
        try:
            origin = server_of(url)
        except ValueError as problem:
            raise CommandError(str(problem)) from None
        if remark := what_is_left_out(url):
            self.stdout.write(remark)
        return origin

    def allow(self, origin: Origin, options: dict[str, Any]) -> None:
        values = {"usable_by_users": options["users"]}
        if options["note"] is not None:
            values["note"] = storable(options["note"])
        try:
            AllowedEndpoint(**origin._asdict(), **values).clean_fields()
            AllowedEndpoint.objects.update_or_create(**origin._asdict(), defaults=values)
        except ValidationError as problem:
            raise CommandError(" ".join(problem.messages)) from None
        hint = "" if options["users"] else " With --users, users' own connections may use it too."
        self.stdout.write(f"{site_of(origin)} may be used by {who_may_use(options['users'])}.{hint}")

    def remove(self, origin: Origin) -> None:
        removed, _ = AllowedEndpoint.objects.filter(**origin._asdict()).delete()
        self.stdout.write(f"{site_of(origin)} {'is no longer' if removed else 'was not'} allowed by a grant.")
        for source, url, is_for_users in granted_elsewhere():
            if Origin.parse(url) == origin:
                self.stdout.write(
                    f"It stays open to {who_may_use(is_for_users)}: {source} names it. "
                    "Take it out there and start again."
                )

    def list_grants(self) -> None:
        rows = [(row.origin, row.usable_by_users, row.note) for row in AllowedEndpoint.objects.all()]
        rows += [(Origin.parse(url), is_for_users, f"({source})") for source, url, is_for_users in granted_elsewhere()]
        for origin, is_for_users, remark in rows:
            self.stdout.write(f"{site_of(origin):<32} {who_may_use(is_for_users):<24} {remark}".rstrip())
        if not rows:
            self.stdout.write("Nothing is allowed yet: connections reach public https addresses only.")


def refuse_what_belongs_to_a_url(options: dict[str, Any]) -> None:
    if options["url"] or options["users"] or options["remove"] or options["note"] is not None:
        raise CommandError("--users, --remove and --note need a URL such as http://10.0.0.5:8000; --list takes none.")


def granted_elsewhere() -> list[tuple[str, str, bool]]:
    """What is open without a row: who says so, the address, and whether users may use it."""
    by_setting = [("ALLOWED_ENDPOINTS", url, True) for url in settings.ALLOWED_ENDPOINTS]
    return [*by_setting, *(("the environment", url, False) for url in environment_urls())]
