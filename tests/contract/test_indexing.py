"""The indexing service's promises, over the index in memory and over the real one."""

from __future__ import annotations

import dataclasses
import itertools
from datetime import UTC, datetime, timedelta

import orjson
import pytest

from services.indexing import document, keeping
from services.indexing.placement import Memory
from shared import ids
from shared.elastic.index import ARTICLE_VERSIONS, ARTICLES
from shared.elastic.ports import Action
from shared.errors import Transient, Unavailable
from shared.events import DEAD_LETTERS, Article, Dateline, HonestDate, Image, Related, Topic
from shared.kafka.ports import Record
from tests.contract.indexing_room import MINE, Room
from tests.unit.indexing.samples import START, version

STAMP = "2026-03-05T12:00:10.000000Z"


def failing(error: Exception, *, after: int = 0):
    """A call that does nothing `after` times and then fails."""
    calls = itertools.count()

    async def call(*_) -> None:
        if next(calls) >= after:
            raise error

    return call


async def test_new_article_is_searchable_and_announced(room):
    made = room.article(language="en")
    await room.worker().handle(room.records(made))
    found = await room.one(made)
    assert (found["title"], found["revision"], found["change"]) == ({"en": made.title}, 1, "created")
    assert found["_index"] == "articles-2026.03"
    [event] = room.announced()
    assert event["id"] == str(ids.event_id(made.article_id, made.ext_version, "created"))
    assert event["data"]["searchable"] == found["indexed"]
    assert await room.history(made) == []


async def test_change_is_announced_only_once_it_can_be_found(room):
    small, large = room.article("small"), [room.article(f"large{n}") for n in range(60)]
    worker = room.worker()
    seen = []
    publish = worker._publisher.publish

    async def watching(messages, **options):
        seen.extend([len(await room._search(ARTICLES, "article_id", one.key.decode())) for one in messages])
        return await publish(messages, **options)

    worker._publisher.publish = watching
    await worker.handle(room.records(small))
    await worker.handle(room.records(*large))
    assert seen == [1] * 61


async def test_redelivery_is_one_document_and_no_other_event(room):
    batch = room.records(room.article("a"), room.article("a", version=2), room.article("b"))
    await room.worker().handle(batch)
    before, told = await room.one(room.article("a")), room.told()
    worker = room.worker()
    await worker.handle(batch)
    await worker.handle(batch)
    assert await room.one(room.article("a")) == before
    assert room.told() == told == [("created", 1), ("updated", 2), ("created", 1)]
    assert len(room.announced()) == 9  # at least once: all are told again, under the same ids
    assert await room.letters(room.article("a")) == []


@pytest.mark.parametrize("together", [True, False])
async def test_versions_in_any_order_end_in_the_newest(room, together):
    for number, order in enumerate(itertools.permutations([1, 2, 3])):
        made = [room.article(f"o{number}", version=version) for version in order]
        worker = room.worker()
        for batch in [room.records(*made)] if together else [room.records(one) for one in made]:
            await worker.handle(batch)
        found = await room.one(made[0])
        assert found["version"] == "3"
        assert [old["version"] for old in await room.history(made[0])] == ["1", "2"]


async def test_spans_of_history(room):
    first, second, third, late = (room.article(version=number) for number in (1, 2, 3, 0))
    worker = room.worker()
    for one in (first, second, third, late):
        await worker.handle(room.records(one))
    now = await room.one(first)
    spans = {
        old["version"]: (old.get("live_from"), old.get("live_until"), old["change"])
        for old in await room.history(first)
    }
    assert spans["0"] == (None, None, "stale")
    assert spans["1"][1] == spans["2"][0]
    assert spans["2"][1] == now["indexed"]
    assert (spans["1"][2], spans["2"][2]) == ("created", "updated")
    assert (await room.history(first))[1]["body"] == {"en": first.body}


async def test_kill_wins_in_any_order(room):
    for number in range(2):
        made = [
            room.article(f"k{number}", version=1, body="Unspeakable."),
            room.article(f"k{number}", version=2, status="killed", reason="legal"),
        ]
        worker = room.worker()
        for one in made if number else reversed(made):
            await worker.handle(room.records(one))
        await worker.handle(room.records(room.article(f"k{number}", version=9, seconds=60)))
        found = await room.one(made[0])
        assert (found["status"], found["reason"], found.get("body")) == ("killed", "legal", None)
        assert found["notice_title"] == made[1].title
    assert "Unspeakable" not in str(room.announced())
    assert [change for change, _ in room.told()] == ["killed", "created", "killed"]


