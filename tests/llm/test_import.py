"""`import llm` stays light: what only one call in a thousand needs, or only the site, is not loaded with it."""

import subprocess
import sys
from pathlib import Path

HEAVY = {"django", "jsonschema", "pydantic", "httpx", "httpx2", "openai", "anthropic", "huggingface_hub", "ollama"}
HEAVY |= {"cryptography", "multiprocessing", "asyncio", "unittest", "llm.testing"}


def test_importing_llm_loads_no_heavy_module():
    listing = "import sys, llm; print(*sys.modules, sep=chr(10))"
    loaded = subprocess.run(
        [sys.executable, "-c", listing], cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True
    )
    modules = set(loaded.stdout.split())
    assert "llm.client" in modules
    assert modules & HEAVY == set()
