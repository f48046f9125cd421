"""From an empty folder to a conversation: keys, database, default models, local model, server."""

from __future__ import annotations

import os
import signal
import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import environ
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.core import serializers
from django.core.exceptions import ValidationError
from django.core.management import BaseCommand, call_command
from django.db import transaction

from config import claims, local_model, local_servers
from config.bootstrap import add_options, database_exists
from config.management.commands.serve import LOOPBACK
from config.system_checks import refuse_errors
from registry.local_model import LOCAL_CONNECTION
from registry.models import Connection, DefaultModel, LLMModel

# The other row of fixtures/local_model.json.
LOCAL_MODEL = "5e1f0000-0000-4000-8000-000000000002"
FIRST_USER = "admin"


class Command(BaseCommand):
    help = "Prepare everything and start the site; a second start keeps data, keys and edits."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_options(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        # Before anything is changed: a second start must not pull the ground from under the first.
        claims.listen(options["host"], options["port"]).close()
        lock = claims.only_server_of(settings.DATA_DIR)
        self.say(f"Data and keys in {settings.DATA_DIR}")
        refuse_errors(["default"] if database_exists(environ.Env(), settings.DATA_DIR) else [])
        call_command("migrate", interactive=False, verbosity=0)
        self.say("Database is up to date")
        self.load_default_models()
        self.open_local_servers(options)
        origin = None if options["no_local_model"] else self.start_local_model()
        user = first_user()
        if lock:
            lock.close()
        self.serve(options, user, origin)

    def say(self, line: str) -> None:
        self.stdout.write(f"  {line}")
        self.stdout.flush()

    def load_default_models(self) -> None:
        if LLMModel.objects.exists() or Connection.objects.exists():
            return
        call_command("loaddata", "default_models", verbosity=0)
        self.say(f"{LLMModel.objects.count()} default models added; they wait for their keys")

    def open_local_servers(self, options: dict[str, Any]) -> None:
        """On a first start, and only where nobody else gets at this machine's loopback through the site."""
        if options["host"] not in LOOPBACK:
            self.say(servers_that_others_reach())
        elif local_servers.may_grant_them():
            ports = local_servers.grant(options["port"])
            names = ", ".join(f"{name} ({port})" for name, port in ports.items())
            self.say(f"Model servers on this machine may be used: {names}")

    def start_local_model(self) -> str | None:
        """The origin of the running local model; None, with one line that says why, where it cannot run."""
        started = time.monotonic()
        try:
            origin = local_model.start(settings.DATA_DIR / "local_model.log").origin
        except local_model.LocalModelUnavailable as reason:
            self.say(f"No local model: {reason}. Everything else works; add a model with a key to chat.")
            return None
        try:
            register_local_model(f"{origin}/v1")
        except ValidationError:
            self.say("The local model's connection holds a key, so its address stays. Remove the key to use it.")
        self.say(f"Local model SmolLM2 is ready ({time.monotonic() - started:.1f} s)")
        return origin

    def serve(self, options: dict[str, Any], user: AbstractBaseUser, origin: str | None) -> None:
        """Become the server: the local model ends with this process, whatever ends it."""
        if origin:
            endpoints = [*settings.ALLOWED_ENDPOINTS, origin]
            os.environ["ALLOWED_ENDPOINTS"] = ",".join(endpoints)
        command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "serve"]
        command += ["--host", options["host"], "--port", str(options["port"]), "--login-link", user.get_username()]
        if wants_browser(options):
            command.append("--open-browser")
        self.stdout.flush()
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # manage.py lets it through again
        os.execv(command[0], command)  # noqa: S606  our own command


def servers_that_others_reach() -> str:
    if opened := ", ".join(map(str, local_servers.ports_open_to_users())):
        return f"Others reach this site, and through it ports {opened} of this machine. See `manage.py allow_endpoint`"
    return "Others reach this site, so model servers beside it stay closed. `manage.py allow_endpoint` opens one"


def wants_browser(options: dict[str, Any]) -> bool:
    return not (options["no_browser"] or options["noinput"]) and sys.stdout.isatty()


def first_user() -> AbstractBaseUser:
    """The oldest active superuser; on a new site `admin`, who has no password and signs in with the printed link."""
    users = get_user_model().objects
    user = users.filter(is_superuser=True, is_active=True).order_by("pk").first()
    return user or users.create_superuser(FIRST_USER)


@transaction.atomic
def register_local_model(base_url: str) -> None:
    """Point the local model's connection to the port of the day; make the model the default if there is none."""
    add_missing_rows(settings.BASE_DIR / "fixtures" / "local_model.json")
    connection = Connection.objects.get(pk=LOCAL_CONNECTION)
    connection.base_url = base_url
    connection.save()
    if not DefaultModel.objects.filter(user=None).exists():
        DefaultModel.objects.create(user=None, model_id=LOCAL_MODEL)


def add_missing_rows(fixture: Path) -> None:
    """What somebody edited stays as it is; what somebody deleted comes back."""
    for row in serializers.deserialize("json", fixture.read_text()):
        if not type(row.object).objects.filter(pk=row.object.pk).exists():
            row.save()