async def test_what_comes_after_a_kill_is_kept_closed_and_told_to_the_trace(room):
    killed, late = room.article(status="killed", version=2), room.article(version=9)
    worker = room.worker()
    await worker.handle(room.records(killed))
    record = room.record(late)
    await worker.handle([record])
    await room.worker().handle([record])  # again, after a crash: recorded still, once
    [letter] = await room.letters(late)
    assert (letter["class"], letter["receipt"], letter["item"]) == ("after-kill", str(late.receipt), late.item)
    [kept] = await room.history(late)
    assert (kept["change"], kept.get("live_from"), kept.get("revision")) == ("after-kill", None, None)
    assert room.told() == [("killed", 1)]


async def test_redelivery_of_what_was_live_before_the_kill_is_no_after_kill(room):
    first, kill = room.article(), room.article(status="killed", version=2)
    batch = room.records(first, kill)
    worker = room.worker()
    await worker.handle(batch[:1])
    await worker.handle(batch[1:])
    await room.worker().handle(batch)
    assert await room.letters(first) == []
    assert room.told() == [("created", 1), ("killed", 2)]
    assert [old["change"] for old in await room.history(first)] == ["created"]


async def test_duplicate_is_told_to_the_trace_and_nothing_else(room):
    first, again = room.article(body="Same."), room.article(body="Same.", seconds=30)
    worker = room.worker()
    await worker.handle(room.records(first))
    await worker.handle(room.records(again))
    assert (await room.one(first))["receipt"] == str(first.receipt)
    [letter] = await room.letters(first)
    assert (letter["class"], letter["receipt"]) == ("duplicate", str(again.receipt))
    assert room.told() == [("created", 1)]


async def test_retry_of_a_push_under_its_key_is_no_duplicate(room):
    """The sender did not hear our answer and pushed again: the same receipt and item, taken later."""
    first = room.article(body="Same.")
    again = first.model_copy(update={"received": first.received + timedelta(seconds=5)})
    worker = room.worker()
    await worker.handle(room.records(first))
    await worker.handle(room.records(again))
    assert await room.letters(first) == []
    assert room.told() == [("created", 1)]


async def test_duplicate_of_a_superseded_version(room):
    first, second, again = room.article(body="Same."), room.article(version=2), room.article(body="Same.", seconds=30)
    worker = room.worker()
    for one in (first, second, again):
        await worker.handle(room.records(one))
    assert (await room.one(first))["version"] == "2"
    assert [letter["class"] for letter in await room.letters(first)] == ["duplicate"]
    assert len(await room.history(first)) == 1


async def test_article_whose_date_moves_stays_where_it_is(room):
    months = [datetime(2025, month, 1, tzinfo=UTC) for month in (11, 12, 10)]
    made = [room.article(version=number, first_published=month) for number, month in enumerate(months)]
    await room.worker().handle(room.records(made[0]))
    for one in made[1:]:
        await room.worker(memory=0).handle(room.records(one))
    found = await room.one(made[0])
    assert (found["version"], found["_index"]) == ("2", "articles-2025.11")
    assert {old["_index"] for old in await room.history(made[0])} == {"article-versions-2025.11"}


async def test_two_workers_in_turn_keep_one_document(room):
    """Partitions go back and forth; each version says another month, so a forgotten place would make a second document."""
    workers = [room.worker(), room.worker()]
    for number in range(6):
        owner, other = workers[number % 2], workers[1 - number % 2]
        await other.revoked(MINE)
        await owner.assigned(MINE)
        month = datetime(2025, 1 + number, 1, tzinfo=UTC)
        await owner.handle(room.records(room.article(version=number, first_published=month)))
    found = await room.one(room.article())
    assert (found["version"], found["revision"], found["_index"]) == ("5", 6, "articles-2025.01")
    assert len(await room.history(room.article())) == 5


async def test_worker_that_lost_its_partitions_unawares_harms_nothing(room):
    """A zombie: what it remembers is old. The index refuses it, it looks again, and the newer version stays."""
    zombie, owner = room.worker(), room.worker()
    await zombie.handle(room.records(room.article(version=1)))
    await owner.handle(room.records(room.article(version=5)))
    await zombie.handle(room.records(room.article(version=3)))
    assert (await room.one(room.article()))["version"] == "5"
    assert [old["version"] for old in await room.rows(room.article())] == ["1", "3"]
    await owner.handle(room.records(room.article(version=6, status="killed")))
    await zombie.handle(room.records(room.article(version=7)))
    assert (await room.one(room.article()))["status"] == "killed"


