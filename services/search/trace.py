"""Stored documents and dead letters → what `GET /v1/trace/{key}` answers, pure: ids, times and outcomes, never text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from services.search.reader import standing

Document = Mapping[str, Any]

MAX_ROWS: Final = 1000
"""Articles and dead letters told of one key; a batch may have had more items."""

_ITEM = re.compile(r"([0-9a-fA-F-]{36})\.(\d{1,9})", re.ASCII)

SHOWN: Final = [
    "id", "article_id", "receipt", "item", "feed", "version", "revision", "change", "status", "embargoed_until",
    "embargo_open", "received", "normalized", "indexed", "ext_version", "orders",
]  # fmt: skip
_ORDER: Final = ("id", "order", "at", "change")
"""What anybody is told of an operator's order; who gave it and why is the operators'."""
DEAD_SHOWN: Final = ["class", "reason", "stage", "feed", "receipt", "item", "article_id", "received", "at"]


@dataclass(frozen=True, slots=True)
class Key:
    """What is asked for: an item of a receipt, or an id that may be a receipt's or an article's."""

    receipt: str
    item: str | None = None


def parse_key(text: str) -> Key | None:
    """The key of `{uuid}` or `{uuid}.{n}`, in lower case; None if the text is neither."""
    numbered = _ITEM.fullmatch(text)
    given = numbered[1] if numbered else text
    if len(given) != 36:
        return None
    try:
        receipt = str(UUID(given))
    except ValueError:
        return None
    return Key(receipt, f"{receipt}.{int(numbered[2])}" if numbered else None)


def trace_query(key: Key) -> dict[str, Any]:
    """The clause that finds everything of a key, in all three aliases."""
    if key.item:
        return {"bool": {"filter": [{"term": {"item": key.item}}]}}
    either = [{"term": {field: key.receipt}} for field in ("receipt", "id", "article_id")]
    return {"bool": {"filter": [{"bool": {"should": either, "minimum_should_match": 1}}]}}


def trace(
    key: Key, live: Sequence[Document], past: Sequence[Document], dead: Sequence[Document], now: datetime
) -> dict[str, Any]:
    """The trace's document out of live articles, history, and records of dead letters."""
    versions = sorted(
        [*live, *_superseded(live, past)],
        key=lambda version: (version.get("received") or "", version.get("item") or ""),
    )
    first = next(iter(versions or dead), {})
    return {
        "known": bool(versions or dead),
        "receipt": key.receipt if key.item else first.get("receipt"),
        "feed": first.get("feed"),
        "received": first.get("received"),
        "hops": sorted(_hops(versions, dead), key=lambda hop: hop["at"]),
        "articles": [_article(version, now) for version in versions],
        "dead_letters": [_dead_letter(record) for record in dead],
    }


def _superseded(live: Iterable[Document], past: Iterable[Document]) -> list[Document]:
    """History without the rows of what is live still: they are written first, and the next version may never come."""
    standing_now = {_place(version) for version in live}
    return [version for version in past if _place(version) not in standing_now]


def _place(version: Document) -> tuple[Any, Any]:
    # Not by its number, which a duplicate received later raises; a late version has no revision.
    number = version.get("revision") or -version.get("ext_version", 0)
    return version.get("article_id") or version.get("id"), number


def _article(version: Document, now: datetime) -> dict[str, Any]:
    orders = [{name: order.get(name) for name in _ORDER} for order in version.get("orders") or ()]
    return ({"orders": orders} if orders else {}) | {
        "id": version.get("article_id") or version.get("id"),
        "item": version.get("item"),
        "version": version.get("version"),
        "revision": version.get("revision"),
        "change": version.get("change"),
        "status": standing(version, now),
        "searchable": version.get("indexed"),
    }


def _dead_letter(record: Document) -> dict[str, Any]:
    return {name: record.get(name) for name in ("class", "reason", "stage", "item", "at")}


def _hops(versions: Iterable[Document], dead: Iterable[Document]) -> Iterable[dict[str, Any]]:
    """Each step once: items of one receipt share the moment the door took them."""
    told: set[tuple[Any, ...]] = set()
    for version in versions:
        for stage, moment, outcome in _steps(version):
            one = (stage, moment, outcome, version.get("item") if stage != "ingestion" else version.get("receipt"))
            if moment and one not in told:
                told.add(one)
                yield {"stage": stage, "at": moment, "outcome": outcome, "item": version.get("item")}
    for record in dead:
        received = ("ingestion", record.get("received"), "accepted", record.get("receipt"))
        if record.get("received") and received not in told:
            told.add(received)
            yield {"stage": "ingestion", "at": record["received"], "outcome": "accepted", "item": record.get("item")}
        if record.get("at"):
            outcome = f"dead letter: {record.get('class')}"
            yield {"stage": record.get("stage"), "at": record["at"], "outcome": outcome, "item": record.get("item")}


def _steps(version: Document) -> Iterable[tuple[str, Any, str]]:
    yield "ingestion", version.get("received"), "accepted"
    yield "normalization", version.get("normalized"), "normalized"
    yield "indexing", version.get("indexed"), str(version.get("change") or "indexed")
