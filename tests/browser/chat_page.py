"""What a person does on the chat page, in the words of a person."""

from playwright.sync_api import Locator, Page, expect


def box(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Message")


def ask(page: Page, text: str) -> Locator:
    """Type and press Enter; the answer that will be written."""
    before = answers(page).count()
    box(page).fill(text)
    box(page).press("Enter")
    answer = answers(page).nth(before)
    expect(answer).to_be_attached()
    return answer


def answers(page: Page) -> Locator:
    return page.locator(".thread > .msg-answer:not([hidden])")


def expect_idle(page: Page) -> None:
    expect(page.get_by_role("button", name="Send", exact=True)).to_be_visible()
    expect(page.locator("#picker-button")).to_be_enabled()


def choose(page: Page, model: str) -> None:
    page.locator("#picker-button").click()
    page.get_by_role("option", name=model).first.click()
    expect(page.locator("#picker-name")).to_have_text(model)
