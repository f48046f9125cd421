"""The only server entry, in the quick start and in production."""

from __future__ import annotations

import fcntl
import webbrowser
from argparse import ArgumentParser
from pathlib import Path
from typing import Any, TextIO

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import BaseCommand, CommandError, call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from config import server
from config.login_links import login_link


class Command(BaseCommand):
    help = "Serve pages, API and websockets, with the chat engine. Stops in order on SIGTERM and Ctrl-C."
    requires_system_checks = "__all__"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
        parser.add_argument("--port", type=int, default=8000, help="port to listen on (8000)")
        parser.add_argument("--login-link", metavar="USERNAME", help="print a one-time login link for this user")
        parser.add_argument("--open-browser", action="store_true", help="open the page (with --login-link: signed in)")

    def handle(self, *args: Any, **options: Any) -> None:
        self.check(databases=["default"])
        refuse_pending_migrations()
        listener = self.bind(options["host"], options["port"])
        lock = only_server_of(settings.DATA_DIR)
        if lock:
            self.interrupt_leftovers()
        call_command("collectstatic", interactive=False, verbosity=0)
        page = f"http://{shown_host(options['host'])}:{listener.getsockname()[1]}"
        server.serve(listener, on_ready=lambda: self.announce(page, options))

    def bind(self, host: str, port: int) -> Any:
        try:
            return server.bind(host, port)
        except OSError as error:
            raise CommandError(
                f"Cannot listen on {host}:{port}: {error.strerror}. Choose another with --port."
            ) from None

    def interrupt_leftovers(self) -> None:
        """No other process can be producing: what the last one left behind is over, whatever its lease says."""
        from chat.checkpoints import interrupt
        from chat.models import Message

        interrupt(Message.objects.running())

    def announce(self, page: str, options: dict[str, Any]) -> None:
        self.stdout.write(f"Serving at {page}  (Ctrl-C stops)")
        if username := options["login_link"]:
            page += login_link(get_user_model().objects.get_by_natural_key(username))
            connection.close()
            self.stdout.write(f"Sign in (once, within 15 minutes): {page}")
        self.stdout.flush()
        if options["open_browser"]:
            webbrowser.open(page)


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


def only_server_of(data_dir: Path) -> TextIO | None:
    """Without Redis there can be one server for a data folder; hold its lock until the process ends."""
    if settings.REDIS_URL or connection.vendor != "sqlite":
        return None
    lock = (data_dir / "serve.lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise CommandError(
            f"Another server is running on {data_dir}. Stop it, or set DATABASE_URL and REDIS_URL to run several."
        ) from None
    return lock
