"""Threads of the transport, which a machine may be too busy to give."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVarTuple

from llm.errors import Overloaded

Arguments = TypeVarTuple("Arguments")


def start(work: Callable[[*Arguments], object], *arguments: *Arguments, name: str) -> threading.Thread:
    thread = threading.Thread(target=work, args=arguments, name=name, daemon=True)
    try:
        thread.start()
    except RuntimeError:  # "can't start new thread"
        raise Overloaded("This server is too busy to ask the model. Try again in a moment.") from None
    return thread
