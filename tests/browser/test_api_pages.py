"""The API for people: its pages with their form, and the documentation. Every breach of the CSP fails a test."""

import json
import re

from playwright.sync_api import expect

DELETE_BEHIND_ITS_BACK = """() => fetch(location, {
  method: 'DELETE', headers: { 'X-CSRFToken': document.querySelector('[name=csrfmiddlewaretoken]').value },
})"""


def body(page):
    return page.get_by_role("textbox", name="JSON")


def status(page):
    return page.get_by_role("status")


def answer(page):
    return json.loads(page.get_by_role("region", name="Answer").inner_text())


def send(page, method, **document):
    body(page).fill(json.dumps(document))
    page.get_by_role("button", name=method).click()


def make_model(page, **fields):
    send(page, "POST", name="Mine", model_id="mini", provider="openai", **fields)
    expect(status(page)).to_have_text("201 Created")
    return answer(page)


def test_a_model_is_made_seen_changed_and_deleted(open_page):
    page = open_page("/api/", user="bob")
    page.get_by_role("link", name="models", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Models")
    example = body(page).input_value()
    made = make_model(page, api_key="sk-proj-" + "a" * 40)
    assert made["key_preview"] == "sk-proj...aaa"
    expect(body(page)).to_have_value(example)  # and so the key is gone from the page
    assert "a" * 40 not in page.content()

    page.get_by_role("link", name="Open what was made").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Mine")
    assert page.url.endswith(made["id"])
    current = json.loads(body(page).input_value())
    send(page, "PATCH", **current | {"name": "Renamed", "context_window": 4096})
    expect(status(page)).to_have_text("200 OK")
    expect(page.get_by_role("region", name="Document")).to_contain_text('"context_window": 4096')
    assert json.loads(body(page).input_value()) == current | {"name": "Renamed", "context_window": 4096}

    page.get_by_role("link", name="Models", exact=True).click()
    page.get_by_role("link", name="Renamed").click()
    dialog = page.get_by_role("dialog", name="Delete Renamed?")
    page.get_by_role("button", name="DELETE").click()
    dialog.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Models")
    expect(page.get_by_role("list", name="In this list")).to_contain_text("Scripted")
    expect(page.get_by_role("link", name="Renamed")).to_have_count(0)


def test_nothing_is_deleted_before_it_was_asked(open_page, problems):
    page = open_page("/api/models", user="bob")
    made = make_model(page)
    page.get_by_role("link", name="Open what was made").click()
    deleted = []
    page.on("request", lambda request: request.method == "DELETE" and deleted.append(request.url))
    ask, dialog = page.get_by_role("button", name="DELETE"), page.get_by_role("dialog")
    ask.click()
    dialog.get_by_role("button", name="Keep").click()
    ask.click()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(ask).to_be_focused()
    assert deleted == []

    # Somebody was faster: the refusal is shown, and Escape after it is no consent to another attempt.
    problems.expect("status of 404")
    page.evaluate(DELETE_BEHIND_ITS_BACK)
    ask.click()
    dialog.get_by_role("button", name="Delete").click()
    expect(status(page)).to_contain_text("404 Not Found: There is nothing here")
    assert answer(page)["error"]["code"] == "not_found"
    ask.click()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert len(deleted) == 2
    assert page.url.endswith(made["id"])


def test_what_is_refused_is_shown_in_place_and_what_was_typed_stays(open_page, problems):
    problems.expect("status of 400")
    page = open_page("/api/models", user="bob")
    body(page).fill('{"name": "Mine",}')
    page.get_by_role("button", name="POST").click()
    expect(status(page)).to_contain_text("400 Bad Request: The body is not JSON")
    assert answer(page)["error"]["code"] == "parse_error"
    expect(body(page)).to_have_value('{"name": "Mine",}')
    send(page, "POST", name="Mine", apikey="x")
    expect(status(page)).to_contain_text("400 Bad Request: apikey: There is no such field here.")
    expect(page.get_by_role("button", name="POST")).to_be_focused()


def test_a_server_that_is_not_there(open_page, problems):
    problems.expect("ERR_INTERNET_DISCONNECTED")
    page = open_page("/api/connections", user="bob")
    page.context.set_offline(True)
    page.get_by_role("button", name="POST").click()
    expect(status(page)).to_have_text("The server cannot be reached. Check the network and send it again.")
    page.context.set_offline(False)
    send(page, "POST", name="Later", provider="openai")
    expect(status(page)).to_have_text("201 Created")


def test_an_answer_that_is_not_ours(open_page, problems):
    problems.expect("status of 502")
    page = open_page("/api/connections", user="bob")
    page.route("**/api/connections", lambda route: route.fulfill(status=502, content_type="text/html", body="<b>no"))
    page.get_by_role("button", name="POST").click()
    expect(status(page)).to_contain_text("502")
    expect(page.get_by_role("region", name="Answer")).to_have_text("<b>no")


def test_an_impatient_click_sends_nothing_twice(open_page):
    page = open_page("/api/tokens", user="bob")
    held = []
    page.route("**/api/tokens", lambda route: held.append(route))  # noqa: PLW0108 - Playwright marks what it calls
    page.get_by_role("button", name="POST").dblclick()
    page.get_by_role("button", name="POST").click()
    assert len(held) == 1
    held.pop().continue_()
    expect(status(page)).to_have_text("201 Created")


def test_who_is_not_signed_in_reads_signs_in_and_is_back(open_context, problems):
    problems.expect("status of 401")
    page = open_context().new_page()
    page.goto("/api/models")
    expect(page.get_by_role("list", name="In this list")).to_contain_text("Scripted mini")
    expect(body(page)).to_have_count(0)
    page.goto("/api/connections")
    expect(page.get_by_role("region", name="Document")).to_contain_text("not_authenticated")
    page.get_by_role("main").get_by_role("link", name="Sign in").click()
    page.get_by_label("Username").fill("bob")
    page.get_by_label("Password").fill("correct horse battery")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Connections")
    expect(body(page)).to_be_visible()


def test_the_form_works_by_keyboard(open_page):
    page = open_page("/api/tokens", user="bob")
    body(page).focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(status(page)).to_have_text("201 Created")
    assert answer(page)["token"].startswith("dmr_")


def test_without_its_script_the_form_puts_nothing_into_the_address(open_context, site, problems):
    problems.expect("status of 415")
    context = open_context(java_script_enabled=False)
    context.add_cookies([{"name": "sessionid", "value": site.rows["bob"], "url": site.address}])
    page = context.new_page()
    page.goto("/api/models")
    page.get_by_role("button", name="POST").click()
    expect(page.get_by_role("region", name="Document")).to_contain_text("Send JSON")
    assert page.url == f"{site.address}/api/models"


def operation(page, name):
    return page.locator(f"[id$='-{name}'].opblock")


def execute(page, name):
    """Open an operation of the documentation and run it; the text of the real answer."""
    block = operation(page, name)
    block.locator(".opblock-summary").click()
    block.get_by_role("button", name="Try it out").click()
    block.get_by_role("button", name="Execute").click()
    answered = block.locator(".live-responses-table .response")
    expect(answered.locator(".response-col_status")).to_have_text(re.compile(r"^\d+"))
    return answered


def test_the_documentation_tries_operations_with_the_session(open_page):
    page = open_page("/api/docs", user="bob")
    expect(page.get_by_role("heading", name="Dynamic Model Registry")).to_be_visible()
    expect(page.get_by_text("Make a model", exact=True)).to_be_visible()
    listed = execute(page, "models_list")
    expect(listed).to_contain_text("200")
    expect(listed).to_contain_text("Scripted mini")
    made = execute(page, "models_create")
    expect(made).to_contain_text("201")
    expect(made).to_contain_text('"is_global": false')


def test_the_documentation_takes_a_token(open_page, open_context):
    tokens = open_page("/api/tokens", user="bob")
    tokens.get_by_role("button", name="POST").click()
    expect(status(tokens)).to_have_text("201 Created")
    page = open_context().new_page()
    page.goto("/api/docs/")
    page.get_by_role("button", name="Authorize").click()
    by_token = page.locator(".auth-container").filter(has_text="token (apiKey)")
    by_token.get_by_role("textbox").fill(f"Token {answer(tokens)['token']}")
    by_token.get_by_role("button", name="Apply").click()
    page.locator(".auth-btn-wrapper").get_by_role("button", name="Close").last.click()
    listed = execute(page, "connections_list")
    expect(listed).to_contain_text("200")
