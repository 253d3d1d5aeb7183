"""The headers that go with each item on `stories.raw`, whichever way it came in. Pure."""

from __future__ import annotations

from datetime import datetime

from shared.events import STORY_RECEIVED, Headers, rfc3339
from shared.feeds import Feed, rule_headers


def envelope(
    feed: Feed,
    receipt: str,
    taken: datetime,
    traceparent: str,
    *,
    content_type: bytes | None = None,
    content_location: str | None = None,
) -> Headers:
    """CloudEvents' attributes that the items of one receipt share, and the feed's rules; `ce_id` is each item's own."""
    headers = [
        ("ce_specversion", b"1.0"),
        ("ce_type", STORY_RECEIVED.encode()),
        ("ce_source", f"/feeds/{feed.id}".encode()),
        ("ce_time", rfc3339(taken).encode()),
        ("ce_feed", feed.id.encode()),
        ("ce_receipt", receipt.encode()),
        ("ce_provider", feed.namespace.encode()),
        ("traceparent", traceparent.encode()),
    ]
    if content_type is not None:
        headers.append(("content-type", content_type))
    if content_location:
        headers.append(("ce_contentlocation", content_location.encode()))
    return (*headers, *rule_headers(feed))
