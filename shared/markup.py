"""Whether the first characters of a text are markup, and whether that is HTML. Pure.

Wires send XML as text/plain; read as a text, it would be an article with tags in its body. But a text may begin with a
ticker ('<GLD> rose'), so a tag alone is no proof: a declaration, attributes, or a closing tag must be there.
"""

from __future__ import annotations

import re
from typing import Final, Literal

HTML_PARTS: Final = frozenset({
    "html", "head", "body", "article", "main", "section", "div", "p", "span", "title", "meta", "h1", "h2", "h3", "h4", "table",
    "blockquote", "ul", "ol", "li", "a", "b", "i", "em", "strong", "img", "br", "header", "footer", "script", "style", "link",
    "figure", "center", "font", "pre", "base", "nav", "aside", "dl", "hr", "iframe", "u", "small",
})  # fmt: skip
"""Elements that a page, or a piece of one, begins with."""

# Atomic, or it takes exponential time.
_PROLOG = re.compile(r"(?>\s+|<\?.*?\?>|<!--.*?-->|<!doctype\b[^\[>]*+(?:\[.*?\]\s*+)?>)*+", re.DOTALL | re.IGNORECASE)
_DECLARES = re.compile(r"\s*<(?:\?xml\b|!doctype\b)", re.IGNORECASE)
_TAG = re.compile(r"<(?:[\w.-]{1,60}:)?(?P<name>[A-Za-z_][\w.-]{0,60})(?P<inside>(?:\s[^<>]{0,4000})?)/?>")
_ATTRIBUTE = re.compile(r"\s[\w:.-]+\s*=\s*[\"']")
_CLOSING = re.compile(r"</[A-Za-z_][\w:.-]{0,80}\s*>")


def kind_of(text: str) -> Literal["xml", "html"] | None:
    """What a text's beginning (some kilobytes of it, as characters) is; None for what is no markup."""
    start = text.lstrip("\ufeff \t\r\n")
    if not start.startswith("<"):
        return None
    prolog = _PROLOG.match(start)
    root = _TAG.match(start, prolog.end() if prolog else 0)
    if root is None:
        return "xml" if _DECLARES.match(start) else None
    name = root["name"].lower()
    if name in HTML_PARTS:
        return "html" if _DECLARES.match(start) or _ATTRIBUTE.search(root["inside"]) or _closes(start) else None
    if _DECLARES.match(start) or _ATTRIBUTE.search(root["inside"]) or _CLOSING.search(start, root.end()):
        return "xml"
    return None


def _closes(text: str) -> bool:
    """HTML's own elements need not be closed: a second one is enough."""
    tags = [match["name"].lower() for match in _TAG.finditer(text)]
    return _CLOSING.search(text) is not None or sum(tag in HTML_PARTS for tag in tags) >= 2
