"""The site with an `.env` file and nothing else: no other variable, and not a single model in its database."""

import os
import sqlite3
import urllib.request

import pytest

from llm.testing import ScriptedProvider, expected_text
from tests.live_site import LiveSite

KEY = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789abc"
ENV_FILE = """\
# Everything that this site knows.
DATA_DIR={folder}
SECRET_KEY=only-for-tests-0123456789012345678901234567890123456789
ENCRYPTION_KEY=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=

LLM_PROVIDER="openai"
LLM_MODEL='gpt-4o-mini'
LLM_BASE_URL= {provider}/v1
export OPENAI_API_KEY={key}
"""
SIGN_IN = """
from django.contrib.auth import get_user_model
from tests.browser.site_rows import session_of
print(session_of(get_user_model().objects.create_user("alice")))
"""


class LegacySite(LiveSite):
    @property
    def environment(self):
        return {"PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1", "ENV_FILE": str(self.data_dir / "legacy.env")}

    def set_up(self):
        text = ENV_FILE.format(folder=self.data_dir, provider=self.provider_url, key=KEY)
        (self.data_dir / "legacy.env").write_text(text, newline="\r\n")
        migrated = self.manage("migrate", "-v0")
        assert migrated.returncode == 0, migrated.stderr
        made = self.manage("shell", "-v0", "-c", SIGN_IN)
        assert made.returncode == 0, made.stderr
        self.session = made.stdout.strip()

    def page(self):
        request = urllib.request.Request(f"{self.address}/", headers={"Cookie": f"sessionid={self.session}"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.read().decode()

    def rows(self, query):
        with sqlite3.connect(self.data_dir / "db.sqlite3") as database:
            return database.execute(query).fetchall()


@pytest.fixture
def provider():
    with ScriptedProvider() as server:
        yield server


@pytest.fixture
def site(tmp_path, provider):
    site = LegacySite(tmp_path, provider.url, model="environment")
    site.set_up()
    site.start()
    yield site
    site.stop()


def test_a_chat_with_the_environments_model(site, provider):
    with site.viewer() as viewer:
        turn = viewer.ask("[[tokens=20]]")["turn"]
        shown = viewer.transcript(turn)
        site.model = None
        by_default = viewer.transcript(viewer.ask("[[tokens=3]]")["turn"])
    assert (shown.text, shown.end["status"], shown.end["model_label"]) == (expected_text(20), "complete", "gpt-4o-mini")
    assert (by_default.text, by_default.end["model_label"]) == (expected_text(3), "gpt-4o-mini")
    assert [(exchange.path, exchange.body["model"]) for exchange in provider.requests] == [
        ("/v1/chat/completions", "gpt-4o-mini")
    ] * 2
    assert {exchange.headers["authorization"] for exchange in provider.requests} == {f"Bearer {KEY}"}
    assert "gpt-4o-mini" in site.page()
    assert KEY not in site.page()
    assert site.rows("select count(*) from llm_models union all select count(*) from llm_connections") == [(0,), (0,)]
    used = "select model_label, model_id, output_tokens, source from registry_usagerecord order by output_tokens"
    assert site.rows(used) == [("gpt-4o-mini", None, 3, "reported"), ("gpt-4o-mini", None, 20, "reported")]
