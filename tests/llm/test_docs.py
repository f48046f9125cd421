"""What the guide to the client says is run: its examples against the scripted provider, its recipe by the contract."""

import os
import re
import shutil
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
HEAD = b"HTTP/1.1 %s\r\nContent-Type: application/x-ndjson\r\n\r\n"
RECORDINGS = {
    "chat_stream": HEAD % b"200 OK" + b'{"say": "Gr"}\n{"say": "\xc3\xbc\xc3\x9fe"}\n{"end": 1, "tokens": [3, 2]}\n',
    "cut_stream": HEAD % b"200 OK" + b'{"say": "Hel"}\n{"say": "lo',
    "err_bad_key": HEAD % b"401 Unauthorized" + b'{"error": "who are you?"}',
    "models": HEAD % b"200 OK" + b'{"models": ["grey", "ara"]}',
}
# What is there, beside the package, for the tests of providers to run.
NEEDED = ("config", "chat", "registry", "llm", "tests", "docs", "pyproject.toml")


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


@pytest.fixture
def house_with_a_parrot(tmp_path):
    """A copy of the repository in which the first two steps of the recipe are done."""
    for name in NEEDED:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / name)
    (tmp_path / "llm/providers/parrot.py").write_text(RECIPE)
    streams = tmp_path / "tests/llm/streams/parrot"
    streams.mkdir()
    for name, recording in RECORDINGS.items():
        (streams / f"{name}.http").write_bytes(recording)
    return tmp_path


def test_the_recipe_is_found_by_the_tests_of_every_provider(house_with_a_parrot):
    chosen = "parrot or is_read or left_out or is_found or no_code_outside or (damaged_answers and 13)"
    tests = ["tests/llm/providers", "tests/llm/test_every_provider.py", "tests/llm/test_provider_names.py"]
    command = [sys.executable, "-m", "pytest", "-v", "-n", "0", "-p", "no:cacheprovider", "-k", chosen, *tests]
    # Hypothesis takes seconds to make the tables that it keeps there.
    environment = os.environ | {"HYPOTHESIS_STORAGE_DIRECTORY": str(ROOT / ".hypothesis")}
    done = subprocess.run(
        command, cwd=house_with_a_parrot, capture_output=True, text=True, check=False, env=environment
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
    for name in RECORDINGS:
        assert re.search(rf"\[parrot/{name}\] PASSED", done.stdout), name
    found = set(re.findall(r"(\w+)\.py::\S+\[\S*parrot.* PASSED", done.stdout))
    expected = {"test_contract", "test_errors", "test_fuzz", "test_plain_text", "test_recordings", "test_splits"}
    assert found == expected


@pytest.mark.parametrize("error", [each for each in vars(llm.errors).values() if isinstance(each, type)])
def test_the_table_of_errors_is_complete_and_right(error):
    if error is llm.LLMError:
        return
    retryable = "yes" if error.retryable else "no"
    assert f"| `{error.__name__}` | `{error.code}` | {retryable} |" in GUIDE


def test_every_event_and_every_part_is_explained():
    for name in ("TextDelta", "ReasoningDelta", "ToolCall", "ToolResult", "RoundEnd", "Finish", "Text", "Image"):
        assert re.search(rf"\| `{name}\(", GUIDE), name


@pytest.mark.parametrize("kind", [llm.ModelConfig, llm.ProviderCall, llm.Reply, llm.Timeouts])
def test_every_field_that_a_caller_sets_or_reads_is_explained(kind):
    assert [field.name for field in fields(kind) if f"`{field.name}`" not in GUIDE] == []
