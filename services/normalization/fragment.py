"""Marked-up text inside another format's field (`body_html`, `content:encoded`, `description`): blocks, pictures, plain words. Pure."""

from __future__ import annotations

import html
import re
from typing import NamedTuple, cast
from urllib.parse import urljoin, urlsplit

from lxml import etree
from lxml.html import HtmlElement, HTMLParser, document_fromstring

from services.normalization.layout import squeeze
from services.normalization.markup import LONGEST_ADDRESS, blocks, html_blocks, image_references
from services.normalization.parts import Block
from services.normalization.xml import MAX_TAGS, Element, too_deep
from shared.events import Image

_TAG = re.compile(
    r"</?(?:p|br|b|i|u|em|strong|a|span|div|ul|ol|li|dl|dt|dd|h[1-6]|table|tr|td|th|blockquote|q|cite|img|figure|sub|sup|small"
    r"|font|pre|code|section|article|header|footer|html|body|head|hr|abbr|time|iframe|video|block|hl2|center|strike|s|del|ins)"
    r"(?:\s[^<>]{0,2000})?/?>|<!--",
    re.IGNORECASE,
)
"""Tags of HTML and of NITF's text, and no other: `<GLD>` is a ticker."""
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")
_PIXEL = frozenset({"0", "1", "0px", "1px"})


class Fragment(NamedTuple):
    """What a piece of markup says."""

    blocks: list[Block]
    images: list[Image]

    @property
    def text(self) -> str | None:
        """The blocks with a blank line between; None if there are none."""
        return "\n\n".join(block.text for block in self.blocks) or None


def is_markup(text: str) -> bool:
    """Whether a text has tags in it."""
    return "<" in text and _TAG.search(text) is not None


def read_fragment(
    markup: str,
    address: str | None = None,
    *,
    skip: frozenset[str] = frozenset(),
    classes: frozenset[str] = frozenset(),
) -> Fragment:
    """The blocks of `markup` and the pictures it names, their addresses made whole by `address`.

    Elements of the names in `skip` and of the classes in `classes` are left out.
    """
    tree = _tree(markup)
    if tree is None:
        return Fragment(html_blocks(markup), [])
    images = [one for one in image_references(tree) if one.url]
    for element in [one for one in tree.iter("div", "span", "p") if classes & set((one.get("class") or "").split())]:
        cast("HtmlElement", element).drop_tree()
    pixels = {one.get("src") for one in tree.iter("img") if _PIXEL & {one.get("width"), one.get("height")}}
    whole = [
        Image(url=full, caption=one.caption, credit=one.credit)
        for one in images
        if one.url not in pixels and (full := absolute(one.url, address))
    ]
    return Fragment(blocks(tree, skip), whole)


def _tree(markup: str) -> Element | None:
    if not markup.strip() or markup.count("<") > MAX_TAGS:
        return None
    parser = HTMLParser(no_network=True, remove_comments=True, remove_pis=True, encoding="utf-8")
    try:
        tree = document_fromstring(markup.encode("utf-8", "replace"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError):
        return None
    return None if too_deep(tree) else tree


def words(text: str) -> str | None:
    """A field of one line that may hold tags and entities, as plain words; None if nothing is left."""
    if is_markup(text):
        return " ".join(block.text for block in html_blocks(text)) or None
    if "&" in text and _ENTITY.search(text):
        text = html.unescape(text)
    return squeeze(text) or None


def absolute(address: str | None, base: str | None = None) -> str | None:
    """An http(s) address made whole by `base`; None if it is none, or is longer than any address."""
    if not address or len(address) > LONGEST_ADDRESS:
        return None
    try:
        full = urljoin(base or "", address.strip().replace(" ", "%20"))
        whole = urlsplit(full).hostname is not None
    except ValueError:
        return None
    return full if whole and full[:8].lower().startswith(("http://", "https://")) else None
