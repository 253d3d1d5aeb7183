"""What a page is: one story, a blog that goes on by the minute, a gallery, the open start of a paid story, or a list of others.

By what the page says of itself (schema.org types, og:type, `isAccessibleForFree`) and by its shape. A page that is but a list of
links to stories is told apart only where its own word, its address and its shape agree; all others are kept and marked. Pure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import urlsplit

from services.normalization.extraction import Extracted
from services.normalization.jsonld import ARTICLES
from services.normalization.outline import Outline, Piece
from services.normalization.phrases import fold

PageKind = Literal["story", "live-blog", "gallery", "stub", "index"]

MANY_TIMES: Final = 5
"""Entries with a time of their own, from which a page that calls itself live is a live blog."""
MANY_PICTURES: Final = 8
WORDS_A_PICTURE: Final = 350
"""Characters of text a picture, below which pictures are the story."""
BEHIND: Final = 6
"""Blocks behind a body among which a request to subscribe is its end."""
FEW: Final = 100
"""Blocks looked at on a page without a body."""
SHORT: Final = 1500
"""Characters of text, above which a story that others pay for is more than its start."""
MANY_LINKS: Final = 12
MOST_PARTS: Final = 3
"""Parts of a list's address; a site's menu calls itself a list on every page, and stories have longer addresses."""
LITTLE: Final = 600
"""Links as headlines from which, and characters of running text up to which, a page may be a list."""

_LISTS = frozenset({"CollectionPage", "SearchResultsPage"})
_ALSO_OF_LISTS = frozenset({"ItemList", "WebSite"})
"""Types that pages of stories bear as well, for their menus and their site."""
_OF_ONE = ARTICLES | {"VideoObject", "AudioObject", "PodcastEpisode", "Recipe", "Event"}
"""Types of pages about one thing, however little text they have."""
_GALLERIES = frozenset({"ImageGallery", "MediaGallery"})
_LIVE = re.compile(
    r"\blive[\s-]?(?:blog|ticker|updates?)?\b|\+\+\+|newsblog|newsticker|\ben (?:direct|vivo)\b|in diretta|ao vivo|"
    r"λεπτο προς λεπτο|ζωντανα"
)
_CLOCK = re.compile(
    r"(?:[a-z]{0,12}\.?\s)?(?:um\s)?\d{1,2}(?:[:.h]\d{2})(?:\s?(?:uhr|h|am|pm|a\.m\.|p\.m\.|bst|gmt|cest|cet|est|edt|et))?",
    re.IGNORECASE,
)
_PICTURES = re.compile(
    r"(?:^|[/_.-])(?:photo-?)?(?:gallery|galler(?:ies|y)|galerie|galeria|galerias|bildergalerie|fotostrecke|fotogalerie|fotogallery|slideshow"
    r"|diaporama|fotos|photos|photogallery|in-pictures|fotogaleria|bilder|fotografies|photostory)(?:[/_.-]|$)"
)
_PAID = tuple(
    fold(phrase)
    for phrase in (
        "subscribe to continue", "subscribe to read", "to continue reading", "to read the full story", "for subscribers only",
        "this article is for subscribers", "exclusive to subscribers", "already a subscriber", "premium content",
        "μόνο για συνδρομητές", "αποκλειστικά για συνδρομητές", "γίνετε συνδρομητής για", "για να διαβάσετε τη συνέχεια",
        "nur für abonnenten", "für abonnenten", "weiterlesen mit", "jetzt weiterlesen", "um den artikel weiterzulesen",
        "réservé aux abonnés", "réservé à nos abonnés", "il vous reste", "pour lire la suite", "déjà abonné",
        "solo para suscriptores", "exclusivo para suscriptores", "para seguir leyendo", "ya eres suscriptor",
        "riservato agli abbonati", "per continuare a leggere", "contenuto per gli abbonati", "sei già abbonato",
        "exclusivo para assinantes", "para continuar a ler", "para continuar lendo", "conteúdo para assinantes",
    )
)  # fmt: skip
"""What stands where the rest of a paid story would, in seven languages."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a page says of itself: the types in its JSON-LD, og:type, whether all of it is free to read, titles and address."""

    types: frozenset[str]
    og_type: str
    is_free: bool | None
    titles: str
    address: str
    pictures: int
    times: int
    """Elements `figure`, and `time`."""


def kind_of_page(said: Said, outline: Outline, body: Extracted) -> PageKind:
    """The page's kind; `story` unless something speaks for another."""
    if _is_list(said, outline, body):
        return "index"
    if "LiveBlogPosting" in said.types or (_LIVE.search(fold(said.titles)) and _entries(said, outline) >= MANY_TIMES):
        return "live-blog"
    if _is_gallery(said, body):
        return "gallery"
    return "stub" if _is_stub(said, outline, body) else "story"


def _entries(said: Said, outline: Outline) -> int:
    clocks = sum(1 for piece in outline.pieces if len(piece.text) <= 24 and _CLOCK.fullmatch(piece.text))
    return max(clocks, said.times)


def _is_gallery(said: Said, body: Extracted) -> bool:
    if said.types & _GALLERIES and not said.types & ARTICLES:
        return True
    if said.pictures < MANY_PICTURES or body.length > said.pictures * WORDS_A_PICTURE:
        return False
    return (
        bool(said.types & _GALLERIES) or "gallery" in said.og_type or _PICTURES.search(_path(said).lower()) is not None
    )


def _is_stub(said: Said, outline: Outline, body: Extracted) -> bool:
    """Whether the text ends where others pay; one that has the whole of it is a story."""
    if body.length >= SHORT:
        return False
    return said.is_free is False or any(_asks_for_money(piece) for piece in _at_the_end(outline, body))


def _at_the_end(outline: Outline, body: Extracted) -> list[Piece]:
    """The body's pieces and the few behind it; teasers of paid stories stand farther off."""
    inside = {id(piece) for piece in body.pieces}
    places = [number for number, piece in enumerate(outline.pieces) if id(piece) in inside]
    return outline.pieces[places[0] : places[-1] + 1 + BEHIND] if places else outline.pieces[:FEW]


def _asks_for_money(piece: Piece) -> bool:
    if len(piece.text) > 300:
        return False
    folded = fold(piece.text)
    return any(phrase in folded for phrase in _PAID)


def _is_list(said: Said, outline: Outline, body: Extracted) -> bool:
    if said.types & ARTICLES or said.og_type.startswith(("article", "video")) or body.length > LITTLE:
        return False
    links = sum(1 for piece in outline.pieces if piece.links > 0.6 and 25 <= len(piece.text) <= 250)
    if links < MANY_LINKS:
        return False
    parts = [part for part in _path(said).split("/") if part]
    shallow = len(parts) <= 2 and not any(letter.isdigit() or letter == "-" for part in parts for letter in part)
    if said.types & _OF_ONE and not shallow:
        return False
    is_site = said.og_type == "website" or bool(said.types & _ALSO_OF_LISTS)
    return bool(said.types & _LISTS) or (bool(said.address) and shallow) or (is_site and len(parts) <= MOST_PARTS)


def _path(said: Said) -> str:
    try:
        return urlsplit(said.address).path
    except ValueError:
        return ""
