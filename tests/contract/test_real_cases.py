"""Real cases of wires, each through normalization and the index: what other systems let out, take back or lose."""

from __future__ import annotations

import itertools
import tarfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from services.normalization.normalize import normalize, normalize_each
from services.normalization.raw import RawStory
from shared.elastic.memory import MemoryStore
from shared.events import Article
from tests.contract.indexing_room import Room
from tests.contract.wire_cases import Sent, anpa, dpa, g2, ninjs, nitf, reuters, stt

TAKEN = datetime(2026, 2, 8, 16, 0, tzinfo=UTC)
"""When the front door takes the first item."""
MARK = "zqmark"


class Wire:
    """One provider's items into an index of its own."""

    def __init__(self, **feed: Any) -> None:
        self.room = Room(MemoryStore())
        self.worker = self.room.worker()
        self.feed = feed
        self.clock = TAKEN

    def read(self, sent: Sent) -> list[Article]:
        self.clock += timedelta(seconds=1)
        receipt = uuid4()
        facts = {"feed": "wire", "provider": "wire", "receipt": receipt, "item": f"{receipt}.0", "received": self.clock}
        raw = RawStory(value=sent.value, content_type=sent.type, **(facts | self.feed))
        return normalize_each(raw, self.clock).articles

    async def take(self, *items: Sent) -> list[Article]:
        """Each item in a batch of its own, and what owners are told in its turn; the articles as they were read."""
        made = [one for sent in items for one in self.read(sent)]
        for one in made:
            await self.worker.handle(self.room.records(one))
            while told := self.room.sent()[self._heard :]:
                self._heard += len(told)
                await self.worker.handle(told)
        return made

    _heard = 0

    async def one(self, made: Article) -> dict[str, Any]:
        return await self.room.one(made)

    async def words(self, made: Article) -> str:
        """All that stands of an article anywhere that a reader may look, as one text."""
        rows = [row for row in await self.room.rows(made) if not row.get("held") and "held_until" not in row]
        live = await self.one(made)
        until = live.get("embargoed_until")
        free = live["status"] == "usable" and not live["embargo_open"] and (until is None or moment(until) < self.clock)
        return str(rows) + (str(live) if free else "")


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize("order", list(itertools.permutations(range(2))))
async def test_a_kill_without_words_and_with_a_first_time_of_its_own(order: Sequence[int]):
    """Reuters: canceled, wordcount 0, an empty paragraph, the headline unchanged, firstCreated rewritten."""
    wire, items = Wire(), reuters(MARK)
    made = await wire.take(*(items[number] for number in order))
    live = await wire.one(made[0])
    assert (live["status"], live["notice_title"], "body" in live) == ("killed", f"Fire on ferry {MARK}", False)
    assert f"over {MARK}" not in await wire.words(made[0])
    if order == (0, 1):
        assert moment(live["first_published"]) == datetime(2026, 2, 7, 15, 58, tzinfo=UTC), "it does not move"
    assert [change for change, _ in wire.room.told()] == [["created", "killed"], ["killed"]][order[0]]


@pytest.mark.parametrize("release", ["20910208T000100+0100", None, "Sunday"])
async def test_an_embargo_by_management_status(release):
    """PA's NITF: 'embargoed' is a time and no status; without a time that can be read it holds until a later version."""
    inside = f'<date.release norm="{release}"/>' if release else ""
    wire = Wire()
    (made,) = await wire.take(nitf(MARK, 'management-status="embargoed"', "pa.1", inside))
    live = await wire.one(made)
    assert live["status_given"] == "embargoed"
    until = live.get("embargoed_until")
    assert (moment(until).year if until else None, live["embargo_open"]) == (
        (2091, False) if release == "20910208T000100+0100" else (None, True)
    )
    assert MARK not in await wire.words(made)
    assert wire.room.told() == []


@pytest.mark.parametrize("order", list(itertools.permutations(range(2))))
@pytest.mark.parametrize("own", ["canceled", "usable"])
async def test_one_document_kills_another(order, own):
    """NITF: management-doc-idref with management-idref-status; the example of its standard is canceled itself."""
    victim = nitf(MARK, "", "iptc.1.a")
    killer = nitf(
        "other",
        f'management-status="{own}" management-doc-idref="iptc.1.a" management-idref-status="canceled"',
        "iptc.1.b",
    )
    wire = Wire()
    made = await wire.take(*([victim, killer][number] for number in order))
    first = next(one for one in made if one.provider_id == "iptc.1.a")
    assert (await wire.one(first))["status"] == "killed"
    assert MARK not in await wire.words(first)
    second = next(one for one in made if one.provider_id == "iptc.1.b")
    assert (await wire.one(second))["status"] == {"canceled": "killed", "usable": "usable"}[own]


