"""A page: one decode, one parse; what its head says (JSON-LD, OpenGraph, meta, h1, time) and its body as blocks.

The order of sources is measured (JSON-LD before meta before `time`; organizations are authors too: many bylines are
agencies). The body is our own reading of the page's outline where that is sure, which it is on nearly all pages of news, and
trafilatura's on the others.
"""

from __future__ import annotations

import html
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from functools import cached_property
from typing import Final
from urllib.parse import urljoin, urlsplit

import nh3
from htmldate import find_date
from lxml.etree import _Element

from services.normalization import bylines, second_opinion
from services.normalization.dom import is_crumb, is_outside, named, parsed, text_of
from services.normalization.extraction import Extracted, extract
from services.normalization.headline import Source, headlines, letters, plain
from services.normalization.jsonld import Graph
from services.normalization.moments import LONGEST, is_moment
from services.normalization.outline import Outline, Piece, read_outline
from services.normalization.page_byline import byline_on, place_of_headline
from services.normalization.page_dates import Found, corrected_by, first_readable, zone_of
from services.normalization.page_kind import PageKind, Said, kind_of_page
from services.normalization.parts import Block, BlockTag, GivenDate
from services.normalization.phrases import fold
from services.normalization.zones import is_day_first
from shared.events import Image

SURE_SHARE: Final = 0.3
SURE_LENGTH: Final = 200
"""Share of a page's running text, and characters, from which our own reading of a body needs no second opinion."""
MOST_CHARACTERS: Final = 3_000_000
MOST_PIECES: Final = 5_000
"""Of a page about which trafilatura and htmldate are asked; pages of news have some hundred blocks."""
LONG_HEADLINE: Final = 20
"""Letters of a headline from which it is known within a longer title."""
EDGE: Final = 3
"""Blocks at either end of a body among which a date or byline is no part of it."""
LONG: Final = 1500
"""Characters of a body that is believed whatever its share: pages go on with other stories."""

_PUBLISHED = (
    "article:published_time", "og:article:published_time", "og:published_time", "datepublished", "parsely-pub-date",
    "publish-date", "publish_date", "pubdate", "publication_date", "dc.date.issued", "dcterms.created", "dcterms.date",
    "dc.date", "sailthru.date", "cxenseparse:recs:publishtime", "article.published", "date",
)  # fmt: skip
_UPDATED = ("article:modified_time", "og:updated_time", "last-modified", "lastmod", "datemodified", "dcterms.modified")
_AUTHORS = (
    "author", "article:author", "parsely-author", "dc.creator", "byl", "sailthru.author", "cxenseparse:author", "twitter:data1",
)  # fmt: skip
_HEAD = ("meta", "script", "title", "h1", "time", "link", "figure")
_DATES = (
    "//*[@itemprop='datePublished' or contains(@class,'date') or contains(@class,'Date') or contains(@class,'time') or "
    "contains(@class,'publi') or contains(@class,'fecha') or contains(@class,'datum') or contains(@class,'data-')]"
)
_ALLOWED = {"p", "h2", "h3", "ul", "ol", "li", "blockquote", "em", "strong", "b", "i", "br", "table", "tr", "td", "th"}
_TAGS: dict[str, BlockTag] = {
    "h1": "h2",
    "h2": "h2",
    "li": "li",
    "blockquote": "blockquote",
    "p": "p",
    "div": "p",
    "pre": "p",
}


