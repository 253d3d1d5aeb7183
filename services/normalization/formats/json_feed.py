"""JSON Feed 1.0 and 1.1 (jsonfeed.org): one story an item.

`id` names an item, `url` is its page; `date_modified` is the version time. `content_html` is read before `content_text`.
"""

from __future__ import annotations

import re
from typing import Any

from services.normalization import fragment
from services.normalization.dates import read_date
from services.normalization.fragment import absolute, read_fragment
from services.normalization.json_text import opening, parse_json
from services.normalization.parts import GivenDate, StoryParts
from services.normalization.raw import RawStory
from shared.errors import Refused
from shared.events import Image, Related, Topic

NAME = "json-feed"

MAX_ITEMS = 5000
MAX_ID = 1024
"""Characters; nothing longer is an identifier."""
_VERSION = re.compile(rb'"version"\s*:\s*"https?:\\?/\\?/(?:www\.)?jsonfeed\.org\b', re.IGNORECASE)
_MEMBER = re.compile(rb'"(?:home_page_url|feed_url|content_html|content_text|date_published)"\s*:')


def sniff(head: bytes, content_type: str | None) -> float:
    """The format's own address as version; where that comes late, members that no other format has."""
    if opening(head) != b"{":
        return 0.0
    if b"jsonfeed.org" in head and _VERSION.search(head):
        return 1.0
    if content_type == "application/feed+json" or (b'"items"' in head and _MEMBER.search(head)):
        return 1.0
    return 0.0


def read(raw: RawStory) -> list[StoryParts]:
    """The stories in it.

    Raises:
        Refused: `malformed-json`; `not-news` for a feed without items; `no-text` for items without a word; else as `read_all`.
    """
    items = read_all(raw)
    told = [one for one in items if one.title or one.body]
    if told:
        return told
    if items:
        raise Refused("no-text", f"{len(items)} items without title and text")
    raise Refused("not-news", "a feed without items")


def read_all(raw: RawStory) -> list[StoryParts]:
    """Every item of the feed.

    Raises:
        Refused: `malformed-json`, `no-feed` for JSON without a list of items, `too-many-items`.
    """
    feed, note = parse_json(raw.value, raw.content_type)
    items = feed.get("items") if isinstance(feed, dict) else None
    if not isinstance(items, list):
        raise Refused("no-feed", "JSON without a list of items")
    if len(items) > MAX_ITEMS:
        raise Refused("too-many-items", f"{len(items)} items in a feed, and {MAX_ITEMS} are allowed")
    base = absolute(_words(feed, "home_page_url"), raw.content_location) or absolute(_words(feed, "feed_url"))
    stories = [_story(one, feed, base or raw.content_location) for one in items if isinstance(one, dict)]
    skipped = len(items) - len(stories)
    for story in stories:
        story.notes[:0] = [note] if note else []
        if skipped:
            story.notes.append(f"{skipped} items of the feed are no objects: left out")
    return stories


def _story(item: dict[str, Any], feed: dict[str, Any], base: str | None) -> StoryParts:
    parts = StoryParts(format=NAME, layout="extracted")
    parts.provider_id = _identity(item, parts)
    parts.url = absolute(_words(item, "url"), base)
    title = _words(item, "title")
    parts.title = fragment.words(title) if title else None
    _text(item, parts, parts.url or base)
    parts.published, parts.updated = _date(item, "date_published", parts), _date(item, "date_modified", parts)
    parts.version_time = parts.updated
    parts.published = parts.published or parts.updated
    parts.byline = _authors(item) or _authors(feed)
    parts.source = _words(feed, "title")
    parts.language = _words(item, "language") or _words(feed, "language")
    parts.topics = [Topic(name=tag) for tag in _strings(item.get("tags"))]
    external = absolute(_words(item, "external_url"), base)
    if external and external != parts.url:
        parts.related.append(Related(url=external))
        parts.url = parts.url or external
    if feed.get("expired") is True:
        parts.notes.append("the feed says that it will not be updated any more")
    return parts


def _identity(item: dict[str, Any], parts: StoryParts) -> str | None:
    """Numbers are ids too, as the format says of readers; nothing else is."""
    given = item.get("id")
    if isinstance(given, str):
        text = given.strip()
    elif isinstance(given, int | float) and not isinstance(given, bool):
        text = str(given)
    else:
        text = ""
    if text and len(text) <= MAX_ID:
        return text
    if given not in (None, ""):
        parts.notes.append("id unreadable")
    return None


def _text(item: dict[str, Any], parts: StoryParts, base: str | None) -> None:
    markup, plain, summary = _words(item, "content_html"), _words(item, "content_text"), _words(item, "summary")
    if markup:
        found = read_fragment(markup, base)
        parts.blocks, parts.body, parts.images = found.blocks, found.text, found.images
    parts.body = parts.body or plain
    if parts.body is None:
        parts.body = summary
    elif summary:
        parts.summary = fragment.words(summary)
    _images(item, parts, base)


def _images(item: dict[str, Any], parts: StoryParts, base: str | None) -> None:
    """The item's own picture first, then attached ones and those in the text, each once."""
    given: list[tuple[str | None, str | None]] = [(_words(item, name), None) for name in ("image", "banner_image")]
    attachments = item.get("attachments")
    attached = [one for one in attachments if isinstance(one, dict)] if isinstance(attachments, list) else []
    pictures = [one for one in attached if (_words(one, "mime_type") or "").startswith("image/")]
    given += [(_words(one, "url"), _words(one, "title")) for one in pictures]
    whole = [Image(url=full, caption=caption) for address, caption in given if (full := absolute(address, base))]
    found: dict[str, Image] = {}
    for image in whole + parts.images:
        found.setdefault(image.url, image)
    parts.images = list(found.values())


def _date(item: dict[str, Any], name: str, parts: StoryParts) -> GivenDate | None:
    given = item.get(name)
    if given is None or given == "":
        return None
    date = read_date(given) if isinstance(given, str) else None
    if date is None or date.value is None:
        parts.notes.append(f"{name} unreadable")
        return None
    return date


def _authors(holder: dict[str, Any]) -> list[str]:
    """`authors` of 1.1, else `author` of 1.0."""
    several = holder.get("authors")
    given = several if isinstance(several, list) and several else [holder.get("author")]
    names = [_words(one, "name") if isinstance(one, dict) else one for one in given]
    return list(dict.fromkeys(name.strip() for name in names if isinstance(name, str) and name.strip()))


def _words(holder: dict[str, Any], name: str) -> str | None:
    value = holder.get(name)
    return value.strip() or None if isinstance(value, str) else None


def _strings(value: Any) -> list[str]:
    entries = value if isinstance(value, list) else [value]
    return list(dict.fromkeys(one.strip() for one in entries if isinstance(one, str) and one.strip()))
