"""Wire formats: every sample file read, every known fact matched; and what it costs to read a 5 KB item of each format.

The items are our own (`tests/fixtures/wire/full`), their text grown to 5 KB: one story, so that formats can be compared. Reading
is bytes → what the provider said; the whole way to the normalized article's bytes is in `wire_speed`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from services.normalization.formats import registry
from services.normalization.raw import RawStory
from tests.conformance.disagreements import known
from tests.conformance.report import wire_results
from tests.fidelity.table import Row, each
from tests.fidelity.wire_speed import speeds
from tests.unit.normalization.raws import raw

FULL = Path(__file__).parents[1] / "fixtures" / "wire" / "full"
SIZE = 5 * 1024
GOAL = 500
"""Microseconds of CPU to read an item."""
ROUNDS = 5
SENTENCE = (
    b"The quay in the harbour of the old town was opened again on Saturday by the mayor, after three years of work that"
    b" cost the port some forty million euros, its manager said. "
)
GROWS_AT = (b"The quay opened.", b"The quay opened on Saturday")
BETWEEN = {"anpa_1312.txt": b"\r\n\t   ", "iptc_7901.txt": b"\r\n\r\n", "text.txt": b"\n\n"}


def rows(corpora: Path) -> Iterator[Row]:
    yield from conformance(corpora)
    own = own_items()
    yield from reading(own)
    yield from speeds(corpora, own)


def own_items() -> dict[str, bytes]:
    """An item of each format, by the name of its file."""
    return {file.stem: grown(file) for file in sorted(FULL.iterdir())}


def reading(own: Mapping[str, bytes]) -> Iterator[Row]:
    """What it costs to read each; `make bench` prints it too."""
    for name, value in each(own.items(), "formats", len(own)):
        item = raw(value, None)
        read = microseconds(registry.detect(item).read, item)
        yield Row(
            f"read an item of {len(value) / 1024:.1f} KB: {name}", f"{read:.0f} µs", "-", f"≤ {GOAL} µs", read <= GOAL
        )


def conformance(corpora: Path) -> Iterator[Row]:
    """How many files are read, and how many of their facts are kept or rightly held otherwise."""
    results = wire_results(corpora, known())
    read = sum(result.how in ("read", "no news") for result in results)
    facts = [fact for result in results for fact in result.facts]
    settled = sum(not fact.is_open for fact in facts)
    yield Row("wire files read", f"{read} of {len(results)}", "-", "all", read == len(results))
    yield Row("facts of wire files kept", f"{settled} of {len(facts)}", "-", "all", settled == len(facts))


def grown(file: Path) -> bytes:
    """A fixture with more sentences in its text, to `SIZE`; one without a text stays as it is."""
    value = file.read_bytes()
    more = (SENTENCE + BETWEEN.get(file.name, b" ")) * max((SIZE - len(value)) // len(SENTENCE), 0)
    at = next((place for words in GROWS_AT if (place := value.rfind(words)) >= 0), None)
    return value if at is None else value[:at] + more + value[at:]


def microseconds(work: Callable[[RawStory], object], item: RawStory) -> float:
    """CPU of one call, the best of some rounds."""
    for _ in range(20):
        work(item)
    best = float("inf")
    for _ in range(ROUNDS):
        begun, calls = time.process_time(), 0
        while time.process_time() - begun < 0.05:
            work(item)
            calls += 1
        best = min(best, (time.process_time() - begun) / calls)
    return best * 1e6
