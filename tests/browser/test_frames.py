"""What the page makes of the server's frames, whatever their order. Here a script plays the server."""

import json
import re

import pytest
from playwright.sync_api import expect

from tests.browser.chat_page import ask, expect_idle, last_answer

CONVERSATION, QUESTION = "7b4b2f6e-7a27-4f3a-9b8b-0d3a3f6f8a11", "7b4b2f6e-7a27-4f3a-9b8b-0d3a3f6f8a12"
TURN = "7b4b2f6e-7a27-4f3a-9b8b-0d3a3f6f8a13"
DONE = {"type": "done", "turn": TURN, "seq": 99, "status": "complete", "finish": "stop", "html": "", "model_label": "M"}


class Server:
    """Accepts what is sent and then says what the test wants."""

    def __init__(self):
        self.heard = []

    def __call__(self, ws):
        self.ws = ws
        ws.on_message(lambda text: self.hear(json.loads(text)))

    def hear(self, frame):
        self.heard.append(frame)
        if frame["type"] == "send":
            ids = {"conversation": CONVERSATION, "message": QUESTION, "turn": TURN}
            self.say({"type": "accepted", "client_id": frame["client_id"]} | ids)

    def say(self, *frames):
        for frame in frames:
            self.ws.send(json.dumps(frame))


def delta(seq, text):
    return {"type": "delta", "turn": TURN, "seq": seq, "text": text}


@pytest.fixture
def server():
    return Server()


@pytest.fixture
def answer(open_page, server):
    page = open_page("/accounts/login/")
    page.route_web_socket(re.compile("/ws/chat/"), server)
    page.goto("/")
    return ask(page, "hello")


def test_a_frame_that_was_seen_is_dropped_and_a_snapshot_replaces_everything(answer, server):
    prose = answer.locator(".prose")
    server.say(delta(1, "one "), delta(3, "two "), delta(3, "two "), delta(2, "one and a half "))
    expect(prose).to_have_text("one two")
    snapshot = {"type": "snapshot", "turn": TURN, "seq": 5, "status": "streaming", "reasoning": "", "tools": []}
    server.say(snapshot | {"text": "**new** "}, delta(5, "old "), delta(6, "words"))
    expect(prose).to_have_text("new words")
    expect(prose.locator("strong")).to_have_text("new")
    server.say(DONE, delta(100, "too late"))
    expect_idle(answer.page)
    expect(prose).to_have_text("new words")


def test_the_stored_html_replaces_what_streamed_differently(answer, server):
    server.say(
        delta(1, "see [the manual][m]"), DONE | {"html": '<p>see <a href="https://example.com/">the manual</a></p>'}
    )
    expect(answer.locator(".prose a")).to_have_text("the manual")


def test_a_definition_that_comes_first_is_known_to_later_blocks(answer, server):
    server.say(delta(1, "[m]: https://example.com/manual\n\nfirst\n\n"))
    expect(answer.locator(".prose")).to_have_text("first")
    server.say(delta(2, "see [the manual][m]\n\nlast"))
    expect(answer.locator(".prose a")).to_have_attribute("href", "https://example.com/manual")


def test_finished_blocks_are_not_touched_again_and_an_open_fence_only_grows(answer, server):
    prose = answer.locator(".prose")
    server.say(delta(1, "first block\n\n```python\na = 1\n"))
    expect(prose.locator(".code")).to_contain_text("a = 1")
    prose.evaluate("e => { e.querySelector('p').dataset.mark = '1'; e.querySelector('.code').dataset.mark = '1'; }")
    server.say(delta(2, "b = 2\n``"))
    expect(prose.locator(".code code")).to_have_text("a = 1\nb = 2")
    expect(prose.locator("[data-mark]")).to_have_count(2)
    server.say(delta(3, "`\n\nlast"))
    expect(prose.locator("p").last).to_have_text("last")
    expect(prose.locator("p[data-mark]")).to_have_text("first block")
    expect(prose.locator(".code .hljs-number").first).to_be_attached()


def test_tool_calls_are_closed_rows_that_say_how_they_went(answer, server):
    tool = {"type": "tool", "turn": TURN, "id": "1", "name": "weather"}
    server.say(tool | {"seq": 1, "phase": "call", "args": '{"city": "<b>Oslo"}'})
    row = answer.locator("details.tool")
    expect(row.locator("summary")).to_have_text("Running weather")
    server.say(tool | {"seq": 2, "phase": "error", "result": "no such city"}, delta(3, "Sorry."), DONE)
    expect(row.locator("summary")).to_have_text("weather failed")
    assert row.get_attribute("open") is None
    row.locator("summary").click()
    expect(row).to_contain_text('{"city": "<b>Oslo"}')
    expect(row).to_contain_text("no such city")


def test_a_tool_call_without_a_result_is_settled_when_the_turn_ends(answer, server):
    server.say({"type": "tool", "turn": TURN, "seq": 1, "id": "1", "name": "weather", "phase": "call", "args": "{}"})
    row = answer.locator("details.tool")
    expect(row.locator("summary")).to_have_text("Running weather")
    server.say(DONE | {"status": "stopped"})
    expect(row.locator("summary")).to_have_text("weather did not finish")
    expect(row).not_to_have_class(re.compile("run"))


def test_an_answer_without_words_says_so(answer, server):
    expect(answer.locator(".waiting")).to_have_text("Waiting for Scripted…")
    server.say(DONE)
    expect(answer.locator(".note")).to_have_text("The model returned an empty answer.")
    expect(last_answer(answer.page).locator(".waiting")).to_be_hidden()


def test_what_arrived_is_acknowledged_and_asked_for_again_after_a_loss(answer, server):
    server.say(delta(1, "one "), delta(4, "two "))
    expect(answer.locator(".prose")).to_have_text("one two")
    answer.page.wait_for_timeout(1200)
    assert [frame["seq"] for frame in server.heard if frame["type"] == "ack"][-1] == 4
    server.ws.close(code=1013)
    answer.page.wait_for_timeout(1200)
    assert server.heard[-1] == {"type": "attach", "turn": TURN, "after": 4}
    server.say(delta(5, "three"), DONE)
    expect(answer.locator(".prose")).to_have_text("one two three")
