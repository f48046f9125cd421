"""What a first start needs before the settings can load: the data folder and the keys in it."""

from __future__ import annotations

import base64
import os
import secrets
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path

import environ

LARGEST_PORT = 65535
BASE_DIR = Path(__file__).resolve().parent.parent


def add_options(parser: ArgumentParser) -> None:
    """The quick start's options, read here before the settings load and again by the command."""
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    parser.add_argument("--port", type=port, default=8000, help="port to listen on (8000)")
    parser.add_argument("--data-dir", type=Path, help="folder for the database and the keys (./data)")
    parser.add_argument("--no-local-model", action="store_true", help="do not start the local model")
    parser.add_argument("--no-browser", action="store_true", help="do not open a browser")
    parser.add_argument("--noinput", action="store_true", help="never ask, never open a browser")


def port(text: str) -> int:
    if not text.isdecimal() or int(text) > LARGEST_PORT:
        raise ArgumentTypeError(f"{text!r} is not a port; give a number up to {LARGEST_PORT}")
    return int(text)


def prepare(arguments: list[str]) -> None:
    """Make the data folder and whatever key is missing; point the settings at them."""
    # What is made from here on, the database with its chats included, is for its owner's eyes.
    os.umask(0o077)
    options = read_options(arguments)
    env = environ.Env()
    env.read_env(BASE_DIR / env.str("ENV_FILE", ".env"))
    if options.data_dir:
        os.environ["DATA_DIR"] = str(options.data_dir)
    folder = Path(env.str("DATA_DIR", str(BASE_DIR / "data"))).expanduser().resolve()
    try:
        fill(folder, env)
    except OSError as error:
        raise SystemExit(f"{folder} cannot hold the data: {error.strerror}. Choose another with --data-dir.") from None


def fill(folder: Path, env: environ.Env) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not env.str("SECRET_KEY", ""):
        create_once(folder / "secret_key", secrets.token_urlsafe(48))
    # A new encryption key beside an old database would orphan what is sealed in it; the system checks name the old one.
    if not env.str("ENCRYPTION_KEY", "") and not database_exists(env, folder):
        create_once(folder / "encryption_key", base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())


def read_options(arguments: list[str]) -> Namespace:
    parser = ArgumentParser(prog="manage.py quickstart", add_help=False)
    add_options(parser)
    return parser.parse_known_args(arguments)[0]


def database_exists(env: environ.Env, folder: Path) -> bool:
    return bool(env.str("DATABASE_URL", "")) or (folder / "db.sqlite3").exists()


def create_once(file: Path, content: str) -> None:
    """Write a file that only its owner can read; one that is there stays as it is."""
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(descriptor, "w") as opened:
        opened.write(content + "\n")
