"""The walls of the house: import contracts that hold, and that a planted violation breaks."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import llm

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ["config", "chat", "registry", "llm"]


def lint_imports(folder):
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def copy_of_the_house(tmp_path):
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("static", "__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_contracts_hold():
    result = lint_imports(ROOT)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("llm/client.py", "import chat.models", "chat may import registry"),
        ("registry/selection.py", "import chat.turns", "chat may import registry"),
        ("llm/reply.py", "import django.conf", "llm knows neither Django nor a database"),
        ("llm/providers/vllm.py", "import requests", "providers, framing and types never reach for a socket"),
        ("registry/client.py", "import requests", "speak HTTP"),
        ("chat/turns.py", "import registry.envelope", "chat sees no provider and no envelope"),
    ],
)
def test_a_planted_violation_breaks_a_contract(copy_of_the_house, module, line, contract):
    planted = copy_of_the_house / module
    planted.write_text(planted.read_text() + f"\n{line}\n")
    result = lint_imports(copy_of_the_house)
    assert result.returncode != 0
    broken = " ".join(result.stdout.partition("Broken contracts")[2].split())
    assert contract in broken, result.stdout


def test_our_llm_is_not_shadowed_by_the_package_of_that_name():
    assert Path(llm.__file__).parent == ROOT / "llm"


def test_every_setting_is_in_the_example():
    read = set(re.findall(r'env(?:\.\w+)?\(\s*"([A-Z_]+)"', (ROOT / "config/settings.py").read_text()))
    read |= set(re.findall(r'secret_from_env_or_file\("([A-Z_]+)"', (ROOT / "config/settings.py").read_text()))
    listed = set(re.findall(r"^#?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert read - {"ENV_FILE"} <= listed


def test_the_example_can_be_copied_and_uncommented(tmp_path):
    lines = re.findall(r"^#([A-Z_]+=.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE)
    (tmp_path / ".env").write_text("\n".join(lines))
    script = "import environ, os; environ.Env.read_env('.env'); print(dict(os.environ))"
    values = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env={}, capture_output=True, text=True, check=True
    )
    assert "#" not in values.stdout
    assert "'DATA_DIR': './data'" in values.stdout


def test_migrations_are_complete(db):
    from django.core.management import call_command

    call_command("makemigrations", check=True, dry_run=True, verbosity=0)
