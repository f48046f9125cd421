"""The first start, as a stranger makes it."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

from tests.live_site import ROOT


class QuickStart:
    """`manage.py quickstart` as a stranger runs it: no environment, an empty folder."""

    def __init__(self, data_dir: Path, *options: str) -> None:
        self.data_dir = data_dir
        environment = {"PATH": os.environ["PATH"], "ENV_FILE": "tests/no.env", "PYTHONUNBUFFERED": "1"}
        command = [
            sys.executable,
            "manage.py",
            "quickstart",
            "--port",
            "0",
            "--noinput",
            "--data-dir",
            str(data_dir),
            *options,
        ]
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.lines = []
        while not self.lines or not self.lines[-1].startswith("Sign in"):
            line = self.process.stdout.readline()
            assert line, self.lines
            self.lines.append(line)

    @property
    def link(self) -> str:
        return self.lines[-1].split()[-1]

    @property
    def output(self) -> str:
        return "".join(self.lines)

    def query(self, sql: str) -> list[tuple]:
        with sqlite3.connect(self.data_dir / "db.sqlite3") as database:
            return database.execute(sql).fetchall()

    def stop(self, number: int = signal.SIGINT) -> None:
        self.process.send_signal(number)
        self.process.communicate(timeout=30)
