"""The list of kills, pure: what is asked, the order that misses none, and what is told.

A tombstone says where the record that killed its article stands: partition and offset. A cursor holds the offset reached in
each partition, so a kill of a partition that lags behind is listed when it comes, whatever its time. Nothing is listed beyond
the mark of its partition: up to there every kill can be found, beyond it a later one may be seen before an earlier one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson

from services.search import cursor as cursors
from services.search import notices
from services.search.dates import DateError, parse_span, parse_zone, rfc3339_ms
from services.search.request import MAX_CURSOR_LENGTH, MAX_VALUE_LENGTH, MAX_VALUES, refuse, unknown_parameter

Document = Mapping[str, Any]
Marks = Mapping[int, int]

SINGLE: Final = ("from", "to", "tz", "size", "cursor")
MANY: Final = ("feed",)
PARAMETERS: Final = (*SINGLE, *MANY)
DEFAULT_SIZE: Final = 100
MAX_SIZE: Final = 1000
SHOWN: Final = [
    "id", "story_id", "provider_id", "feed", "slugline", "notice_title", "reason", "status_given", "version_time",
    "received", "indexed", "first_published", "version", "revision", "order_id", "erased", "kill_partition", "kill_offset",
]  # fmt: skip
_KIND: Final = b"\x02"


@dataclass(frozen=True, slots=True)
class Asked:
    """Which kills: received at or after `start` and before `end`, of these feeds, a page of `size`, after `reached`."""

    start: datetime | None = None
    end: datetime | None = None
    feeds: tuple[str, ...] = ()
    size: int = DEFAULT_SIZE
    cursor: str | None = None
    fingerprint: str = ""


def read(pairs: Iterable[tuple[str, str]], now: datetime) -> Asked:
    """What the parameters of a request ask for; an empty value counts as absent.

    Raises:
        Problem: 400, naming the parameter.
    """
    given: dict[str, list[str]] = {}
    for name, value in pairs:
        if name not in PARAMETERS:
            raise unknown_parameter(name, PARAMETERS)
        if name in SINGLE and name in given:
            raise refuse(name, f"{name} may be given once")
        given.setdefault(name, []).append(value.strip())
    single = {name: values[0] for name, values in given.items() if name in SINGLE and values[0]}
    feeds = tuple(sorted({value for value in given.get("feed", ()) if value}))
    if len(feeds) > MAX_VALUES or any(len(value) > MAX_VALUE_LENGTH for value in feeds):
        raise refuse("feed", f"feed may have {MAX_VALUES} values of {MAX_VALUE_LENGTH} characters")
    spelled = orjson.dumps([single.get("from"), single.get("to"), single.get("tz"), feeds])
    start, end = _span(single, now)
    return Asked(
        start=start,
        end=end,
        feeds=feeds,
        size=_size(single.get("size")),
        cursor=_cursor(single.get("cursor")),
        fingerprint=hashlib.sha256(spelled).hexdigest()[:24],
    )


def _span(single: Mapping[str, str], now: datetime) -> tuple[datetime | None, datetime | None]:
    name = "tz"
    try:
        zone = parse_zone(single.get("tz", "UTC"))
        name = "from"
        first = parse_span(single["from"], zone, now) if "from" in single else None
        name = "to"
        last = parse_span(single["to"], zone, now) if "to" in single else None
    except DateError as error:
        raise refuse(name, str(error)) from None
    if first and last and first.start > last.start and first.start >= last.end:
        raise refuse("from", "from lies after to")
    return first.start if first else None, last.end if last else None


def _size(text: str | None) -> int:
    if text is None:
        return DEFAULT_SIZE
    if not (text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= MAX_SIZE):
        raise refuse("size", f"size is a whole number from 1 to {MAX_SIZE}; use cursor for more")
    return int(text)


def _cursor(text: str | None) -> str | None:
    if text is not None and len(text) > 4 * MAX_CURSOR_LENGTH:
        raise refuse("cursor", "this is no cursor of ours", code="bad-cursor")
    return text


def resume(asked: Asked, key: bytes) -> Marks:
    """The offsets reached by the pages so far; none at the beginning.

    Raises:
        Problem: 400, a cursor that is not ours or belongs to other filters.
    """
    if asked.cursor is None:
        return {}
    try:
        fingerprint, reached = orjson.loads(cursors.opened(_KIND, asked.cursor, key))
    except cursors.BadCursor as error:
        raise refuse("cursor", str(error), code="bad-cursor") from None
    if fingerprint != asked.fingerprint:
        raise refuse("cursor", "this cursor belongs to other filters; from, to, tz and feed stay", code="bad-cursor")
    return {int(partition): offset for partition, offset in reached}


def body(asked: Asked, reached: Marks, marks: Marks) -> dict[str, Any] | None:
    """The search for the next page, or None where there is none to ask for.

    Args:
        asked: the filters.
        reached: offsets of the pages before.
        marks: offset of each partition up to which all kills can be found.
    """
    open_ = {partition: mark for partition, mark in marks.items() if mark > reached.get(partition, -1)}
    if not open_:
        return None
    within = [
        {
            "bool": {
                "filter": [
                    {"term": {"kill_partition": partition}},
                    {"range": {"kill_offset": {"gt": reached.get(partition, -1), "lte": mark}}},
                ]
            }
        }
        for partition, mark in sorted(open_.items())
    ]
    filters: list[dict[str, Any]] = [
        {"term": {"status": "killed"}},
        {"bool": {"should": within, "minimum_should_match": 1}},
    ]
    if asked.feeds:
        filters.append({"terms": {"feed": list(asked.feeds)}})
    bounds = {"gte": asked.start and rfc3339_ms(asked.start), "lt": asked.end and rfc3339_ms(asked.end)}
    if asked.start or asked.end:
        filters.append({"range": {"received": {name: value for name, value in bounds.items() if value}}})
    return {
        "query": {"bool": {"filter": filters}},
        # A slice that an older release made may not know of the fields yet.
        "sort": [
            {"kill_offset": {"order": "asc", "unmapped_type": "long"}},
            {"kill_partition": {"order": "asc", "unmapped_type": "integer"}},
        ],
        "size": asked.size + 1,
        "_source": SHOWN,
        "track_total_hits": False,
    }


def page(
    asked: Asked,
    reached: Marks,
    marks: Marks,
    tombstones: Sequence[Document],
    key: bytes,
    *,
    pasts: Mapping[str, notices.Past],
) -> dict[str, Any]:
    """The answer: a page of notices, and the cursor of the next, which is there also where nothing more has come yet.

    Args:
        asked: the filters.
        reached: offsets of the pages before.
        marks: as the search was held to.
        tombstones: what it found, up to one more than a page.
        key: what cursors are signed with.
        pasts: what history knows of their articles, by id.
    """
    shown, more = tombstones[: asked.size], len(tombstones) > asked.size
    after = dict(reached)
    if more:
        for tombstone in shown:
            partition = tombstone["kill_partition"]
            after[partition] = max(tombstone["kill_offset"], after.get(partition, -1))
    else:
        after |= {partition: max(mark, after.get(partition, -1)) for partition, mark in marks.items()}
    payload = orjson.dumps([asked.fingerprint, sorted(after.items())])
    return {
        "items": [told(tombstone, pasts.get(str(tombstone["id"]))) for tombstone in shown],
        "more": more,
        "next": cursors.sealed(_KIND, payload, key),
    }


def told(tombstone: Document, past: notices.Past | None) -> dict[str, Any]:
    """A kill as it is listed: the notice, and since when the article answers 410. Never text."""
    return notices.told(tombstone, past) | {"version": tombstone.get("version"), "searchable": tombstone.get("indexed")}
