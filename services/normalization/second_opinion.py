"""Trafilatura's reading of a page, for pages on which our own is not sure: its body as blocks.

It parses the page once more, for it wants lxml's slower kind of tree, which all other pages can do without.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import trafilatura
from lxml.etree import _Element

from services.normalization.parts import Block, BlockTag

_BLOCKS: dict[str, BlockTag] = {
    "p": "p",
    "ab": "p",
    "fw": "p",
    "code": "p",
    "quote": "blockquote",
    "item": "li",
    "row": "p",
    "div": "p",
}


def blocks(text: str, address: str | None) -> list[Block]:
    """The body of the page with that text, in blocks; empty if trafilatura finds none."""
    document = trafilatura.bare_extraction(text, include_comments=False, output_format="xml", url=address)
    body = getattr(document, "body", None)
    return [] if body is None else [block for block in _blocks(body, None) if block.text]


def _blocks(element: _Element, inherited: BlockTag | None) -> Iterator[Block]:
    """Blocks in document order: containers are entered, leaves become one block each."""
    if element.text and len(element):
        yield Block(inherited or "p", " ".join(element.text.split()))
    for child in element:
        tag = child.tag if isinstance(child.tag, str) else ""
        if tag == "head":
            yield Block("h2", _text(child))
        elif tag == "row":
            cells = [_text(cell) for cell in child]
            yield Block("p", " ".join(cell for cell in cells if cell))
        elif tag in ("list", "table", "body", "main") or (
            tag in ("quote", "div") and any(one.tag in _BLOCKS for one in child)
        ):
            yield from _blocks(child, "blockquote" if tag == "quote" else inherited)
        elif tag in _BLOCKS:
            yield Block(inherited or _BLOCKS[tag], _text(child))
        elif tag not in ("graphic", "lb", ""):
            yield Block(inherited or "p", _text(child))
        if child.tail and child.tail.strip():
            yield Block(inherited or "p", " ".join(child.tail.split()))


def _text(element: _Element) -> str:
    return " ".join("".join(cast("Iterator[str]", element.itertext())).split())
