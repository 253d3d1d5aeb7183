"""`newswire audit` over an index in memory: a sound one passes, and each way to break it is found."""

from __future__ import annotations

import copy
import io
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from cli.audit import command, work
from cli.audit.command import as_document, counted
from cli.audit.findings import CHECKS, MOST_NAMED, Finding, Report, misordered
from cli.audit.work import Counted, Silent, audit_counts, audit_index, audit_receipts, findings_of_clusters
from cli.metrics import read_metrics
from shared.elastic.index import ARTICLE_VERSIONS, ARTICLES, MARKS
from shared.events import STORIES_RAW, rfc3339
from shared.kafka.memory import MemoryBroker
from shared.kafka.memory_reader import MemoryReader
from shared.kafka.ports import Message

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def at(minutes: float) -> str:
    return rfc3339(NOW + timedelta(minutes=minutes))


def asked_for(query, alias, row):
    """The queries there are: marks, erased articles, texts in their history, tombstones with a place, and with a text."""
    if alias == MARKS:
        return row["name"] == "kills"
    if "term" in query:
        return row.get("erased") is True
    if alias == ARTICLE_VERSIONS:
        return row["article_id"] in query["bool"]["filter"][0]["terms"]["article_id"] and "body" in row
    return row.get("status") == "killed" and ("body" if "should" in query["bool"] else "kill_offset") in row


class MemoryIndex:
    """`shared.elastic.scan.Index` over lists."""

    def __init__(self, live=(), past=(), items=(), letters=(), marks=()) -> None:
        self.aliases = {ARTICLES: list(live), ARTICLE_VERSIONS: list(past), MARKS: list(marks)}
        self.refreshed = lambda: None
        self.items, self.letters = set(items), set(letters)
        self.asked = 0

    async def count(self, alias, query=None):
        return len(self.aliases[alias])

    async def scan(self, alias, fields, by, query=None):
        rows = self.aliases[alias]
        if query is not None:
            rows = [row for row in rows if asked_for(query, alias, row)]
        for row in sorted(rows, key=lambda row: tuple(row[name] for name in by)):
            yield {**{name: row[name] for name in fields if name in row}, "_index": row["_index"]}

    async def known_items(self, items):
        self.asked += 1
        assert len(items) <= 1000
        return self.items & set(items)

    async def refresh(self):
        self.refreshed()

    async def known_letters(self, places):
        return self.letters & set(places)


def live(name, number, **more):
    return {"_index": "articles-2026.03", "id": name, "ext_version": number, "status": "usable", **more}


def past(name, number, start, end, **more):
    return {
        "_index": "article-versions-2026.03",
        "article_id": name,
        "ext_version": number,
        "source_hash": f"h{number}",
        **({"live_from": at(start), "live_until": at(end)} if start is not None else {}),
        **more,
    }


def sound() -> MemoryIndex:
    return MemoryIndex(
        live=[
            live("a", 3000),
            live("b", 1000),
            live("c", 2**62 + 5, status="killed", kill_partition=3, kill_offset=17),
            live("d", 2000, embargoed_until=at(60)),
            live("e", 2000, embargoed_until=at(-60)),
            live("f", 2000, status="withheld"),
            live("g", 2**63 - 1, status="killed", erased=True),
        ],
        past=[
            past("a", 1000, -50, -30),
            past("a", 2000, -30, -10),
            past("a", 500, None, None),
            past("c", 1000, -50, -30, held=True),
            past("d", 1000, -50, -30, held_until=at(60)),
            past("e", 1000, -50, -30, held_until=at(-60)),
            past("f", 1000, -50, -30, held=True),
            past("g", 1000, -50, -30, held=True, erased=True),
        ],
        marks=[mark(3, 17), mark(4, 1), {"_index": "marks-before", "id": "clock", "name": "clock"}],
    )


def mark(partition, offset):
    told = {"id": f"kills:{partition}", "name": "kills", "partition": partition, "offset": offset}
    return {"_index": "marks-before", **told}


async def audited(index: MemoryIndex) -> Report:
    report = Report()
    await audit_index(index, report, lambda: NOW, Silent())
    return report


