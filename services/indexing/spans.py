"""When each version of an article could be found, out of the rows of its history: for all who may have got one. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from shared.events import Status, rfc3339

FIELDS = (
    "article_id", "ext_version", "revision", "status", "live_from", "live_until", "embargoed_until", "embargo_open", "expires",
)  # fmt: skip
MOST = 1000
"""Spans that one announcement tells of, the newest; no story has had more versions that anybody could read."""


def spans_of(rows: Iterable[Mapping[str, Any]], *, before: int) -> list[dict[str, Any]]:
    """The spans in which versions could be found, the oldest first, as `shared.events.Span`.

    Args:
        rows: of one article's history.
        before: only of revisions below this one: a row of what is live was written before it gave way, or never will.
    """
    found = [span for row in rows if (span := _span(row, before)) is not None]
    found.sort(key=lambda span: span["revision"])
    return found[-MOST:]


def _span(row: Mapping[str, Any], before: int) -> dict[str, Any] | None:
    since, until = _moment(row.get("live_from")), _moment(row.get("live_until"))
    revision = row.get("revision")
    usable = row.get("status") == Status.USABLE and not row.get("embargo_open")
    if since is None or until is None or not isinstance(revision, int) or revision >= before or not usable:
        return None
    embargo, expires = _moment(row.get("embargoed_until")), _moment(row.get("expires"))
    since = max(since, embargo) if embargo else since
    until = min(until, expires) if expires else until
    if since >= until:
        return None
    return {
        "ext_version": row["ext_version"],
        "revision": revision,
        "since": rfc3339(since),
        "until": rfc3339(until),
    }


def _moment(text: Any) -> datetime | None:
    return datetime.fromisoformat(text).astimezone(UTC) if isinstance(text, str) else None
