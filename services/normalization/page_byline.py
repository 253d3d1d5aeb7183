"""Who wrote a page's story by the byline that readers see, for pages whose head names but the site, or nobody. Pure.

A byline stands around the headline or at the text's end, and mostly in an element whose name says so. What stands elsewhere
(teasers, comments, menus) names the authors of other texts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final, cast

from lxml.etree import _Element

from services.normalization import bylines
from services.normalization.dom import is_outside, text_of
from services.normalization.extraction import Extracted
from services.normalization.outline import Outline, Piece

ABOVE: Final = 8
BELOW: Final = 15
BEHIND: Final = 6
"""Blocks above and below the headline, and behind the text, among which a byline is looked for."""
LONGEST: Final = 200
CLIMB: Final = 3
"""Elements above a block whose names are looked at."""
PARTS: Final = 12
"""Parts of a block that are looked at by themselves."""
OTHERS: Final = 5
"""Elements above a byline that may tell that it is a comment's or a teaser's."""

MOST_LETTERS: Final = 120
"""Of a `class` or `id` that are looked at."""

_NAMED = re.compile(
    r"byline|author(?!i)|autor(?!i[sz])|auteur|writer|verfasser|firma\b|signature|creator|attribution|journalist|reporter"
    r"|contributor|skribent|forfatter|byliner|signatur",
    re.IGNORECASE,
)
_OF_OTHERS = re.compile(r"comment|teaser|related|recommend|promo|menu|sidebar|newsletter", re.IGNORECASE)


def byline_on(outline: Outline, body: Extracted, sites: Iterable[str]) -> list[str]:
    """The persons and agencies that sign the story; empty if none is found. `sites` are the names of the site itself."""
    own = list(sites)
    near = _near(outline.pieces, body)
    for element in _named_elements(near):
        if found := bylines.without_site(_names_in(element), own):
            return found
    lines = (bylines.signed(line) for piece in near for line in _lines(piece))
    return next((found for names in lines if (found := bylines.without_site(names, own))), [])


def _near(pieces: list[Piece], body: Extracted) -> list[Piece]:
    """The blocks where a byline may stand: below the headline, above it, behind the text."""
    places = {id(piece): number for number, piece in enumerate(pieces)}
    first = places[id(body.pieces[0])] if body.pieces else 0
    last = places[id(body.pieces[-1])] if body.pieces else 0
    headline = place_of_headline(pieces, first)
    start = first if headline is None else headline
    below = pieces[start + 1 : max(start + BELOW, min(first + 3, start + 3 * BELOW))]
    above = pieces[max(start - ABOVE, 0) : start + 1]
    behind = pieces[last : last + BEHIND]
    return below + above + behind if headline is not None else above + below + behind


def place_of_headline(pieces: list[Piece], first: int) -> int | None:
    """Where the headline stands: the last `h1` above the text, which begins at `first`, else the page's first one."""
    places = [number for number, piece in enumerate(pieces) if piece.tag == "h1"]
    above = [number for number in places if number <= first]
    return above[-1] if above else next(iter(places), None)


def _lines(piece: Piece) -> Iterator[str]:
    """A block's text, and each of its parts: 'Written by Eliaser N.' may stand beside a date in one line."""
    if len(piece.text) <= LONGEST:
        yield piece.text
        parts = [" ".join(part.split()) for part in cast("Iterator[str]", piece.holder.itertext())]
        yield from parts if 1 < len(parts) <= PARTS else ()


def _named_elements(pieces: list[Piece]) -> Iterator[_Element]:
    """The elements around these blocks that are called a byline, the innermost first, each once."""
    seen: set[_Element] = set()
    for piece in pieces:
        if len(piece.text) > LONGEST:
            continue
        element: _Element | None = piece.holder
        for _ in range(CLIMB):
            if element is None or element.tag in ("body", "html", "article", "main"):
                break
            if element not in seen and _is_named(element):
                seen.add(element)
                if not _is_of_others(element):
                    yield element
            element = element.getparent()
        for inner in islice(piece.holder.iter("a", "span", "strong", "b", "cite", "em"), PARTS):
            if inner not in seen and _is_named(inner):
                seen.add(inner)
                if not _is_of_others(inner):
                    yield inner


def _is_named(element: _Element) -> bool:
    if element.get("rel") == "author" or element.get("itemprop") == "author":
        return True
    names = f"{(element.get('class') or '')[:MOST_LETTERS]} {(element.get('id') or '')[:MOST_LETTERS]}"
    return _NAMED.search(names) is not None or any(
        one.get("rel") == "author" or one.get("itemprop") == "author" for one in element.iterchildren("a", "span")
    )


def _is_of_others(element: _Element) -> bool:
    if is_outside(element):
        return True
    around = [element, *element.iterancestors()][:OTHERS]
    return any(one.tag != "body" and _OF_OTHERS.search(one.get("class") or "") for one in around)


def _names_in(element: _Element) -> list[str]:
    """The persons that an element names: by its links, by its parts, by its line."""
    line = text_of(element)
    if len(line) > LONGEST:
        return []
    links = [words for one in element.iter("a") if (words := text_of(one))]
    parts = (" ".join(part.split()) for part in cast("Iterator[str]", element.itertext()))
    return bylines.persons(links) or bylines.persons(part for part in parts if part) or bylines.persons([line])