async def test_a_sound_index_passes():
    report = await audited(sound())
    assert report.good, report.named
    assert report.looked_at == {"articles": 7, "earlier versions": 8}


BREAKS = [
    ("two-documents", "b", lambda index: index.aliases[ARTICLES].append({**live("b", 1000), "_index": "articles-x"})),
    ("went-back", "b", lambda index: index.aliases[ARTICLE_VERSIONS].append(past("b", 2000, -9, -5))),
    ("spans-overlap", "a", lambda index: index.aliases[ARTICLE_VERSIONS].append(past("a", 2500, -12, -5))),
    ("spans-overlap", "a", lambda index: index.aliases[ARTICLE_VERSIONS][0].pop("live_until")),
    ("text-after-erasure", "g", lambda index: index.aliases[ARTICLE_VERSIONS][-1].update(body={"en": "x"})),
    ("text-after-kill", "c", lambda index: index.aliases[ARTICLES][2].update(body={"en": "x"})),
    ("unlisted-kill", "c", lambda index: index.aliases[MARKS][0].update(offset=16)),
    ("unlisted-kill", "c", lambda index: index.aliases[MARKS].pop(0)),
    ("not-held", "c", lambda index: index.aliases[ARTICLE_VERSIONS][3].pop("held")),
    ("not-held", "d", lambda index: index.aliases[ARTICLE_VERSIONS][4].update(held_until=at(-1))),
    ("not-held", "f", lambda index: index.aliases[ARTICLE_VERSIONS][6].update(held=False)),
    ("not-held", "b", lambda index: (index.aliases[ARTICLES][1].update(embargo_open=True),
                                     index.aliases[ARTICLE_VERSIONS].append(past("b", 500, -9, -5)))),
]  # fmt: skip


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch):
    monkeypatch.setattr(work, "_AGAIN_S", 0)


async def test_a_mark_that_follows_within_a_batch_is_waited_for():
    index = sound()
    index.aliases[MARKS][0]["offset"] = 16
    index.refreshed = lambda: index.aliases[MARKS][0].update(offset=17)
    assert (await audited(index)).good


@pytest.mark.parametrize(("check", "about", "how"), BREAKS)
async def test_what_is_broken_is_found_and_named(check, about, how):
    index = sound()
    how(index)
    report = await audited(index)
    assert not report.good
    assert [(one.check, one.about) for one in report.named] == [(check, about)]


async def test_a_row_of_what_is_live_still_breaks_nothing():
    index = sound()
    index.aliases[ARTICLE_VERSIONS].append(past("a", 3000, -10, -1))
    assert (await audited(index)).good


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=1, max_size=8))
def test_spans_one_after_another_overlap_nowhere_and_others_do(lengths):
    start, rows = 0.0, []
    for number, (gap, length) in enumerate(lengths):
        rows.append(past("a", number * 1000 + 1000, start + gap, start + gap + length))
        start += gap + length
    newest = live("a", 10**6)
    assert not list(misordered(newest, rows))
    longer = copy.deepcopy(rows)
    longer[0]["live_until"] = at(start + 10_000)
    assert len(rows) == 1 or [one.check for one in misordered(newest, longer)] == ["spans-overlap"]


@given(st.dictionaries(st.text("abc", min_size=1, max_size=3), st.integers(0, 4), max_size=20))
async def test_articles_and_their_history_are_joined_whatever_their_order(histories):
    index = MemoryIndex(
        live=[live(name, 9000) for name in sorted(histories)],
        past=[past(name, n * 1000 + 1000, n, n + 1) for name, count in histories.items() for n in range(count)],
    )
    report = await audited(index)
    assert report.good
    assert report.looked_at == {
        "articles": len(histories),
        **({"earlier versions": sum(histories.values())} if histories else {}),
    }


def broker_with(count: int) -> MemoryBroker:
    broker = MemoryBroker(partitions=2)
    for number in range(count):
        broker.append(Message(STORIES_RAW, f"k{number}".encode(), b"x", (("ce_id", f"r.{number}".encode()),)))
    return broker


async def receipts(index: MemoryIndex, broker: MemoryBroker, patience_s: float = 0) -> Report:
    report = Report()
    await audit_receipts(index, MemoryReader(broker), report, Silent(), patience_s=patience_s)
    return report


