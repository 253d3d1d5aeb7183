"""Facts of the wire manifest against what newswire keeps of each file. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from cli.conformance.reading import Item, Reading, Sender, understand
from tests.conformance.corpus import Sample
from tests.conformance.disagreements import Known
from tests.conformance.kept import READERS, identities, kept, mark_holds, notes_hold
from tests.conformance.same import folded, same

Outcome = Literal["matched", "held otherwise", "differs", "not kept"]
_CHARSET = re.compile(r"charset (\S+) \(")


@dataclass(frozen=True)
class Compared:
    """One fact: what the manifest says, what we keep, and the verdict; `reason` where we hold otherwise."""

    fact: str
    theirs: Any
    ours: list[Any]
    outcome: Outcome
    reason: str = ""

    @property
    def is_open(self) -> bool:
        """Whether it is neither matched nor explained."""
        return self.outcome in ("differs", "not kept")


@dataclass
class FileResult:
    """One file: who read it and how its facts stand."""

    file: str
    format: str
    provider: str
    reading: Reading
    facts: list[Compared] = field(default_factory=list)
    why_refused: str = ""
    """Why it is rightly refused, if it is."""

    @property
    def how(self) -> str:
        """`read`, `no news` (read, and no story in it), `no reader` for its format, `other reader`, or `refused`."""
        if self.why_refused:
            return "no news"
        if self.format not in READERS and (self.reading.at_door or self.reading.format is None):
            return "no reader"
        if READERS.get(self.format) != self.reading.format:
            return "refused" if self.reading.refused else "other reader"
        if self.reading.refused is None:
            return "read"
        return "no news" if self.reading.is_not_news else "refused"

    def count(self, *outcomes: Outcome) -> int:
        return sum(fact.outcome in outcomes for fact in self.facts)


def compare(sample: Sample, known: Known, now: datetime) -> FileResult:
    """Read one file and hold every fact of its manifest entry against what was kept."""
    entry = sample.entry
    reading = understand(sample.name, sample.content, Sender(), now)
    result = FileResult(sample.name, entry["format"], entry["provider"], reading)
    for rule in known.refusals:
        if rule.explains(sample.name, reading.refused):
            rule.explained += 1
            result.why_refused = rule.reason
    where = (sample.name, entry["format"])
    for name, value, ours, holds in _of_the_file(sample, reading):
        result.facts.append(judged(where, (name, value), ours, holds, known, entry))
    for number, facts in enumerate(entry["facts"]):
        about = _items_of(facts, number, len(entry["facts"]), reading.items)
        for name, value in facts.items():
            ours = _distinct(each for item in about for each in kept(item, name))
            holds = all(_holds(name, one, about, ours) for one in (value if isinstance(value, list) else [value]))
            result.facts.append(judged(where, (name, value), ours, holds, known, facts))
    return result


def judged(  # noqa: PLR0917 - one question, asked in one place
    where: tuple[str, str],
    said: tuple[str, Any],
    ours: list[Any],
    holds: bool,
    known: Known,
    facts: dict[str, Any],
) -> Compared:
    name, value = said
    """The verdict on one fact; `where` is file and format, `facts` all that are said beside it."""
    if holds:
        return Compared(name, value, ours, "matched")
    for rule in known.disagreements:
        if rule.explains(where, name, value, ours, facts):
            rule.explained += 1
            return Compared(name, value, ours, "held otherwise", rule.reason)
    return Compared(name, value, ours, "differs" if ours else "not kept")


def _holds(name: str, value: Any, about: Sequence[Item], ours: Sequence[Any]) -> bool:
    return any(same(value, each) for each in ours) or any(notes_hold(item, name, value) for item in about)


def _items_of(facts: dict[str, Any], number: int, listed: int, items: Sequence[Item]) -> Sequence[Item]:
    """The items that an entry's facts are about: those of its id, else the one in its place, else all of a single entry's."""
    if named := [item for item in items if facts.get("id") in identities(item)]:
        return named[:1]
    if listed == 1:
        return items
    return items[number : number + 1]


def _of_the_file(sample: Sample, reading: Reading) -> Iterator[tuple[str, Any, list[Any], bool]]:
    """Facts of the file as a whole: how many items, and whether its bytes were decoded as a person did."""
    yield (
        "item_count",
        sample.entry["item_count"],
        [len(reading.items)],
        len(reading.items) == sample.entry["item_count"],
    )
    theirs = sample.entry["encoding"]["bytes"]
    for mark in sample.entry.get("marks", ()):
        held = any(mark_holds(item, mark["kind"], mark["words"]) for item in reading.items)
        yield f"mark {mark['kind']}", mark["words"], [], held
    ours = _charset(reading)
    yield (
        "encoding",
        theirs,
        [ours] if reading.items else [],
        bool(reading.items) and _reads_alike(sample.content, theirs, ours),
    )


def _charset(reading: Reading) -> str:
    """What the reader says that it decoded; it says nothing where that was UTF-8."""
    noted = (note for item in reading.items for note in item.parts.notes)
    return next((match[1] for note in noted if (match := _CHARSET.search(note))), "utf-8")


def _reads_alike(content: bytes, one: str, other: str) -> bool:
    return content.decode(one, "replace") == content.decode(other, "replace")


def _distinct(values: Iterable[Any]) -> list[Any]:
    found: dict[str, Any] = {}
    for value in values:
        found.setdefault(folded(getattr(value, "raw", value)), value)
    return list(found.values())
