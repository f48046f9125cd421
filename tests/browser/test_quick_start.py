"""The promise of the first page of the README: one command, the printed link, a conversation with a real model."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.chat_page import ask, choose, expect_idle, last_answer, stop_button
from tests.live_site import wait_for
from tests.quick_start import QuickStart

pytestmark = pytest.mark.local_model

LOCAL_MODEL = "SmolLM2 135M (local)"


@pytest.fixture(scope="module")
def quick_start(tmp_path_factory):
    started = QuickStart(tmp_path_factory.mktemp("quick-start") / "data")
    yield started
    started.stop()


@pytest.fixture(autouse=True)
def patience():
    """A model on a busy machine may take its time."""
    expect.set_options(timeout=60_000)
    yield
    expect.set_options(timeout=10_000)


@pytest.fixture
def context(chromium, quick_start, problems):
    address = re.match(r"https?://[^/]+", quick_start.link)[0]
    context = chromium.new_context(base_url=address, reduced_motion="reduce")
    problems.watch(context, address)
    yield context
    context.close()


def text_of(page):
    return last_answer(page).locator(".prose").inner_text()


def test_one_command_one_real_conversation(context, quick_start):
    page = context.new_page()
    page.goto(quick_start.link)
    choose(page, LOCAL_MODEL)
    ask(page, "What is the capital of France?")
    expect_idle(page)
    expect(last_answer(page)).to_contain_text("Paris")

    # Reload in mid-answer: what was shown is still there, and the rest follows, also in a second tab.
    page.get_by_role("link", name="New chat").click()
    ask(page, "Write a long story about a lighthouse keeper and the sea.")
    expect(last_answer(page).locator(".prose")).to_contain_text(re.compile(r"(\w+\W+){20}"))
    before = text_of(page)
    page.reload()
    expect(last_answer(page).locator(".prose")).to_contain_text(before[:60])
    assert text_of(page).startswith(before[:60])
    second = context.new_page()
    second.goto(page.url)
    expect(stop_button(second)).to_be_enabled()

    # Stop in one tab: both end with the same text, and the model's own server says that it gave up.
    stop_button(second).click()
    expect_idle(second)
    expect_idle(page)
    log = quick_start.data_dir / "local_model.log"
    wait_for(lambda: "cancel task" in log.read_text())
    assert text_of(page) == text_of(second)
    stored = quick_start.query("select status, text from chat_message where role = 'assistant' order by created_at")
    assert [status for status, _ in stored] == ["complete", "stopped"]
    assert stored[1][1].startswith(before[:30])
