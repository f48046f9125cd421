"""Take the pictures of the documentation from a real first start: `.venv/bin/python -m scripts.take_pictures`."""

import os
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.chat_page import ask, choose, expect_idle
from tests.quick_start import QuickStart

PICTURES = Path(__file__).resolve().parent.parent / "docs" / "images"
LOCAL_MODEL = "SmolLM2 135M (local)"
DESK = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        site = QuickStart(Path(folder) / "data")
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox", "--disable-gpu"])
        try:
            take_all(browser, site)
        finally:
            browser.close()
            site.stop()


def chromium() -> str:
    return os.environ.get("CHROMIUM_PATH", "/usr/bin/chromium")


def take_all(browser: Browser, site: QuickStart) -> None:
    page = browser.new_page(viewport=DESK, color_scheme="light", reduced_motion="reduce")
    page.goto(site.link)
    choose(page, LOCAL_MODEL)
    talk(page)
    take(page, "chat-light")
    page.emulate_media(color_scheme="dark")
    take(page, "chat-dark")
    page.set_viewport_size(PHONE)
    take(page, "phone")
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(DESK)
    page.locator("#picker-button").click()
    expect(page.get_by_role("listbox")).to_be_visible()
    take(page, "picker")


def talk(page: Page) -> None:
    for question in ["What is the capital of France?", "Write a Python function that adds two numbers."]:
        ask(page, question)
        expect_idle(page)
    page.reload()


def take(page: Page, name: str) -> None:
    page.wait_for_timeout(400)  # the highlighter works in idle time
    page.screenshot(path=PICTURES / f"{name}.png")


if __name__ == "__main__":
    main()
