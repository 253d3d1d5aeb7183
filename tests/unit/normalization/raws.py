"""Raw stories as the front door would send them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
from hypothesis import settings

from services.normalization.normalize import normalize
from services.normalization.raw import RawStory
from shared.events import Article

patient = settings(deadline=None)
"""For property tests: the first example loads a language model, and the machine may be busy."""
NOW = datetime(2026, 2, 8, 12, 0, tzinfo=UTC)
RECEIPT = UUID("01890a5d-ac96-774b-bcce-b302099a8057")


def raw(value: bytes | dict[str, Any], content_type: str | None = "application/json", **given: Any) -> RawStory:
    facts: dict[str, Any] = {
        "feed": "local",
        "provider": "local",
        "receipt": RECEIPT,
        "item": f"{RECEIPT}.0",
        "received": NOW,
    }
    facts |= given
    return RawStory(
        value=value if isinstance(value, bytes) else orjson.dumps(value), content_type=content_type, **facts
    )


def article(value: bytes | dict[str, Any], content_type: str | None = "application/json", **given: Any) -> Article:
    (one,) = normalize(raw(value, content_type, **given), NOW)
    return one


def body(one: Article) -> list[str]:
    return one.body.split("\n\n") if one.body else []