@pytest.mark.parametrize("field", ["embargoed", "embargoedUntil"])
@pytest.mark.parametrize(("value", "held"), [("2091-01-01T00:00:00Z", "until"), ("Next Monday", "open"), ("", "open")])
async def test_an_embargo_of_ninjs_2_and_3(field, value, held):
    wire = Wire()
    (made,) = await wire.take(ninjs(MARK, "1", **{field: value}))
    live = await wire.one(made)
    assert ("embargoed_until" in live, live["embargo_open"]) == (held == "until", held == "open")
    assert MARK not in await wire.words(made)
    assert wire.room.told() == []
    await wire.take(ninjs(MARK, "2"))
    assert MARK in await wire.words(made)
    assert wire.room.told() == [("released", 2)]


@pytest.mark.parametrize("order", list(itertools.permutations([0, 1, 2])))
async def test_a_wire_that_counts_from_zero(order):
    """AP begins with version 0, which is a version like any other."""
    wire = Wire()
    made = await wire.take(*(ninjs(MARK, version) for version in order))
    live = await wire.one(made[0])
    assert (live["version"], live["versioned_by"]) == ("2", "version")
    assert [row["version"] for row in await wire.room.history(made[0])] == ["0", "1"]


@pytest.mark.parametrize("turned", [False, True])
async def test_a_version_made_before_its_story(turned):
    """STT: versionCreated older than firstCreated, and older than the version before; the numbers say which is newer."""
    wire = Wire()
    items = [stt(MARK, 1, "2026-02-07T13:49:15Z", "Early"), stt(MARK, 2, "2026-02-07T09:00:00Z", "Late")]
    made = await wire.take(*(reversed(items) if turned else items))
    live = await wire.one(made[0])
    assert (live["version"], live["body"]["en"]) == ("2", f"Late {MARK}.")
    assert moment(live["published"]) == datetime(2026, 2, 7, 11, 12, 24, tzinfo=UTC)


async def test_a_story_that_says_what_it_replaces_and_what_replaces_it():
    """TT: replacing and replacedby; the older stays, linked, and is the newer one's in a default search."""
    wire = Wire()
    (old,) = await wire.take(ninjs("tt-old", "1", replacedby="urn:x:tt-new", pubstatus="replaced"))
    (new,) = await wire.take(ninjs("tt-new", "1", replacing=["urn:x:tt-old"]))
    live = await wire.one(old)
    assert (live["status"], live["replaced_by"]) == ("usable", str(new.article_id))
    assert (await wire.one(new))["story_id"] == str(old.article_id)


@pytest.mark.parametrize("case", [dpa, anpa])
@pytest.mark.parametrize("turned", [False, True])
async def test_a_kill_in_words_finds_the_item_that_it_names(case, turned):
    """'Please kill item dpa 157', and a bulletin kill of a0577: by service, number and day."""
    wire = Wire()
    wire.clock = datetime(2024, 10, 8, 16, 0, tzinfo=UTC)  # the numbers begin anew every day, and these are of that one
    story, kill = case(MARK)
    made = await wire.take(*([kill, story] if turned else [story, kill]))
    whale = next(one for one in made if one.body)
    assert (await wire.one(whale))["status"] == "killed"
    assert MARK not in await wire.words(whale)
    letters = [letter["class"] for letter in await wire.room.letters(whale)]
    assert letters == (["kill-unmatched", "after-kill"] if turned else [])


@pytest.mark.parametrize("words", [{"headline": "KILL KILL KILL"}, {"ednote": "EMBARGOED UNTIL FURTHER NOTICE"}])
async def test_the_text_says_hold_and_the_metadata_does_not(words):
    wire = Wire()
    (made,) = await wire.take(ninjs(MARK, "1", **words))
    assert (await wire.one(made))["braked"]
    assert MARK not in await wire.words(made)


