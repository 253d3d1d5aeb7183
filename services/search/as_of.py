"""Searches as they would have been answered at an earlier moment, pure.

They run over live articles and superseded versions: a live one counts from the moment it was indexed, a superseded one within
the span in which it was live, and what never was live not at all. Embargo and expiry are held against that moment. What
has been killed, withheld or put under an embargo since stays away: its rows say so (`held`, `held_until`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any, Final

from services.search.dates import DateError, parse_span, rfc3339_ms
from services.search.reader import reader_filter, standing

Document = Mapping[str, Any]
Clause = dict[str, Any]

STANDING: Final = ["id", "revision", "status", "embargoed_until", "embargo_open"]
"""What of a live document says whether its past may be shown."""
SHOWN: Final = ["id", "revision", "superseded_by"]
"""What a row of such a search carries beside what every row does."""


def read_moment(text: str, zone: tzinfo, now: datetime) -> datetime:
    """The moment of `as_of`, cut to the millisecond; a date stands for its beginning.

    Raises:
        DateError: not a date, or in the future, of which nothing is known.
    """
    moment = parse_span(text, zone, now).start
    moment = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    if moment > now:
        raise DateError("this lies in the future; as_of is a moment of the past")
    return moment


def past_filter(moment: datetime, now: datetime) -> Clause:
    """The clause that finds one version of each article that was to be found at `moment`, and may still be found."""
    then, present = rfc3339_ms(moment), rfc3339_ms(now)
    live = {"bool": {"filter": [_range("indexed", "lte", then)], "must_not": [{"exists": {"field": "superseded_by"}}]}}
    superseded = {
        "bool": {
            "filter": [_range("live_from", "lte", then), _range("live_until", "gt", then)],
            "must_not": [{"term": {"held": True}}, _range("held_until", "gte", present)],
        }
    }
    return {
        "bool": {
            "filter": [
                reader_filter(moment),
                {"bool": {"should": [live, superseded], "minimum_should_match": 1}},
            ]
        }
    }


def superseded_ids(hits: Sequence[Document]) -> list[str]:
    """Ids of the articles whose past is among the hits."""
    return sorted({hit["_source"]["id"] for hit in hits if hit["_source"].get("superseded_by") is not None})


def may_be_shown(hits: Sequence[Document], live: Collection[Document], now: datetime) -> list[Document]:
    """The hits, each under its article's id, without the past of what may not be shown now, and without a second version of any article.

    The rows of history say how their article stands, and so does this, a second time and by the live documents themselves:
    rows of an older release say nothing, and the row of what is live still, which a crash leaves, must not double it.

    Args:
        hits: of a search by `past_filter`.
        live: the live documents of `superseded_ids`, of each the fields `STANDING`.
        now: aware.
    """
    revisions = {one["id"]: one.get("revision") for one in live if standing(one, now) == "usable"}
    kept: dict[str, Document] = {}
    for hit in hits:
        source = hit["_source"]
        if source.get("superseded_by") is not None:
            revision = revisions.get(source["id"], ...)
            if revision is ... or revision == source.get("revision"):
                continue
        known = kept.get(source["id"])
        if known is None or (known["_source"].get("revision") or 0) < (source.get("revision") or 0):
            kept[source["id"]] = hit
    return [{**hit, "_id": hit["_source"]["id"]} for hit in kept.values()]


def _range(field: str, bound: str, value: str) -> Clause:
    return {"range": {field: {bound: value}}}