async def test_worker_that_sees_too_little_is_refused_and_looks_again(room):
    """Another worker's write is not refreshed yet: what seems new is not, and must not be announced as created."""
    other, late, first = room.worker(), room.article(version=3), room.article("warm")
    await other.handle(room.records(first))
    made = room.article(version=5)
    source = document.live(version(made), ext_version=made.ext_version, revision=4, change="updated", indexed=STAMP)
    await room.store.ensure_slice("articles-2026.03")
    await room.store.write([Action("articles-2026.03", str(made.article_id), made.ext_version, source)])
    await other.handle(room.records(late))
    assert (await room.one(made))["version"] == "5"
    assert [old["change"] for old in await room.rows(made)] == ["stale"]
    assert room.told() == [("created", 1)]


async def test_what_the_owner_before_wrote_is_seen_after_an_assignment(room):
    """Sixty articles written and not refreshed by a worker that died; the next versions say another month."""
    first = [room.article(f"n{number}") for number in range(60)]
    later = [
        room.article(f"n{number}", version=2, first_published=datetime(2025, 1, 1, tzinfo=UTC)) for number in range(60)
    ]
    heir = room.worker()
    await heir.handle(room.records(room.article("warm")))
    refresh, room.store.refresh = room.store.refresh, failing(Unavailable("gone"), after=1)
    with pytest.raises(Unavailable):
        await room.worker().handle(room.records(*first))
    room.store.refresh = refresh
    await heir.assigned(MINE)
    await heir.handle(room.records(*later))
    found = await room.live(*first)
    assert len(found) == 60
    assert {(one["version"], one["_index"]) for one in found} == {("2", "articles-2026.03")}


async def test_write_that_was_done_though_it_failed_is_found_by_the_next_batch(room):
    first, later = room.article(), room.article(version=2, first_published=datetime(2025, 1, 1, tzinfo=UTC))
    worker = room.worker()
    await worker.handle(room.records(room.article("warm")))
    write = room.store.write

    async def written_but_lost(actions, *, refresh=False):
        await write(actions)
        raise Unavailable("no answer")

    room.store.write = written_but_lost
    with pytest.raises(Unavailable):
        await worker.handle(room.records(first))
    room.store.write = write
    await worker.handle(room.records(later))
    found = await room.one(first)
    assert (found["version"], found["_index"]) == ("2", "articles-2026.03")


async def test_memory_is_dropped_with_the_partitions(room):
    memory = Memory(1000)
    worker = room.worker(memory=memory)
    await worker.handle(room.records(room.article()))
    assert len(memory) == 1
    await worker.revoked(MINE)
    assert len(memory) == 0


async def test_poison_in_the_middle_of_a_batch(room):
    good, bad, better = room.article("good"), room.article("bad"), room.article("better")
    batch = [room.record(good), room.record(bad, urgency="high"), room.record(better)]
    await room.worker().handle(batch)
    assert len(await room.live(good, better)) == 2
    assert await room.live(bad) == []
    assert room.buried() == [("unindexable", batch[1].offset)]
    assert [change for change, _ in room.told()] == ["created", "created"]


@pytest.mark.parametrize("wrong", [0, 1, 2])
async def test_poison_among_the_versions_of_one_article(room, wrong):
    made = [room.article(version=number) for number in (1, 2, 3)]
    batch = [room.record(one, **({"expires": "never"} if number == wrong else {})) for number, one in enumerate(made)]
    await room.worker().handle(batch)
    left = [str(number) for number in (1, 2, 3) if number != wrong + 1]
    assert (await room.one(made[0]))["version"] == left[-1]
    assert [old["version"] for old in await room.history(made[0])] == left[:-1]
    assert room.buried() == [("unindexable", batch[wrong].offset)]
    assert room.told() == [("created", 1), ("updated", 2)]


async def test_many_poison_versions_of_one_article_stop_nothing(room):
    good = room.article(version=3)
    bad = [room.article(version=number) for number in (*range(4, 20), 1, 2)]
    batch = [room.record(good), *[room.record(one, expires="never") for one in bad]]
    await room.worker().handle(batch)
    assert (await room.one(good))["version"] == "3"
    assert sorted(room.buried()) == [("unindexable", record.offset) for record in batch[1:]]
    assert room.told() == [("created", 1)]


