"""The site as people run it: `manage.py serve` in its own process, on its own data folder, with real sockets."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import uuid4

import websocket

ROOT = Path(__file__).resolve().parent.parent

# Runs inside the site's own settings: a user with a session, and a global model behind the given address.
SET_UP = """
import json, sys
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.contrib.sessions.backends.db import SessionStore
from registry.models import Connection, LLMModel

user = get_user_model().objects.create_superuser("alice", password="correct horse battery")
session = SessionStore()
session[SESSION_KEY], session[HASH_SESSION_KEY] = str(user.pk), user.get_session_auth_hash()
session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
session.create()
connection = Connection.objects.create(name="Scripted", provider="openai_compatible", base_url="{base_url}", owner=None)
model = LLMModel.objects.create(connection=connection, name="Scripted model", model_id="scripted")
print(json.dumps({{"session": session.session_key, "model": str(model.pk)}}))
"""


@dataclass
class LiveSite:
    data_dir: Path
    provider_url: str
    process: subprocess.Popen | None = None
    address: str = ""
    session: str = ""
    model: str = ""
    extra_env: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        return (
            os.environ
            | {
                "DATA_DIR": str(self.data_dir),
                "ENV_FILE": "tests/no.env",
                "DJANGO_SETTINGS_MODULE": "config.settings",
                "SECRET_KEY": "only-for-tests-" + "x" * 40,
                "ENCRYPTION_KEY": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
                "ALLOWED_ENDPOINTS": self.provider_url,
                "DATABASE_URL": "",
                "PYTHONUNBUFFERED": "1",
            }
            | self.extra_env
        )

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False)

    def set_up(self) -> None:
        migrated = self.manage("migrate", "-v0")
        assert migrated.returncode == 0, migrated.stderr
        made = self.manage("shell", "-v0", "-c", SET_UP.format(base_url=f"{self.provider_url}/v1"))
        assert made.returncode == 0, made.stderr
        facts = json.loads(made.stdout)
        self.session, self.model = facts["session"], facts["model"]

    def copy_to(self, data_dir: Path) -> LiveSite:
        """A site of its own with the rows of this one, which must not be running."""
        shutil.copytree(self.data_dir, data_dir, dirs_exist_ok=True)
        return replace(self, data_dir=data_dir)

    def start(self) -> None:
        command = [sys.executable, "manage.py", "serve", "--port", "0"]
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        said = []
        while not said or not said[-1].startswith("Serving at "):
            said.append(self.process.stdout.readline())
            assert said[-1], f"the server did not start: {''.join(said)}"
        self.address = said[-1].split()[2]

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def wait(self, seconds: float = 30) -> str:
        """The rest of the process's output, once it has ended."""
        output, _ = self.process.communicate(timeout=seconds)
        return output

    def stop(self) -> None:
        if self.process and not self.process.stdout.closed:
            self.signal(signal.SIGINT)
            self.wait()

    def viewer(self) -> Viewer:
        return Viewer(self)


class Closed(Exception):
    """The server closed the socket; `code` says why."""

    def __init__(self, code: int) -> None:
        self.code = code
        super().__init__(code)


class Viewer:
    """A websocket of the page, signed in."""

    def __init__(self, site: LiveSite) -> None:
        self.site = site
        self.socket = websocket.create_connection(
            site.address.replace("http", "ws") + "/ws/chat/",
            origin=site.address,
            cookie=f"sessionid={site.session}",
            timeout=30,
        )
        self._connection = self.socket.sock

    def __enter__(self) -> Viewer:
        return self

    def __exit__(self, *raised: object) -> None:
        # The library forgets its socket without closing it when the server closed first.
        with closing(self._connection):
            self.socket.close()

    def say(self, **frame: object) -> None:
        self.socket.send(json.dumps(frame))

    def hear(self) -> dict:
        opcode, data = self.socket.recv_data()
        if opcode == websocket.ABNF.OPCODE_CLOSE:
            raise Closed(int.from_bytes(data[:2], "big"))
        return json.loads(data)

    def ask(self, text: str, **fields: object) -> dict:
        """Send a message and return the `accepted` frame."""
        self.say(type="send", client_id=str(uuid4()), text=text, model=self.site.model, **fields)
        return self.hear_type("accepted")

    def hear_type(self, *types: str) -> dict:
        while (frame := self.hear())["type"] not in types:
            pass
        return frame

    def transcript(self, turn: str, until_seq: float = float("inf")) -> Transcript:
        """Follow a turn's frames until one with `until_seq` or the one that ends it."""
        transcript = Transcript(turn)
        while not transcript.end and transcript.seq < until_seq:
            transcript.take(self.hear())
        return transcript


@dataclass
class Transcript:
    """What a page would show of a turn, by the rules that a page follows."""

    turn: str
    seq: int = 0
    text: str = ""
    end: dict | None = None
    snapshots: int = 0

    def take(self, frame: dict) -> None:
        if frame.get("turn") != self.turn or "seq" not in frame:
            return
        if frame["type"] == "snapshot":
            self.seq, self.text = frame["seq"], frame["text"]
            self.snapshots += 1
            return
        assert frame["seq"] > self.seq, f"{frame} after {self.seq}"
        self.seq = frame["seq"]
        if frame["type"] == "delta":
            self.text += frame["text"]
        if frame["type"] in {"done", "failed"}:
            self.end = frame


def wait_for(condition, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
