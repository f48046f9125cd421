"""Attempts to make the site send a stored key to somebody else's server: each is a row with a name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.llm.wire import Peer
from tests.security.world import World


@dataclass(frozen=True)
class Stage:
    """Where an attempt is made: the keys of the world are sealed for `home`, and `there` is whoever wants them."""

    world: World
    home: str
    there: str
    key: str
    """One more, for what the attempt itself sets up."""
    serve: Callable[[Callable[[Peer], None]], str]
    """Starts a server that a key may go to, and which answers as it likes; its address."""
    monkeypatch: pytest.MonkeyPatch
    settings: Any
    folder: Path


@dataclass(frozen=True)
class Attempt:
    name: str
    act: Callable[[Stage], str]
    """Makes the attempt; says in a word what came of it."""
    comes_to: str
    """That word; several where it is of no importance which."""
    reaches: bool = False
    """Whether the models can be used at the other server afterwards, with whatever key they have then."""
    then: str = ""
    """The code of the error that somebody gets who uses the models afterwards."""
    says: tuple[tuple[str, Any], ...] = ()
    """What is said besides the message when the models are used."""
    is_allowed: bool = False
    """Whether the environment itself allows the other server, so that the address policy is no second wall."""