class Page:
    """A parsed page and its readers."""

    def __init__(self, text: str, address: str | None) -> None:
        self.text = text
        self.tree = parsed(text)
        self.address = address
        self._meta: dict[str, str] = {}
        self._found: dict[str, list[_Element]] = defaultdict(list)
        for element in self.tree.iter(*_HEAD) if self.tree is not None else ():
            if element.tag == "meta":
                self._read_meta(element)
            else:
                self._found[element.tag].append(element)
        self.graph = Graph(
            one.text or "" for one in self._found["script"] if "ld+json" in (one.get("type") or "").lower()
        )

    def _read_meta(self, element: _Element) -> None:
        name = element.get("property") or element.get("name") or element.get("itemprop") or element.get("http-equiv")
        content = element.get("content")
        if name and content and content.strip():
            self._meta.setdefault(name.strip().lower(), content.strip())

    def meta(self, *names: str) -> str | None:
        """The first of these meta elements."""
        return next((self._meta[name] for name in names if name in self._meta), None)

    def _first(self, tag: str) -> str | None:
        return next((words for element in self._found[tag] if (words := text_of(element))), None)

    @cached_property
    def host(self) -> str:
        """The host that the page is from, without 'www.'; empty if it is not known."""
        try:
            return (urlsplit(self.address or self.canonical() or "").hostname or "").removeprefix("www.")
        except ValueError:
            return ""

    @cached_property
    def sites(self) -> list[str]:
        """Every name by which the site calls itself: og:site_name, publisher, host, and the host's own part."""
        given = [self.site(), self.graph.text("publisher", "name"), self.meta("application-name"), self.host]
        return [name for name in [*given, *self.host.split(".")[-2:-1]] if name]

    @cached_property
    def titles(self) -> list[str]:
        """Every title the page gives itself, the best first."""
        sources: dict[Source, str | None] = {
            "structured": self.graph.text("headline"),
            "name": self.graph.text("name"),
            "social": self.meta("og:title"),
            "card": self.meta("twitter:title"),
            "document": self._first("title"),
        }
        given = {source: text for source, one in sources.items() if one and (text := plain(one))}
        given |= self._headings({letters(text) for text in given.values()})
        return headlines(given, self.sites)

    def _headings(self, others: set[str]) -> dict[Source, str]:
        """The headline on the page; `others` are the letters of those in its head.

        An `h1` in a breadcrumb is no headline, and one that shares nothing with the head may name the section or the site:
        then it is an `h2` or `h3` that says what the head says, whose parts may be a kicker and the headline.
        """
        shown = [words for one in self._found["h1"] if (words := text_of(one)) and not is_crumb(one)]
        for agrees in (_is_one_of, _is_part_of):
            if found := next((words for words in shown if agrees(letters(words), others)), None):
                return {"heading": found}
        if self.tree is None or not self._found["h1"]:
            return {}
        agrees = _is_part_of if shown else _is_one_of
        for element in self.tree.iter("h2", "h3"):
            for one in (*element, element):
                if isinstance(one.tag, str) and (words := text_of(one)) and agrees(letters(words), others):
                    return {"second": words}
        return {"heading": shown[0]} if shown else {}

    def title(self) -> str | None:
        """The best of its titles."""
        return next(iter(self.titles), None)

    def authors(self) -> list[str]:
        """Persons and organizations, each name once.

        Where the head names but the site itself, or nobody, the byline on the page is read.
        """
        given = self.graph.texts(self.graph.article.get("author") or self.graph.article.get("creator"), "name")
        found = bylines.names(given)
        if not found:
            found = bylines.names([value for name in _AUTHORS if (value := self._meta.get(name))][:1])
        if bylines.without_site(found, self.sites):
            return found
        return self._byline() or found

    def _byline(self) -> list[str]:
        return byline_on(self.outline, self.extracted, self.sites)

    @cached_property
    def _at_headline(self) -> list[Piece]:
        """The pieces around the headline, those below it first."""
        pieces = self.outline.pieces
        first = next(iter(self.extracted.pieces), None)
        place = next((number for number, piece in enumerate(pieces) if piece is first), 0)
        headline = place_of_headline(pieces, place)
        if headline is None:
            return []
        return pieces[headline + 1 : headline + 15] + pieces[max(headline - 5, 0) : headline]

    def published(self) -> Found:
        """When it was published; a day alone where only htmldate finds one."""
        found = first_readable(self._publishings(), day_first=self._day_first, name="published")
        return corrected_by(self.meta("article:published_time", "og:article:published_time"), found, "published")

    def _publishings(self) -> Iterator[str]:
        """Every date of publication, as written, the most trusted first."""
        head = (self.graph.text("datePublished"), self.graph.text("dateCreated"), self.meta(*_PUBLISHED))
        yield from (text for text in head if text)
        times = self._found["time"]
        yield from (value for one in times if (value := (one.get("datetime") or "").strip()))
        yield from (words for one in times[:10] if (words := text_of(one)))
        yield from self._dates_at_headline()
        yield from self._dates_shown()
        if searched := self._searched_date():
            # A first of January is how htmldate writes a bare year.
            yield searched[:4] if searched.endswith("-01-01") else searched

    def _dates_at_headline(self) -> Iterator[str]:
        """Lines around the headline that are a date and nothing else."""
        yield from (piece.text for piece in self._at_headline if is_moment(piece.text))

    def _dates_shown(self) -> Iterator[str]:
        """Lines that by their element's name hold a date."""
        for element in named(self.tree, _DATES) if self.tree is not None else ():
            if not is_outside(element):
                yield from (text for text in (element.get("content"), element.get("datetime")) if text)
                if (words := text_of(element)) and len(words) <= LONGEST:
                    yield words

    @property
    def _is_small(self) -> bool:
        """Whether other libraries can be asked about the page: they take hundreds of times as long for a huge one."""
        return len(self.text) <= MOST_CHARACTERS and len(self.outline.pieces) <= MOST_PIECES

    def _searched_date(self) -> str | None:
        if not self._is_small:
            return None
        with suppress(
            ValueError, TypeError, AttributeError, OverflowError
        ):  # htmldate fails on some pages without a date
            found: str | None = find_date(self.text, original_date=True, url=self.address)
            return found
        return None

    @property
    def _day_first(self) -> bool | None:
        return is_day_first(self.language_tag(), self.host)

    def updated(self) -> Found:
        """When it was last changed."""
        given = (self.graph.text("dateModified"), self.meta(*_UPDATED))
        found = first_readable([text for text in given if text], day_first=self._day_first, name="updated")
        return corrected_by(self.meta("article:modified_time"), found, "updated")

    def zone(self, about: GivenDate | None) -> str | None:
        """The zone in which the page means a date without one."""
        written = [self.graph.text("dateModified"), self.graph.text("datePublished"), *self._meta.values()]
        written += [one.get("datetime") for one in self._found["time"]]
        return zone_of([text for text in written if text and text[:1].isdigit() and len(text) < 40], about, self.host)

    def section(self) -> str | None:
        """The site's section."""
        found = self.graph.text("articleSection") or self.meta("article:section", "parsely-section", "section")
        return plain(found)[:200] if found else None

    def keywords(self) -> list[str]:
        """Keywords, as the page lists them."""
        given = self.graph.texts(self.graph.article.get("keywords"), "name")
        joined = given or [value for value in (self.meta("news_keywords", "keywords"),) if value]
        words = [plain(word) for text in joined for word in (text.split(",") if len(joined) == 1 else [text])]
        return list(dict.fromkeys(word for word in words if word))[:50]

    def canonical(self) -> str | None:
        """The page's own address, as it says."""
        links = (
            one.get("href") for one in self._found["link"] if "canonical" in (one.get("rel") or "").lower().split()
        )
        given = next((address for address in links if address), None)
        return self._absolute(given or self.meta("og:url") or self.graph.text("url", "url"))

    def _absolute(self, address: str | None) -> str | None:
        if not address:
            return None
        try:
            full = urljoin(self.address or "", address.strip())
        except ValueError:
            return None
        return full if full.lower().startswith(("http://", "https://")) else None

    def language_tag(self) -> str | None:
        """What the page says its language is: a hint, wrong on one page in sixteen."""
        said = self.tree.get("lang") or self.tree.get("xml:lang") if self.tree is not None else None
        return (
            said or self.graph.text("inLanguage", "alternateName", "name") or self.meta("og:locale", "content-language")
        )

    def image(self) -> Image | None:
        """The main picture, by reference."""
        found = self.graph.texts(self.graph.article.get("image"), "url", "contentUrl")
        address = self._absolute(found[0] if found else self.meta("og:image", "twitter:image"))
        return Image(url=address[:2048]) if address else None

    def site(self) -> str | None:
        """The publisher's name."""
        found = self.meta("og:site_name") or self.graph.text("publisher", "name") or self.meta("application-name")
        return plain(found)[:200] if found else None

    def description(self) -> str | None:
        """The page's own summary."""
        found = self.graph.text("description") or self.meta("og:description", "description")
        return plain(found) if found else None

    @cached_property
    def outline(self) -> Outline:
        """All its text in blocks."""
        return read_outline(self.tree) if self.tree is not None else Outline([], 0)

    @cached_property
    def extracted(self) -> Extracted:
        """The body as our own reading has it."""
        return extract(self.outline)

    @property
    def kind(self) -> PageKind:
        """What the page is; `index` for a list of links to stories."""
        free = self.graph.article.get("isAccessibleForFree")
        said = Said(
            types=self.graph.types,
            og_type=(self.meta("og:type") or "").lower(),
            is_free=None if free is None else str(free).strip().rpartition("/")[2].lower() not in ("false", "0", "no"),
            titles=" · ".join(self.titles),
            address=self.address or self.canonical() or "",
            pictures=len(self._found["figure"]),
            times=len(self._found["time"]),
        )
        return kind_of_page(said, self.outline, self.extracted)

    def blocks(self) -> list[Block]:
        """The body in blocks; empty if extraction finds none."""
        if self.tree is None:
            return []
        own = self.extracted
        found = [Block(_TAGS.get(piece.tag, "h3"), piece.text) for piece in own.pieces]
        if not is_sure(own) and self._is_small:
            other = second_opinion.blocks(self.text, self.address)
            if sum(len(block.text) for block in other) > 1.5 * own.length:
                found = other
        if not found and (told := self.graph.text("articleBody")):
            found = [Block("p", text) for line in told.splitlines() if (text := plain(line))]
        return self._without_head(found)

    def _without_head(self, found: list[Block]) -> list[Block]:
        """The blocks without the headline above them and without lines that are but a date or a byline, above or below."""
        titles = {fold(title) for title in self.titles}
        while found and fold(found[0].text) in titles:
            del found[0]
        edges = {*range(EDGE), *range(len(found) - EDGE, len(found))}
        return [
            block
            for number, block in enumerate(found)
            if number not in edges or not (is_moment(block.text) or bylines.signed(block.text))
        ]


