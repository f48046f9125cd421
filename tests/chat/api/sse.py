"""A client of the API on real sockets, and its server-sent events."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field

import requests

from tests.live_site import LiveSite, Transcript

PASSWORD = "correct horse battery"


@dataclass
class Program:
    """Signed in with a token."""

    site: LiveSite
    headers: dict[str, str]

    def request(self, method: str, path: str, *, headers: dict[str, str] | None = None, **kwargs) -> requests.Response:
        return requests.request(
            method, self.site.address + path, headers=self.headers | (headers or {}), timeout=30, **kwargs
        )

    def post(self, path: str, **body) -> requests.Response:
        return self.request("POST", path, json=body)

    def chat(self, **body) -> Stream:
        """A call that is streamed."""
        return Stream(self.request("POST", "/api/chat", json={"model": self.site.model} | body, stream=True))

    def attach(self, conversation: str, *, last_event: str = "", **query) -> Stream:
        headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": last_event} if last_event else {})
        path = f"/api/conversations/{conversation}/events"
        return Stream(self.request("GET", path, params=query, headers=headers, stream=True))


def program(site: LiveSite, username: str = "alice") -> Program:
    body = {"username": username, "password": PASSWORD}
    made = requests.post(f"{site.address}/api/tokens", json=body, timeout=30)
    return Program(site, {"Authorization": f"Token {made.json()['token']}"})


class Browser(Program):
    """Signed in with a session."""

    def __init__(self, site: LiveSite, username: str = "alice") -> None:
        super().__init__(site, {})
        self.session = requests.Session()
        self.form("/accounts/login/", username=username, password=PASSWORD)

    def form(self, path: str, **fields) -> None:
        self.session.get(f"{self.site.address}/accounts/login/", timeout=30)
        answer = self.session.post(self.site.address + path, data=fields, headers=self.csrf, timeout=30)
        assert answer.ok, answer.text

    @property
    def csrf(self) -> dict[str, str]:
        return {"X-CSRFToken": self.session.cookies["csrftoken"]}

    def request(self, method: str, path: str, *, headers: dict[str, str] | None = None, **kwargs) -> requests.Response:
        address, headers = self.site.address + path, self.csrf | (headers or {})
        return self.session.request(method, address, headers=headers, timeout=30, **kwargs)


@dataclass
class Stream:
    """What a server sends, event by event; left with `close`."""

    response: requests.Response
    comments: list[str] = field(default_factory=list)
    last_event: str = ""

    def __post_init__(self) -> None:
        self._events = self._parsed()

    def __iter__(self) -> Iterator[dict]:
        return self._events

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def close(self) -> None:
        self.response.close()

    @property
    def refusal(self) -> tuple[int, dict]:
        """Status and error of an answer that is no stream."""
        with closing(self.response):
            return self.response.status_code, self.response.json()["error"] if self.response.content else {}

    def first(self, kind: str) -> dict:
        return next(frame for frame in self if frame["type"] == kind)

    def transcript(self, turn: str, until_seq: float = float("inf")) -> Transcript:
        """As a page would show it, up to `until_seq` or the end."""
        shown = Transcript(turn)
        while not shown.end and shown.seq < until_seq:
            shown.take(next(self._events))
        return shown

    def _parsed(self) -> Iterator[dict]:
        assert self.response.status_code == 200, self.response.text
        assert self.response.headers["Content-Type"] == "text/event-stream"
        fields: dict[str, str] = {}
        with closing(self.response):
            for line in self.response.iter_lines(chunk_size=1):
                name, _, value = line.decode().partition(": ")
                if line:
                    fields[name] = value
                elif "data" in fields:
                    frame = json.loads(fields["data"])
                    assert frame["type"] == fields["event"]
                    self.last_event = fields.get("id", self.last_event)
                    yield frame
                    fields = {}
                else:
                    self.comments.append(fields.popitem()[1])
