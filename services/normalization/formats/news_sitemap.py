"""News sitemaps (sitemaps.org 0.9 with Google's news extension 0.9): one story an address, with title and date but no text.

The address names the story; `publication_date` is when it was published, `lastmod` is its version time. Addresses without a
`news` element are pages of any kind and no news.
"""

from __future__ import annotations

import re

from services.normalization.dates import read_date
from services.normalization.fragment import absolute
from services.normalization.parts import GivenDate, StoryParts
from services.normalization.raw import RawStory
from services.normalization.xml import Element, child, children, local, parse_xml, text_at
from shared.errors import Refused
from shared.events import Image

NAME = "sitemap"

_ROOT = re.compile(rb"<(?:[\w.-]+:)?urlset[\s>]")
_COMMA = re.compile(r"\s*,\s*")


def sniff(head: bytes, content_type: str | None) -> float:  # noqa: ARG001 - the signature of every format
    """Only sitemaps have this root element."""
    return 1.0 if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<") and _ROOT.search(head) else 0.0


def read(raw: RawStory) -> list[StoryParts]:
    """The stories in it.

    Raises:
        Refused: `not-news` for a sitemap without news; else as `parse_xml`.
    """
    root, note = parse_xml(raw.value, raw.content_type)
    if local(root) == "sitemapindex":
        raise Refused("not-news", "a list of sitemaps")
    if local(root) != "urlset":
        raise Refused("malformed-xml", "no sitemap: its root element is another")
    found = [_story(one, news) for one in children(root, "url") if (news := child(one, "news")) is not None]
    stories = [one for one in found if one.title]
    if not stories:
        raise Refused("not-news", "a sitemap without news")
    for story in stories:
        story.notes[:0] = [note] if note else []
    return stories


def _story(url: Element, news: Element) -> StoryParts:
    parts = StoryParts(format=NAME, layout="extracted")
    parts.url = absolute(text_at(url, "loc"))
    parts.title = text_at(news, "title")
    parts.source = text_at(news, "publication", "name")
    parts.language = text_at(news, "publication", "language") or text_at(news, "language")
    parts.keywords = list(dict.fromkeys(word for word in _COMMA.split(text_at(news, "keywords") or "") if word))
    parts.published = _date(text_at(news, "publication_date"), "publication_date", parts)
    parts.updated = parts.version_time = _date(text_at(url, "lastmod"), "lastmod", parts)
    for image in children(url, "image"):
        if address := absolute(text_at(image, "loc")):
            parts.images.append(Image(url=address, caption=text_at(image, "caption") or text_at(image, "title")))
    return parts


def _date(text: str | None, name: str, parts: StoryParts) -> GivenDate | None:
    date = read_date(text)
    if date is not None and date.value is None:
        parts.notes.append(f"{name} unreadable")
        return None
    return date
