"""A page as its blocks of text in reading order, each with its share of links and the furniture around it. Pure.

One walk over the parsed page. An element whose name or kind tells of furniture (`furniture`) marks the blocks in it; what of
that is furniture indeed is decided once the text of the whole page is known: a region that holds the headline, or much of
the page's text, is none.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Final

from lxml.etree import _Element

from services.normalization import furniture

MUCH: Final = 0.4
"""Share of a page's running text above which a region is no furniture, whatever its name says."""
RUNNING: Final = 60
"""Characters from which a block counts as running text."""

Key = tuple[str, str]

_NO_TEXT = frozenset(
    {
        "script", "style", "noscript", "template", "svg", "math", "iframe", "object", "embed", "video", "audio",
        "canvas", "button", "select", "input", "textarea", "option", "label", "figcaption", "figure", "picture", "img",
        "link", "meta", "head", "map", "area",
    }
)  # fmt: skip
_REGIONS = frozenset({"nav", "footer", "aside", "menu", "form", "dialog"})
_BLOCKS = frozenset(
    {
        "p", "div", "section", "article", "main", "header", "ul", "ol", "li", "dl", "dt", "dd", "table", "tbody",
        "thead", "tfoot", "tr", "td", "th", "blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "address",
        "center", "details", "summary", "hr", "fieldset", "body", "hgroup",
    }
) | _REGIONS  # fmt: skip
HEADINGS: Final = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_PLAIN = frozenset({"a", "b", "strong", "em", "i", "u", "font", "sup", "sub", "abbr", "mark"})
"""Parts of running text that are never furniture by themselves."""
_IDENTIFIED = frozenset({"div", "section", "ul", "ol", "header", "span", "table", "td"})
"""Whose `id` is looked at; that of a heading is often the heading itself."""
_OWN = HEADINGS | {"p", "li", "blockquote", "pre"}
_EMPTY_LINE = re.compile(r"\n[ \t\r]*\n")
"""What parts paragraphs in a text whose line breaks are kept (`pre`)."""


@dataclass(slots=True, eq=False)
class Piece:
    """A block of text: `tag` is p, li, blockquote, pre, h1 to h6, or div for any other container."""

    tag: str
    text: str
    links: float
    """Share of its characters that are in links."""
    regions: tuple[Key, ...]
    parent: _Element | None
    """Of the element that holds it."""
    holder: _Element
    kind: str = ""
    score: float = 0.0


@dataclass(slots=True)
class Outline:
    """All pieces of a page; `total` is the length of its running text, each text counted once."""

    pieces: list[Piece]
    total: int
    furniture: frozenset[Key] = field(default_factory=frozenset)

    def is_furniture(self, piece: Piece) -> bool:
        """Whether the piece stands in furniture."""
        return bool(piece.regions) and not self.furniture.isdisjoint(piece.regions)

    def is_in_layout_alone(self, piece: Piece) -> bool:
        """Whether all furniture around the piece is of names that pages are also laid out with (photo, gallery, video)."""
        return all(furniture.is_layout(key) for key in piece.regions if key in self.furniture)


def read_outline(tree: _Element) -> Outline:
    """The outline of a page; empty if there is no text in it."""
    walk = _Walk()
    for body in tree.iter("body"):
        walk.enter(body, "div", (), False)
        walk.flush("div", (), body)
    good: set[Key] = set()
    for piece in walk.pieces:
        if piece.tag == "h1" and not any(
            key[0] in ("<nav>", "<footer>") or "breadcrumb" in key[0] for key in piece.regions
        ):
            good.update(piece.regions)
    bad = frozenset(
        key
        for key in walk.keys
        if key not in good and (walk.lengths[key] <= MUCH * walk.total or furniture.is_hard(key))
    )
    return Outline(walk.pieces, walk.total, bad)


class _Walk:
    """Collects pieces; every element of a block's kind ends the one before it."""

    def __init__(self) -> None:
        self.pieces: list[Piece] = []
        self.keys: set[Key] = set()
        self.lengths: dict[Key, int] = defaultdict(int)
        self.total = 0
        self._run: list[str] = []
        self._linked = 0
        self._seen: set[str] = set()

    def flush(self, tag: str, regions: tuple[Key, ...], holder: _Element) -> None:
        """End the piece that is being read."""
        whole = "".join(self._run)
        for part in _EMPTY_LINE.split(whole) if tag == "pre" else (whole,):
            self._piece(" ".join(part.split()), tag, regions, holder)
        self._run = []
        self._linked = 0

    def _piece(self, text: str, tag: str, regions: tuple[Key, ...], holder: _Element) -> None:
        if text:
            length = len(text)
            links = min(1.0, self._linked / length)
            self.pieces.append(Piece(tag, text, links, regions, holder.getparent(), holder))
            if length >= RUNNING and links < 0.5 and text not in self._seen:
                self._seen.add(text)
                self.total += length
                for key in set(regions):
                    self.lengths[key] += length

    def _add(self, text: str, in_link: bool) -> None:
        self._run.append(text)
        if in_link:
            self._linked += len(text.strip())

    def enter(self, element: _Element, tag: str, regions: tuple[Key, ...], in_link: bool) -> None:
        """What stands in `element`, in order."""
        if (text := element.text) and (self._run or not text.isspace()):
            self._add(text, in_link)
        for child in element:
            name = child.tag
            if name in _NO_TEXT:
                pass
            elif name in _BLOCKS:
                if self._run:
                    self.flush(tag, regions, element)
                self._block(child, name, tag, regions, in_link)
            elif name == "br":
                self._break(child, tag, regions, element)
            elif isinstance(name, str):
                self._inline(child, name, tag, regions, in_link)
            if (text := child.tail) and (self._run or not text.isspace()):
                self._add(text, in_link)

    def _block(self, child: _Element, name: str, tag: str, regions: tuple[Key, ...], in_link: bool) -> None:
        inner = name if name in _OWN else "div"
        if tag in ("li", "blockquote") and inner in ("p", "div"):
            inner = tag  # a paragraph in a list or a quotation is still that
        key = self._key(child, name)
        around = (*regions, key) if key else regions
        self.enter(child, inner, around, in_link)
        if self._run:
            self.flush(inner, around, child)

    def _inline(self, child: _Element, name: str, tag: str, regions: tuple[Key, ...], in_link: bool) -> None:
        """A part of running text; one of furniture's name that begins a block is a block of its own."""
        linked = in_link or name == "a"
        key = None if self._run or name in _PLAIN else self._key(child, name)
        if key is None:
            self.enter(child, tag, regions, linked)
        else:
            around = (*regions, key)
            self.enter(child, tag, around, linked)
            if self._run:
                self.flush(tag, around, child)

    def _break(self, child: _Element, tag: str, regions: tuple[Key, ...], element: _Element) -> None:
        """Two breaks in a row end a paragraph."""
        self._run.append("\n")
        following = child.getnext()
        if following is not None and following.tag == "br" and not (child.tail and child.tail.strip()):
            self.flush(tag, regions, element)

    def _key(self, element: _Element, name: str) -> Key | None:
        if name in _REGIONS:
            key: Key | None = (f"<{name}>", f"{element.get('class') or ''} {element.get('id') or ''}")
        elif name in ("article", "main"):
            return None
        else:
            classes = element.get("class") or ""
            identity = (element.get("id") or "") if name in _IDENTIFIED else ""
            if not classes and not identity:
                return None
            key = furniture.named(name, classes[:300], identity[:60])
        if key:
            self.keys.add(key)
        return key
