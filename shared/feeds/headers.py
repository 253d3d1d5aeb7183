"""The rules of a feed that travel with each of its stories, for normalization has no feeds file. Pure."""

from __future__ import annotations

import orjson

from shared.events import Headers
from shared.feeds.model import Feed


def rule_headers(feed: Feed) -> Headers:
    """The `ce_` headers on `stories.raw` that say how a feed's stories are read; what is not set is absent."""
    rules = (
        ("ce_zone", feed.zone),
        ("ce_language", feed.language),
        ("ce_formathint", feed.format),
        (
            "ce_statusmap",
            orjson.dumps(feed.status_map, option=orjson.OPT_SORT_KEYS).decode() if feed.status_map else None,
        ),
        ("ce_orderby", feed.order_by),
        ("ce_rights", feed.rights),
        ("ce_learnlines", None if feed.learn_lines else "false"),
        ("ce_emptyembargo", feed.empty_embargo if feed.empty_embargo != "hold" else None),
    )
    return tuple((name, value.encode()) for name, value in rules if value)
