"""What goes wrong is said in the place of the answer, with what to do about it, and is still there after a reload."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.chat_page import answers, ask, box, choose, expect_idle, last_answer, send_button

# For a moment after the server has closed a socket its relay still looks open, and forwards what the page says.
RELAY_SPEAKS_LATE = "WebSocket is already in CLOSING or CLOSED state"

SENTENCES = {
    "[[error=401]]": "rejected the key",
    "[[error=404]]": "does not know this model id",
    "[[html]]": "not as an LLM API",
    "[[tokens=30 drop_after=12]]": "ended before the answer was complete",
    "[[error=429 retry=30]]": "rate limit",
}


def expect_failure(page, sentence, question):
    failure = last_answer(page).get_by_role("alert")
    expect(failure).to_contain_text(sentence)
    expect(page.locator(".bubble").last).to_have_text(question)
    details = failure.locator("details")
    assert details.get_attribute("open") is None
    details.locator("summary").click()
    assert re.fullmatch(r"[a-z_]+", details.locator("code").inner_text())


@pytest.mark.parametrize(("script", "sentence"), SENTENCES.items())
def test_a_failure_of_the_provider(page, script, sentence):
    question = f"{script} please"
    ask(page, question)
    expect_failure(page, sentence, question)
    expect_idle(page)
    page.reload()
    expect_failure(page, sentence, question)


@pytest.mark.parametrize(
    ("model", "sentence"),
    [("Closed port", "cannot be reached"), ("Private address", "may not be reached from here")],
)
def test_an_address_that_does_not_answer_or_is_not_allowed(page, model, sentence):
    choose(page, model)
    ask(page, "hello")
    expect_failure(page, sentence, "hello")
    expect_idle(page)
    page.reload()
    expect_failure(page, sentence, "hello")


def test_what_arrived_before_a_failure_is_kept(page):
    ask(page, "[[tokens=30 drop_after=12]] kept")
    expect(last_answer(page).get_by_role("alert")).to_be_visible()
    page.reload()
    expect(last_answer(page).locator(".prose")).to_contain_text("w0 w1 w2")


def test_try_again_replaces_the_failure_with_an_answer(page):
    ask(page, "[[error=500 times=3]] flaky")
    expect(last_answer(page).get_by_role("alert")).to_be_visible(timeout=15_000)
    expect_idle(page)
    last_answer(page).get_by_role("button", name="Try again").click()
    expect(last_answer(page)).to_contain_text("You said: flaky")
    expect_idle(page)
    expect(box(page)).to_be_focused()
    expect(answers(page)).to_have_count(1)
    page.reload()
    expect(answers(page)).to_have_count(1)
    expect(last_answer(page)).to_contain_text("You said: flaky")


def test_try_again_after_a_reload_uses_the_model_that_the_page_shows(page):
    choose(page, "Closed port")
    ask(page, "hello")
    expect(last_answer(page).get_by_role("alert")).to_be_visible()
    page.reload()
    choose(page, "Scripted mini")
    last_answer(page).get_by_role("button", name="Try again").click()
    expect(last_answer(page)).to_contain_text("You said: hello")
    expect(last_answer(page).locator(".model-name")).to_have_text("Scripted mini")


@pytest.mark.parametrize("reloaded", [False, True])
def test_where_the_same_model_would_fail_again_another_is_asked_for(page, reloaded):
    ask(page, f"[[error=401 times=1]] locked out {reloaded}")
    button = last_answer(page).locator(".failure button")
    expect(button).to_have_text("Try with another model")
    expect_idle(page)
    if reloaded:
        page.reload()
    button.click()
    page.get_by_role("option", name="Scripted mini").click()
    expect(button).to_have_text("Try again")
    button.click()
    expect(last_answer(page)).to_contain_text("You said: locked out")
    expect(last_answer(page).locator(".model-name")).to_have_text("Scripted mini")


def test_a_model_that_was_deleted_is_missed_and_not_replaced(page, site):
    choose(page, "Short-lived")
    ask(page, "first")
    expect(last_answer(page)).to_contain_text("You said: first")
    expect_idle(page)
    delete = "from registry.models import LLMModel; LLMModel.objects.get(name='Short-lived').delete()"
    assert site.manage("shell", "-v0", "-c", delete).returncode == 0
    page.reload()
    refusal = page.locator("#refusal")
    expect(refusal).to_have_text("Short-lived is no longer available. Choose another model.")
    expect(page.locator("#picker-name")).to_have_text("Choose a model")
    box(page).fill("second")
    box(page).press("Enter")
    expect(page.get_by_role("status")).to_have_text("Choose a model first.")
    expect(box(page)).to_have_value("second")
    choose(page, "Scripted mini")
    expect(refusal).to_be_hidden()
    ask(page, "second")
    expect(last_answer(page)).to_contain_text("You said: second")


def test_a_refused_request_leaves_the_text_in_the_box(page):
    ask(page, "[[tokens=400 rate=40]] busy")
    expect(last_answer(page)).to_contain_text("w2")
    second = page.context.new_page()
    second.goto(page.url)
    # This tab thinks that nothing is running: the answer began after it was drawn.
    second.evaluate("() => document.getElementById('composer').setAttribute('aria-busy', 'false')")
    box(second).fill("me too")
    with second.expect_response("**/picker/"):
        box(second).press("Enter")
    refusal = second.locator("#refusal")
    expect(refusal).to_contain_text("An answer is still being written in this chat")
    # The list of models that is fetched after a refusal must not take the sentence away.
    second.wait_for_timeout(2000)
    expect(refusal).to_be_visible()
    expect(box(second)).to_have_value("me too")
    expect(answers(second)).to_have_count(1)
    page.keyboard.press("Escape")
    expect_idle(page)


def test_a_message_that_is_too_long_is_refused_with_a_sentence_that_stays(page):
    with page.expect_response("**/picker/"):
        box(page).fill("x" * 100_001)
        send_button(page).click()
    refusal = page.locator("#refusal")
    expect(refusal).to_have_text("The message is too long: 100,001 of 100,000 characters.")
    page.wait_for_timeout(2000)
    expect(refusal).to_be_visible()
    assert len(box(page).input_value()) == 100_001
    choose(page, "Scripted mini")
    expect(refusal).to_be_hidden()


def test_a_lost_connection_is_quiet_at_first_then_says_so_and_loses_nothing(open_page):
    sockets = []

    def relay(ws):
        server = ws.connect_to_server()
        sockets.append((ws, server))

    page = open_page("/accounts/login/")
    page.route_web_socket(re.compile("/ws/chat/"), relay)
    page.goto("/")
    ask(page, "[[tokens=120 rate=40]] dropped")
    expect(last_answer(page)).to_contain_text("w5")
    page.route_web_socket(re.compile("/ws/chat/"), lambda ws: ws.close(code=1012))
    sockets[0][0].close(code=1012)
    pill = page.locator("#connection")
    page.wait_for_timeout(1000)
    assert pill.is_hidden()
    expect(pill).to_contain_text("Connection lost. Reconnecting")
    page.route_web_socket(re.compile("/ws/chat/"), relay)
    page.get_by_role("button", name="Try now").click()
    expect(pill).to_be_hidden()
    expect_idle(page)
    expect(last_answer(page)).to_contain_text("w119")
    assert last_answer(page).locator(".prose").inner_text().split() == [f"w{n}" for n in range(120)]


def test_a_message_sent_while_offline_is_sent_once_when_the_connection_is_back(open_page, provider):
    page = open_page("/accounts/login/")
    page.route_web_socket(re.compile("/ws/chat/"), lambda ws: ws.close(code=1012))
    page.goto("/")
    ask(page, "written offline")
    expect(page.locator(".bubble")).to_have_text("written offline")
    expect(box(page)).to_have_value("written offline")
    expect(last_answer(page).locator(".waiting")).to_have_text("Will be sent when the connection is back.")
    page.route_web_socket(re.compile("/ws/chat/"), lambda ws: ws.connect_to_server())
    expect(last_answer(page)).to_contain_text("You said: written offline")
    expect_idle(page)
    expect(box(page)).to_have_value("")
    assert len([request for request in provider.requests if request.prompt == "written offline"]) == 1


def test_a_session_that_ended_asks_to_sign_in_and_keeps_the_draft(open_page, site, problems):
    problems.expect(RELAY_SPEAKS_LATE)
    sockets = []

    def relay(ws):
        ws.connect_to_server()
        sockets.append(ws)

    page = open_page("/accounts/login/")
    page.route_web_socket(re.compile("/ws/chat/"), relay)
    page.goto("/")
    box(page).fill("do not lose me")
    expect(send_button(page)).to_be_enabled()
    page.context.clear_cookies()
    sockets[0].close(code=1012)
    expect(page.locator("#connection")).to_contain_text("You are signed out")
    expect(page.get_by_role("link", name="Sign in again")).to_have_attribute("target", "_blank")
    box(page).press("Enter")
    expect(page.locator("#refusal")).to_have_text("Not sent. Sign in again, then send it.")
    expect(answers(page)).to_have_count(0)
    expect(box(page)).to_have_value("do not lose me")

    # While nobody signs in, asking again leads to the same words.
    page.evaluate("() => dispatchEvent(new Event('focus'))")
    page.wait_for_timeout(500)
    expect(page.locator("#connection")).to_contain_text("You are signed out")
    page.context.add_cookies([{"name": "sessionid", "value": site.rows["alice"], "url": site.address}])
    page.evaluate("() => dispatchEvent(new Event('focus'))")
    expect(page.locator("#connection")).to_be_hidden()
    expect(page.locator("#refusal")).to_be_hidden()
    box(page).press("Enter")
    expect(last_answer(page)).to_contain_text("You said: do not lose me")


def test_a_message_that_meets_an_ended_session_is_taken_back(open_page, problems, picture):
    problems.expect(RELAY_SPEAKS_LATE)
    page = open_page("/accounts/login/")
    page.route_web_socket(re.compile("/ws/chat/"), lambda ws: ws.close(code=1012))
    page.goto("/")
    ask(page, "written too late")
    page.context.clear_cookies()
    page.route_web_socket(re.compile("/ws/chat/"), lambda ws: ws.connect_to_server())
    expect(page.locator("#refusal")).to_have_text("Not sent. Sign in again, then send it.")
    expect(answers(page)).to_have_count(0)
    expect(box(page)).to_have_value("written too late")
    expect(send_button(page)).to_be_enabled()
    picture(page, "signed-out")


def test_a_provider_that_says_when_to_come_back_is_not_asked_before(page):
    ask(page, "[[error=429 retry=30]] limited")
    button = last_answer(page).locator("[data-action='try-again']")
    expect(button).to_be_disabled()
    expect(button).to_have_text(re.compile(r"Try again in (30|29|28) s"))
    page.reload()
    expect(button).to_have_text("Try again in a moment")
    expect(button).to_be_enabled()


def test_the_word_that_the_connection_is_lost_covers_no_question(open_page, picture):
    page = open_page("/accounts/login/")
    page.route_web_socket(re.compile("/ws/chat/"), lambda ws: ws.close(code=1012))
    page.goto("/")
    ask(page, "written offline")
    pill = page.locator("#connection")
    expect(pill).to_contain_text("Connection lost")
    page.wait_for_timeout(300)
    picture(page, "connection-lost")
    bubble, pill = page.locator(".bubble").bounding_box(), pill.bounding_box()
    assert bubble["y"] >= pill["y"] + pill["height"]
