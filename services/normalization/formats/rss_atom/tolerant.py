"""A feed that is no well-formed XML, through feedparser, which is given text in UTF-8 and neither addresses nor file names. Pure."""

from __future__ import annotations

import io
import re
from calendar import timegm
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import feedparser

from services.normalization.formats.rss_atom.model import Entry, Feed, Link, Moment, Text
from shared.errors import Refused
from shared.events import Image

_DECLARATION = re.compile(r"<\?xml\b[^>]{0,300}\?>", re.IGNORECASE)
_ENTITY = re.compile(r"<!ENTITY\s+(?:%\s+)?[\w.-]{1,60}\s+(?:\"([^\"]*)\"|'([^']*)'|)", re.IGNORECASE)
_NO_CHARACTER = re.compile(r"&#(?:[xX]([0-9A-Fa-f]{1,40})|([0-9]{1,40}));?")
_ADDRESS = re.compile(
    r"<(?:author|dc:creator|managingEditor|itunes:author)\b[^<>]{0,200}>\s{0,20}(?:<!\[CDATA\[)?[^<>@]{0,200}@[^<@]{0,200}",
    re.IGNORECASE,
)
_AT = "\ufe6b"
"""Stands for the @ of authors' addresses: feedparser takes top level domains to have four letters at most, and cuts there."""
MAX_ENTITIES = 300
"""Declarations: Netscape's set of named characters has 250. feedparser takes minutes over ten thousand that never end."""
MAX_EXPANDED = 8 * 1024 * 1024
"""Characters that entities may add to a document, counted as if all of its ampersands meant the longest."""


def read_broken(text: str) -> Feed:
    """The feed in a text, as far as it can be told.

    Raises:
        Refused: `xml-entities` for entities that could blow it up.
    """
    if text.count("<!ENTITY") > MAX_ENTITIES:
        raise Refused("xml-entities", f"the document type declares more than {MAX_ENTITIES} entities")
    longest = max((len(one or two) for one, two in _ENTITY.findall(text)), default=0)
    if longest * text.count("&") > MAX_EXPANDED:
        raise Refused("xml-entities", "the document type declares entities that are too long for their use")
    # The text is UTF-8 now, whatever its declaration says; and one that is not at the very start is an error in itself.
    plain = _DECLARATION.sub("", text, count=1).lstrip()
    plain = _NO_CHARACTER.sub(_kept, plain)
    plain = _ADDRESS.sub(lambda match: match[0].replace("@", _AT), plain)
    # feedparser sees declarations at the beginning of a line only.
    found = _parsed(plain.replace("<!ENTITY", "\n<!ENTITY"))
    version = str(found.get("version") or "")
    head = found["feed"]
    feed = Feed(
        kind="atom" if version.startswith("atom") else "cdf" if version == "cdf" else "rss",
        title=_words(head, "title"),
        rights=_words(head, "rights"),
        language=_words(head, "language"),
        authors=_authors(head),
    )
    links = _links(head)
    feed.link = next((one for one in links if one.rel == "alternate"), None)
    feed.own = next((one for one in links if one.rel == "self"), None)
    feed.entries = [_entry(one, feed.kind) for one in found["entries"]]
    return feed


def _kept(reference: re.Match[str]) -> str:
    """A character reference, unless it means no character: feedparser fails on those."""
    code = int(reference[2]) if reference[2] else int(reference[1], 16)
    return reference[0] if code < 0x110000 and not 0xD800 <= code < 0xE000 else ""


def _parsed(text: str) -> Any:
    try:
        return feedparser.parse(
            io.BytesIO(text.encode("utf-8", "replace")),
            response_headers={"content-type": "application/xml; charset=utf-8"},
            sanitize_html=False,
            resolve_relative_uris=False,
        )
    except Exception as error:  # a parser of anything fails in any way; what it says may quote the text
        raise Refused(
            "malformed-xml", f"no well-formed XML, and {type(error).__name__} while it was read as a feed"
        ) from None


