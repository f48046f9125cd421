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
from collections.abc import Sequence

from llm.addresses import Origin
from llm.providers import PROVIDERS
from llm.secret import Secret
from llm.types import JSON, ModelConfig


def read_command_line(arguments: Sequence[str] | None = None) -> tuple[argparse.Namespace, ModelConfig]:
    """Options and the model they name; ends the process with status 2 where they make no sense."""
    parser = command_line()
    options, unknown = parser.parse_known_args(arguments)
    if unknown:
        parser.error(complaint_about(unknown))
    if not options.question and not options.test:
        parser.error("ask a question, or test the connection with --test")
    return options, config_of(options, parser)


def command_line() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m llm",
        description=__doc__,
        epilog=f"providers:\n{providers()}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        # Else "--key" would be understood, and a key on a command line is in everybody's list of processes.
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("question", nargs="?", help="what to ask; not needed with --test")
    add("--provider", required=True, choices=PROVIDERS, metavar="NAME", help="one of the list below")
    add("--model", required=True, metavar="ID", help="what the provider calls the model")
    add("--base-url", default="", metavar="URL", help="another address than the provider's own")
    add("--key-env", type=variable, metavar="VAR", help="environment variable that holds the key")
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


def complaint_about(unknown: Sequence[str]) -> str:
    """Without the values: one of them may be a key."""
    names = [each.partition("=")[0] for each in unknown if each.startswith("--")]
    return f"unknown option: {', '.join(names)}" if names else "one question only: put it in quotes"


def providers() -> str:
    rows = []
    for name, provider in PROVIDERS.items():
        key = f"key in {provider.key_env}" if provider.key_env else "no key by default"
        address = " or ".join(filter(None, (provider.base_url or "needs --base-url", provider.url_env)))
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


def variable(text: str) -> str:
    if not text.isidentifier():
        raise argparse.ArgumentTypeError("give the name of an environment variable, not the key")
    return text


def origin(text: str) -> Origin:
    try:
        return Origin.parse(text)
    except ValueError as reason:
        raise argparse.ArgumentTypeError(f"{text!r}: {reason}") from None


def config_of(options: argparse.Namespace, parser: argparse.ArgumentParser) -> ModelConfig:
    provider = PROVIDERS[options.provider]
    base_url = options.base_url or (os.environ.get(provider.url_env, "") if provider.url_env else "")
    if not (base_url or provider.base_url):
        parser.error("this provider has no address of its own: give one with --base-url")
    key_env = options.key_env or ("" if options.base_url else provider.key_env)
    key = os.environ.get(key_env, "").strip() if key_env else ""
    if not key and (options.key_env or (key_env and provider.needs_key)):
        parser.error(f"no key: set the environment variable {key_env}, or name another one with --key-env")
    return ModelConfig(
        provider=options.provider,
        model=options.model,
        base_url=base_url,
        api_key=Secret(key),
        options=dict(options.option),
        params=dict(options.param),
        streaming=not options.no_stream,
        tools=not options.no_tools,
        vision=options.vision,
    )
