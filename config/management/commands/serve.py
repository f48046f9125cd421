"""The only server entry, in the quick start and in production."""

from __future__ import annotations

import threading
import webbrowser
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import BaseCommand, CommandError, call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from config import bootstrap, claims, server
from config.login_links import login_link
from config.system_checks import refuse_errors
from registry.addresses import serving_at

LOOPBACK = {"127.0.0.1", "::1", "localhost"}


class Command(BaseCommand):
    help = "Serve pages, API and websockets, with the chat engine. Stops in order on SIGTERM and Ctrl-C."
    requires_system_checks = []  # `handle` makes them

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
        parser.add_argument("--port", type=bootstrap.port, default=8000, help="port to listen on (8000)")
        parser.add_argument("--login-link", metavar="USERNAME", help="print a one-time login link for this user")
        parser.add_argument("--open-browser", action="store_true", help="open the page (with --login-link: signed in)")

    def handle(self, *args: Any, **options: Any) -> None:
        refuse_errors(["default"])
        self.check(databases=["default"])
        refuse_pending_migrations()
        link = self.login_link(options["login_link"])
        listener = claims.listen(options["host"], options["port"])
        lock = claims.only_server_of(settings.DATA_DIR)
        if lock:
            self.interrupt_leftovers()
        call_command("collectstatic", interactive=False, verbosity=0)
        port = listener.getsockname()[1]
        serving_at(port)
        page = f"http://{shown_host(options['host'])}:{port}"
        server.serve(listener, on_ready=lambda: self.announce(page, link, options))
        self.stdout.write("Stopped.")

    def login_link(self, username: str | None) -> str:
        """Path of a link for this user; "" where nobody is named."""
        if not username:
            return ""
        try:
            return login_link(get_user_model().objects.get_by_natural_key(username))
        except get_user_model().DoesNotExist:
            raise CommandError(f"There is no user {username!r} to make a login link for.") from None

    def interrupt_leftovers(self) -> None:
        """No other process can be producing: what the last one left behind is over, whatever its lease says."""
        from chat.checkpoints import interrupt
        from chat.models import Message

        interrupt(Message.objects.running())

    def announce(self, page: str, link: str, options: dict[str, Any]) -> None:
        self.stdout.write(f"Serving at {page}  (Ctrl-C stops)")
        if options["host"] not in LOOPBACK:
            names = ", ".join(settings.ALLOWED_HOSTS)
            self.stdout.write(f"Pages are shown under these names only (ALLOWED_HOSTS): {names}")
        if link:
            self.stdout.write(f"Sign in (once, within 15 minutes): {page}{link}")
        self.stdout.flush()
        if options["open_browser"]:
            # A text browser would hold the server until somebody quits it.
            threading.Thread(target=webbrowser.open, args=[page + link], daemon=True).start()


def shown_host(host: str) -> str:
    """What a person can type for an address that means every interface."""
    if host in {"0.0.0.0", "::"}:  # noqa: S104  compared, not bound
        return "localhost"
    return f"[{host}]" if ":" in host else host


def refuse_pending_migrations() -> None:
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise CommandError("The database is not up to date. Run `python manage.py migrate` first.")
    connection.close()
