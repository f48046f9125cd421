"""Choosing a model, also without a pointer."""

import re

from playwright.sync_api import expect

from tests.browser.chat_page import ask, expect_idle, last_answer


def test_a_model_is_chosen_with_the_keyboard_alone(page):
    page.locator("#picker-button").focus()
    page.keyboard.press("Enter")
    find = page.get_by_role("combobox", name="Search models")
    expect(find).to_be_focused()
    page.keyboard.type("mini")
    expect(page.get_by_role("option")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator("#picker-name")).to_have_text("Scripted mini")
    expect(page.locator("#picker-button")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("option", selected=True)).to_contain_text("Scripted mini")
    page.keyboard.press("Home")
    first = page.get_by_role("option").first.get_attribute("id")
    expect(find).to_have_attribute("aria-activedescendant", first)
    page.keyboard.press("ArrowDown")
    expect(find).not_to_have_attribute("aria-activedescendant", first)
    page.keyboard.press("Escape")
    expect(page.locator("#picker-pop")).to_be_hidden()
    expect(page.locator("#picker-button")).to_be_focused()
    page.locator("#text").focus()
    ask(page, "who are you")
    expect(last_answer(page).locator(".model-name")).to_have_text("Scripted mini")
    expect_idle(page)


def test_a_model_that_cannot_be_used_says_why_and_is_not_chosen(page):
    page.locator("#picker-button").click()
    option = page.get_by_role("option", name="Keyless model")
    expect(option).to_have_attribute("aria-disabled", "true")
    expect(option).to_contain_text("No key yet.")
    option.click(force=True)
    expect(page.locator("#picker-name")).to_have_text("Scripted")
    expect(page.locator("#picker-pop")).to_be_visible()


def test_who_may_enter_a_missing_key_is_led_to_it(page, open_page, picture):
    page.locator("#picker-button").click()
    link = page.get_by_role("link", name="Enter the key of its connection")
    expect(link).to_be_hidden()
    page.get_by_role("option", name="Keyless model").click(force=True)
    picture(page, "picker-key")
    link.click()
    expect(page.locator("#id_name")).to_have_value("OpenAI")
    expect(page.locator("#id_api_key")).to_be_visible()
    bobs = open_page(user="bob")
    bobs.locator("#picker-button").click()
    bobs.get_by_role("option", name="Keyless model").click(force=True)
    expect(bobs.get_by_role("option", name="Keyless model")).to_have_class(re.compile("active"))
    expect(bobs.locator("#picker-key")).to_be_hidden()


def test_models_are_grouped_by_provider_and_found_by_what_they_can_do(page):
    page.locator("#picker-button").click()
    groups = page.get_by_role("listbox").get_by_role("group")
    expect(groups).to_have_count(2)
    expect(page.get_by_role("group", name="OpenAI-compatible")).to_contain_text("Scripted mini")
    page.get_by_role("combobox").fill("vision")
    expect(page.get_by_role("option")).to_have_count(1)
    expect(page.get_by_role("option")).to_contain_text("Sees images")
    page.get_by_role("combobox").fill("nothing like this")
    expect(page.get_by_text("No model matches.")).to_be_visible()


def test_an_old_list_is_updated_and_a_failure_to_update_it_is_said(open_page, problems):
    page = open_page("/accounts/login/")
    page.clock.install()
    page.goto("/")
    problems.expect("ERR_FAILED")
    page.clock.fast_forward(61_000)
    page.route("**/picker/", lambda route: route.abort())
    page.locator("#picker-button").click()
    expect(page.get_by_text("The list could not be updated.")).to_be_visible()
    expect(page.get_by_role("option", name=re.compile("Scripted mini"))).to_be_visible()
    page.unroute("**/picker/")
    with page.expect_response("**/picker/"):
        page.get_by_role("button", name="Try again").click()
    expect(page.get_by_text("The list could not be updated.")).to_be_hidden()
    expect(page.get_by_role("option", selected=True)).to_contain_text("Scripted")
