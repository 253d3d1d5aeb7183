"""A page: one decode, one parse; what its head says (JSON-LD, OpenGraph, meta, h1, time) and its body as blocks.

The order of sources is measured (JSON-LD before meta before `time`; organizations are authors too: many bylines are
agencies). The body is trafilatura's, as blocks, so that plain text and HTML come from the same tree.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import cast
from urllib.parse import urljoin

import nh3
import trafilatura
from htmldate import find_date
from lxml.etree import _Element
from lxml.html import HtmlElement

from services.normalization import wording
from services.normalization.jsonld import Graph
from services.normalization.parts import Block, BlockTag
from services.normalization.phrases import fold
from shared.events import Image

_PUBLISHED = (
    "article:published_time", "og:article:published_time", "og:published_time", "datepublished", "parsely-pub-date",
    "publish-date", "publish_date", "pubdate", "publication_date", "dc.date.issued", "dcterms.created", "dcterms.date",
    "dc.date", "sailthru.date", "cxenseparse:recs:publishtime", "article.published", "date",
)  # fmt: skip
_UPDATED = ("article:modified_time", "og:updated_time", "last-modified", "lastmod", "datemodified", "dcterms.modified")
_AUTHORS = (
    "author",
    "article:author",
    "parsely-author",
    "dc.creator",
    "byl",
    "sailthru.author",
    "cxenseparse:author",
    "twitter:data1",
)
_BY = re.compile(r"^\s*(?:by|von|par|por|di|de|door|af|av|του|της|από)[\s:]+", re.IGNORECASE)
_NAME_BREAKS = re.compile(r"\s*[,;|/&]\s*|\s+(?:and|und|og|och|και)\s+")
_AND_OR_PART = re.compile(r"\s+(?:y|e|et)\s+")
"""'And' between names, but also inside them: José Ortega y Gasset, Eça de Queiroz e Silva."""
_AGENCIES = frozenset(fold(name) for name in wording.AGENCIES.split())
_TAGS = re.compile(r"<[^>]{1,200}>")
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
_ALLOWED = {"p", "h2", "h3", "ul", "ol", "li", "blockquote", "em", "strong", "b", "i", "br", "table", "tr", "td", "th"}


class Page:
    """A parsed page and its readers."""

    def __init__(self, text: str, address: str | None) -> None:
        self.tree: HtmlElement | None = trafilatura.load_html(text) if text.strip() else None
        self.address = address
        self._meta: dict[str, str] = {}
        scripts: list[str] = []
        if self.tree is not None:
            for element in self.tree.iter("meta"):
                name = (
                    element.get("property")
                    or element.get("name")
                    or element.get("itemprop")
                    or element.get("http-equiv")
                )
                content = element.get("content")
                if name and content and content.strip():
                    self._meta.setdefault(name.strip().lower(), content.strip())
            scripts = [
                element.text or ""
                for element in self.tree.iter("script")
                if "ld+json" in (element.get("type") or "").lower()
            ]
        self.graph = Graph(scripts)

    def meta(self, *names: str) -> str | None:
        """The first of these meta elements."""
        return next((self._meta[name] for name in names if name in self._meta), None)

    def _first(self, tag: str) -> str | None:
        for element in self.tree.iter(tag) if self.tree is not None else ():
            if words := _text(element):
                return words
        return None

    def titles(self) -> list[str]:
        """Every title the page gives itself, the best first: headline, og:title, h1, title."""
        given = (
            self.graph.text("headline") or self.graph.text("name"),
            self.meta("og:title", "twitter:title"),
            self._first("h1"),
            self._first("title"),
        )
        return [title for one in given if one and (title := _plain(one))]

    def title(self) -> str | None:
        """The best of its titles."""
        return next(iter(self.titles()), None)

    def authors(self) -> list[str]:
        """Persons and organizations, each name once."""
        given = self.graph.texts(self.graph.article.get("author") or self.graph.article.get("creator"), "name")
        if not given:
            given = [value for name in _AUTHORS if (value := self._meta.get(name))][:1]
        if not given and self.tree is not None:
            given = [_text(one) for one in self.tree.xpath("//*[@rel='author' or @itemprop='author']")[:5]]
        names: list[str] = []
        for text in given:
            for name in _names(_plain(text)):
                if name.casefold() not in (known.casefold() for known in names):
                    names.append(name)
        return names[:20]

    def published(self) -> str | None:
        """When it was published, as written; a day alone where only htmldate finds one."""
        found = self.graph.text("datePublished") or self.graph.text("dateCreated") or self.meta(*_PUBLISHED)
        return found or self._time() or self._searched_date()

    def _time(self) -> str | None:
        for element in self.tree.iter("time") if self.tree is not None else ():
            if value := (element.get("datetime") or "").strip():
                return value
        return None

    def _searched_date(self) -> str | None:
        if self.tree is None:
            return None
        try:
            found = find_date(self.tree, original_date=True, extensive_search=False, url=self.address)
        except (ValueError, TypeError, AttributeError, OverflowError):
            return None  # htmldate fails on some pages that hold no date
        return found

    def updated(self) -> str | None:
        """When it was last changed, as written."""
        return self.graph.text("dateModified") or self.meta(*_UPDATED)

    def section(self) -> str | None:
        """The site's section."""
        found = self.graph.text("articleSection") or self.meta("article:section", "parsely-section", "section")
        return _plain(found)[:200] if found else None

    def keywords(self) -> list[str]:
        """Keywords, as the page lists them."""
        given = self.graph.texts(self.graph.article.get("keywords"), "name")
        joined = given or [value for value in (self.meta("news_keywords", "keywords"),) if value]
        words = [_plain(word) for text in joined for word in (text.split(",") if len(joined) == 1 else [text])]
        return list(dict.fromkeys(word for word in words if word))[:50]

    def canonical(self) -> str | None:
        """The page's own address, as it says."""
        given = None
        for element in self.tree.iter("link") if self.tree is not None else ():
            if "canonical" in (element.get("rel") or "").lower().split() and element.get("href"):
                given = element.get("href")
                break
        given = given or self.meta("og:url") or self.graph.text("url", "url")
        return self._absolute(given)

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
        return _plain(found)[:200] if found else None

    def description(self) -> str | None:
        """The page's own summary."""
        found = self.graph.text("description") or self.meta("og:description", "description")
        return _plain(found) if found else None

    def blocks(self) -> list[Block]:
        """The body in blocks; empty if extraction finds none."""
        if self.tree is None:
            return []
        document = trafilatura.bare_extraction(self.tree, include_comments=False, output_format="xml", url=self.address)
        body = getattr(document, "body", None)
        found = [] if body is None else [block for block in _blocks(body, None) if block.text]
        titles = {fold(title) for title in self.titles()}
        while found and fold(found[0].text) in titles:
            del found[0]
        return found


