"""A ContentItem of NewsML 1.x to words: NITF, XHTML, escaped HTML or set text; and what kind of medium it is. Pure."""

from __future__ import annotations

import base64
import binascii
import html
import re
from dataclasses import dataclass, field
from typing import Literal

from services.normalization import layout
from services.normalization.formats.nitf import read_nitf
from services.normalization.markup import blocks, html_blocks, image_references
from services.normalization.parts import Block, StoryParts
from services.normalization.xml import Element, attribute, child, children, descendants, local, parse_xml, text_of
from shared.errors import Refused
from shared.events import Image

Medium = Literal["text", "image", "other"]

_IMAGES = frozenset({"photo", "photograph", "picture", "image", "graphic", "graphics", "cartoon", "logo", "map"})
_OTHERS = frozenset({"audio", "video", "sound", "animation", "stylesheet", "css", "clip"})
_IMAGE_FORMAT = re.compile(r"jpe?g|png|gif|tiff?|bmp|webp|svg|\beps\b", re.IGNORECASE)
_OTHER_FORMAT = re.compile(
    r"\bcss\b|mp[34g]|mpeg|\bwav\b|\bavi\b|quicktime|\bpdf\b|flash|javascript|\bogg\b", re.IGNORECASE
)
_BLOCK_TAG = re.compile(
    r"<(?:p|br|div|h[1-6]|ul|ol|li|table|tr|td|html|body|pre|blockquote|hr)\b[^<>]*>", re.IGNORECASE
)
_INLINE_TAG = re.compile(r"</?(?:a|b|i|u|em|strong|span|font|sup|sub|small|q|cite|s)\b[^<>]{0,500}>", re.IGNORECASE)
_NITF = re.compile(r"\s*(?:<\?xml[^>]*>\s*)?(?:<!DOCTYPE[^>\[]*>\s*)?<(?:\w+:)?nitf\b", re.IGNORECASE)
_ENTITY = re.compile(
    r"&(?:lt|gt|amp|quot|apos|nbsp|[lr][sd]quo|[mn]dash|hellip|#\d{2,6}|#x[0-9a-f]{2,6});", re.IGNORECASE
)
_WORDS = re.compile(r"\W+")
_MOST_ENCODED = 4 * 1024 * 1024


@dataclass(slots=True)
class Text:
    """The words of one piece of content; `plain` is set text whose layout is still to be read."""

    rank: int
    """How much the rendition tells: 0 NITF, 1 HTML, 2 plain text."""
    blocks: list[Block] = field(default_factory=list)
    plain: str | None = None
    nitf: StoryParts | None = None
    images: list[Image] = field(default_factory=list)
    _key: str | None = None

    @property
    def key(self) -> str:
        """Letters and digits alone: two renditions of one text have the same."""
        if self._key is None:
            words = self.plain if self.plain is not None else " ".join(block.text for block in self.blocks)
            self._key = _WORDS.sub("", words).casefold()
        return self._key

    def line(self) -> str:
        """All of it in one line."""
        if self.plain is not None:
            return " ".join(self.plain.split())
        return " ".join(block.text for block in self.blocks)

    def as_blocks(self) -> list[Block]:
        """It in blocks, set text by its layout."""
        if self.plain is None:
            return self.blocks
        return [Block("p", one.text) for one in layout.paragraphs(layout.strip_invisible(self.plain)[0])]


def formal_name(element: Element | None) -> str | None:
    """`FormalName`, else the element's text, which the schema does not know and some send."""
    return attribute(element, "FormalName") or text_of(element)


def medium(item: Element) -> Medium:
    """What a ContentItem holds, by its MIME type, media type, format, or the ending of its address."""
    mime = (formal_name(child(item, "MimeType")) or "").lower()
    kind = (formal_name(child(item, "MediaType")) or "").lower()
    shape = formal_name(child(item, "Format")) or ""
    if mime.startswith("image/") or kind in _IMAGES:
        return "image"
    if mime.startswith(("audio/", "video/", "application/pdf", "text/css")) or kind in _OTHERS:
        return "other"
    said = shape or ("" if mime or kind else (attribute(item, "Href") or "").rpartition(".")[2])
    if _IMAGE_FORMAT.search(said):
        return "image"
    return "other" if _OTHER_FORMAT.search(said) else "text"


def read_text(item: Element) -> Text | None:
    """The words of a ContentItem; None if it has none, or holds another medium."""
    if medium(item) != "text":
        return None
    data = child(item, "DataContent")
    encoded = None
    if data is None:
        encoded = child(item, "Encoding")
        data = next(descendants(encoded, "DataContent"), None) if encoded is not None else None
    if data is None:
        return None
    if len(data):
        return _marked_up(data)
    words = data.text or ""
    if encoded is not None and "base64" in (attribute(encoded, "Notation") or "").lower():
        words = _decoded(words)
    return _written(words, formal_name(child(item, "MimeType")) or "") if words.strip() else None


def _marked_up(data: Element) -> Text | None:
    nitf = next((one for one in descendants(data, "nitf", "NITF")), None)
    if nitf is not None:
        return _of_nitf(nitf)
    body = next((one for one in children(data, "body") if child(one, "body.content") is not None), None)
    if body is not None:
        return _of_nitf(data)
    found = blocks(data)
    return Text(1, blocks=found, images=image_references(data)) if found else None


def _of_nitf(element: Element) -> Text | None:
    story = read_nitf(element)
    if not story.blocks and not story.title:
        return None
    return Text(0, blocks=story.blocks, nitf=story, images=story.images)


def _written(words: str, mime: str) -> Text | None:
    """Text that may hold markup: NITF or HTML in escaped form or CDATA, or set text with a few inline tags.

    Entities that are left after the XML was read were escaped twice.
    """
    if _ENTITY.search(words) and not _BLOCK_TAG.search(words):
        words = html.unescape(words)
    if _NITF.match(words):
        try:
            return _of_nitf(parse_xml(words.strip().encode("utf-8", "replace")).root)
        except Refused:
            found = html_blocks(words)
            return Text(1, blocks=found) if found else None
    if _BLOCK_TAG.search(words) or (("html" in mime.lower() or "xml" in mime.lower()) and "<" in words):
        found = html_blocks(words)
        return Text(1, blocks=found) if found else None
    plain = _INLINE_TAG.sub("", words)
    return Text(2, plain=plain) if plain.strip() else None


def _decoded(words: str) -> str:
    """Text out of base64; '' if it is none."""
    if len(words) > _MOST_ENCODED:
        return ""
    try:
        return base64.b64decode("".join(words.split()), validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return ""


def best(texts: list[Text], *, alternatives: bool) -> list[Text]:
    """Each different text once, in order, in its best rendition; of alternatives the one that tells most."""
    if len(texts) < 2:
        return texts
    if alternatives:
        return [min(texts, key=lambda text: text.rank)]
    distinct: dict[str, Text] = {}
    for text in texts:
        known = distinct.get(text.key)
        if known is None or text.rank < known.rank:
            distinct[text.key] = text
    return list(distinct.values())


def is_component(element: Element) -> bool:
    """Whether it is a NewsComponent."""
    return local(element) == "NewsComponent"