async def test_records_that_are_no_articles_are_buried_and_the_rest_goes_on(room):
    good = room.article()
    batch = [
        dataclasses.replace(room.record(good), value=b"not json", key=b"k"),
        dataclasses.replace(room.record(good), value=orjson.dumps({"specversion": "1.0", "type": "x.v9"})),
        room.record(good, ext_version=-1),
        room.record(good),
    ]
    await room.worker().handle(batch)
    assert len(await room.live(good)) == 1
    codes = ["not-an-event", "unsupported-schema", "invalid-event"]
    assert room.buried() == [(code, record.offset) for code, record in zip(codes, batch, strict=False)]


async def test_dead_letter_comes_back_as_a_record_without_its_value(room):
    made = room.article(body="Unspeakable.")
    worker = room.worker()
    await worker.handle([room.record(made, urgency="high")])
    buried = room.broker.records(DEAD_LETTERS)
    await worker.handle(buried)
    await worker.handle(buried)
    [letter] = await room.letters(made)
    assert (letter["class"], letter["stage"], letter["receipt"]) == ("unindexable", "indexing", str(made.receipt))
    assert "Unspeakable" not in str(letter)
    assert len(room.broker.records(DEAD_LETTERS)) == 1


async def test_dead_letters_that_cannot_be_stored_go_round_no_second_time(room):
    headers = (("dlq-topic", b"t"), ("dlq-partition", b"99999999999"), ("dlq-offset", b"1"))
    broken = [
        Record(DEAD_LETTERS, 0, 1, 0, None, None, headers),
        Record(DEAD_LETTERS, 0, 2, 0, b"\xff", b"\xff", (("dlq-at", b"\xff"),)),
    ]
    good = room.article()
    await room.worker().handle([*broken, room.record(good)])
    assert len(await room.live(good)) == 1
    assert room.broker.records(DEAD_LETTERS) == []


async def test_announcement_that_fails_is_made_when_the_batch_comes_again(room):
    made = [room.article(version=1), room.article(version=2)]
    batch = room.records(*made)
    worker = room.worker()
    room.broker.available = False
    with pytest.raises(Transient):
        await worker.handle(batch)
    assert room.announced() == []
    room.broker.available = True
    await worker.handle(batch)
    assert room.told() == [("created", 1), ("updated", 2)]
    assert (await room.one(made[0]))["revision"] == 2


async def test_metadata_sent_again_replaces_silently_even_when_redelivered(room):
    first, again = room.article(body="Same."), room.article(body="Same.", version=2, section="WORLD")
    batch = room.records(first, again)
    worker = room.worker()
    await worker.handle(batch[:1])
    await worker.handle(batch[1:])
    await room.worker().handle(batch)
    found = await room.one(first)
    assert (found["section"], found["version"]) == ("WORLD", "2")
    assert room.told() == [("created", 1)]


async def test_revision_is_ours_and_version_the_providers(room):
    worker = room.worker()
    for number in (10, 20, 30):
        await worker.handle(room.records(room.article(version=number)))
    found = await room.one(room.article())
    assert (found["version"], found["revision"]) == ("30", 3)


async def test_many_articles_at_once(room):
    made = [room.article(f"n{number}", version=version) for number in range(300) for version in (1, 2)]
    await room.worker(memory=10).handle(room.records(*made))
    found = await room.live(*made[::2])
    assert len(found) == 300
    assert {one["version"] for one in found} == {"2"}


@pytest.mark.parametrize("language", ["en", "ja", "th", "und", "tr"])
async def test_no_valid_article_is_poison_by_length_or_by_its_edges(room, language):
    long, first, last = (
        "ж" * 40_000,
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    )
    names = "provider_id status_given reason slugline credit source section url ednote rights title summary"
    made = room.article(
        **dict.fromkeys(names.split(), long),
        **{name: [long, ""] for name in ("byline", "keywords", "places", "subheads", "notes")},
        body="ж" * 2_000_000 + "\n\n\x00\ud7ff\uffff",
        language=language,
        dateline=Dateline(place=long, date=long, agency=long),
        topics=[Topic(scheme=long, code=long, name=long), Topic()],
        related=[Related(title=long, url=long)],
        images=[Image(url=long)],
        published=first,
        first_published=first,
        updated=last,
        version_time=last,
        embargoed_until=last,
        expires=last,
        dates={long: HonestDate(value=first, raw=long)},
        urgency=10**30,
        word_count=10**30,
    )
    await room.worker().handle(room.records(made))
    assert room.buried() == []
    assert (await room.one(made))["_index"] == "articles-before"


