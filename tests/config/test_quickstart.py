import http.cookiejar
import os
import re
import signal
import sqlite3
import stat
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.live_site import ROOT, wait_for
from tests.quick_start import QuickStart


@pytest.fixture
def quick_start(tmp_path):
    started = []

    def start(*options):
        started.append(QuickStart(tmp_path / "data", *options))
        return started[-1]

    yield start
    for each in started:
        if not each.process.stdout.closed:
            each.stop(signal.SIGKILL)


def local_models_of(site: QuickStart) -> list[int]:
    """Processes that the site started to serve the local model."""
    return [pid for pid in children_of(site.process.pid) if "config.local_model" in command_of(pid)]


def children_of(parent: int) -> list[int]:
    return [int(pid) for tasks in Path(f"/proc/{parent}/task").glob("*/children") for pid in tasks.read_text().split()]


def command_of(pid: int) -> str:
    """The command line of a process; empty for one that is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


def test_a_first_start_makes_everything(quick_start):
    site = quick_start("--no-local-model")
    assert stat.S_IMODE(site.data_dir.stat().st_mode) == 0o700
    for name in ["secret_key", "encryption_key"]:
        assert stat.S_IMODE((site.data_dir / name).stat().st_mode) == 0o600
    assert site.query("select count(*) from llm_models") == [(4,)]
    assert site.query("select username, is_superuser, password like '!%' from auth_user") == [("admin", 1, 1)]


def test_the_printed_link_signs_in_once(quick_start):
    site = quick_start("--no-local-model")
    jar = http.cookiejar.CookieJar()
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    with browser.open(site.link) as page:
        assert page.status == 200
        assert "sessionid" in {cookie.name for cookie in jar}
    with pytest.raises(urllib.error.HTTPError, match="410") as refused:
        urllib.request.urlopen(site.link)
    refused.value.close()


def test_a_second_start_keeps_data_keys_and_edits(quick_start):
    first = quick_start("--no-local-model")
    keys = [(first.data_dir / name).read_text() for name in ["secret_key", "encryption_key"]]
    first.stop()
    with sqlite3.connect(first.data_dir / "db.sqlite3") as database:
        database.execute("update llm_models set name = 'Renamed' where name = 'GPT-4o Mini'")
    second = quick_start("--no-local-model")
    assert keys == [(second.data_dir / name).read_text() for name in ["secret_key", "encryption_key"]]
    assert second.query("select count(*), sum(name = 'Renamed') from llm_models") == [(4, 1)]
    assert second.link != first.link


def test_a_lost_encryption_key_is_never_replaced(quick_start):
    site = quick_start("--no-local-model")
    site.stop()
    (site.data_dir / "encryption_key").unlink()
    command = [sys.executable, "manage.py", "quickstart", "--noinput", "--data-dir", str(site.data_dir)]
    environment = {"PATH": os.environ["PATH"], "ENV_FILE": "tests/no.env"}
    again = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert again.returncode == 1
    assert "ENCRYPTION_KEY" in again.stderr
    assert not (site.data_dir / "encryption_key").exists()


def test_a_wrong_encryption_key_is_noticed_before_anything_is_done(quick_start):
    site = quick_start("--no-local-model")
    site.stop()
    environment = {"PATH": os.environ["PATH"], "ENV_FILE": "tests/no.env", "DATA_DIR": str(site.data_dir)}
    give_a_key = [sys.executable, "manage.py", "shell", "-v0", "-c", GIVE_A_KEY.replace("Local model", "OpenAI")]
    subprocess.run(give_a_key, cwd=ROOT, env=environment, check=True)
    command = [sys.executable, "manage.py", "quickstart", "--port", "0", "--noinput"]
    other = environment | {"ENCRYPTION_KEY": "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="}
    again = subprocess.run(command, cwd=ROOT, env=other, capture_output=True, text=True, check=False)
    assert again.returncode == 1
    assert "This database is sealed with encryption key" in again.stderr
    assert "Database is up to date" not in again.stdout
    assert not (site.data_dir / "local_model.log").exists()


@pytest.mark.local_model
def test_a_start_without_the_local_model_says_that_it_is_not_running(quick_start):
    quick_start().stop()
    second = quick_start("--no-local-model")
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
    with browser.open(second.link) as page:
        listed = page.read().decode()
    assert "The local model is not running." in listed
    assert "No model can answer now" in listed
    second.stop()
    third = quick_start()
    with browser.open(third.link) as page:
        listed = page.read().decode()
    assert "The local model is not running." not in listed
    assert 'id="picker-name">SmolLM2 135M (local)<' in listed


@pytest.mark.local_model
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_the_local_model_ends_with_the_site_whatever_ends_it(quick_start, number):
    site = quick_start()
    (model,) = local_models_of(site)
    site.stop(number)
    wait_for(lambda: "config.local_model" not in command_of(model))


def test_a_second_start_beside_a_running_site_changes_nothing(quick_start):
    site = quick_start("--no-local-model")
    rows = site.query("select base_url, updated_at from llm_connections")
    command = [sys.executable, "manage.py", "quickstart", "--port", "0", "--noinput", "--data-dir", str(site.data_dir)]
    environment = {"PATH": os.environ["PATH"], "ENV_FILE": "tests/no.env"}
    second = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert second.returncode == 1
    assert "Another server is running" in second.stderr
    assert site.query("select base_url, updated_at from llm_connections") == rows


GIVE_A_KEY = """
from registry.models import Connection
connection = Connection.objects.get(name="Local model")
connection.set_key("sk-0123456789abcdefghij", by=None)
connection.save()
"""


@pytest.mark.local_model
def test_a_start_survives_what_somebody_did_to_the_local_model(quick_start):
    first = quick_start()
    first.stop()
    with sqlite3.connect(first.data_dir / "db.sqlite3") as database:
        database.execute("delete from registry_defaultmodel")
        database.execute("delete from llm_models where name like 'SmolLM2%'")
    second = quick_start()
    assert second.query("select count(*) from llm_models where name like 'SmolLM2%'") == [(1,)]
    second.stop()
    environment = {"PATH": os.environ["PATH"], "ENV_FILE": "tests/no.env", "DATA_DIR": str(first.data_dir)}
    command = [sys.executable, "manage.py", "shell", "-v0", "-c", GIVE_A_KEY]
    subprocess.run(command, cwd=ROOT, env=environment, check=True)
    assert "connection holds a key" in quick_start().output


@pytest.mark.local_model
def test_the_local_model_becomes_the_default_and_follows_its_port(quick_start):
    first = quick_start()
    address = first.query("select base_url from llm_connections where name = 'Local model'")
    default = first.query(
        "select m.name from registry_defaultmodel d join llm_models m on m.id = d.model_id where d.user_id is null"
    )
    first.stop()
    second = quick_start()
    assert default == [("SmolLM2 135M (local)",)]
    assert address != second.query("select base_url from llm_connections where name = 'Local model'")
    assert re.search(r"Local model SmolLM2 is ready \(\d", second.output)
