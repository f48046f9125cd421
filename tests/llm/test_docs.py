"""What the guide to the client says is run: its examples against the scripted provider, its recipe by the contract."""

import os
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import llm
import llm.errors
from llm.providers import PROVIDERS
from llm.testing import ScriptedProvider

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs/llm.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
EXAMPLES = [block for block in BLOCKS if not block.startswith("# llm/providers/")]
[RECIPE] = [block for block in BLOCKS if block.startswith("# llm/providers/parrot.py")]
PLUGIN = """
import importlib
import llm.providers as providers

providers.__path__.append({folder!r})
providers.PROVIDERS["parrot"] = importlib.import_module("llm.providers.parrot").provider
"""


@pytest.fixture(scope="module")
def server():
    with ScriptedProvider() as server:
        yield server


@pytest.fixture
def scripted(server, monkeypatch):
    """Every configuration leads to the scripted provider, below the path that it names."""
    make = llm.ModelConfig

    def config(**fields):
        base_url = fields.get("base_url") or PROVIDERS[fields["provider"]].base_url
        return make(**fields | {"base_url": f"{server.url}{urlsplit(base_url).path}"})

    transport = llm.Transport(llm.AddressPolicy.granting([server.url]))
    monkeypatch.setattr(llm, "ModelConfig", config)
    monkeypatch.setattr(llm, "transport_for", lambda _policy: transport)
    monkeypatch.setattr(llm, "Transport", lambda _policy, *, timeouts, ca_file: transport)
    monkeypatch.setattr(llm.client, "transport_for", lambda _policy: transport)
    monkeypatch.setattr(llm.probes.staged, "Transport", lambda *_args, **_named: transport)
    for name in set(re.findall(r'environ\["(\w+)"\]', GUIDE)):
        monkeypatch.setenv(name, "sk-test")


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_an_example(scripted, capsys, number):
    exec(compile(EXAMPLES[number], f"example {number}", "exec"), {"__name__": "example"})
    assert capsys.readouterr().out.strip()


def test_there_is_an_example_for_every_provider():
    named = {name for block in EXAMPLES for name in re.findall(r'provider="(\w+)"', block)}
    assert named == set(PROVIDERS)


def test_the_recipe_keeps_the_contract(tmp_path):
    (tmp_path / "parrot.py").write_text(RECIPE)
    (tmp_path / "with_parrot.py").write_text(PLUGIN.format(folder=str(tmp_path)))
    tests = ["tests/llm/providers/test_contract.py", "-k", "parrot", "-p", "with_parrot", "-p", "no:cacheprovider"]
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", *tests]
    environment = os.environ | {"PYTHONPATH": f"{tmp_path}:{ROOT}"}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert int(re.search(r"(\d+) passed", done.stdout)[1]) > 30


@pytest.mark.parametrize("error", [each for each in vars(llm.errors).values() if isinstance(each, type)])
def test_the_table_of_errors_is_complete_and_right(error):
    if error is llm.LLMError:
        return
    retryable = "yes" if error.retryable else "no"
    assert f"| `{error.__name__}` | `{error.code}` | {retryable} |" in GUIDE


def test_every_event_and_every_part_is_explained():
    for name in ("TextDelta", "ReasoningDelta", "ToolCall", "ToolResult", "RoundEnd", "Finish", "Text", "Image"):
        assert re.search(rf"\| `{name}\(", GUIDE), name


@pytest.mark.parametrize("kind", [llm.ModelConfig, llm.Reply, llm.Timeouts])
def test_every_field_that_a_caller_sets_or_reads_is_explained(kind):
    assert [field.name for field in fields(kind) if f"`{field.name}`" not in GUIDE] == []
