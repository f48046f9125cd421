"""Asking, being answered, stopping, coming back."""

import re
import time

import pytest
from playwright.sync_api import expect

from llm.testing import expected_text
from tests.browser.chat_page import answers, ask, box, choose, expect_idle, last_answer, send_button, stop_button
from tests.browser.site_rows import PASSWORD


def shown_html(page):
    """The last answer once its code is coloured, which happens in idle time."""
    expect(page.locator(".hljs-keyword").first).to_be_attached()
    return last_answer(page).locator(".prose").inner_html()


def test_signing_in_asking_and_finding_the_same_answer_again(open_context):
    page = open_context().new_page()
    page.goto("/")
    expect(page).to_have_url(re.compile(r"/accounts/login/\?next=/$"))
    page.get_by_label("Username").fill("alice")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="What can I help with?")).to_be_visible()

    ask(page, "Show me [[markdown rate=300]]")
    expect_idle(page)
    expect(page).to_have_url(re.compile(r"/c/[0-9a-f-]{36}/$"))
    expect(box(page)).to_have_value("")
    expect(page.get_by_role("link", name="Show me [[markdown rate=300]]")).to_have_attribute("aria-current", "page")
    streamed = shown_html(page)
    assert "The end." in streamed
    page.reload()
    assert shown_html(page) == streamed


def test_a_wrong_password_says_what_to_do(open_context):
    page = open_context().new_page()
    page.goto("/accounts/login/")
    page.get_by_label("Username").fill("alice")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("correct username and password")


def test_while_an_answer_is_written_send_is_stop_and_the_picker_is_off(page, provider):
    answer = ask(page, "[[tokens=400 rate=40]] locked")
    expect(answer).to_contain_text("w3")
    expect(stop_button(page)).to_be_enabled()
    expect(page.locator("#picker-button")).to_be_disabled()
    expect(page.locator("#composer")).to_have_attribute("aria-busy", "true")
    box(page).fill("typed meanwhile")
    box(page).press("Enter")
    expect(page.get_by_role("status")).to_have_text("Stop the answer first, or wait for it.")
    expect(answers(page)).to_have_count(1)
    note = page.locator("#composer-note")
    expect(note).to_have_text("Stop the answer first, or wait for it.")

    box(page).press("Escape")
    expect(answer.get_by_text("Stopped. What was written is kept.")).to_be_visible()
    expect_idle(page)
    assert note.inner_text() == ""
    expect(box(page)).to_have_value("typed meanwhile")
    expect(box(page)).to_be_focused()


def test_stop_keeps_the_text_and_ends_the_call_to_the_provider(page, provider):
    answer = ask(page, "[[tokens=400 rate=40]] stop me")
    expect(answer).to_contain_text("w5")
    (exchange,) = [request for request in provider.requests if "stop me" in request.prompt]
    stop_button(page).click()
    clicked = time.monotonic()
    expect_idle(page)
    provider.wait_until_idle(5)
    assert exchange.closed_by_client
    assert exchange.ended - clicked < 1
    kept = answer.locator(".prose").inner_text()
    assert kept.startswith("w0 w1 w2")
    page.reload()
    expect(last_answer(page).locator(".prose")).to_have_text(kept)
    expect(last_answer(page).get_by_text("Stopped. What was written is kept.")).to_be_visible()


def test_an_answer_that_is_stopped_before_its_first_word_says_so(page):
    answer = ask(page, "[[ttft=20000]] nothing yet")
    expect(page).to_have_url(re.compile("/c/"))
    stop_button(page).click()
    expect(answer.locator(".note")).to_have_text("Stopped before the first word.")
    expect_idle(page)
    page.reload()
    expect(last_answer(page).locator(".note")).to_have_text("Stopped before the first word.")


def test_a_suggestion_goes_before_what_was_typed(page):
    box(page).fill("Traceback: KeyError")
    page.get_by_role("button", name="Explain a stack trace").click()
    expect(box(page)).to_have_value("Find the likely cause of this stack trace: Traceback: KeyError")
    box(page).fill("")
    page.get_by_role("button", name="Explain a stack trace").click()
    page.get_by_role("button", name="Summarise a text").click()
    expect(box(page)).to_have_value("Summarise this text in five sentences: ")


def test_a_new_chat_on_a_small_phone_is_read_from_its_top(open_page):
    page = open_page(viewport={"width": 320, "height": 568})
    scroll = page.locator("#scroll")
    assert scroll.evaluate("e => e.scrollHeight > e.clientHeight")
    assert scroll.evaluate("e => e.scrollTop") == 0


def test_a_reload_in_mid_answer_loses_nothing(page):
    ask(page, "[[tokens=90 rate=40]] reload")
    expect(last_answer(page)).to_contain_text("w5")
    page.reload()
    expect(last_answer(page)).to_contain_text("w9")
    expect(stop_button(page)).to_be_visible()
    expect_idle(page)
    expect(last_answer(page).locator(".prose")).to_have_text(expected_text(90))


def test_a_second_tab_shows_the_same_stream(page):
    ask(page, "[[tokens=90 rate=40]] two tabs")
    expect(page).to_have_url(re.compile("/c/"))
    second = page.context.new_page()
    second.goto(page.url)
    expect(last_answer(second)).to_contain_text("w30")
    expect(last_answer(page)).to_contain_text("w30")
    for tab in (page, second):
        expect_idle(tab)
        expect(last_answer(tab).locator(".prose")).to_have_text(expected_text(90))