async def test_kills_of_large_stories_fetch_them_by_and_by(room, monkeypatch):
    """A batch of tiny kills supersedes stories of any size: what stands in memory at once must be bounded."""
    monkeypatch.setattr(keeping, "PART_BYTES", 100_000)
    made = [room.article(f"l{number}", body="Long. " * 5000) for number in range(24)]
    kills = [room.article(f"l{number}", version=2, status="killed") for number in range(24)]
    worker = room.worker()
    await worker.handle(room.records(*made))
    fetch, write, fetched, written = room.store.fetch, room.store.write, [], []

    async def fetching(places, fields=None):
        found = await fetch(places, fields)
        fetched.append(sum(len(orjson.dumps(one.source)) for one in found.values()))
        return found

    async def writing(actions, *, refresh=False):
        written.append((actions[0].index, sum(len(action.source) for action in actions)))
        return await write(actions, refresh=refresh)

    room.store.fetch, room.store.write = fetching, writing
    await worker.handle(room.records(*kills))
    size = fetched[0] / 8
    assert len(fetched) > 4
    assert max(fetched) <= 8.1 * size
    assert max(fetched[1:]) <= 100_000
    history = [weight for index, weight in written if index.startswith(ARTICLE_VERSIONS)]
    assert max(history) <= 100_000 + size * 1.1
    assert {one["status"] for one in await room.live(*kills)} == {"killed"}
    assert [len(await room.history(one)) for one in made] == [1] * 24


async def test_a_late_version_asks_history_for_facts_and_not_for_text(room):
    worker = room.worker()
    await worker.handle(room.records(room.article(version=1), room.article(version=2)))
    fetch, seen = room.store.fetch, []

    async def fetching(places, fields=None):
        found = await fetch(places, fields)
        seen.extend(one.source for one in found.values())
        return found

    room.store.fetch = fetching
    await worker.handle(room.records(room.article(version=1)))
    assert [source["change"] for source in seen] == ["created"]
    assert "body" not in seen[0]


def unnumbered(room: Room, seconds: float, body: str) -> Article:
    """A version without a number or a time of its own."""
    number = ids.ext_version(ids.micros(START + timedelta(seconds=seconds)))
    return room.article(version=0, seconds=seconds, body=body, versioned_by="received", ext_version=number)


@pytest.mark.parametrize("memory", [0, 1000])
async def test_a_repeat_without_a_number_outranks_what_was_received_before_it(room, memory):
    first, between, again = (unnumbered(room, n, body) for n, body in enumerate(["Same.", "Other.", "Same."]))
    for one in (first, again, between, first):
        await room.worker(memory=memory).handle(room.records(one))
    found = await room.one(first)
    facts = (
        found["body"],
        found["receipt"],
        found["item"],
        datetime.fromisoformat(found["received"]),
        found["revision"],
    )
    assert facts == ({"en": "Same."}, str(first.receipt), first.item, first.received, 1)
    assert found["ext_version"] == again.ext_version
    assert [(letter["class"], letter["receipt"]) for letter in await room.letters(first)] == [
        ("duplicate", str(again.receipt))
    ]
    assert [(old["change"], old["body"]) for old in await room.history(first)] == [("stale", {"en": "Other."})]
    assert room.told() == [("created", 1)]


@pytest.mark.parametrize("memory", [0, 1000])
async def test_numbers_and_receptions_in_one_article_lose_no_later_version(room, memory):
    made = [
        room.article(version=2, body="One."),
        unnumbered(room, 1, "Two."),
        room.article(version=3, seconds=2, body="Three."),
        unnumbered(room, 3, "Four."),
    ]
    for one in made:
        await room.worker(memory=memory).handle(room.records(one))
        assert (await room.one(one))["body"] == {"en": one.body}
    told = room.told()
    for one in made:
        await room.worker(memory=memory).handle(room.records(one))
    assert (await room.one(made[0]))["body"] == {"en": "Four."}
    assert sorted(old["body"]["en"] for old in await room.history(made[0])) == ["One.", "Three.", "Two."]
    assert room.told() == told == [("created", 1), ("updated", 2), ("updated", 3), ("updated", 4)]
    kill = room.article(version=1, seconds=9, status="killed")
    await room.worker(memory=memory).handle(room.records(kill))
    assert (await room.one(kill))["status"] == "killed"
