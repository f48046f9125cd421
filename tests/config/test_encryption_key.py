"""The life of an encryption key across processes: restarts, other keys, rotations that are killed, restored backups."""

import re
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace

import pytest

from tests.live_site import ROOT, LiveSite, wait_for

KEY = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789abc"
RIGHT = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
OTHER = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="

STORE = f"""
from registry.models import Connection
for number in range({{}}):
    row = Connection(name=f"row {{{{number}}}}", provider="openai")
    row.set_key(f"{KEY}{{{{number}}}}", by=None)
    row.set_headers({{{{"X-Team": "hush"}}}})
    row.save()
"""
READ = """
from registry.models import Connection
for row in Connection.objects.order_by("name"):
    print(row.reveal_key().reveal(), row.reveal_headers()["X-Team"].reveal())
"""


def with_keys(site, key, *old):
    return replace(site, extra_env={"ENCRYPTION_KEY": key, "ENCRYPTION_KEYS_OLD": ",".join(old)})


def run(site, *command):
    return subprocess.run(command, cwd=ROOT, env=site.environment, capture_output=True, text=True, check=False)


def start(site):
    """What every server does before it serves."""
    return run(site, sys.executable, "-c", "import config.asgi")


def shell(site, script):
    done = site.manage("shell", "-v0", "-c", script)
    assert done.returncode == 0, done.stderr
    return done.stdout


def store_keys(site, number):
    shell(site, STORE.format(number))


def stored_keys(site):
    return shell(site, READ).splitlines()


def kids(site):
    """Encryption keys that the stored keys and the canary were sealed with."""
    with closing(sqlite3.connect(site.data_dir / "db.sqlite3")) as database:
        query = "select sealed_api_key from llm_connections union all select sealed_headers from llm_connections"
        stored = [row[0].split(".")[1] for row in database.execute(query)]
        [canary] = [row[0].split(".")[1] for row in database.execute("select sealed from registry_encryptioncanary")]
    return stored, canary


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """A site that was started once and stores no key."""
    site = LiveSite(tmp_path_factory.mktemp("prepared"), "http://127.0.0.1:9")
    assert site.manage("migrate", "-v0").returncode == 0
    assert start(site).returncode == 0
    return site


@pytest.fixture(scope="module")
def storing(tmp_path_factory, prepared):
    """The same site with two stored keys."""
    site = prepared.copy_to(tmp_path_factory.mktemp("storing"))
    store_keys(site, 2)
    return site


@pytest.fixture
def site(tmp_path, storing):
    return storing.copy_to(tmp_path / "site")


START = {
    "serve": lambda site: site.manage("serve", "--port", "0"),
    "quickstart": lambda site: site.manage("quickstart", "--noinput", "--no-local-model", "--port", "0"),
    "asgi": start,
    "check": lambda site: site.manage("check", "--database", "default"),
}


@pytest.mark.parametrize("which", ["prepared", "storing"])
@pytest.mark.parametrize("how", START)
def test_another_key_is_refused_however_the_site_is_started(request, how, which):
    site = request.getfixturevalue(which)
    refused = START[how](with_keys(site, OTHER))
    said = refused.stdout + refused.stderr
    assert refused.returncode == 1
    assert re.search(rf"sealed with encryption key {kids(site)[1]}; present: \w{{8}}\.", said)
    assert ("No key is stored yet" in said) == (which == "prepared")
    assert (RIGHT in said, OTHER in said) == (False, False)


def test_a_new_process_reads_what_an_earlier_one_stored(site):
    assert stored_keys(site) == [f"{KEY}0 hush", f"{KEY}1 hush"]


def test_a_rotation_that_is_killed_is_run_again(prepared, tmp_path):
    site, rows = prepared.copy_to(tmp_path), 20
    store_keys(site, rows)
    old, both = kids(site)[1], with_keys(site, OTHER, RIGHT)
    command = [sys.executable, "manage.py", "rotate_encryption_key", "--batch", "7"]
    process = subprocess.Popen(command, cwd=ROOT, env=both.environment, stdout=subprocess.DEVNULL)
    wait_for(lambda: kids(site)[0].count(old) <= 2 * rows - 5)
    process.send_signal(signal.SIGKILL)
    process.wait(30)
    stored, canary = kids(site)
    assert 0 < stored.count(old) < 2 * rows
    assert canary == old
    assert start(both).returncode == 0
    assert start(with_keys(site, OTHER)).returncode == 1

    again = both.manage("rotate_encryption_key")
    assert again.returncode == 0, again.stderr
    assert (
        f"rotated {stored.count(old)}, to be rotated 0, already current {2 * rows - stored.count(old)}" in again.stdout
    )
    verified = both.manage("rotate_encryption_key", "--verify")
    assert "ENCRYPTION_KEYS_OLD may be dropped" in verified.stdout
    alone = with_keys(site, OTHER)
    assert start(alone).returncode == 0
    assert sorted(stored_keys(alone)) == sorted(f"{KEY}{number} hush" for number in range(rows))


def dumped(site, tmp_path):
    """`dumpdata` into the database of a new site, which was started with a key of its own."""
    dump = tmp_path / "dump.json"
    out = site.manage("dumpdata", "registry", "--output", str(dump))
    assert out.returncode == 0, out.stderr
    (tmp_path / "restored").mkdir()
    restored = LiveSite(tmp_path / "restored", site.provider_url)
    assert restored.manage("migrate", "-v0").returncode == 0
    assert start(with_keys(restored, OTHER)).returncode == 0
    loaded = restored.manage("loaddata", str(dump))
    assert loaded.returncode == 0, loaded.stderr
    return dump, restored


def backed_up(site, tmp_path):
    """SQLite's own backup, which is allowed while the site runs."""
    (tmp_path / "restored").mkdir()
    backup = tmp_path / "restored" / "db.sqlite3"
    with closing(sqlite3.connect(site.data_dir / "db.sqlite3")) as source, closing(sqlite3.connect(backup)) as target:
        source.backup(target)
    return backup, replace(site, data_dir=tmp_path / "restored")


@pytest.mark.parametrize("back_up", [dumped, backed_up])
def test_a_backup_holds_no_key_and_is_read_with_the_right_one_alone(site, tmp_path, back_up):
    backup, restored = back_up(site, tmp_path)
    content = backup.read_bytes()
    assert b"v1." in content
    for clear in (KEY, KEY[8:], "hush", RIGHT):
        assert clear.encode() not in content
    refused = with_keys(restored, OTHER).manage("serve", "--port", "0")
    assert refused.returncode == 1
    assert f"sealed with encryption key {kids(site)[1]}; present: " in refused.stderr
    assert start(restored).returncode == 0
    assert stored_keys(restored) == [f"{KEY}0 hush", f"{KEY}1 hush"]
