"""What one server must have to itself: a port, and without Redis its data folder."""

from __future__ import annotations

import fcntl
import os
import socket
from pathlib import Path
from typing import TextIO

from django.conf import settings
from django.core.management import CommandError
from django.db import connection

from config import server

OTHER_PORT = 'Choose another with --port, or with `make run ARGS="--port 9000"`.'


def listen(host: str, port: int) -> socket.socket:
    try:
        return server.bind(host, port)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise CommandError(f"Cannot listen on {host}:{port}: {reason}. {OTHER_PORT}") from None


def only_server_of(data_dir: Path) -> TextIO | None:
    """Without Redis there can be one server for a data folder; hold its lock until the process ends."""
    if settings.REDIS_URL or connection.vendor != "sqlite":
        return None
    try:
        lock = (data_dir / "serve.lock").open("w")
    except OSError as error:
        raise CommandError(f"{data_dir} cannot be written to: {error.strerror}. Name another as DATA_DIR.") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise CommandError(
            f"Another server is running on {data_dir}. Stop it, or set DATABASE_URL and REDIS_URL to run several."
        ) from None
    return lock
