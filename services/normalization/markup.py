"""Marked-up text (XHTML, NITF and what wires make of them) in an XML tree, as blocks of one line each. Pure.

White space is folded as markup says, but kept apart in `pre`. A table is a block a row. Pictures, scripts and what hangs
on them are left out: they are no text. An element of no known kind is part of the running text around it, and a block of
its own where there is no such text.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

from lxml import etree

from services.normalization import layout
from services.normalization.parts import Block, BlockTag
from services.normalization.xml import MAX_TAGS, Element, attribute, descendants, too_deep
from shared.events import Image

CELLS = " | "
"""Between the cells of a table's row."""
_ANY_TAG = re.compile(r"<[^<>]{0,2000}>")
LONGEST_ADDRESS = 2048
"""Characters; longer addresses are left out."""

_TAGS: dict[str, BlockTag] = {
    "h1": "h2", "h2": "h2", "h3": "h3", "h4": "h3", "h5": "h3", "h6": "h3", "hl1": "h2", "hl2": "h2", "li": "li", "dt": "p",
    "dd": "p", "blockquote": "blockquote", "bq": "blockquote", "p": "p", "rubrik": "h2", "mellis": "h3",
}  # fmt: skip
_CONTAINERS = frozenset({
    "html", "body", "body.content", "body.head", "body.end", "block", "div", "section", "article", "main", "header", "footer",
    "aside", "ul", "ol", "dl", "center", "address", "hedline", "nitf-table", "table", "thead", "tbody", "tfoot", "caption",
    "nitf-colgroup", "details", "summary", "fieldset", "datacontent", "inlinexml",
})  # fmt: skip
_NO_TEXT = frozenset({
    "script", "style", "noscript", "template", "img", "figure", "picture", "object", "iframe", "video", "audio", "svg", "math",
    "form", "button", "input", "media", "head", "title", "link", "meta", "nitf-table-metadata", "col", "colgroup",
})  # fmt: skip
INLINE = frozenset({
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "em", "font", "i", "ins", "kbd", "mark", "q", "s",
    "samp", "small", "span", "strike", "strong", "sub", "sup", "time", "tt", "u", "var", "alt-code", "chron", "classifier",
    "city", "company", "copyrite", "country", "event", "frac", "function", "lang", "location", "money", "name.family",
    "name.given", "num", "object.title", "org", "person", "postaddr", "pronounce", "region", "state", "sublocation", "virtloc",
})  # fmt: skip
"""Parts of running text even where nothing stands beside them, in XHTML and NITF."""
_BREAKS = frozenset({"br", "hr"})


def blocks(element: Element, skip: frozenset[str] = frozenset()) -> list[Block]:
    """The text in `element` as blocks; elements whose local name in lower case is in `skip` are left out."""
    reader = _Reader(_NO_TEXT | skip if skip else _NO_TEXT)
    reader.enter(element)
    reader.flush()
    return reader.found


def paragraphs(element: Element, skip: frozenset[str] = frozenset()) -> str | None:
    """`blocks` as text with a blank line between them; None if there is none."""
    return "\n\n".join(block.text for block in blocks(element, skip)) or None


@cache
def _parser() -> etree.HTMLParser:
    """Not that of `lxml.html`, which asks for a class of its own for every element."""
    return etree.HTMLParser(no_network=True, remove_comments=True, remove_pis=True, encoding="utf-8")


def html_blocks(markup: str) -> list[Block]:
    """The blocks of HTML given as text (escaped, or in CDATA), however badly it is written."""
    if not markup.strip() or markup.count("<") > MAX_TAGS:
        return []
    try:
        tree = etree.fromstring(markup.encode("utf-8", "replace"), _parser())
    except (etree.ParserError, etree.XMLSyntaxError):
        tree = None  # nothing but comments or tags, or nested beyond what libxml2 reads
    if tree is not None and not too_deep(tree):
        return blocks(tree)
    words = layout.squeeze(_ANY_TAG.sub(" ", markup))
    return [Block("p", words)] if words else []


def image_references(element: Element) -> list[Image]:
    """The pictures that running text names (`img`), each once, in order."""
    found: dict[str, Image] = {}
    for one in descendants(element, "img"):
        address = attribute(one, "src")
        if address and len(address) <= LONGEST_ADDRESS and not address.startswith("data:"):
            found.setdefault(address, Image(url=address, caption=attribute(one, "alt")))
    return list(found.values())


@lru_cache(maxsize=2048)
def _name(tag: str) -> str:
    """A tag's local name in lower case."""
    return str(tag).rpartition("}")[2].lower()


class _Reader:
    """Collects running text; every element of a block's kind ends what came before it."""

    def __init__(self, skip: frozenset[str]) -> None:
        self.skip = skip
        self.found: list[Block] = []
        self.run: list[str] = []
        self.tag: BlockTag = "p"

    def flush(self) -> None:
        """End the block that is being read."""
        if self.run:
            if text := " ".join("".join(self.run).split()):
                self.found.append(Block(self.tag, text))
            self.run = []

    def enter(self, element: Element) -> None:
        """What stands in `element`, in order."""
        if element.text:
            self.run.append(element.text)
        if not len(element):
            return
        alone = not (element.text and element.text.strip()) and not any(
            child.tail and child.tail.strip() for child in element
        )
        for child in element:
            self._read(child, _name(child.tag), alone=alone)
            if child.tail:
                self.run.append(child.tail)

    def _read(self, element: Element, name: str, *, alone: bool) -> None:
        if name in self.skip:
            return
        if name in _TAGS:
            self._block(element, _TAGS[name])
        elif name == "pre":
            self._pre(element)
        elif name == "tr":
            self._row(element)
        elif name in _CONTAINERS or (alone and name not in INLINE):
            self._block(element, self.tag)
        elif name in _BREAKS:
            self.flush()
        else:
            self.enter(element)

    def _block(self, element: Element, tag: BlockTag) -> None:
        self.flush()
        before = self.tag
        # A paragraph in a quotation or a list is still that.
        if tag == "p" and before in ("blockquote", "li"):
            tag = before
        if not len(element):
            if (text := element.text) and (text := " ".join(text.split())):
                self.found.append(Block(tag, text))
            return
        self.tag = tag
        self.enter(element)
        self.flush()
        self.tag = before

    def _row(self, element: Element) -> None:
        self.flush()
        cells = []
        for cell in element:
            inside = _Reader(self.skip)
            inside.enter(cell)
            inside.flush()
            cells.append(" ".join(block.text for block in inside.found))
        if text := CELLS.join(cell for cell in cells if cell):
            self.found.append(Block(self.tag, text))

    def _pre(self, element: Element) -> None:
        """Set text: wrapped lines are joined as in a text file, a table's lines stay."""
        self.flush()
        words = "".join(str(part) for part in element.itertext())
        self.found += [Block(self.tag, one.text) for one in layout.paragraphs(layout.strip_invisible(words)[0])]
