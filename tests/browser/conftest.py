"""A real Chromium, a real server, a scripted provider. A test fails on every error that it does not name."""

import json
import os
import re
import shutil
import socket
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from llm.testing import ScriptedProvider
from tests.live_site import LiveSite

HERE = Path(__file__).parent
OUTPUT = HERE / "output"
CHROMIUM = os.environ.get("CHROMIUM_PATH") or "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
ARGUMENTS += ["--disable-sync", "--no-first-run"]

REPORT_VIOLATIONS = """
addEventListener('securitypolicyviolation', (event) => console.error(`CSP ${event.violatedDirective}`));
"""

expect.set_options(timeout=10_000)


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium_path():
    if not shutil.which(CHROMIUM):
        reason = f"there is no Chromium at {CHROMIUM}; install it or set CHROMIUM_PATH"
        if os.environ.get("REQUIRE_ALL"):
            pytest.fail(reason)
        pytest.skip(reason)
    return CHROMIUM


@pytest.fixture(scope="session")
def provider():
    with ScriptedProvider() as provider:
        yield provider


@pytest.fixture(scope="session")
def closed_port():
    """Bound and never listened on, so that nobody else can open it."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


@dataclass
class SiteWithRows(LiveSite):
    rows: dict[str, str] = field(default_factory=dict)


@pytest.fixture(scope="session")
def site(chromium_path, provider, closed_port, tmp_path_factory):
    environment = {
        "PROVIDER": provider.url,
        "CLOSED_PORT": closed_port,
        "ALLOWED_ENDPOINTS": f"{provider.url},{closed_port}",
        "MAX_TURNS_PER_USER": "50",
    }
    site = SiteWithRows(tmp_path_factory.mktemp("site"), provider.url, extra_env=environment)
    migrated = site.manage("migrate", "-v0")
    assert migrated.returncode == 0, migrated.stderr
    made = site.manage("shell", "-v0", "-c", "from tests.browser.site_rows import make; print(make())")
    assert made.returncode == 0, made.stderr
    site.rows = json.loads(made.stdout)
    site.start()
    yield site
    site.stop()


# Not for the whole session: Playwright keeps an event loop in this thread, in which async tests could not run theirs.
@pytest.fixture(scope="module")
def chromium(chromium_path):
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=ARGUMENTS)
        yield browser
        browser.close()


@dataclass
class Problems:
    """What went wrong in a browser context, minus what the test expects."""

    seen: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def expect(self, pattern: str) -> None:
        self.expected.append(pattern)

    @property
    def unexpected(self) -> list[str]:
        return [problem for problem in self.seen if not any(re.search(known, problem) for known in self.expected)]

    def watch(self, context, address: str) -> None:
        context.on("console", lambda message: message.type == "error" and self.seen.append(message.text))
        context.on("weberror", lambda error: self.seen.append(str(error.error)))
        context.on("dialog", lambda dialog: (self.seen.append(f"dialog {dialog.message}"), dialog.dismiss()))
        context.on("request", lambda request: self._request(request.url, address))
        # Violations are console errors too, but a report-only one would not be.
        context.add_init_script(REPORT_VIOLATIONS)

    def _request(self, url: str, address: str) -> None:
        if not url.startswith((address, "data:", "blob:")):
            self.seen.append(f"request to {url}")


@pytest.fixture
def problems():
    problems = Problems()
    yield problems
    assert problems.unexpected == []


@pytest.fixture
def open_context(chromium, site, problems):
    """Contexts that are watched, and signed in as alice without the login page."""
    contexts = []

    def open_one(**options):
        context = chromium.new_context(base_url=site.address, reduced_motion="reduce", **options)
        problems.watch(context, site.address)
        contexts.append(context)
        return context

    yield open_one
    for context in contexts:
        context.close()


@pytest.fixture
def open_page(open_context, site):
    """A page of somebody who is signed in, in a context of its own."""

    def open_one(path="/", user="alice", **options):
        context = open_context(**options)
        context.add_cookies([{"name": "sessionid", "value": site.rows[user], "url": site.address}])
        page = context.new_page()
        page.goto(path)
        return page

    return open_one


@pytest.fixture
def page(open_page):
    return open_page()


@pytest.fixture
def picture():
    """Save a picture for a person to look at."""
    OUTPUT.mkdir(exist_ok=True)
    return lambda page, name: page.screenshot(path=OUTPUT / f"{name}.png")
