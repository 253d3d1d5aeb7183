"""The fingerprint of what a provider sent: tells a redelivery from a new text under the same version. Pure.

Taken from the parsed fields before any cleaning, so that a better cleaning rule never makes a new version. The form is
kept for ever: only given fields take part, under their names, in the order of the names; `SCHEME` changes if it must.
"""

from __future__ import annotations

from operator import attrgetter
from typing import Any

import orjson

from services.normalization.parts import GivenDate, StoryParts
from shared import ids
from shared.events import Dateline, Image, Related, Topic

SCHEME = "1"

_SAID = (
    "body",
    "body_html",
    "byline",
    "correction",
    "credit",
    "dateline",
    "ednote",
    "ednote_private",
    "embargoed",
    "embargoed_until",
    "evolved_from",
    "expires",
    "holds",
    "images",
    "keywords",
    "kills",
    "language",
    "places",
    "provider_id",
    "published",
    "related",
    "rights",
    "section",
    "slugline",
    "source",
    "status",
    "subheads",
    "summary",
    "title",
    "topics",
    "updated",
    "url",
    "urgency",
    "version",
    "version_time",
)
_values = attrgetter(*_SAID)
_CANONICAL = orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATACLASS


def _plain(value: Any) -> Any:
    """Dates as they were written; models by the fields that are set."""
    if isinstance(value, GivenDate):
        return value.raw
    if isinstance(value, Topic | Dateline | Related | Image):
        # As `model_dump(exclude_none=True)` in a fifth of the time: nothing is nested in these.
        return {name: given for name, given in value.__dict__.items() if given is not None}
    return value.model_dump(exclude_none=True)


def source_hash(parts: StoryParts) -> str:
    """32 hex digits over all that the provider said; receipt, time of receipt and feed defaults play no part."""
    said = {name: value for name, value in zip(_SAID, _values(parts), strict=True) if value}
    canonical = orjson.dumps(said, default=_plain, option=_CANONICAL)
    return ids.content_hash(SCHEME, canonical)


def text_hash(parts: StoryParts) -> str:
    """16 hex digits over headline, subheads, summary and text as sent: where they are the same, only metadata differs."""
    return ids.content_hash(parts.title, "\n".join(parts.subheads), parts.summary, parts.body)[:16]
