"""What a person does on the chat page, in the words of a person."""

from playwright.sync_api import Locator, Page, expect


def box(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Message")


def send_button(page: Page) -> Locator:
    return page.get_by_role("button", name="Send", exact=True)


def stop_button(page: Page) -> Locator:
    return page.get_by_role("button", name="Stop", exact=True)


def answers(page: Page) -> Locator:
    return page.locator(".thread > .msg-answer:not([hidden])")


def last_answer(page: Page) -> Locator:
    return answers(page).last


def ask(page: Page, text: str) -> Locator:
    """Type and press Enter; the answer that will be written."""
    before = answers(page).count()
    box(page).fill(text)
    expect(send_button(page)).to_be_enabled()
    box(page).press("Enter")
    answer = answers(page).nth(before)
    expect(answer).to_be_attached()
    return answer


def expect_idle(page: Page) -> None:
    expect(send_button(page)).to_be_visible()
    expect(page.locator("#picker-button")).to_be_enabled()


def choose(page: Page, model: str) -> None:
    page.locator("#picker-button").click()
    page.get_by_role("combobox", name="Search models").fill(model)
    page.get_by_role("option", name=model).first.click()
    expect(page.locator("#picker-name")).to_have_text(model)
