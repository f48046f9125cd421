"""Every main state in both themes and on two widths: accessible, never wider than the view, and pictures to look at."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.chat_page import box, choose, expect_idle, last_answer

AXE = next((Path(__file__).parent / "vendor").glob("axe-core-*/axe.min.js"))
RULES = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]
DESK, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}


def violations(page):
    page.evaluate(AXE.read_text())
    found = page.evaluate("(tags) => axe.run({runOnly: tags})", RULES)["violations"]
    return [(each["id"], [node["html"][:200] for node in each["nodes"]]) for each in found]


@pytest.fixture
def look(picture, request):
    variant = request.node.callspec.id

    def check(page, name):
        picture(page, f"{name}-{variant}")
        # Once a theme: the checker takes a second, and the other width has the same colours and markup.
        if variant not in {"dark-desk", "light-phone"}:
            assert violations(page) == []
        assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")

    return check


@pytest.fixture(params=["light-desk", "dark-desk", "light-phone", "dark-phone"])
def themed_page(request, open_page, site):
    theme, device = request.param.split("-")
    options = {"viewport": DESK} if device == "desk" else {"viewport": PHONE, "has_touch": True}
    page = open_page("/accounts/login/", **options)
    page.context.add_cookies([{"name": "theme", "value": theme, "url": site.address}])
    return page


def test_every_state_of_the_chat(themed_page, look):
    page = themed_page
    page.goto("/")
    expect(page.get_by_role("heading", name="What can I help with?")).to_be_visible()
    look(page, "empty")
    page.locator("#picker-button").click()
    look(page, "picker")
    page.keyboard.press("Escape")
    box(page).fill("How do I add two numbers in Python? [[markdown reason]]")
    page.get_by_role("button", name="Send", exact=True).click()
    expect_idle(page)
    page.locator("#scroll").evaluate("e => e.scrollTop = 0")
    expect(page.locator(".hljs-keyword").first).to_be_attached()
    look(page, "answer")
    box(page).fill("And slowly? [[tokens=400 rate=30]]")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(last_answer(page)).to_contain_text("w20")
    look(page, "streaming")
    page.get_by_role("button", name="Stop", exact=True).click()
    expect_idle(page)
    choose(page, "Closed port")
    box(page).fill("Are you there?")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(last_answer(page).get_by_role("alert")).to_be_visible()
    expect_idle(page)
    look(page, "failure")
    if page.locator("#open-nav").is_visible():
        page.locator("#open-nav").click()
        expect(page.locator("#close-nav")).to_be_focused()
        look(page, "drawer")
        page.keyboard.press("Escape")
        expect(page.locator("#open-nav")).to_be_focused()


def test_the_pages_of_the_api(themed_page, look, picture, site, problems, request):
    problems.expect("status of 400")
    page = themed_page
    page.goto("/api/models?page_size=2&page=2")
    look(page, "api-list")
    page.get_by_role("textbox", name="JSON").fill("{}")
    page.get_by_role("button", name="POST").click()
    expect(page.get_by_role("status")).to_contain_text("400 Bad Request: name: This field is required.")
    look(page, "api-refused")
    page.goto(f"/api/models/{site.rows['model']}")
    look(page, "api-model")
    page.get_by_role("button", name="DELETE").click()
    look(page, "api-delete")
    page.goto("/api/")
    look(page, "api-root")
    # Not checked for accessibility: what it draws is Swagger UI's.
    page.goto("/api/docs")
    page.get_by_role("button", name="POST /api/models Make a model").click()
    expect(page.locator(".opblock-body")).to_be_visible()
    picture(page, f"api-docs-{request.node.callspec.id}")
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_door(open_context, site, look, theme):
    context = open_context(viewport=DESK)
    context.add_cookies([{"name": "theme", "value": theme, "url": site.address}])
    page = context.new_page()
    page.goto("/accounts/login/")
    look(page, "login")


@pytest.mark.parametrize("theme", ["light-desk", "dark-phone"])
def test_somebody_without_a_password(open_page, site, look, theme):
    color, device = theme.split("-")
    page = open_page("/accounts/login/", user="carol", viewport=DESK if device == "desk" else PHONE)
    page.context.add_cookies([{"name": "theme", "value": color, "url": site.address}])
    page.goto("/")
    if device == "phone":
        page.locator("#open-nav").click()
        expect(page.locator("#close-nav")).to_be_focused()
    expect(page.get_by_text("You have no password yet.")).to_be_visible()
    look(page, "no-password")
    page.get_by_role("link", name="Set one").click()
    expect(page.get_by_label("Password", exact=True)).to_be_focused()
    page.get_by_label("Password", exact=True).fill("short")
    page.get_by_label("The same password again").fill("short")
    page.get_by_role("button", name="Set password").click()
    expect(page.get_by_role("alert")).to_contain_text("too short")
    look(page, "first-password")


@pytest.mark.parametrize("path", ["/c/7b4b2f6e-7a27-4f3a-9b8b-0d3a3f6f8a11/"], ids=["light"])
def test_a_page_that_is_not_there(open_page, problems, look, path):
    problems.expect("status of 404")
    page = open_page(path)
    expect(page.get_by_role("heading", name="Page not found")).to_be_visible()
    look(page, "not-found")


def test_the_theme_button_is_remembered_by_the_server(page):
    root = page.locator("html")
    expect(root).not_to_have_attribute("data-theme", "dark")
    page.get_by_role("button", name="Theme: automatic").click()
    page.get_by_role("button", name="Theme: light").click()
    expect(root).to_have_attribute("data-theme", "dark")
    assert 'data-theme="dark"' in page.request.get("/").text()
    page.get_by_role("button", name="Theme: dark").click()
    assert "data-theme=" not in page.request.get("/").text().split(">")[1]
