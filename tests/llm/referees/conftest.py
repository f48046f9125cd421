"""The vendors' own clients judge the scripted provider: what they accept, our readers may be tested with.

They are imported by fixtures, so that no other test pays for it, and on one worker (`xdist_group`): every worker that
runs one of these imports them again, for over two seconds. None is a dependency of `llm`.
"""

import os
import re

import pytest

from llm.testing import ScriptedProvider

# What a developer has exported would send these clients elsewhere, through a proxy, or with another key.
FOREIGN = re.compile(r"(?i)(openai|azure|anthropic|ollama|hf|huggingface)_.*|.*_proxy")


@pytest.fixture(scope="package")
def provider():
    with ScriptedProvider() as running:
        yield running


@pytest.fixture(autouse=True, scope="package")
def nothing_from_outside(tmp_path_factory):
    """Profiles and tokens on disk count as outside, too. Before any import, because some read their settings then."""
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ:
            if FOREIGN.fullmatch(name):
                patch.delenv(name)
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        yield


def client_library(name):
    return pytest.importorskip(name, reason=f"the official client {name} is not installed")


@pytest.fixture(scope="package")
def openai():
    return client_library("openai")


@pytest.fixture(scope="package")
def anthropic():
    return client_library("anthropic")


@pytest.fixture(scope="package")
def ollama():
    return client_library("ollama")


@pytest.fixture(scope="package")
def huggingface_hub():
    return client_library("huggingface_hub")
