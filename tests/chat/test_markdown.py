"""The two parsers follow one set of rules, and nothing that a model writes becomes active HTML."""

import json
import os
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from chat.markdown import LONGEST_PARSED, parser, render

HERE = Path(__file__).parent
STATIC = HERE.parents[1] / "chat/static"
TEXT = (HERE / "markdown_cases.json").read_text()
CASES = json.loads(TEXT)
PIECES = json.loads((HERE / "markdown_hostile.json").read_text())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_python_gives_the_html_of_the_shared_cases(case):
    assert parser.render(case["markdown"]) == case["html"]


def test_the_page_gives_the_html_of_the_shared_cases():
    node = shutil.which("node")
    if not node and not os.environ.get("REQUIRE_ALL"):
        pytest.skip("node is not installed")
    assert node, "REQUIRE_ALL is set and node is not installed"
    library = next((STATIC / "vendor").glob("markdown-it-*/markdown-it.umd.min.js"))
    command = [node, HERE / "render_markdown.mjs", library, STATIC / "chat/markdown.js"]
    done = subprocess.run(command, input=TEXT, capture_output=True, text=True, check=True, timeout=30)
    by_name = zip((case["name"] for case in CASES), json.loads(done.stdout), strict=True)
    assert dict(by_name) == {case["name"]: case["html"] for case in CASES}


class Structure(HTMLParser):
    """Tags, attributes and text in order: what a serialiser may not change."""

    def __init__(self, html):
        super().__init__()
        self.found = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, sorted(attrs)))

    def handle_endtag(self, tag):
        self.found.append(tag)

    def handle_data(self, data):
        self.found.append(data)


SANITISED_DIFFERENTLY = {
    "links": "a title attribute goes",
    "image in a link": "HTML knows no link inside a link",
    "control characters": "the replacement for NUL arrives in another piece",
}


@pytest.mark.parametrize(
    "case", [case for case in CASES if case["name"] not in SANITISED_DIFFERENTLY], ids=lambda case: case["name"]
)
def test_the_sanitiser_leaves_our_own_html_alone(case):
    assert Structure(render(case["markdown"])).found == Structure(case["html"]).found


@pytest.mark.parametrize(
    "hostile",
    [
        "<img src=x onerror=alert(1)>",
        "<svg/onload=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](//evil.example)",
        "[x](\\\\evil.example)",
        "![x](data:image/svg+xml;base64,PHN2Zz4=)",
        '<https://example.com/" onmouseover="alert(1)>',
        '```"><script>alert(1)</script>\nx\n```',
        "|a|\n|:-:|\n|<style>*{}</style>|",
        "[x]: javascript:alert(1)\n\n[x]",
        "<a id=location name=cookie>",
    ],
)
def test_nothing_active_survives(hostile):
    for item in Structure(render(hostile)).found:
        if isinstance(item, tuple):
            tag, attrs = item
            assert tag in {"p", "a", "pre", "code", "table", "thead", "tbody", "tr", "th", "td"}
            assert {name for name, _ in attrs} <= {"href", "target", "rel", "class"}
            assert dict(attrs).get("href", "#").startswith(("https://", "#", "/", "%5C%5C")), hostile


def test_an_image_becomes_a_link_that_names_its_host():
    html = render("![chart](https://example.com/c.png?leak=1)")
    assert "<img" not in html
    assert ">chart (example.com)</a>" in html


class Calls:
    """How many Python functions were called: work that is the same on a busy machine."""

    def __init__(self):
        self.count = 0

    def __call__(self, _frame, event, _arg):
        self.count += event == "call"


def calls_to_parse(text):
    calls = Calls()
    before = sys.getprofile()
    sys.setprofile(calls)
    try:
        parser.render(text)
    finally:
        sys.setprofile(before)
    return calls.count


@pytest.mark.parametrize("piece", PIECES)
def test_hostile_text_costs_little_and_twice_as_much_costs_twice(piece):
    length = 1_500
    once, twice = (calls_to_parse(piece * (size // len(piece))) for size in (length, 2 * length))
    # Followed without a bound, "![a" takes 600 calls a character.
    assert once < 120 * length
    assert twice < 3 * once + 100


def test_a_text_that_is_too_long_is_shown_unparsed():
    text = "*a* <b>\n".ljust(LONGEST_PARSED, "x")
    assert parser.render(text).startswith("<p><em>a</em>")
    html = render(text + "*")
    assert html.startswith("<pre><code>*a* &lt;b&gt;\n")
    assert html.endswith("x*</code></pre>\n")
