import http.client
import signal
import sqlite3
import time
from contextlib import closing

import pytest

from llm.testing import ScriptedProvider, expected_text
from tests.live_site import Closed, LiveSite


@pytest.fixture(scope="module")
def provider():
    with ScriptedProvider() as provider:
        yield provider


@pytest.fixture(scope="module")
def prepared(tmp_path_factory, provider):
    site = LiveSite(tmp_path_factory.mktemp("prepared"), provider.url)
    site.set_up()
    return site


@pytest.fixture
def site(tmp_path, prepared):
    site = prepared.copy_to(tmp_path)
    site.start()
    yield site
    site.stop()


def stored(site, turn):
    with sqlite3.connect(site.data_dir / "db.sqlite3") as database:
        query = "select status, text, error_code from chat_message where id = ?"
        return database.execute(query, [turn.replace("-", "")]).fetchone()


def test_two_viewers_and_a_reload_see_one_stream(site):
    with site.viewer() as first, site.viewer() as second:
        turn = first.ask("[[tokens=150 rate=100]]")["turn"]
        start = first.transcript(turn, until_seq=20)
        second.say(type="attach", turn=turn, after=0)
        watched = second.transcript(turn, until_seq=50)
        with site.viewer() as reloaded:
            reloaded.say(type="attach", turn=turn, after=0)
            after_reload = reloaded.transcript(turn)
        second.say(type="attach", turn=turn, after=watched.seq)
        rest = second.transcript(turn)
    assert start.text
    assert expected_text(150).startswith(start.text)
    assert watched.snapshots == 1
    assert after_reload.text == expected_text(150)
    assert after_reload.end["type"] == "done"
    assert rest.text == expected_text(150)[-len(rest.text) :]
    assert rest.end["html"] == after_reload.end["html"] == f"<p>{expected_text(150).strip()}</p>\n"
    assert stored(site, turn)[:2] == ("complete", expected_text(150))


def test_an_attach_to_a_finished_turn_shows_all_of_it(site):
    with site.viewer() as viewer:
        turn = viewer.ask("[[tokens=5]]")["turn"]
        viewer.transcript(turn)
        viewer.say(type="attach", turn=turn, after=0)
        again = viewer.transcript(turn)
    assert (again.snapshots, again.text, again.end["status"]) == (1, expected_text(5), "complete")
    assert again.end["usage"]["output_tokens"] == 5


def test_sigterm_lets_a_turn_finish_and_takes_no_new_one(site):
    with site.viewer() as viewer:
        turn = viewer.ask("[[tokens=100 rate=50]]")["turn"]
        viewer.transcript(turn, until_seq=5)
        site.signal(signal.SIGTERM)
        time.sleep(0.2)
        viewer.say(type="send", client_id="00000000-0000-4000-8000-00000000000a", text="late", model=site.model)
        refused = viewer.hear_type("error")
        end = viewer.transcript(turn).end
    site.wait()
    assert refused["code"] == "restarting"
    assert end["status"] == "complete"
    assert stored(site, turn)[:2] == ("complete", expected_text(100))


def test_ctrl_c_interrupts_and_keeps_what_arrived(site, provider):
    with site.viewer() as viewer:
        turn = viewer.ask("[[tokens=1000 rate=100]]")["turn"]
        viewer.transcript(turn, until_seq=30)
        site.signal(signal.SIGINT)
        end = viewer.transcript(turn).end
        with pytest.raises(Closed, match="4012"):
            viewer.hear()
    output = site.wait()
    status, text, code = stored(site, turn)
    assert (end["type"], end["status"], status, code) == ("failed", "interrupted", "interrupted", "interrupted")
    assert text
    assert expected_text(1000).startswith(text)
    assert "Traceback" not in output
    provider.wait_until_idle(5)


def test_a_second_signal_does_not_wait_any_longer(site):
    with site.viewer() as viewer:
        turn = viewer.ask("[[tokens=5000 rate=50]]")["turn"]
        viewer.transcript(turn, until_seq=5)
        site.signal(signal.SIGTERM)
        time.sleep(0.3)
        site.signal(signal.SIGINT)
        end = viewer.transcript(turn).end
    output = site.wait(10)
    assert end["status"] == "interrupted"
    assert "Traceback" not in output
    assert output.endswith("Stopped.\n")