@pytest.mark.parametrize("empty", ["<embargoed/>", "<embargoed></embargoed>", "<embargoed>\n </embargoed>"])
async def test_an_empty_embargo_holds_unless_the_feed_says_that_it_is_noise(empty):
    item = g2(
        MARK,
        1,
        "usable",
        ("2026-02-07T16:00:00Z", "2026-02-07T16:00:00Z"),
        f"<x:p>Smoke over {MARK}.</x:p>",
        more=empty,
    )
    held, free = Wire(), Wire(empty_embargo="ignore")
    (made,) = await held.take(item)
    assert (await held.one(made))["embargo_open"]
    assert MARK not in await held.words(made)
    (made,) = await free.take(item)
    assert MARK in await free.words(made)


# The files of the wires themselves, where they are at hand.


@pytest.fixture(scope="module")
def files(corpora: Path) -> dict[str, bytes]:
    """Real items by name."""
    packed = corpora / "wire" / "wire.tar.gz"
    if not packed.is_file():
        pytest.skip(f"no {packed}")
    with tarfile.open(packed) as archive:
        return {one.name: archive.extractfile(one).read() for one in archive.getmembers() if one.isfile()}  # type: ignore[union-attr]  # a file


def found(files: dict[str, bytes], *marks: bytes) -> list[Sent]:
    """Items that say all of this, whatever they are called."""
    return [Sent(value) for value in files.values() if all(mark in value for mark in marks)]


async def test_nitf_files_that_kill_another(files):
    items = found(files, b"management-doc-idref", b"management-idref-status")
    assert items
    for item in items:
        wire = Wire()
        made = await wire.take(item)
        assert len(made) == 2, "itself, and the order to the other"
        assert {(await wire.one(one))["status"] for one in made} == {"killed"}


async def test_ninjs_files_with_an_embargo(files):
    items = found(files, b'"embargoed"', b'"pubstatus"')
    assert items
    for item in items:
        before = Wire()
        before.clock = datetime(2022, 6, 27, tzinfo=UTC)
        (made,) = await before.take(item)
        assert made.embargoed_until
        if made.embargoed_until > before.clock:
            assert (made.title or "?") not in await before.words(made)


async def test_stt_files_are_ordered_by_number(files):
    items = found(files, b'<provider literal="STT"/>', b"versionCreated")
    assert items
    for item in items:
        wire = Wire(zone="Europe/Helsinki")
        (made,) = await wire.take(item)
        assert made.versioned_by == "version"
        older = item.value.replace(f'version="{made.version}"'.encode(), b'version="0"', 1)
        await wire.take(Sent(older))
        assert (await wire.one(made))["version"] == made.version


async def test_ap_files_begin_with_zero(files):
    items = found(files, b'"altids"', b'"itemid"')
    assert items
    for item in items:
        wire = Wire()
        (made,) = await wire.take(item)
        assert made.versioned_by == "version"
        assert (await wire.one(made))["status"] == "usable"


async def test_reuters_files_and_kills_made_of_them(files):
    items = [
        item for item in found(files, b"reuters.com", b"newsMessage", b"stat:usable") if b"icls:text" in item.value
    ]
    assert items
    for item in items:
        wire = Wire()
        (made,) = await wire.take(item)
        kill = item.value.replace(b"stat:usable", b"stat:canceled")
        for name in (b"versionCreated", b"firstCreated"):
            start, end = kill.index(b"<" + name + b">") + len(name) + 2, kill.index(b"</" + name + b">")
            kill = kill[:start] + b"2026-02-07T17:59:58.000Z" + kill[end:]
        await wire.take(Sent(kill))
        live = await wire.one(made)
        assert live["status"] == "killed"
        assert moment(live["first_published"]) == made.first_published
        assert {row.get("held") for row in await wire.room.history(made)} <= {True}


def test_what_the_samples_are_made_of_is_read_as_what_they_are():
    """A sample that is read as another format would prove nothing."""
    formats = {}
    for name, sent in {
        "g2": reuters(MARK)[0],
        "nitf": nitf(MARK, "", "a"),
        "ninjs": ninjs(MARK),
        "7901": dpa(MARK)[0],
        "anpa": anpa(MARK)[0],
    }.items():
        raw = RawStory("wire", "wire", uuid4(), "i.0", TAKEN, sent.value, sent.type)
        formats[name] = normalize(raw, TAKEN)[0].format
    assert formats == {"g2": "newsml-g2", "nitf": "nitf", "ninjs": "ninjs", "7901": "iptc-7901", "anpa": "anpa-1312"}