async def test_every_acknowledged_item_is_looked_for():
    broker = broker_with(2500)
    places = {f"{r.topic}:{r.partition}:{r.offset}": r for r in broker.records(STORIES_RAW)}
    index = MemoryIndex(items={f"r.{n}" for n in range(2500) if n not in {7, 8}})
    by_item = {dict(record.headers)["ce_id"]: place for place, record in places.items()}
    index.letters = {by_item[b"r.7"]}
    report = await receipts(index, broker)
    assert [(one.check, one.about) for one in report.named] == [("lost", "r.8")]
    assert report.looked_at == {"acknowledged items": 2500}
    index.items.add("r.8")
    assert (await receipts(index, broker)).good


async def test_what_is_under_way_is_waited_for():
    broker, index = broker_with(3), MemoryIndex(items={"r.0", "r.1"})
    known = index.known_items

    async def late(items):
        found = await known(items)
        index.items.add("r.2")
        return found

    index.known_items = late
    assert (await receipts(index, broker, patience_s=2)).good


async def test_a_record_without_an_item_is_accounted_for_by_its_place():
    broker = MemoryBroker(partitions=1)
    broker.append(Message(STORIES_RAW, b"k", b"x", ()))
    assert [one.about for one in (await receipts(MemoryIndex(), broker)).named] == ["stories.raw:0:0"]
    assert (await receipts(MemoryIndex(letters={"stories.raw:0:0"}), broker)).good


@pytest.mark.parametrize(
    ("accepted", "created", "broken"), [(3, 7, []), (2, 1, []), (4, 0, ["stories.raw"]), (0, 8, ["articles"])]
)
async def test_counts_are_held_against_what_is_there(accepted, created, broken):
    report = Report()
    await audit_counts(sound(), MemoryReader(broker_with(3)), report, Counted(accepted, created, since=0.0))
    assert [one.about for one in report.named] == broken
    assert bool(report.remarks) == (accepted < 3)


async def test_without_a_front_door_the_counts_are_not_checked():
    report = Report()
    await audit_counts(sound(), MemoryReader(broker_with(3)), report, Counted())
    assert report.good
    assert report.skipped == ["count: no front door answered"]


def test_metrics_are_added_up_over_replicas():
    door = 'newswire_stories_total{outcome="accepted"} %d\nprocess_start_time_seconds %d\n'
    readings = {
        ("ingestion", "ingestion-1"): read_metrics(door % (5, 100)),
        ("ingestion", "ingestion-2"): read_metrics(door % (7, 90)),
        ("ingestion", "ingestion-3"): read_metrics(""),
        ("indexing", "indexing"): read_metrics('newswire_articles_total{change="created"} 11\n'),
    }
    assert counted(readings) == Counted(12, 11, 90.0)
    assert counted({}).since is None


def test_many_findings_are_counted_and_some_are_named():
    report = Report()
    report.add(Finding("lost", str(n), "") for n in range(100))
    assert report.counts == {"lost": 100}
    assert len(report.named) == MOST_NAMED


def test_split_clusters_are_findings():
    assert [one.check for one in findings_of_clusters([("a", "b")])] == ["split-cluster"]


def test_the_report_tells_each_promise(monkeypatch, capsys):
    monkeypatch.setattr(command, "console", lambda **_: Console(file=io.StringIO(), width=200))
    pages = []
    monkeypatch.setattr(
        command, "console", lambda **_: type("C", (), {"print": lambda _self, table: pages.append(table)})()
    )
    report = Report(looked_at={"articles": 3}, skipped=["lost: not asked for"])
    report.add([Finding("went-back", "a", "live is 1, and 2 was live before")])
    command.show(report)
    (table,) = pages
    console = Console(file=io.StringIO(), width=200)
    console.print(table)
    text = console.file.getvalue()
    assert text.count("holds") == len(CHECKS) - 2
    assert text.count("broken") == text.count("not checked") == 1
    assert "went-back: a: live is 1" in capsys.readouterr().out
    assert as_document(report)["broken"] == {"went-back": 1}
