"""What a structured wire item costs, from its record in `stories.raw` to the bytes for `articles.normalized`, as a pool process does it.

The items are the corpus' own files that make articles, and our own of 5 KB; all are gone through in turn, several times over,
so that what else the machine does falls on every format alike, and the middle pass counts. Time is the process's, so waiting
is not in it, but a neighbour that takes the caches away is. Plain text and pages are no structured items, and told beside. Repeated lines are
not looked for: at such a rate the service does that in a few stories of a hundred (`line_keeper`).
"""

from __future__ import annotations

import gc
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

from services.normalization.chunk import event
from services.normalization.feed_lines import LINES_HEADER, header_of
from services.normalization.language import second_opinion
from services.normalization.normalize import normalize_each
from services.normalization.raw import raw_story
from shared.errors import Refused
from shared.events import STORY_RECEIVED, Headers
from tests.conformance.corpus import samples
from tests.fidelity.table import Row, each
from tests.unit.normalization.raws import NOW, RECEIPT

GOAL: Final = 2000
"""Structured items a second and core."""
PASSES: Final = 9
_UNSTRUCTURED: Final = frozenset({"text", "html"})
_HEADERS: Final[Headers] = (
    ("ce_specversion", b"1.0"),
    ("ce_type", STORY_RECEIVED.encode()),
    ("ce_id", f"{RECEIPT}.0".encode()),
    ("ce_feed", b"local"),
    ("ce_receipt", str(RECEIPT).encode()),
    ("ce_time", NOW.isoformat().encode()),
    (LINES_HEADER, header_of(b"", wanted=False)),
)


class Record(NamedTuple):
    """An item's bytes, the format that reads it, and how many articles it makes."""

    format: str
    value: bytes
    articles: int


def speeds(corpora: Path, own: Mapping[str, bytes]) -> Iterator[Row]:
    """Articles a second, format by format, of the corpus and of our `own` items, and of all structured ones of the corpus."""
    theirs = list(recorded(sample.content for sample in samples(corpora, "wire")))
    ours = {name: list(recorded([value])) for name, value in own.items()}
    groups = {f"own, 5 KB: {name}": records for name, records in ours.items() if records}
    for record in theirs:
        groups.setdefault(f"corpus: {record.format}", []).append(record)
    spent = micros(groups)
    for name, records in sorted(groups.items()):
        yield Row(
            f"{name}, {len(records)} files", f"{spent[name]:.0f} µs an article", _per_second(spent[name]), "", True
        )
    structured = {
        name: records
        for name, records in groups.items()
        if name.startswith("corpus: ") and records[0].format not in _UNSTRUCTURED
    }
    count = {name: sum(record.articles for record in records) for name, records in structured.items()}
    whole = sum(spent[name] * count[name] for name in structured) / sum(count.values())
    yield Row(
        f"structured wire items of the corpus, {sum(count.values())} articles",
        _per_second(whole),
        f"{whole:.0f} µs an article",
        f"≥ {GOAL:,}/s",
        1e6 / whole >= GOAL,
    )


def recorded(values: Iterable[bytes]) -> Iterator[Record]:
    """Those of the items that make articles."""
    for value in values:
        try:
            articles = normalize_each(raw_story(_HEADERS, value), NOW).articles
        except Refused:
            continue
        if articles:
            yield Record(articles[0].format, value, len(articles))


def micros(groups: Mapping[str, list[Record]]) -> dict[str, float]:
    """µs of the process an article, group by group: the middle of some passes over all groups."""
    second_opinion()
    found: dict[str, list[float]] = defaultdict(list)
    thresholds = gc.get_threshold()
    gc.collect()
    gc.freeze()  # as `chunk.prepare` does in a pool process
    gc.set_threshold(50_000, 20, 50)
    try:
        for _ in each(range(PASSES + 1), "wire items, decode to bytes"):
            for name, records in groups.items():
                turns = max(1, 40 // len(records))
                begun = time.process_time()
                for _ in range(turns):
                    for record in records:
                        done(record.value)
                spent = time.process_time() - begun
                found[name].append(spent / turns / sum(record.articles for record in records) * 1e6)
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()
    return {name: median(times[1:]) for name, times in found.items()}  # the first pass warms everything up


def done(value: bytes) -> list[tuple[bytes, bytes]]:
    """The messages that a record makes."""
    return [event(article) for article in normalize_each(raw_story(_HEADERS, value), NOW).articles]


def _per_second(micros_each: float) -> str:
    return f"{1e6 / micros_each:,.0f}/s"