def _is_one_of(headline: str, others: set[str]) -> bool:
    return headline in others


def _is_part_of(headline: str, others: set[str]) -> bool:
    """Whether one of the others is this headline with a name of the site before or behind it."""
    return len(headline) >= LONG_HEADLINE and any(one.startswith(headline) or one.endswith(headline) for one in others)


def is_sure(own: Extracted) -> bool:
    """Whether a body found by ourselves is long enough, by itself or beside all else on its page."""
    return own.length >= LONG or (own.share >= SURE_SHARE and own.length >= SURE_LENGTH)


def sanitise(markup: str) -> str | None:
    """`markup` with the tags of running text and nothing else: no attributes, no scripts, no styles."""
    return nh3.clean(markup, tags=_ALLOWED, attributes={}, strip_comments=True).strip() or None


def render(blocks: list[Block]) -> str | None:
    """Blocks as HTML that is as `sanitise` would leave it: a few tags, without attributes, around escaped text.

    List items in a row make one list. What is written here needs no parser to be safe, which cost a fifth of an item's time.
    """
    parts: list[str] = []
    in_list = False
    for block in blocks:
        if (block.tag == "li") != in_list:
            parts.append("<ul>" if not in_list else "</ul>")
            in_list = not in_list
        parts.append(f"<{block.tag}>{html.escape(block.text, quote=False)}</{block.tag}>")
    if in_list:
        parts.append("</ul>")
    return "\n".join(parts).replace("\xa0", "&nbsp;").replace("\x00", "") or None
