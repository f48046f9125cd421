"""A run through the site in which everything happens once, and all that comes out of it meanwhile, by where."""

from __future__ import annotations

import io
import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from django.core.management import call_command
from django.db import connection as database
from django.test import Client

from chat.models import Message
from tests.live_site import wait_for
from tests.security.asking import ask, client_of, text_of
from tests.security.database import dump
from tests.security.sockets import said_over, session_of
from tests.security.walk import LINES, path_of
from tests.security.world import World

PROMPT = "the prompt of alice about the purple heron"
TYPED = "sk-proj-typed/8Jd3+Kf6Wq2=Bn9Xc5Vz1Lp4Ms7"

# A key entered well, and in every wrong way.
ENTERED = {"provider": "openai_compatible", "base_url": "http://127.0.0.1:9/v1", "api_key": TYPED}
MISTAKES = (
    {"api_key": f"{TYPED} and more"},
    {"api_key": f"{TYPED}\u00e4"},
    {"api_key": TYPED * 100},
    {"api_key": [TYPED]},
    {"headers": {"Host": TYPED}},
    {"headers": {"X-A": f"{TYPED}\r\n"}},
    {"headers": [TYPED]},
    {"options": [TYPED]},
    {"is_active": TYPED},
)


class Said(dict[str, bytes]):
    def add(self, where: str, what: str | bytes) -> None:
        self[where] = self.get(where, b"") + (what if isinstance(what, bytes) else what.encode(errors="replace"))


def everything_said(world: World) -> Said:
    said = Said()
    with every_log_line(said):
        chat(world, said)
        read_everything(world, said)
        enter_keys(world, said)
        try_connections(world, said)
    said.add("a dump", dumped())
    said.add("the database", str(dump()))
    said.add("the database's files", files_of_the_database())
    return said


@contextmanager
def every_log_line(said: Said) -> Iterator[None]:
    """As with LOG_LEVEL=DEBUG, and with the SQL that DEBUG logs, before any filter has seen it."""
    make_record = logging.getLogRecordFactory()

    def note(*args: object, **kwargs: object) -> logging.LogRecord:
        record = make_record(*args, **kwargs)
        cause = "".join(traceback.format_exception(*record.exc_info)) if record.exc_info else ""
        said.add("the log", f"{record.getMessage()} {cause}\n")
        return record

    level, database.force_debug_cursor = logging.root.level, True
    logging.setLogRecordFactory(note)
    logging.root.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        logging.root.setLevel(level)
        logging.setLogRecordFactory(make_record)
        database.force_debug_cursor = False


def chat(world: World, said: Said) -> None:
    """Alice asks her own model and everybody's; bob, who knows the id of her answer, tries to listen."""
    session = session_of(client_of(world, "owner"))
    for rows in (world.private, world.everybodys):
        request = {"type": "send", "client_id": str(uuid4()), "text": PROMPT, "model": rows.ids["model"]}
        said.add("frames to alice", said_over(session, ("done", "failed"), **request))
    turn = Message.objects.filter(role="assistant").latest("created_at")
    listening = session_of(client_of(world, "other"))
    said.add("frames to bob", said_over(listening, ("unknown",), type="attach", turn=str(turn.pk)))
    wait_for(lambda: not Message.objects.running().exists())


def read_everything(world: World, said: Said) -> None:
    for reader, whom in (("owner", "alice"), ("holder", "others"), ("superuser", "others")):
        client = client_of(world, reader)
        for line in LINES:
            if line.method in {"GET", "any"}:
                said.add(f"answers to {whom}", text_of(client.get(path_of(line, world))))


def enter_keys(world: World, said: Said) -> None:
    client = client_of(world, "owner")
    for mistake in ({}, *MISTAKES):
        for path, besides in (("/api/connections", {"name": "x"}), ("/api/models", {"name": "x", "model_id": "x"})):
            said.add("answers to alice", text_of(ask(client, "POST", path, ENTERED | besides | mistake)))
    admin = client_of(world, "superuser")
    for mistake in (
        {},
        {"name": ""},
        {"provider": "none"},
        {"base_url": "ftp://x"},
        {"headers": f'{{"Host": "{TYPED}"}}'},
    ):
        form = {"name": "x", "owner": "", "options": "{}", "headers": f'{{"X-Key": "{TYPED}"}}'} | ENTERED | mistake
        said.add("answers to others", text_of(admin.post("/admin/registry/connection/add/", form)))
    said.add("answers to others", text_of(admin.get("/admin/registry/connection/")))


def try_connections(world: World, said: Said) -> None:
    client = client_of(world, "owner")
    for body in ({"model": world.private.ids["model"]}, ENTERED | {"model_id": "x"}):
        said.add("answers to alice", text_of(ask(client, "POST", "/api/models/test-connection", body)))


def dumped() -> str:
    out = io.StringIO()
    call_command("dumpdata", stdout=out)
    return out.getvalue()


def files_of_the_database() -> bytes:
    """Of SQLite all bytes, also those of rows that are gone; of a server, which keeps its files, nothing."""
    if database.vendor != "sqlite":
        return b""
    name = str(database.settings_dict["NAME"])
    return b"".join(file.read_bytes() for file in (Path(name), Path(f"{name}-wal")) if file.exists())


def crash(client: Client, path: str, body: dict[str, object], headers: dict[str, str]) -> str:
    """What somebody reads whose request met a bug."""
    client.raise_request_exception = False
    client.defaults |= {f"HTTP_{name.upper()}": value for name, value in headers.items()}
    response = ask(client, "POST", path, body)
    assert response.status_code == 500
    return text_of(response)
