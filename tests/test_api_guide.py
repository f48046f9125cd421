"""The commands of the guide to the API are run as they stand, against a server and a provider on real sockets."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from llm.testing import ScriptedProvider
from tests.live_site import LiveSite

ROOT = Path(__file__).parent.parent
BLOCKS = re.findall(r"```(sh|json)\n(.*?)```", (ROOT / "docs/api.md").read_text(), re.DOTALL)
COMMANDS = [text for kind, text in BLOCKS if kind == "sh"]
ANSWERS = [json.loads(text) for kind, text in BLOCKS if kind == "json"]
PREPARE = """
from django.contrib.auth import get_user_model
from registry.models import Connection, LLMModel
get_user_model().objects.filter(username="alice").update(is_superuser=False, is_staff=False)
LLMModel.objects.update(name="Shared model")
"""


@pytest.fixture
def site(tmp_path):
    with ScriptedProvider() as provider:
        site = LiveSite(tmp_path, provider.url)
        site.set_up()
        assert site.manage("shell", "-v0", "-c", PREPARE).returncode == 0
        site.start()
        yield site
        site.stop()


def documents(text):
    """The JSON documents that stand one after the other in what curl and jq print."""
    decoder, found = json.JSONDecoder(), []
    while text := text.strip():
        document, end = decoder.raw_decode(text)
        found.append(document)
        text = text[end:]
    return found


def shows(shown, real):
    """Whether an answer is what the guide shows of it: "…" stands for any text, and fields may be left out."""
    match shown:
        case dict():
            return all(name in real and shows(value, real[name]) for name, value in shown.items())
        case list():
            return len(shown) == len(real) and all(map(shows, shown, real))
        case str() if "…" in shown:
            return re.fullmatch(".*".join(map(re.escape, shown.split("…"))), str(real), re.DOTALL)
    return shown == real


@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("jq")), reason="no curl or no jq: apt install curl jq")
def test_the_guide_is_true(site, tmp_path):
    script = "set -euo pipefail\n" + "\n".join(COMMANDS)
    script = script.replace("http://127.0.0.1:8000", site.address).replace("http://127.0.0.1:9000", site.provider_url)
    ran = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    answers = documents(ran.stdout.replace(site.provider_url, "http://127.0.0.1:9000"))
    assert len(answers) == len(ANSWERS), ran.stdout
    for shown, real in zip(ANSWERS, answers, strict=True):
        assert shows(shown, real), (shown, real)
