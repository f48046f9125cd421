"""Asking and being answered."""

import re

from playwright.sync_api import expect

from llm.testing import MARKDOWN, expected_text
from tests.browser.chat_page import answers, ask, box, expect_idle
from tests.browser.site_rows import PASSWORD


def test_signing_in_asking_and_finding_the_answer_again(open_context, picture):
    page = open_context().new_page()
    page.goto("/")
    expect(page).to_have_url(re.compile(r"/accounts/login/\?next=/$"))
    picture(page, "login")
    page.get_by_label("Username").fill("alice")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="What can I help with?")).to_be_visible()
    answer = ask(page, "Show me [[markdown]]")
    expect(answer.locator("pre")).to_contain_text("def add(a: int, b: int) -> int:")
    expect_idle(page)
    expect(page).to_have_url(re.compile(r"/c/[0-9a-f-]{36}/$"))
    expect(box(page)).to_have_value("")
    expect(page.get_by_role("link", name="Show me [[markdown]]")).to_have_attribute("aria-current", "page")
    page.wait_for_timeout(700)  # colours come in idle time
    streamed = answer.locator(".prose").inner_html()
    page.reload()
    page.wait_for_timeout(700)
    assert answers(page).first.locator(".prose").inner_html() == streamed
    assert "The end." in streamed
    assert MARKDOWN