def _get(source: Mapping[str, Any], name: str) -> Any:
    """Without feedparser's own aliases, which take one date for another."""
    return dict.get(source, name) if isinstance(source, dict) else None


def _words(source: Mapping[str, Any], name: str) -> str | None:
    value = _get(source, name)
    return " ".join(value.split()) or None if isinstance(value, str) else None


def _entry(given: Mapping[str, Any], kind: str) -> Entry:
    entry = Entry(id=_words(given, "id"), links=_links(given), authors=_authors(given))
    entry.title = _text(_get(given, "title_detail"), kind)
    entry.summary = _text(_get(given, "summary_detail"), kind)
    entry.contents = [text for one in _get(given, "content") or () if (text := _text(one, kind))]
    for tag in _get(given, "tags") or ():
        term, scheme, label = (_words(tag, name) for name in ("term", "scheme", "label"))
        if term or label:
            entry.categories.append((term or "", scheme, label))
    entry.published = _moment(given, "published")
    # feedparser does not tell `dc:date` from `updated`; only Atom means it.
    entry.updated, entry.dated = _moment(given, "updated"), _moment(given, "created")
    if kind != "atom" and entry.updated and not entry.published:
        entry.updated, entry.dated = None, entry.updated
    entry.expires = _moment(given, "expired")
    entry.images = _images(given)
    entry.source = _words(_get(given, "source") or {}, "title")
    entry.publisher, entry.rights = _words(given, "publisher"), _words(given, "rights")
    entry.language = _words(given, "language")
    known = {
        "id",
        "title",
        "link",
        "summary",
        "author",
        "published",
        "updated",
        "created",
        "expired",
        "publisher",
        "rights",
    }
    for name, value in given.items():
        if isinstance(value, str) and name not in known and value.strip():
            local = name if name.startswith(("wp_", "app_")) else name.partition("_")[2] or name
            entry.extra.setdefault(local, value.strip())
    return entry


def _text(detail: Any, feed: str) -> Text | None:
    """RSS does not say what is HTML: all of it may be."""
    if not isinstance(detail, dict) or not isinstance(detail.get("value"), str):
        return None
    kind = str(detail.get("type") or "")
    base, language = detail.get("base"), detail.get("language")
    return Text(detail["value"], html=feed != "atom" or "html" in kind, language=language or None, base=base or None)


def _links(given: Mapping[str, Any]) -> list[Link]:
    found = []
    for one in _get(given, "links") or ():
        if href := _words(one, "href"):
            rel = (_words(one, "rel") or "alternate").lower()
            found.append(Link(href, rel, (_words(one, "type") or "").lower(), _words(one, "title")))
    link = _words(given, "link")
    if link and all(one.href != link for one in found):
        found.append(Link(link, "guid" if _get(given, "guidislink") else "alternate"))
    return found


def _authors(given: Mapping[str, Any]) -> list[str]:
    persons = [one for one in _get(given, "authors") or () if isinstance(one, dict)]
    names = [_words(one, "name") or _words(one, "email") for one in persons]
    return [name.replace(_AT, "@") for name in names if name]


def _moment(given: Mapping[str, Any], name: str) -> Moment | None:
    raw, parsed = _words(given, name), _get(given, f"{name}_parsed")
    if raw is None:
        return None
    try:
        return Moment(raw, datetime.fromtimestamp(timegm(parsed), UTC) if parsed else None)
    except (ValueError, TypeError, OverflowError, OSError):
        return Moment(raw)


def _images(given: Mapping[str, Any]) -> list[Image]:
    media = [one for one in _get(given, "media_content") or () if _kind(one).startswith("image")]
    addresses = [_words(one, "url") for one in [*media, *(_get(given, "media_thumbnail") or ())]]
    addresses.append(_words(_get(given, "image") or {}, "href"))
    return [Image(url=address) for address in addresses if address]


def _kind(media: Mapping[str, Any]) -> str:
    return _words(media, "type") or _words(media, "medium") or "image"
