"""`python -m llm`: one question to a model, or a test of the connection to it; `llm.command_line` says how."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from typing import TextIO

from llm.addresses import AddressPolicy, Origin
from llm.client import UnifiedLLMClient
from llm.command_line import read_command_line
from llm.errors import Blocked, LLMError
from llm.probes import PROBE_TIMEOUTS, ProbeStep, probe
from llm.providers import PROVIDERS
from llm.reply import Reply, ReplyBuilder
from llm.transport import Transport
from llm.types import Event, ModelConfig, ReasoningDelta, TextDelta, user

FAILED, INTERRUPTED = 1, 130
DIM, PLAIN = "\x1b[2m", "\x1b[0m"
# A model's text must not steer the terminal that shows it.
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def main(arguments: Sequence[str] | None = None) -> int:
    options, config = read_command_line(arguments)
    policy = AddressPolicy(grants=frozenset(options.allow))
    try:
        return report(config, policy) if options.test else ask(options.question, config, policy)
    except LLMError as error:
        write(sys.stderr, f"{with_way_out(error.message, error.code, config, policy)}\n")
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read the answer has left; what Python still holds for them would fail once more at the exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED


def ask(question: str, config: ModelConfig, policy: AddressPolicy) -> int:
    client = UnifiedLLMClient(config, transport=Transport(policy))
    reply, screen = ReplyBuilder(), Screen()
    try:
        for event in client.stream([user(question)]):
            reply.add(event)
            screen.show(event)
    finally:
        screen.end_line()
    write(sys.stderr, f"{summary(reply.reply())}\n")
    return 0


def report(config: ModelConfig, policy: AddressPolicy) -> int:
    failures = 0
    for step in probe(config, transport=Transport(policy, timeouts=PROBE_TIMEOUTS)):
        write(sys.stdout, f"{line(step)}\n")
        if step.status == "failed":
            failures += 1
            write(sys.stdout, f"           -> {with_way_out(step.remedy, step.code, config, policy)}\n")
    return FAILED if failures else 0


class Screen:
    """Answer and reasoning, each on lines of its own where both go to one terminal."""

    def __init__(self) -> None:
        self._open: TextIO | None = None

    def show(self, event: Event) -> None:
        match event:
            case TextDelta(text):
                self._write(sys.stdout, CONTROL.sub("", text))
            case ReasoningDelta(text) if text:
                thought = CONTROL.sub("", text)
                self._write(sys.stderr, f"{DIM}{thought}{PLAIN}" if sys.stderr.isatty() else thought)

    def end_line(self) -> None:
        if self._open is not None:
            write(self._open, "\n")
            self._open = None

    def _write(self, stream: TextIO, text: str) -> None:
        if self._open is not stream:
            self.end_line()
        self._open = stream
        write(stream, text)


def line(step: ProbeStep) -> str:
    took = f"{step.seconds:6.2f} s" if step.seconds else " " * 8
    return f"{step.status:<8} {step.name:<10} {took}  {step.detail}".rstrip()


def summary(reply: Reply) -> str:
    usage = reply.usage
    about = "about " if usage and usage.estimated else ""
    tokens = f"{about}{usage.input_tokens} tokens in, {usage.output_tokens} out" if usage else "no token counts"
    first = "" if reply.first_token_seconds is None else f"first after {reply.first_token_seconds:.2f} s, "
    return f"{tokens}; {first}{reply.seconds:.2f} s in all; finish: {reply.finish}"


def with_way_out(sentence: str, code: str, config: ModelConfig, policy: AddressPolicy) -> str:
    """On a command line whoever asks may also allow."""
    if code != Blocked.code:
        return sentence
    try:
        place = Origin.parse(config.base_url or PROVIDERS[config.provider].base_url)
    except ValueError as reason:
        return f"The base URL cannot be used: {reason}."
    if place in policy.grants:
        return sentence
    return f"Only public https addresses are open. To reach this one, add --allow {place}"


def write(stream: TextIO, text: str) -> None:
    stream.write(text)
    stream.flush()


if __name__ == "__main__":
    sys.exit(main())
