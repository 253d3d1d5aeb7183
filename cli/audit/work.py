"""The audit itself, over the ports: so that tests need no server.

The index is read in order, article by article, beside its history; then every record of `stories.raw` is looked for. What
is under way is waited for: only what has become of nothing after `patience_s` counts as lost.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from cli.audit.findings import Finding, Report, doubled, joined, miscounted, misordered, unheld, unlisted
from services.indexing.marks import KILLS
from shared.elastic.index import ARTICLE_VERSIONS, ARTICLES, MARKS
from shared.elastic.scan import Index, Row
from shared.events import STORIES_RAW, header
from shared.kafka.ports import Record
from shared.kafka.reading import Reader

_LIVE: Final = ("id", "ext_version", "status", "embargo_open", "embargoed_until", "cluster_id")
_PAST: Final = ("article_id", "ext_version", "source_hash", "live_from", "live_until", "held", "held_until")
_TEXTS: Final = ("title", "summary", "body", "body_html")
ASKED: Final = 1000
"""Items asked for at once."""
_AGAIN_S: Final = 1.0
_TRIES: Final = 5


class Progress(Protocol):
    """Told how the work goes."""

    def begin(self, what: str, total: int) -> None:
        """A part of the work begins, with so many pieces."""

    def advance(self, count: int = 1) -> None:
        """So many pieces are done."""


class Silent:
    """A `Progress` that nobody watches."""

    def begin(self, what: str, total: int) -> None:
        """Nothing."""

    def advance(self, count: int = 1) -> None:
        """Nothing."""


@dataclass(frozen=True, slots=True)
class Counted:
    """What the services that run say of themselves: sums over all replicas.

    `since` is the earliest start of a front door, in seconds since 1970; None if none answered.
    """

    accepted: int = 0
    created: int = 0
    since: float | None = None


async def audit_index(index: Index, report: Report, now: Callable[[], datetime], progress: Progress) -> None:
    """Every article beside its history."""
    count = await index.count(ARTICLES)
    progress.begin("articles", count)
    report.looked_at["articles"] = 0
    rows = index.scan(ARTICLE_VERSIONS, _PAST, ("article_id", "ext_version", "source_hash"))
    live = index.scan(ARTICLES, _LIVE, ("id", "_index"))
    async for documents, history in joined(live, rows, progress.advance):
        report.looked_at["articles"] += 1
        report.looked_at["earlier versions"] = report.looked_at.get("earlier versions", 0) + len(history)
        report.add(doubled(documents))
        report.add(misordered(documents[0], history))
        report.add(unheld(documents[0], history, now()))
    await _audit_erased(index, report)
    texts = [{"exists": {"field": name}} for name in _TEXTS]
    killed = {"bool": {"filter": [{"term": {"status": "killed"}}], "should": texts, "minimum_should_match": 1}}
    async for row in index.scan(ARTICLES, ("id",), ("id", "_index"), killed):
        report.add([Finding("text-after-kill", row["id"], f"in {row['_index']}")])
    await _audit_list_of_kills(index, report)


async def _audit_list_of_kills(index: Index, report: Report) -> None:
    """Every tombstone with a place against the mark of its partition, which follows within one batch of it."""
    placed = {"bool": {"filter": [{"term": {"status": "killed"}}, {"exists": {"field": "kill_offset"}}]}}
    marks = await _marks(index)
    tombstones = index.scan(ARTICLES, ("id", "kill_partition", "kill_offset"), ("id", "_index"), placed)
    beyond = [row async for row in tombstones if _is_beyond(row, marks)]
    for _ in range(_TRIES):
        if not beyond:
            return
        await asyncio.sleep(_AGAIN_S)
        await index.refresh()
        marks = await _marks(index)
        beyond = [row for row in beyond if _is_beyond(row, marks)]
    report.add(unlisted(beyond, marks))


def _is_beyond(row: Row, marks: Mapping[int, int]) -> bool:
    return any(True for _ in unlisted([row], marks))


async def _marks(index: Index) -> dict[int, int]:
    rows = index.scan(MARKS, ("partition", "offset"), ("id",), {"term": {"name": KILLS}})
    return {row["partition"]: row["offset"] async for row in rows}


async def _audit_erased(index: Index, report: Report) -> None:
    """The history of each erased article: they are few, and what a court has ordered is looked at one by one."""
    erased = [row["id"] async for row in index.scan(ARTICLES, ("id",), ("id", "_index"), {"term": {"erased": True}})]
    texts = [{"exists": {"field": name}} for name in _TEXTS]
    for start in range(0, len(erased), ASKED):
        of_these = {"terms": {"article_id": erased[start : start + ASKED]}}
        query = {"bool": {"filter": [of_these], "should": texts, "minimum_should_match": 1}}
        fields = ("article_id", "ext_version")
        async for row in index.scan(ARTICLE_VERSIONS, fields, (*fields, "source_hash", "_index"), query):
            version = f"version {row['ext_version']} in {row['_index']}"
            report.add([Finding("text-after-erasure", row["article_id"], version)])


async def audit_receipts(
    index: Index, reader: Reader, report: Report, progress: Progress, *, patience_s: float
) -> dict[str, str]:
    """Every record of `stories.raw` and what became of it; returns what is missing, by place, with its item."""
    spans = await reader.spans(STORIES_RAW)
    total = sum(end - start for start, end in spans.values())
    progress.begin("acknowledged items", total)
    report.looked_at["acknowledged items"] = 0
    missing: dict[str, str] = {}
    async for records in reader.read(spans):
        report.looked_at["acknowledged items"] += len(records)
        for some in _portions(records):
            missing |= await _unknown(index, {_place(record): header(record.headers, "ce_id") or "" for record in some})
        progress.advance(len(records))
    deadline = time.monotonic() + patience_s
    while missing and time.monotonic() < deadline:
        await asyncio.sleep(min(_AGAIN_S, patience_s))
        places = list(missing.items())
        missing = {}
        for start in range(0, len(places), ASKED):
            missing |= await _unknown(index, dict(places[start : start + ASKED]))
    report.add(
        Finding("lost", item or place, f"at {place} of stories.raw and nowhere behind it")
        for place, item in missing.items()
    )
    return missing


def _portions(records: list[Record]) -> Iterator[list[Record]]:
    for start in range(0, len(records), ASKED):
        yield records[start : start + ASKED]


def _place(record: Record) -> str:
    return f"{record.topic}:{record.partition}:{record.offset}"


async def _unknown(index: Index, items: Mapping[str, str]) -> dict[str, str]:
    """Those of these records, by place, of which nothing is known: neither by their item nor by their place."""
    known = await index.known_items({item for item in items.values() if item})
    left = {place: item for place, item in items.items() if item not in known}
    buried = await index.known_letters(left)
    return {place: item for place, item in left.items() if place not in buried}


async def audit_counts(index: Index, reader: Reader, report: Report, counted: Counted) -> None:
    """What the services counted since they were started, against what is there."""
    if counted.since is None:
        report.skipped.append("count: no front door answered")
        return
    whole = await reader.spans(STORIES_RAW)
    since = await reader.spans(STORIES_RAW, since_ms=int(counted.since * 1000))
    stored = sum(end - start for start, end in since.values())
    report.looked_at["acknowledged since the start"] = counted.accepted
    if any(start > 0 and since[partition][0] == start for partition, (start, _) in whole.items() if partition in since):
        report.skipped.append("count: Kafka keeps no longer all that came since the start")
        return
    report.add(miscounted(counted.accepted, stored, counted.created, await index.count(ARTICLES)))
    if stored > counted.accepted:
        report.remarks.append(
            f"{stored - counted.accepted:,} records of stories.raw came since by other ways: polls, replays, "
            "replicas that were restarted"
        )


def findings_of_clusters(split: Iterable[tuple[str, str]]) -> Iterator[Finding]:
    """A finding for each pair of copies in two clusters."""
    for one, other in split:
        yield Finding("split-cluster", one, f"says the same as {other}, in another cluster")
