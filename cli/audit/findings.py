"""What an audit may find, and the checks that need no server. Pure: documents in order, findings out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Final

Row = Mapping[str, Any]

MOST_NAMED: Final = 20
"""Findings of one kind that are named one by one; the others are counted."""
CLOCKS: Final = timedelta(seconds=5)
"""How far the clocks of two workers may stand apart."""

CHECKS: Final = {
    "two-documents": "no article has two live documents",
    "went-back": "no live version is older than one that was live before",
    "spans-overlap": "no two versions of an article were live at once",
    "text-after-kill": "no tombstone has a text",
    "text-after-erasure": "no earlier version of an erased article has a text",
    "unlisted-kill": "every tombstone is within reach of the list of kills",
    "not-held": "no earlier version of a killed, withheld or embargoed article is open",
    "split-cluster": "no copies of one story stand in two clusters",
    "lost": "every acknowledged item has become of something",
    "count": "counts agree with the metrics",
}
"""Each check with the sentence that it proves."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One broken promise: which check, of what (ids, places), and how."""

    check: str
    about: str
    detail: str


@dataclass(slots=True)
class Report:
    """What was looked at, and what was found."""

    looked_at: dict[str, int] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    """Findings by check."""
    named: list[Finding] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    """What is worth knowing and breaks no promise; also what could not be checked."""
    skipped: list[str] = field(default_factory=list)
    """Checks that were not made."""

    @property
    def good(self) -> bool:
        """Whether every promise that was checked holds."""
        return not self.counts

    def add(self, findings: Iterable[Finding]) -> None:
        """Count these, and name the first of each kind."""
        for finding in findings:
            count = self.counts[finding.check] = self.counts.get(finding.check, 0) + 1
            if count <= MOST_NAMED:
                self.named.append(finding)


def doubled(article: Sequence[Row]) -> Iterator[Finding]:
    """The live documents of one article, which should be one."""
    if len(article) > 1:
        slices = ", ".join(sorted(str(row["_index"]) for row in article))
        yield Finding("two-documents", article[0]["id"], f"live in {slices}")


def misordered(live: Row, rows: Sequence[Row]) -> Iterator[Finding]:
    """An article's live document and its history."""
    was_live = sorted((row for row in rows if row.get("live_from")), key=lambda row: row["live_from"])
    current = live.get("ext_version", 0)
    # History is written first: a row of what is live still is no sign of anything.
    past = [row for row in was_live if row.get("ext_version") != current]
    newest = max((row.get("ext_version", 0) for row in past), default=0)
    if newest > current:
        yield Finding("went-back", live["id"], f"live is {current}, and {newest} was live before")
    for one, other in pairwise(past):
        until = one.get("live_until")
        if until is None or _moment(until) > _moment(other["live_from"]) + CLOCKS:
            yield Finding("spans-overlap", live["id"], f"{one['ext_version']} and {other['ext_version']}")


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def restricted(live: Row, now: datetime) -> bool:
    """Whether no reader may see any version of the article."""
    until = live.get("embargoed_until")
    return (
        live.get("status") != "usable" or bool(live.get("embargo_open")) or (until is not None and _moment(until) > now)
    )


def unheld(live: Row, rows: Iterable[Row], now: datetime) -> Iterator[Finding]:
    """Open rows of an article that no reader may see."""
    if restricted(live, now):
        for row in rows:
            until = row.get("held_until")
            if not row.get("held") and not (until and _moment(until) > now):
                yield Finding("not-held", live["id"], f"version {row.get('ext_version')} is open in history")


def unlisted(tombstones: Iterable[Row], marks: Mapping[int, int]) -> Iterator[Finding]:
    """Tombstones that the list of kills does not come to: beyond the mark of their partition.

    Args:
        tombstones: with the place of the record that killed them.
        marks: by partition, the offset up to which kills are listed.
    """
    for row in tombstones:
        partition, offset = row["kill_partition"], row["kill_offset"]
        if offset > marks.get(partition, -1):
            told = f"killed at {partition}:{offset}, and the mark stands at {marks.get(partition, 'nothing')}"
            yield Finding("unlisted-kill", row["id"], told)


async def joined(
    live: AsyncIterator[Row], rows: AsyncIterator[Row], seen: Callable[[], None] = lambda: None
) -> AsyncIterator[tuple[list[Row], list[Row]]]:
    """Live documents and history rows by article; both come ordered by the article's id. `seen` is called once an article.

    History of an article that is not live (it cannot be, unless documents were deleted) is passed over.
    """
    row = await anext(rows, None)
    group: list[Row] = []
    async for document in live:
        if group and group[0]["id"] != document["id"]:
            own, row = await _rows_of(group[0]["id"], row, rows)
            seen()
            yield group, own
            group = []
        group.append(document)
    if group:
        own, _ = await _rows_of(group[0]["id"], row, rows)
        seen()
        yield group, own


async def _rows_of(article_id: str, row: Row | None, rows: AsyncIterator[Row]) -> tuple[list[Row], Row | None]:
    own: list[Row] = []
    while row is not None and row["article_id"] <= article_id:
        if row["article_id"] == article_id:
            own.append(row)
        row = await anext(rows, None)
    return own, row


def miscounted(accepted: int, stored: int, created: int, documents: int) -> Iterator[Finding]:
    """What services counted since they were started, against what is there.

    Args:
        accepted: items that the front doors acknowledged.
        stored: records that `stories.raw` took in that time.
        created: articles that indexing made.
        documents: live documents there are.
    """
    if accepted > stored:
        yield Finding("count", "stories.raw", f"{accepted:,} items were acknowledged, and {stored:,} are there")
    if created > documents:
        yield Finding("count", "articles", f"{created:,} articles were made, and {documents:,} are there")