def _text(element: _Element) -> str:
    return " ".join("".join(cast("Iterator[str]", element.itertext())).split())


def _plain(text: str) -> str:
    """Text out of a field that may hold entities and tags."""
    if "&" in text:
        text = html.unescape(text)
    if "<" in text:
        text = _TAGS.sub(" ", text)
    return " ".join(text.split())


def _names(text: str) -> Iterator[str]:
    if text.lower().startswith(("http://", "https://", "www.", "@")) or "@" in text:
        return
    several = "," in text or ";" in text or "|" in text or len(text) > 30
    for part in _NAME_BREAKS.split(text) if several else [text]:
        for one in _persons(part) if several else [part]:
            name = _BY.sub("", one).strip(" .·•-–—")
            if name and len(name) <= 100:
                yield name


def _persons(text: str) -> Iterator[str]:
    """The names that `y`, `e` and `et` stand between: each has a given name and a family name, or is an agency's."""
    begins = 0
    for found in _AND_OR_PART.finditer(text):
        before, after = text[begins : found.start()], text[found.end() :]
        following = _AND_OR_PART.split(after, 1)[0]
        if " " in _BY.sub("", before).strip() and (" " in following.strip() or _is_agency(following)):
            yield before
            begins = found.end()
    yield text[begins:]


def _is_agency(name: str) -> bool:
    return fold(name.strip(" .")) in _AGENCIES


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


def sanitise(markup: str) -> str | None:
    """`markup` with the tags of running text and nothing else: no attributes, no scripts, no styles."""
    return nh3.clean(markup, tags=_ALLOWED, attributes={}, strip_comments=True).strip() or None


def render(blocks: list[Block]) -> str | None:
    """Blocks as sanitised HTML; list items in a row make one list."""
    parts: list[str] = []
    in_list = False
    for block in blocks:
        if (block.tag == "li") != in_list:
            parts.append("<ul>" if not in_list else "</ul>")
            in_list = not in_list
        parts.append(f"<{block.tag}>{html.escape(block.text, quote=False)}</{block.tag}>")
    if in_list:
        parts.append("</ul>")
    return sanitise("\n".join(parts))
