"""A provider is data to everybody else: its name occurs in code under `llm/providers` and in settings, nowhere else."""

import ast
import re
from pathlib import Path

import pytest

from llm.providers import PROVIDERS

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ["config", "registry", "llm", "chat"]
VENDORS = {*PROVIDERS, "openai", "anthropic", "azure", "ollama", "huggingface", "vllm", "mistral", "gemini", "deepseek"}
# The scripted provider answers where the vendors' own clients ask, and some of these addresses hold a vendor's name.
ADDRESSES = "llm/testing/formats/paths.py"
NAME = re.compile(rf"(?i)(?<![a-z])(?:{'|'.join(sorted(VENDORS))})(?![a-z])")


def mentions(source):
    """Lines in which code, and not a comment or a docstring, names a provider."""
    tree = ast.parse(source)
    documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return sorted({node.lineno for node in ast.walk(tree) if id(node) not in documentation and names_one(node)})


def names_one(node):
    match node:
        case ast.Constant(value=str(text)):
            return NAME.search(text)
        case ast.Name(id=text) | ast.Attribute(attr=text) | ast.FunctionDef(name=text) | ast.ClassDef(name=text):
            return NAME.search(text)
        case ast.ImportFrom(module=str(text)) | ast.keyword(arg=str(text)):
            return NAME.search(text)
        case ast.Import(names=names):
            return any(NAME.search(alias.name) for alias in names)
        case _:
            return False


def files_outside():
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            inside = path.relative_to(ROOT).as_posix()
            if not inside.startswith("llm/providers/") and inside not in ("config/settings.py", ADDRESSES):
                yield path


def test_no_code_outside_the_providers_names_one():
    found = [f"{path.relative_to(ROOT)}:{line}" for path in files_outside() for line in mentions(path.read_text())]
    assert found == []


def test_the_exempt_addresses_are_data():
    tree = ast.parse((ROOT / ADDRESSES).read_text())
    docstring, *constants = tree.body
    assert isinstance(docstring, ast.Expr)
    assert {type(node) for node in constants} == {ast.Assign}
    assert all(ast.literal_eval(node.value) for node in constants)


@pytest.mark.parametrize(
    "line",
    [
        'if provider == "openai":\n    pass',
        "from llm.providers.vllm import provider",
        "import llm.providers.anthropic",
        "def ask_ollama():\n    pass",
        "client = AZURE_CLIENT",
        "call(openai_key=1)",
        'url = "https://api.anthropic.com"',
    ],
)
def test_a_planted_name_is_found(tmp_path, line):
    planted = tmp_path / "planted.py"
    planted.write_text(f'"""About OpenAI."""\n# vllm\n{line}\n')
    assert mentions(planted.read_text()) == [3]


def test_every_package_was_searched():
    assert {path.relative_to(ROOT).parts[0] for path in files_outside()} == set(PACKAGES)


def test_every_provider_file_is_found_and_underscored_ones_are_not():
    files = {path.stem for path in (ROOT / "llm/providers").glob("*.py") if not path.name.startswith("_")}
    assert set(PROVIDERS) == files
    assert list(PROVIDERS) == sorted(PROVIDERS)
