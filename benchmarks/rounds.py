"""Measuring side by side: workers take turns in every round, so that a machine that slows down slows all of them."""

import json
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import inf
from pathlib import Path
from statistics import median
from subprocess import PIPE, Popen
from typing import Any

from benchmarks import ROOT

PEERS = ROOT / "benchmarks" / ".peers"
SCRIPTS = ROOT / "benchmarks" / "peers"
ROUNDS = 9


@dataclass(frozen=True)
class Peer:
    """A client to measure: its script, and the virtual environment that it needs ("" for ours)."""

    name: str
    script: str
    environment: str = ""

    @property
    def python(self) -> Path:
        return PEERS / self.environment / "bin" / "python" if self.environment else Path(sys.executable)

    @property
    def installed(self) -> bool:
        return self.python.exists()


BARE = Peer("bare requests", "bare_requests.py")
OURS = Peer("UnifiedLLMClient", "our_client.py")
OTHERS = (
    Peer("openai client", "openai_client.py", "openai"),
    Peer("any-llm", "any_llm_sdk.py", "any_llm"),
    Peer("LiteLLM SDK", "litellm_sdk.py", "litellm"),
)


def installed(peers: Iterable[Peer]) -> list[Peer]:
    """Those that can run; the others are named."""
    present = [peer for peer in peers if peer.installed]
    if missing := ", ".join(peer.name for peer in peers if peer not in present):
        print(f"Not installed, left out: {missing}. benchmarks/install_peers installs them.\n")
    return present


class Worker:
    """A peer's script in a process of its own. Only its own CPU time counts."""

    def __init__(self, peer: Peer, url: str) -> None:
        self.peer = peer
        kept = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        self.process = Popen(
            [peer.python, SCRIPTS / peer.script, url],
            cwd=ROOT,
            env=kept | {"PYTHONPATH": "" if peer.environment else str(ROOT)},
            stdin=PIPE,
            stdout=PIPE,
            text=True,
        )
        self.actions: dict[str, int] = self._read()

    def seconds(self, action: str) -> float:
        """CPU seconds for one unit of work."""
        print(action, file=self.process.stdin, flush=True)
        result = self._read()
        return result["seconds"] / result["units"]

    def stop(self) -> None:
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()

    def _read(self) -> dict[str, Any]:
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.peer.script} ended with status {self.process.wait()}.")
        return json.loads(line)


@contextmanager
def workers(peers: Iterable[Peer], url: str) -> Iterator[list[Worker]]:
    started: list[Worker] = []
    try:
        for peer in peers:
            started.append(Worker(peer, url))  # noqa: PERF401  those that started are stopped if one does not
        yield started
    finally:
        for worker in started:
            worker.stop()


@dataclass(frozen=True)
class Series:
    """One figure, round by round."""

    name: str
    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        return median(self.seconds)

    def times(self, other: "Series") -> float:
        """How many times `other` it costs: the median of the rounds' ratios, which drift does not touch."""
        return median(mine / theirs for mine, theirs in zip(self.seconds, other.seconds, strict=True))


def interleaved(columns: Iterable[tuple[str, Worker, str]], rounds: int = ROUNDS) -> list[Series]:
    """A series for each (name, worker, action)."""
    columns = list(columns)
    measured = [[worker.seconds(action) for _, worker, action in columns] for _ in range(rounds)]
    return [Series(name, times) for (name, _, _), times in zip(columns, zip(*measured, strict=True), strict=True)]


def missed(what: str, value: float, unit: str, *, at_least: float = 0.0, at_most: float = inf) -> bool:
    """Prints whether a promise holds; True if it does not."""
    broken = not at_least <= value <= at_most
    limit = f"at least {at_least:g}" if at_least else f"at most {at_most:g}"
    print(f"  {'MISSED' if broken else 'met'}: {what} {value:.2f} {unit} ({limit})")
    return broken
