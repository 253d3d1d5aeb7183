"""What is understood of real wire files and feeds never becomes less than it was; `make conformance` prints it all."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.conformance.compare import FileResult
from tests.conformance.disagreements import known
from tests.conformance.feeds import feed_results
from tests.conformance.report import wire_results

pytestmark = pytest.mark.corpora

# Format → facts matched or held otherwise with a reason, of all facts of its files.
WIRE = {
    "AAP ZCZC text": (12, 12),
    "ANPA 1312": (66, 66),
    "AP Media API JSON": (29, 29),
    "AsiaNet press release text": (48, 48),
    "Atom": (12, 12),
    "Bureau of Meteorology text": (7, 7),
    "IPTC 7901": (65, 65),
    "NITF": (202, 202),
    "News Bites ZCZC text": (8, 8),
    "NewsML 1.2": (345, 345),
    "NewsML-G2": (605, 605),
    "NewsML-G2 fragment": (10, 10),
    "CP Jimi XML": (121, 121),
    "RSS 2.0 (WordPress export)": (8, 8),
    "Ritzau XML": (83, 83),
    "Solita release XML": (18, 18),
    "ninjs (1.x style)": (74, 74),
    "ninjs 1.4": (33, 33),
    "ninjs 2.1": (78, 78),
    "ninjs 3.0": (109, 109),
}
FEED_FACTS = 212
READ = "read", "no news"


@pytest.fixture(scope="module")
def rules():
    return known()


@pytest.fixture(scope="module")
def wire(corpora, rules):
    return wire_results(corpora, rules)


@pytest.fixture(scope="module")
def feeds(corpora, rules):
    return feed_results(corpora, rules)


def settled(results: list[FileResult], name: str) -> tuple[int, int]:
    facts = [fact for result in results if result.format == name for fact in result.facts]
    return sum(not fact.is_open for fact in facts), len(facts)


def crashed(reading) -> bool:
    """A reader's own error: the service makes a dead letter of it, with these words."""
    refusals = [reading.refused, *reading.refusals, *(item.refused for item in reading.items)]
    return any("while it was read" in refused.reason for refused in refusals if refused)


def test_no_file_makes_a_reader_fail(wire, feeds):
    assert [result.file for result in (*wire, *feeds) if crashed(result.reading)] == []


def test_every_file_is_read(wire):
    assert [(result.file, result.how) for result in wire if result.how not in READ] == []


@pytest.mark.parametrize("name", WIRE)
def test_facts_of_a_format(wire, name):
    """Not one fact fewer than when this was measured; a rise belongs into the table above."""
    found, of = settled(wire, name)
    least, known_of = WIRE[name]
    assert of >= known_of
    assert found >= least, [
        (result.file, fact.fact, fact.theirs, fact.ours)
        for result in wire
        if result.format == name
        for fact in result.facts
        if fact.is_open
    ]


def test_the_table_has_every_format(wire):
    assert {result.format for result in wire} == WIRE.keys()


def test_facts_of_feeds(feeds):
    outcomes = Counter(fact.is_open for result in feeds for fact in result.facts)
    assert outcomes[False] >= FEED_FACTS
    assert not outcomes[True]


def test_every_well_formed_feed_is_read_or_has_nothing_to_read(feeds):
    assert [result.file for result in feeds if result.how == "refused" and result.well_formed] == []


def test_no_disagreement_is_stale(wire, feeds, rules):
    assert wire
    assert feeds
    assert [rule.reason for rule in rules.stale] == []
