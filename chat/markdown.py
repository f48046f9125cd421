"""A model's Markdown as HTML that is safe to show. While an answer streams, `static/chat/markdown.js` does the same."""

from __future__ import annotations

import logging
import re
from collections.abc import MutableMapping, Sequence
from typing import TYPE_CHECKING, Any

import nh3
from markdown_it import MarkdownIt, rules_core
from markdown_it.common.utils import escapeHtml
from markdown_it.parser_inline import ParserInline
from markdown_it.token import Token

if TYPE_CHECKING:
    from markdown_it.renderer import RendererHTML
    from markdown_it.rules_core import StateCore

logger = logging.getLogger(__name__)

TAGS = {
    *("p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "strong", "em", "s", "code", "pre", "blockquote"),
    *("ul", "ol", "li", "table", "thead", "tbody", "tr", "th", "td", "a"),
}
ATTRIBUTES = {
    "a": {"href", "target", "rel", "class"},
    "code": {"class"},
    "th": {"class"},
    "td": {"class"},
    "ol": {"start"},
}
CLASSES = re.compile(r"ta-[lcr]|image|language-\S{1,64}")
ADDRESSES = re.compile(r"(?:https?:|mailto:|#|/(?!/))", re.IGNORECASE)
HOST = re.compile(r"https?://([^/?#]+)", re.IGNORECASE)

# Every open bracket makes the parser look ahead, up to a hundred levels deep: 24 KB of "![a" took 1.5 s, now 0.03 s.
MOST_OPEN_BRACKETS = 10
# A whole label, with spans of code at most: looking ahead from its bracket ends at its own end.
LABEL = re.compile(r"\[[^\[\]`\\<]*(?:(?<!`)`[^`\[\]]+`(?!`)[^\[\]`\\<]*)*\]")
# Lists and headings cost up to 9 microseconds a character, so that even this much takes seconds.
LONGEST_PARSED = 400_000

Env = MutableMapping[str, Any]
Tokens = Sequence[Token]


def render(text: str) -> str:
    """HTML for `text`: no scripts, no styles, nothing that loads by itself."""
    return nh3.clean(
        parser.render(text), tags=TAGS, attributes=ATTRIBUTES, attribute_filter=keep_attribute, link_rel=None
    )


def render_if_possible(text: str) -> str:
    """HTML for `text`, or "" where the parser gives up: one answer must not stop who works on many."""
    try:
        return render(text)
    except Exception:
        logger.exception("a text of %s characters cannot be rendered", len(text))
        return ""


def keep_attribute(_tag: str, name: str, value: str) -> str | None:
    allowed = {"class": CLASSES.fullmatch, "href": ADDRESSES.match}.get(name)
    return value if allowed is None or allowed(value) else None


def build_parser() -> MarkdownIt:
    parser = MarkdownIt("js-default", {"html": False, "linkify": True, "breaks": True, "typographer": False})
    # Guessing turns AGENTS.md into a link to a domain in Moldova.
    parser.linkify.set({"fuzzy_link": False, "fuzzy_email": False, "fuzzy_ip": False})
    for schema in ("//", "ftp:"):
        parser.linkify.add(schema, None)
    parser.core.ruler.at("block", block)
    parser.core.ruler.at("inline", inline)
    parser.add_render_rule("th_open", cell_open)
    parser.add_render_rule("td_open", cell_open)
    parser.add_render_rule("link_open", link_open)
    parser.add_render_rule("image", image_as_link)
    return parser


def block(state: StateCore) -> None:
    if len(state.src) <= LONGEST_PARSED:
        rules_core.block(state)
    else:
        token = Token("code_block", "code", 0)
        token.content = state.src
        state.tokens.append(token)


def inline(state: StateCore) -> None:
    for token in state.tokens:
        if token.type == "inline":
            rules = linkless if has_costly_brackets(token.content) else state.md.inline
            token.children = rules.parse(token.content, state.md, state.env, [])


def has_costly_brackets(text: str) -> bool:
    return text.count("[") > MOST_OPEN_BRACKETS and LABEL.sub("", text).count("[") > MOST_OPEN_BRACKETS


def build_linkless() -> ParserInline:
    parser = ParserInline()
    parser.ruler.disable(["link", "image"])
    return parser


def cell_open(self: RendererHTML, tokens: Tokens, index: int, options: Any, env: Env) -> str:
    """Alignment as a class: the policy of the page forbids style attributes and reports every one."""
    token = tokens[index]
    style = str(token.attrs.pop("style", ""))
    if style:
        token.attrJoin("class", "ta-" + style.removeprefix("text-align:")[0])
    return self.renderToken(tokens, index, options, env)


def link_open(self: RendererHTML, tokens: Tokens, index: int, options: Any, env: Env) -> str:
    tokens[index].attrSet("target", "_blank")
    tokens[index].attrSet("rel", "noopener noreferrer nofollow")
    return self.renderToken(tokens, index, options, env)


def image_as_link(_self: RendererHTML, tokens: Tokens, index: int, _options: Any, _env: Env) -> str:
    """A link that names its host. An image that loads by itself would carry words of the chat to whoever serves it."""
    source = str(tokens[index].attrGet("src") or "")
    host = HOST.match(source)
    label = (tokens[index].content or "image") + (f" ({host[1]})" if host else "")
    return (
        f'<a href="{escapeHtml(source)}" class="image" target="_blank" rel="noopener noreferrer nofollow">'
        f"{escapeHtml(label)}</a>"
    )


linkless = build_linkless()
parser = build_parser()
