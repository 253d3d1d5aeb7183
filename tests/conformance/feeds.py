"""Feeds of the samples: how many entries, and title, date and link of the first, against their manifest."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.table import Table

from cli.conformance.reading import Item, Reading, Sender, understand
from tests.conformance.compare import Compared, judged
from tests.conformance.corpus import Sample, samples
from tests.conformance.disagreements import Known
from tests.conformance.report import console, line
from tests.conformance.same import same

_DATES = ("pubDate", "updated", "published", "date", "date_published", "dc:date")


@dataclass
class FeedResult:
    """One feed: what read it, and how its facts stand."""

    file: str
    reading: Reading
    well_formed: bool
    entries: int | None
    facts: list[Compared] = field(default_factory=list)

    @property
    def how(self) -> str:
        """`read`; `empty` (it has no entry); `no story` (entries without a word); else `refused`."""
        refused = self.reading.refused
        if refused is None:
            return "read"
        if self.reading.items:
            return "no story"
        return "empty" if self.entries in (0, None) and refused.code in ("not-news", "no-feed") else "refused"


def compare_feed(sample: Sample, known: Known, now: datetime) -> FeedResult:
    """Read one feed and hold the manifest's facts against it; a broken one that has none only has to be survived."""
    entry = sample.entry
    reading = understand(sample.name, sample.content, Sender(), now)
    counted = entry.get("entries")
    result = FeedResult(sample.name, reading, bool(entry.get("well_formed", True)), counted)
    where = (sample.name, "feed")
    if counted is not None:
        found = len(reading.items)
        result.facts.append(judged(where, ("entries", counted), [found], found == counted, known, {}))
    facts = entry.get("first_entry") or {}
    for name, value in facts.items():
        ours = _kept(reading.items[0], name) if reading.items else []
        result.facts.append(judged(where, (name, value), ours, any(same(value, each) for each in ours), known, facts))
    return result


def _kept(item: Item, name: str) -> list[Any]:
    parts = item.parts
    values: list[Any]
    if name in _DATES:
        values = [parts.published, parts.updated, parts.version_time]
    elif name in ("link", "url"):
        values = [parts.url]
    elif name in ("guid", "id"):
        values = [parts.provider_id, *parts.given.get("guid", []), parts.url]
    else:
        values = [parts.title] if name == "title" else parts.given.get(name, [])
    return [value for value in values if value not in (None, "")]


def feed_results(folder: Path, known: Known) -> list[FeedResult]:
    now = datetime.now(UTC)
    return [compare_feed(sample, known, now) for sample in samples(folder, "feeds")]


def feeds_report(folder: Path, known: Known, *, details: bool) -> bool:
    """Compare the feeds; whether every well-formed one is read and every fact matched."""
    found = feed_results(folder, known)
    console.print()
    console.print(feeds_table(found))
    for result in found if details else ():
        _print(result)
    unread = [result for result in found if result.how == "refused" and result.well_formed]
    return not unread and all(not fact.is_open for result in found for fact in result.facts)


def feeds_table(found: list[FeedResult]) -> Table:
    """A row a collection, and the whole."""
    groups: dict[str, list[FeedResult]] = defaultdict(list)
    for result in found:
        groups[result.file.partition("/")[0]].append(result)
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("feeds from")
    for name in (
        "files",
        "read",
        "empty",
        "no story",
        "refused",
        "broken",
        "facts",
        "matched",
        "held otherwise",
        "differ",
        "not kept",
    ):
        table.add_column(name, justify="right")
    for name, each in sorted(groups.items()):
        table.add_row(name, *_numbers(each))
    table.add_row("all", *_numbers(found), style="bold")
    return table


def _print(result: FeedResult) -> None:
    open_facts = [fact for fact in result.facts if fact.is_open]
    refused = result.reading.refused
    if open_facts or result.how == "refused":
        why = f", {refused.code}: {refused.reason}" if refused else ""
        console.print(f"\n{result.file}: {result.how}, by {result.reading.format or 'nobody'}{why}")
    for fact in open_facts:
        console.print(f"  {line(fact)}")


def _numbers(found: list[FeedResult]) -> list[str]:
    by = [sum(result.how == how for result in found) for how in ("read", "empty", "no story", "refused")]
    broken = sum(not result.well_formed for result in found)
    facts = [fact.outcome for result in found for fact in result.facts]
    counts = [len(facts), *(facts.count(each) for each in ("matched", "held otherwise", "differs", "not kept"))]
    return [str(number or "-") for number in (len(found), *by, broken, *counts)]
