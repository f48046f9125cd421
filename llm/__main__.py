"""Ask a language model one question, or test the connection to it.

Nothing is stored and no site is needed: the same client that the site uses, with a key from the environment.

  export OPENAI_API_KEY=...
  python -m llm "What is a monad?" --provider openai --model gpt-4o-mini
  python -m llm "Write a haiku." --provider anthropic --model claude-sonnet-5 --param max_tokens=200

  # Step by step: address, key, model, chat, streaming, tools. A few hundred tokens at most.
  python -m llm --test --provider openai --model gpt-4o-mini

  # A server of your own. Private and plain http addresses are closed until --allow opens them.
  python -m llm "Hello" --provider openai_compatible --model my-model \\
      --base-url http://127.0.0.1:8000/v1 --allow http://127.0.0.1:8000

  # A key for another address than the provider's own is sent only if you name its variable.
  python -m llm "Hello" --provider openai_compatible --model llama-3 \\
      --base-url https://llm.example.org/v1 --key-env EXAMPLE_KEY

The answer goes to standard output; reasoning, token counts and errors go to standard error.
Exit status: 0 answered or test passed, 1 failed, 2 wrong usage, 130 interrupted.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Sequence
from typing import TextIO

from llm.addresses import AddressPolicy, Origin
from llm.client import UnifiedLLMClient
from llm.errors import Blocked, LLMError
from llm.probes import PROBE_TIMEOUTS, ProbeStep, probe
from llm.providers import PROVIDERS
from llm.reply import Reply, ReplyBuilder
from llm.secret import Secret
from llm.transport import Transport
from llm.types import JSON, Event, ModelConfig, ReasoningDelta, TextDelta, user

FAILED, INTERRUPTED = 1, 130
DIM, PLAIN = "\x1b[2m", "\x1b[0m"
# A model's text must not steer the terminal that shows it.
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = command_line()
    options = parser.parse_args(arguments)
    if not options.question and not options.test:
        parser.error("ask a question, or test the connection with --test")
    config, policy = config_of(options, parser), AddressPolicy(grants=frozenset(options.allow))
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


def command_line() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m llm",
        description=__doc__,
        epilog=f"providers:\n{providers()}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("question", nargs="?", help="what to ask; not needed with --test")
    add("--provider", required=True, choices=PROVIDERS, metavar="NAME", help="one of the list below")
    add("--model", required=True, metavar="ID", help="what the provider calls the model")
    add("--base-url", default="", metavar="URL", help="another address than the provider's own")
    add("--key-env", default="", metavar="VAR", help="environment variable that holds the key")
    add("--param", action="append", type=pair, default=[], metavar="NAME=VALUE", help="a parameter; VALUE may be JSON")
    add("--option", action="append", type=pair, default=[], metavar="NAME=VALUE", help="an option of the connection")
    add(
        "--allow",
        action="append",
        type=origin,
        default=[],
        metavar="URL",
        help="open a private address, or one without https",
    )
    add("--no-stream", action="store_true", help="fetch the answer whole")
    add("--no-tools", action="store_true", help="the model has no tools, so that --test leaves them out")
    add("--vision", action="store_true", help="the model sees pictures, so that --test shows it one")
    add("--test", action="store_true", help="test the connection and report step by step")
    return parser


def providers() -> str:
    rows = []
    for name, provider in PROVIDERS.items():
        key = f"key in {provider.key_env}" if provider.key_env else "no key by default"
        address = provider.base_url or "needs --base-url"
        rows.append(f"  {name:<18} {key:<28} {address}")
    return "\n".join(rows)


def pair(text: str) -> tuple[str, JSON]:
    name, separator, value = text.partition("=")
    if not (name and separator):
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form NAME=VALUE")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def origin(text: str) -> Origin:
    try:
        return Origin.parse(text)
    except ValueError as reason:
        raise argparse.ArgumentTypeError(f"{text!r}: {reason}") from None


def config_of(options: argparse.Namespace, parser: argparse.ArgumentParser) -> ModelConfig:
    provider = PROVIDERS[options.provider]
    own = os.environ.get(provider.url_env, "") if provider.url_env else ""
    key_env = options.key_env or ("" if options.base_url else provider.key_env)
    key = os.environ.get(key_env, "").strip() if key_env else ""
    if not key and (options.key_env or (key_env and provider.needs_key)):
        parser.error(f"no key: set the environment variable {key_env}, or name another one with --key-env")
    return ModelConfig(
        provider=options.provider,
        model=options.model,
        base_url=options.base_url or own,
        api_key=Secret(key),
        options=dict(options.option),
        params=dict(options.param),
        streaming=not options.no_stream,
        tools=not options.no_tools,
        vision=options.vision,
    )


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
    tokens = f"{usage.input_tokens} tokens in, {usage.output_tokens} out" if usage else "no token counts"
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
