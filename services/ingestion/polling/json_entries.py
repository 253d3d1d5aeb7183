"""JSON Feed (1.0 and 1.1) split into its items. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import orjson

from services.ingestion.polling.discovery import links_of
from services.ingestion.polling.document import MAX_FRAME, TEASER_CHARS, Entry, FeedDocument, bounded, chars, either_end
from services.ingestion.polling.seen import pair_of
from shared.errors import Refused

_HUB_TYPES: Final = frozenset({"websub", "pubsubhubbub"})
_JSON_KEPT: Final = (
    "version",
    "title",
    "home_page_url",
    "feed_url",
    "description",
    "language",
    "authors",
    "author",
    "icon",
)


def split_json(raw: bytes, address: str | None) -> FeedDocument:
    """The items of a JSON Feed.

    Raises:
        Refused: `not-a-feed`.
    """
    try:
        data = orjson.loads(raw.lstrip(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError:
        raise Refused("not-a-feed", "no well-formed JSON") from None
    version, items = data.get("version"), data.get("items")
    if not isinstance(version, str) or "jsonfeed.org/" not in version or not isinstance(items, list):
        raise Refused("not-a-feed", "JSON, but no JSON Feed")
    frame: dict[str, Any] = {}
    for name in _JSON_KEPT:
        if name in data and len(orjson.dumps({**frame, name: data[name]})) <= MAX_FRAME:
            frame[name] = data[name]
    if address:
        frame.setdefault("feed_url", address)
    kept, passed_over = either_end(items)
    entries = [_json_entry(item, frame) for item in kept if isinstance(item, dict)]
    return FeedDocument("json-feed", entries, passed_over, links=links_of(_json_relations(data), address))


def _json_relations(data: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The hubs (JSON Feed 1.1: of several kinds, of which WebSub is one) and `feed_url`."""
    hubs = data.get("hubs")
    for hub in hubs if isinstance(hubs, list) else ():
        if isinstance(hub, dict) and str(hub.get("type", "")).lower() in _HUB_TYPES and isinstance(hub.get("url"), str):
            yield "hub", hub["url"]
    if isinstance(data.get("feed_url"), str):
        yield "self", data["feed_url"]


def _json_entry(item: dict[str, Any], frame: dict[str, Any]) -> Entry:
    given = item.get("id")
    name = str(given).strip() if isinstance(given, str | int | float) else ""
    url = item.get("url")
    link = url.strip() if isinstance(url, str) and url.strip() else None
    content = orjson.dumps(item, option=orjson.OPT_SORT_KEYS)
    texts = (item.get(part) for part in ("content_html", "content_text"))
    known = name or link
    return Entry(
        name=bounded(known),
        link=link,
        pair=pair_of(known, content) if known else pair_of(content.decode(), b""),
        document=orjson.dumps({**frame, "items": [item]}),
        content_type="application/feed+json",
        teaser=all(chars(text) < TEASER_CHARS for text in texts if isinstance(text, str)),
    )
