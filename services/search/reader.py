"""What a reader may see, said once: as the filter of every search and as the answer about one document. Pure.

Only usable stories, past their embargo, not yet expired. The index keeps milliseconds: an embargo that ends within the
present millisecond still holds, so that nothing is out before its time.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from services.search.dates import rfc3339_ms

Standing = Literal["usable", "withheld", "embargoed", "killed"]


def reader_filter(now: datetime) -> dict[str, Any]:
    """The Elasticsearch clause that every search surface carries.

    Args:
        now: aware; the instant that embargoes and expiries are held against.
    """
    instant = rfc3339_ms(now)
    return {
        "bool": {
            "filter": [{"term": {"status": "usable"}}],
            "must_not": [
                {"term": {"embargo_open": True}},
                {"range": {"embargoed_until": {"gte": instant}}},
                {"range": {"expires": {"lte": instant}}},
            ],
        }
    }


def standing(document: Mapping[str, Any], now: datetime) -> Standing:
    """The status of a document as readers are told it; an embargo is a time, so it is looked at here."""
    status = document.get("status")
    if status == "killed":
        return "killed"
    if status != "usable":  # withheld, missing, or a word of a later release: shown to nobody
        return "withheld"
    return "embargoed" if _embargoed(document, now) else "usable"


def expired(document: Mapping[str, Any], now: datetime) -> bool:
    """Whether the provider's expiry has passed; such a story is in no search, but still answers by its id."""
    moment = moment_of(document.get("expires"))
    return moment is not None and moment <= now


def _embargoed(document: Mapping[str, Any], now: datetime) -> bool:
    if document.get("embargo_open"):
        return True
    given = document.get("embargoed_until")
    if given is None:
        return False
    until = moment_of(given)
    return until is None or until > now  # an embargo that cannot be read is an embargo


def moment_of(value: Any) -> datetime | None:
    """A stored time, aware; None where there is none that can be read."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
