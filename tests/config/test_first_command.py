"""What goes wrong at the first command is said in one sentence, and nothing is left behind."""

import os
import signal
import subprocess
import sys
import time

import pytest

from tests.live_site import ROOT, LiveSite, wait_for

BARE = {"PATH": os.environ["PATH"], "ENV_FILE": "tests/no.env", "PYTHONUNBUFFERED": "1"}


def run(*arguments, **variables):
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, cwd=ROOT, env=BARE | variables, capture_output=True, text=True, check=False)


@pytest.fixture
def a_file(tmp_path):
    file = tmp_path / "file"
    file.touch()
    return file


def test_a_file_is_no_data_folder(a_file):
    refused = run("quickstart", "--noinput", "--data-dir", str(a_file))
    assert refused.returncode == 1
    assert refused.stderr == f"{a_file} cannot hold the data: File exists. Choose another with --data-dir.\n"


@pytest.mark.skipif(sys.platform != "linux", reason="needs folders in which nobody may write")
@pytest.mark.parametrize("folder", ["/proc/xx", "/sys/kernel"])
def test_a_folder_that_cannot_be_written_to(folder):
    refused = run("quickstart", "--noinput", "--data-dir", folder)
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"{folder} cannot hold the data: ")
    assert refused.stderr.count("\n") == 1


@pytest.mark.parametrize("command", ["quickstart", "serve"])
@pytest.mark.parametrize("port", ["99999", "-1", "http"])
def test_what_is_no_port_is_bad_usage(tmp_path, command, port):
    refused = run(command, f"--port={port}", DATA_DIR=str(tmp_path), SECRET_KEY="x" * 50)
    assert refused.returncode == 2
    assert refused.stderr.endswith(f"argument --port: '{port}' is not a port; give a number up to 65535\n")
    assert list(tmp_path.iterdir()) == []


def test_a_port_that_is_taken_says_how_to_choose_another(tmp_path):
    site = LiveSite(tmp_path, "http://127.0.0.1:1")
    site.set_up()
    site.start()
    refused = site.manage("serve", "--port", site.address.rpartition(":")[2])
    site.stop()
    assert refused.returncode == 1
    assert 'Choose another with --port, or with `make run ARGS="--port 9000"`.' in refused.stderr


def test_serve_without_keys_says_where_they_come_from(tmp_path):
    refused = run("serve", DATA_DIR=str(tmp_path))
    assert refused.returncode == 1
    assert refused.stderr.startswith("SECRET_KEY is not set and ")
    assert refused.stderr.count("\n") == 1
    refused = run("serve", DATA_DIR=str(tmp_path), SECRET_KEY="x" * 50)
    assert refused.returncode == 1
    assert refused.stderr.startswith("CommandError: ENCRYPTION_KEY is not set. Make one with")
    assert list(tmp_path.iterdir()) == []


def test_serve_without_its_database(tmp_path):
    refused = LiveSite(tmp_path / "nowhere", "http://127.0.0.1:1").manage("serve")
    assert refused.returncode == 1
    assert refused.stderr.startswith("CommandError: The database cannot be used: ")
    assert refused.stderr.count("\n") == 1


class CutShort:
    """A first start in a process group of its own, as in a terminal, and Ctrl-C as soon as it says `line`."""

    def __init__(self, data_dir, line, *options, seconds=0.0):
        command = [sys.executable, "manage.py", "quickstart", "--port=0", "--noinput", f"--data-dir={data_dir}"]
        self.process = subprocess.Popen(
            [*command, *options],
            cwd=ROOT,
            env=BARE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        while line not in (said := self.process.stdout.readline()):
            assert said
        time.sleep(seconds)
        os.killpg(self.process.pid, signal.SIGINT)
        self.rest, _ = self.process.communicate(timeout=30)

    @property
    def has_left_something(self):
        try:
            os.killpg(self.process.pid, 0)
        except ProcessLookupError:
            return False
        return True


@pytest.mark.parametrize("line", ["Data and keys", "Database is up to date", "default models added"])
def test_ctrl_c_before_the_site_is_up(tmp_path, line):
    cut = CutShort(tmp_path, line, "--no-local-model")
    assert "Traceback" not in cut.rest
    assert cut.rest.endswith("Stopped.\n")
    assert cut.process.returncode == 130
    assert not cut.has_left_something


@pytest.mark.local_model
def test_ctrl_c_while_the_local_model_starts(tmp_path):
    cut = CutShort(tmp_path, "default models added", seconds=0.3)
    assert "Traceback" not in cut.rest
    assert cut.rest.endswith("Stopped.\n")
    wait_for(lambda: not cut.has_left_something)


def test_a_warning_is_said_once(tmp_path):
    command = [sys.executable, "manage.py", "quickstart", "--port=0", "--noinput", "--no-local-model"]
    environment = BARE | {"DATA_DIR": str(tmp_path), "LLM_PROVIDER": "opnai"}
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    said = []
    while not said or not said[-1].startswith("Sign in"):
        said.append(process.stdout.readline())
        assert said[-1]
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert "".join(said).count("registry.W002") == 1
