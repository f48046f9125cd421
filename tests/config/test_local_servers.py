"""The usual model servers of one's own machine, which a first start opens."""

import os
import signal
import subprocess
import sys

import pytest
from django.contrib.auth.models import User

from config import local_servers
from config.management.commands.quickstart import servers_that_others_reach
from llm.addresses import Origin
from registry import addresses
from registry.addresses import address_policy
from registry.local_model import granted_origins
from registry.models import AllowedEndpoint
from tests.live_site import ROOT
from tests.quick_start import QuickStart

GRANTED = "Model servers on this machine may be used: "
HOSTS = ("localhost", "127.0.0.1", "::1")


@pytest.fixture
def quick_start(tmp_path):
    started = []

    def start(*options):
        started.append(QuickStart(tmp_path / "data", "--no-local-model", *options))
        return started[-1]

    yield start
    for each in started:
        if not each.process.stdout.closed:
            each.stop(signal.SIGKILL)


def allow_endpoint(site, *arguments):
    environment = {"PATH": os.environ["PATH"], "ENV_FILE": "tests/no.env", "DATA_DIR": str(site.data_dir)}
    command = [sys.executable, "manage.py", "allow_endpoint", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout


def test_a_first_start_opens_them_and_a_second_one_does_not_again(quick_start):
    first = quick_start()
    assert f"{GRANTED}Ollama (11434), LM Studio (1234), llama.cpp (8080), vLLM (8000)" in first.output
    assert first.query("select count(*), min(usable_by_users), count(created_by_id) from llm_allowed_endpoints") == [
        (12, 1, 0)
    ]
    # Also while the site runs.
    assert "no longer allowed" in allow_endpoint(first, "http://localhost:1234", "--remove")
    first.stop()
    second = quick_start()
    assert GRANTED not in second.output
    assert second.query("select count(*) from llm_allowed_endpoints where port = 1234") == [(2,)]


def test_where_others_reach_the_site_nothing_of_the_machine_is_opened(quick_start):
    first = quick_start("--host", "0.0.0.0")
    assert "Others reach this site, so model servers beside it stay closed." in first.output
    assert first.query("select count(*) from llm_allowed_endpoints") == [(0,)]
    first.stop()
    assert GRANTED not in quick_start().output


@pytest.mark.django_db
@pytest.mark.parametrize("port", [8000, 8080, 11434])
def test_the_sites_own_port_is_no_model_server(port):
    assert port not in local_servers.grant(site_port=port).values()
    origins = AllowedEndpoint.objects.origins_for(1)
    assert origins == {Origin("http", host, each) for host in HOSTS for each in {11434, 1234, 8080, 8000} - {port}}


@pytest.mark.django_db
def test_what_the_settings_call_the_sites_own_is_left_out(settings, monkeypatch):
    monkeypatch.setattr(addresses, "served_ports", set())
    settings.CSRF_TRUSTED_ORIGINS = ["http://localhost:8080"]
    assert local_servers.grant(site_port=8000) == {"Ollama": 11434, "LM Studio": 1234}


@pytest.mark.django_db
def test_they_are_opened_before_anybody_decided_otherwise():
    assert local_servers.may_grant_them()
    local_servers.grant(site_port=8000)
    assert not local_servers.may_grant_them()
    AllowedEndpoint.objects.all().delete()
    User.objects.create_user("alice")
    assert not local_servers.may_grant_them()


@pytest.mark.django_db
def test_users_reach_them_and_the_local_model_does_not_run_by_them(monkeypatch):
    monkeypatch.setattr(addresses, "served_ports", {8000})
    local_servers.grant(site_port=8000)
    policy = address_policy(owner_id=1)
    for url in ("http://localhost:11434/v1", "http://127.0.0.1:1234/v1", "http://[::1]:8080/v1"):
        assert policy.check(url) == url
    assert granted_origins() == set()


@pytest.mark.django_db
def test_a_start_where_others_reach_the_site_says_what_they_reach(settings):
    assert "stay closed" in servers_that_others_reach()
    for host, port, usable_by_users in (
        ("10.0.0.5", 9, True),
        ("localhost", 1, True),
        ("::1", 2, True),
        ("::1", 3, False),
    ):
        AllowedEndpoint.objects.create(scheme="http", host=host, port=port, usable_by_users=usable_by_users)
    settings.ALLOWED_ENDPOINTS = ["http://127.0.0.2:4", "http://gpu-box:5"]
    assert "through it ports 1, 2, 4 of this machine." in servers_that_others_reach()
