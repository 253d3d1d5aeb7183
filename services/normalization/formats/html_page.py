"""An article's page in HTML: what its head says, and the body that extraction finds."""

from __future__ import annotations

from services.normalization.decode import decode
from services.normalization.html import Page
from services.normalization.parts import StoryParts
from services.normalization.raw import RawStory
from shared.errors import Refused
from shared.markup import kind_of

NAME = "html"
_OPENINGS = (b"<!doctype html", b"<html", b"<head", b"<body")


def sniff(head: bytes, content_type: str | None) -> float:
    """HTML's own types, or a document that opens as one (XHTML has an XML prolog first)."""
    start = head.replace(b"\x00", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").lower()
    opens = start.startswith(_OPENINGS) or (start.startswith((b"<?xml", b"<!--")) and b"<html" in start)
    if content_type in ("text/html", "application/xhtml+xml"):
        return 1.0 if opens else 0.8
    if opens:
        return 0.95
    return 0.5 if start[:1] == b"<" and kind_of(start.decode("latin-1")) == "html" else 0.0


def read(raw: RawStory) -> list[StoryParts]:
    """One story.

    Raises:
        Refused: `undecodable`; `no-text` for a page from which no text comes; `not-news` for a list of links to stories.
    """
    decoded = decode(raw.value, raw.content_type)
    page = Page(decoded.text, raw.content_location)
    kind = page.kind
    if kind == "index":
        raise Refused("not-news", "a page of links to stories, and no story itself")
    published, updated = page.published(), page.updated()
    parts = StoryParts(
        format=NAME,
        layout="extracted",
        kind=kind,
        url=page.canonical(),
        title=page.title(),
        byline=page.authors(),
        source=page.site(),
        section=page.section(),
        language=page.language_tag(),
        keywords=page.keywords(),
        published=published.date,
        updated=updated.date,
        page_zone=page.zone(published.date),
        notes=[*([decoded.note] if decoded.note else []), *published.notes, *updated.notes],
    )
    image = page.image()
    if image:
        parts.images.append(image)
    summary = page.description()
    parts.blocks = page.blocks()
    if not parts.blocks:
        raise Refused("no-text", "a page from which no text comes")
    parts.summary = summary
    parts.body = "\n\n".join(block.text for block in parts.blocks)
    return [parts]
