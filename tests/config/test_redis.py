import shutil
import signal
import socket
import subprocess

import pytest

from llm.testing import ScriptedProvider, expected_text
from tests.live_site import LiveSite, wait_for


def answers(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def redis_url(tmp_path):
    if not shutil.which("redis-server"):
        pytest.skip("no Redis: apt install redis-server")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)]
    redis = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    wait_for(lambda: answers(port))
    yield f"redis://127.0.0.1:{port}/0"
    redis.send_signal(signal.SIGTERM)
    redis.wait(10)


def test_the_site_runs_on_redis(redis_url, tmp_path):
    with ScriptedProvider() as provider:
        site = LiveSite(tmp_path / "data", provider.url, extra_env={"REDIS_URL": redis_url})
        site.data_dir.mkdir()
        site.set_up()
        site.start()
        with site.viewer() as viewer:
            assert viewer.transcript(viewer.ask("[[tokens=5]]")["turn"]).text == expected_text(5)
        site.stop()