def test_the_dot_of_a_conversation_that_was_left_goes_out_when_its_answer_ends(page):
    ask(page, "[[tokens=120 rate=40]] left alone")
    expect(last_answer(page)).to_contain_text("w3")
    page.get_by_role("link", name="New chat").click()
    row = page.locator(".conv", has_text="left alone")
    dot = row.get_by_role("img", name="An answer is being written")
    expect(dot).to_be_visible()
    expect(dot).to_be_hidden()
    row.get_by_role("link").click()
    expect(last_answer(page)).to_contain_text("w119")


def test_reasoning_and_conversation_go_on(page):
    answer = ask(page, "[[reason]] first question")
    expect_idle(page)
    row = answer.locator("details.reasoning")
    expect(row.locator(".label")).to_have_text("Reasoning")
    assert row.get_attribute("open") is None
    row.locator("summary").click()
    expect(row).to_contain_text("The user wants an answer")
    ask(page, "second question")
    expect(last_answer(page)).to_contain_text("You said: second question")
    expect_idle(page)
    page.reload()
    expect(answers(page)).to_have_count(2)
    expect(answers(page).first.locator("details.reasoning .label")).to_have_text("Reasoning")


def test_an_answer_that_was_stopped_before_its_first_word_can_be_asked_for_again(page, picture):
    ask(page, "[[hang]] stopped early")
    page.get_by_role("button", name="Stop", exact=True).click()
    expect_idle(page)
    again = last_answer(page).get_by_role("button", name="Try again")
    expect(last_answer(page)).to_contain_text("Stopped before the first word.")
    expect(again).to_be_visible()
    picture(page, "stopped-early")
    page.reload()
    expect(again).to_be_visible()
    choose(page, "Scripted mini")
    again.click()
    expect(last_answer(page).locator(".model-name")).to_have_text("Scripted mini")
    expect(answers(page)).to_have_count(1)
    page.get_by_role("button", name="Stop", exact=True).click()
    expect_idle(page)


def test_an_answer_with_words_is_not_offered_again(page):
    ask(page, "complete")
    expect_idle(page)
    expect(last_answer(page)).to_contain_text("You said: complete")
    for _ in range(2):
        expect(last_answer(page)).to_contain_text("You said: complete")
        expect(last_answer(page).locator("[data-action='try-again']")).to_have_count(0)
        page.reload()


@pytest.mark.parametrize(
    "refusal",
    [
        "Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); }",
        "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no', 'SecurityError'); } })",
    ],
    ids=["full", "blocked"],
)
def test_a_browser_that_stores_nothing_loses_drafts_and_nothing_else(open_page, refusal):
    page = open_page("/accounts/login/")
    page.add_init_script(refusal)
    page.goto("/")
    ask(page, "not stored")
    expect(last_answer(page)).to_contain_text("You said: not stored")
    expect_idle(page)
    expect(box(page)).to_have_value("")
    # What signing out does before it leaves; an error in it would be a problem of this page.
    page.evaluate("() => document.getElementById('logout').dispatchEvent(new Event('submit'))")


def test_enter_in_an_input_method_sends_nothing(page):
    box(page).fill("にほん")
    expect(send_button(page)).to_be_enabled()
    for init in ("{isComposing: true}", "{keyCode: 229}"):
        box(page).evaluate(
            f"e => e.dispatchEvent(new KeyboardEvent('keydown', {{key: 'Enter', bubbles: true, ...{init}}}))"
        )
    box(page).press("Shift+Enter")
    expect(answers(page)).to_have_count(0)
    expect(box(page)).to_have_value("にほん\n")


def test_a_draft_survives_a_reload_and_goes_when_it_is_sent(page):
    box(page).fill("half a thought")
    page.reload()
    expect(box(page)).to_have_value("half a thought")
    ask(page, "whole thought")
    expect_idle(page)
    page.goto("/")
    expect(box(page)).to_have_value("")


def test_the_reader_may_scroll_away_and_jump_back(page):
    # 300 words fill the view several times over.
    ask(page, "[[tokens=3000 rate=1200]] long")
    expect(last_answer(page)).to_contain_text("w1200")
    page.mouse.move(700, 300)
    page.mouse.wheel(0, -400)
    jump = page.get_by_role("button", name="Jump to latest")
    expect(jump).to_be_visible()
    top = page.locator("#scroll").evaluate("e => e.scrollTop")
    expect(last_answer(page)).to_contain_text("w2500")
    expect_idle(page)
    assert page.locator("#scroll").evaluate("e => e.scrollTop") == top
    jump.click()
    expect(jump).to_be_hidden()
    assert page.locator("#scroll").evaluate("e => e.scrollHeight - e.clientHeight - e.scrollTop") < 2


def test_copying_an_answer_gives_its_markdown_and_clean_html(page):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    ask(page, "[[markdown]] copy")
    expect_idle(page)
    read = "async (type) => (await (await navigator.clipboard.read())[0].getType(type)).text()"
    last_answer(page).get_by_role("button", name="Copy answer").click()
    expect(page.get_by_role("status")).to_have_text("Copied")
    assert page.evaluate(read, "text/plain").startswith("# A heading\n\nSome **bold** words")
    assert "class=" not in page.evaluate(read, "text/html")
    page.reload()
    last_answer(page).locator(".code").get_by_role("button", name="Copy").click()
    expect(page.get_by_role("status")).to_have_text("Copied")
    assert page.evaluate(read, "text/plain") == "def add(a: int, b: int) -> int:\n    return a + b\n"