def test_an_answer_of_megabytes_reaches_its_viewers(site):
    with site.viewer() as viewer:
        turn = viewer.ask("[[tokens=250000 rate=0]]")["turn"]
        shown = viewer.transcript(turn)
        viewer.say(type="attach", turn=turn, after=0)
        again = viewer.transcript(turn)
    status, text, code = stored(site, turn)
    assert (status, code) == ("truncated", "truncated")
    assert len(text) > 1_000_000
    assert shown.end["type"] == again.end["type"] == "failed"
    assert again.text == text


def test_a_user_who_does_not_exist_gets_no_link(site):
    site.stop()
    answer = site.manage("serve", "--port", "0", "--login-link", "nobody")
    assert answer.returncode == 1
    assert "There is no user 'nobody'" in answer.stderr


def test_after_a_kill_the_next_start_ends_what_was_running(site):
    with site.viewer() as viewer:
        turn = viewer.ask("[[tokens=1000 rate=100]]")["turn"]
        viewer.transcript(turn, until_seq=100)
        site.signal(signal.SIGKILL)
    site.wait()
    assert stored(site, turn)[0] == "streaming"
    site.start()
    status, text, code = stored(site, turn)
    assert (status, code) == ("interrupted", "interrupted")
    assert text
    assert expected_text(1000).startswith(text)
    with site.viewer() as viewer:
        viewer.say(type="attach", turn=turn, after=0)
        shown = viewer.transcript(turn)
    assert shown.text == text
    assert (shown.end["usage"]["estimated"], shown.end["usage"]["output_tokens"]) == (True, -(-len(text) // 4))


def test_a_second_server_on_the_same_data_is_refused(site):
    second = site.manage("serve", "--port", "0")
    assert second.returncode == 1
    assert "Another server is running" in second.stderr


def test_a_taken_port_is_named(site):
    second = site.manage("serve", "--port", site.address.rpartition(":")[2])
    assert second.returncode == 1
    assert "Choose another with --port" in second.stderr


def test_a_database_that_is_behind_is_named(tmp_path):
    answer = LiveSite(tmp_path, "http://127.0.0.1:9").manage("serve", "--port", "0")
    assert answer.returncode == 1
    assert "manage.py migrate" in answer.stderr


@pytest.mark.parametrize("key", ["", "short", "A" * 43 + "="])
def test_it_does_not_start_without_a_usable_key(tmp_path, key):
    answer = LiveSite(tmp_path, "", extra_env={"ENCRYPTION_KEY": key}).manage("serve", "--port", "0")
    assert answer.returncode == 1
    assert "ENCRYPTION_KEY" in answer.stderr
    assert "openssl rand -base64 32" in answer.stderr


def handshake(site, origin):
    """Status of a websocket's opening request from a page at `origin`."""
    headers = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
    headers |= {"Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==", "Cookie": f"sessionid={site.session}"}
    headers |= {"Origin": origin} if origin else {}
    with closing(http.client.HTTPConnection(site.address.removeprefix("http://"), timeout=10)) as connection:
        connection.request("GET", "/ws/chat/", headers=headers)
        return connection.getresponse().status


def test_only_our_own_page_can_open_a_socket(site):
    host = site.address.removeprefix("http://")
    foreign = [
        None,
        "null",
        "http://evil.example",
        "http://127.0.0.1",
        f"https://{host}",
        f"http://{host}.evil.example",
    ]
    assert handshake(site, site.address) == 101
    for origin in foreign:
        assert handshake(site, origin) in {400, 403}, origin


def test_a_socket_without_a_session_is_closed_with_4401(site):
    site.session = ""
    with site.viewer() as viewer, pytest.raises(Closed, match="4401"):
        viewer.hear()


def test_a_socket_does_not_outlive_its_session(site):
    with site.viewer() as viewer:
        with sqlite3.connect(site.data_dir / "db.sqlite3") as database:
            database.execute("delete from django_session")
        viewer.say(type="send", client_id="00000000-0000-4000-8000-00000000000b", text="still me?", model=site.model)
        assert viewer.hear()["code"] == "signed_out"
        with pytest.raises(Closed, match="4401"):
            viewer.hear()


def test_a_malformed_frame_is_answered_and_the_socket_lives_on(site):
    with site.viewer() as viewer:
        for text in ["", "nonsense", "[1]", '{"type":"send"}', '{"type":"attach","turn":"x"}']:
            viewer.socket.send(text)
            assert viewer.hear()["code"] == "malformed_frame"
        viewer.socket.send_binary(b"\x00\xff")
        assert viewer.hear()["code"] == "malformed_frame"
        viewer.say(type="ping")
        assert viewer.hear() == {"type": "pong"}
