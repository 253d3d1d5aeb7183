"""Orders to articles, over the index in memory and over the real one: withhold, release, kill, erase, replaced, due."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import orjson
import pytest

from services.indexing.versions import ERASED
from shared.elastic.index import ARTICLE_VERSIONS
from shared.events import Order, Reference, now, rfc3339
from shared.ids import KILL_BASE

SECRET = "Unspeakable"


async def test_an_operators_hold_withholds_and_its_release_brings_back(room):
    made = room.article()
    worker = room.worker()
    await worker.handle(room.records(made))
    await worker.handle([room.order(made, Order.WITHHOLD, by="Ann")])
    held = await room.one(made)
    assert (held["status"], held["own_status"], held["on_hold"], held["revision"]) == ("withheld", "usable", True, 2)
    assert held["ext_version"] == made.ext_version + 1
    await worker.handle([room.order(made, Order.RELEASE, seconds=200)])
    free = await room.one(made)
    assert (free["status"], free.get("on_hold"), free["revision"], free["body"]) == ("usable", None, 3, held["body"])
    assert [(one["order"], one.get("by"), one["change"]) for one in free["orders"]] == [
        ("withhold", "Ann", "withheld"),
        ("release", None, "released"),
    ]
    assert room.told() == [("created", 1), ("withheld", 2), ("released", 3)]
    spans = [(row["revision"], row["status"], "live_until" in row) for row in await room.history(made)]
    assert sorted(spans) == [(1, "usable", True), (2, "withheld", True)], "each with a row of its own"


async def test_a_hold_stays_through_whatever_the_provider_sends(room):
    made = [room.article(version=number) for number in (1, 2, 3)]
    worker = room.worker()
    await worker.handle(room.records(made[0]))
    await worker.handle([room.order(made[0], Order.WITHHOLD)])
    await worker.handle(room.records(made[1]))
    await room.worker().handle(room.records(made[2]))  # one that has to look it up
    held = await room.one(made[0])
    assert (held["status"], held["version"], held["on_hold"]) == ("withheld", "3", True)
    assert [change for change, _ in room.told()] == ["created", "withheld", "withheld", "withheld"]
    await room.worker().handle([room.order(made[0], Order.RELEASE, seconds=300)])
    free = await room.one(made[0])
    assert (free["status"], free["version"], room.told()[-1]) == ("usable", "3", ("released", 5))


async def test_a_release_does_not_free_what_the_provider_holds(room):
    made = room.article(status="withheld")
    await room.worker().handle([*room.records(made), room.order(made, Order.RELEASE)])
    assert (await room.one(made))["status"] == "withheld"
    assert room.told() == [("withheld", 1)]


@pytest.mark.parametrize("embargo", [False, True])
async def test_a_release_frees_what_only_its_text_held(room, embargo):
    how = {"embargo_open": True} if embargo else {"status": "withheld"}
    made = room.article(braked=True, **how)
    await room.worker().handle([*room.records(made), room.order(made, Order.RELEASE)])
    found = await room.one(made)
    assert (found["status"], found.get("braked"), found.get("embargo_open")) == ("usable", None, None)
    assert room.told()[-1] == ("released", 2)


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
async def test_holds_and_versions_in_any_order_end_in_what_was_said_last(room, order):
    first, second = room.article(), room.article(version=2, seconds=5)
    steps = [
        *room.records(first, second),
        room.order(first, Order.WITHHOLD, seconds=50),
        room.order(first, Order.RELEASE, seconds=60),
    ]
    worker = room.worker()
    for number in order:
        await worker.handle([steps[number]])
    await worker.handle([steps[number] for number in order])
    found = await room.one(first)
    assert (found["status"], found["version"]) == ("usable", "2")
    assert len(found["orders"]) == 2


async def test_an_order_that_comes_again_does_and_tells_nothing_new(room):
    made = room.article()
    batch = [*room.records(made), room.order(made, Order.WITHHOLD), room.order(made, Order.RELEASE, seconds=200)]
    await room.worker().handle(batch)
    before, told = await room.one(made), room.told()
    worker = room.worker()
    await worker.handle(batch)
    await worker.handle(batch[1:2])
    assert await room.one(made) == before
    assert room.told() == told == [("created", 1), ("withheld", 2), ("released", 3)]


async def test_a_hold_before_its_story_comes(room):
    made = room.article()
    await room.worker().handle([room.order(made, Order.WITHHOLD)])
    assert room.told() == [], "nothing was there to withhold"
    await room.worker().handle(room.records(made))
    found = await room.one(made)
    assert (found["status"], found["on_hold"], found["revision"]) == ("withheld", True, 1)
    assert room.told() == [("withheld", 1)]
    assert await room.history(made) == []


async def test_a_kill_by_an_operator(room):
    made = [room.article(version=number, body=f"{SECRET} {number}.") for number in (1, 2, 9)]
    worker = room.worker()
    for one in made[:2]:
        await worker.handle(room.records(one))
    await worker.handle([room.order(made[0], Order.KILL, reason="Wrong person.", by="Ann")])
    tomb = await room.one(made[0])
    assert (tomb["status"], tomb["reason"], tomb["change"]) == ("killed", "Wrong person.", "killed")
    assert (tomb["notice_title"], tomb.get("body"), tomb.get("title")) == (made[1].title, None, None)
    assert tomb["ext_version"] == KILL_BASE + made[1].ext_version
    assert "kill_offset" in tomb
    await room.worker().handle(room.records(made[2]))
    assert await room.one(made[0]) == tomb
    assert [letter["class"] for letter in await room.letters(made[0])] == ["after-kill"]
    assert all(row["held"] for row in await room.rows(made[0]))
    assert [change for change, _ in room.told()] == ["created", "updated", "killed"]
    await room.worker().handle([room.order(made[0], Order.RELEASE, seconds=999)])
    assert (await room.one(made[0]))["status"] == "killed"


async def test_a_kill_tells_every_version_that_anybody_can_have_got(room):
    made = [room.article(version=number) for number in (1, 2, 3)]
    hidden = room.article(version=4, embargoed_until=now() + timedelta(days=1))
    worker = room.worker()
    for one in (*made, hidden):
        await worker.handle(room.records(one))
    await worker.handle([room.order(made[0], Order.KILL)])
    await room.worker().handle([room.order(made[0], Order.KILL)])  # again, by another worker
    kills = [event["data"] for event in room.announced() if event["data"]["change"] == "killed"]
    assert len(kills) == 2
    assert kills[0] == kills[1]
    earlier = kills[0]["earlier"]
    assert [span["revision"] for span in earlier] == [1, 2, 3], "the fourth was never to be found"
    assert [span["ext_version"] for span in earlier] == [one.ext_version for one in made]
    assert all(one["until"] == two["since"] for one, two in itertools.pairwise(earlier))
    assert set(earlier[0]) == {"ext_version", "revision", "since", "until"}


async def test_a_providers_kill_tells_them_too(room):
    first = room.article()
    await room.worker().handle(room.records(first))
    await room.worker().handle(room.records(room.article(version=2, status="killed")))
    (kill,) = [event["data"] for event in room.announced() if event["data"]["change"] == "killed"]
    found = (await room.history(first))[0]
    assert [(span["since"], span["until"]) for span in kill["earlier"]] == [(found["live_from"], found["live_until"])]


async def test_a_kill_before_its_story_is_a_tombstone_at_once(room):
    made = room.article(body=f"{SECRET}.")
    await room.worker().handle([room.order(made, Order.KILL)])
    await room.worker().handle(room.records(made))
    tomb = await room.one(made)
    assert (tomb["status"], tomb["revision"]) == ("killed", 1)
    assert SECRET not in str(tomb)
    assert room.told() == [("killed", 1)]


async def everything(room, made) -> str:
    await room.store.refresh([ARTICLE_VERSIONS])
    return str([await room.live(made), await room.rows(made), await room.letters(made), room.announced()])


async def test_an_erasure_leaves_no_text_and_takes_none_again(room):
    words = {
        "body": f"{SECRET}.",
        "title": f"{SECRET} title",
        "slugline": SECRET,
        "keywords": [SECRET],
        "ednote": SECRET,
    }
    made = [room.article(version=number, **words) for number in (1, 2, 3, 4)]
    worker = room.worker()
    for one in made[:3]:
        await worker.handle(room.records(one))
    assert SECRET in await everything(room, made[0])
    await worker.handle([room.order(made[0], Order.ERASE, reason="Court order")])
    assert SECRET not in await everything(room, made[0])
    tomb = await room.one(made[0])
    assert (tomb["status"], tomb["erased"], tomb["ext_version"]) == ("killed", True, ERASED)
    assert (tomb.get("notice_title"), tomb.get("slugline"), tomb.get("reason")) == (None, None, None)
    assert tomb["orders"][-1]["reason"] == "Court order"
    (told,) = [event["data"] for event in room.announced() if event["data"]["change"] == "killed"]
    assert told["erased"]
    assert [span["revision"] for span in told["earlier"]] == [1, 2, 3]
    # A replay of the whole log, a later version, and a kill of the provider's.
    again = [*made, room.article(version=9, status="killed", title=SECRET, reason=SECRET)]
    await room.worker().handle(room.records(*again))
    assert SECRET not in await everything(room, made[0])
    assert (await room.one(made[0]))["ext_version"] == ERASED


async def test_an_erasure_before_its_story_and_after_its_kill(room):
    for number, kill in enumerate((False, True)):
        made = room.article(f"e{number}", body=f"{SECRET}.", title=SECRET)
        if kill:
            await room.worker().handle(
                room.records(made, room.article(f"e{number}", version=2, status="killed", title=SECRET))
            )
        await room.worker().handle([room.order(made, Order.ERASE)])
        await room.worker().handle(room.records(made))
        assert SECRET not in await everything(room, made)
        assert (await room.one(made))["erased"]


async def test_an_erasure_broken_off_half_way_is_done_when_it_comes_again(room):
    made = [room.article(version=number, body=f"{SECRET}.") for number in (1, 2)]
    await room.worker().handle(room.records(*made[:1]))
    await room.worker().handle(room.records(*made[1:]))
    order = room.order(made[0], Order.ERASE)
    worker = room.worker()

    async def broken(_: str) -> None:
        raise RuntimeError("killed here")

    worker._indexer._obedience._scrub = broken
    with pytest.raises(RuntimeError):
        await worker.handle([order])
    await room.worker().handle([order])
    assert SECRET not in await everything(room, made[0])
    assert [change for change, _ in room.told()][-1] == "killed"


async def test_a_story_that_goes_on_from_another_replaces_it(room):
    old, new = room.article("old"), room.article("new", story_id=room.article("old").article_id)
    await room.worker().handle(room.records(old))
    await room.worker().handle(room.records(new))
    await room.worker().handle(room.sent())
    found = await room.one(old)
    assert (found["replaced_by"], found["status"], found["ext_version"]) == (
        str(new.article_id),
        "usable",
        old.ext_version,
    )
    assert found["replaced_at"] == rfc3339(new.received)
    assert room.told() == [("created", 1), ("created", 1), ("replaced", 1)]
    later = room.article("old", version=2)
    await room.worker().handle(room.records(later))
    assert (await room.one(old))["replaced_by"] == str(new.article_id), "it stays replaced"
    await room.worker().handle(room.records(room.article("new", version=2, status="killed")))
    await room.worker().handle(room.sent()[1:])
    assert (await room.one(old)).get("replaced_by") is None, "what replaced it is gone"


async def test_a_story_is_born_replaced_if_the_newer_came_first(room):
    old, new = room.article("old"), room.article("new", story_id=room.article("old").article_id)
    await room.worker().handle(room.records(new))
    await room.worker().handle(room.sent())
    assert (await room.one(old))["status"] == "withheld", "a place for it, shown to nobody"
    await room.worker().handle(room.records(old))
    found = await room.one(old)
    assert (found["replaced_by"], found["status"], found["revision"]) == (str(new.article_id), "usable", 1)
    assert ("created", 1) in room.told()


async def test_two_that_name_each_other_replace_neither(room):
    one = room.article("one", story_id=room.article("two").article_id)
    two = room.article("two", story_id=room.article("one").article_id)
    await room.worker().handle(room.records(one, two))
    done = 0
    while left := room.sent()[done:]:
        await room.worker().handle(left)
        done += len(left)
    assert [found.get("replaced_by") for found in await room.live(one, two)] == [None, None]


async def test_a_replacement_under_embargo_replaces_nothing_yet(room):
    old = room.article("old")
    new = room.article("new", story_id=old.article_id, embargoed_until=now() + timedelta(days=1))
    await room.worker().handle(room.records(old, new))
    sent = room.sent()
    assert [orjson.loads(one.value or b"")["data"]["order"] for one in sent] == ["joined"]
    await room.worker().handle(sent)
    assert "replaced_by" not in await room.one(old)


def kill_of(room, *names, asked=0):
    """A kill that may mean several articles."""
    meant = [room.article(name) for name in names]
    reference = Reference(articles=[one.article_id for one in meant], asked=asked)
    fields = {"story_id": meant[0].article_id, "reference": reference, "status": "killed", "versioned_by": "received"}
    return room.article(names[0], version=7, seconds=30, **fields)


async def test_a_kill_by_reference_kills_the_likeliest_that_is_there(room):
    await room.worker().handle(room.records(room.article("today"), room.article("yesterday")))
    await room.worker().handle(room.records(kill_of(room, "today", "yesterday")))
    assert room.sent() == []
    assert [found["status"] for found in await room.live(room.article("today"), room.article("yesterday"))] == [
        "killed",
        "usable",
    ]
    assert await room.letters(room.article("today")) == []


async def test_a_kill_by_reference_goes_on_to_the_owner_of_the_next(room):
    await room.worker().handle(room.records(room.article("yesterday")))
    await room.worker().handle(room.records(kill_of(room, "today", "yesterday")))
    assert await room.live(room.article("today")) == []
    await room.worker().handle(room.sent())
    assert (await room.one(room.article("yesterday")))["status"] == "killed"
    assert await room.live(room.article("today")) == []


async def test_a_kill_by_reference_that_finds_nothing_is_a_tombstone_and_told(room):
    await room.worker().handle(room.records(kill_of(room, "today", "yesterday")))
    await room.worker().handle(room.sent()[:1])
    await room.worker().handle(room.sent()[1:])
    assert len(room.sent()) == 2
    assert (await room.one(room.article("today")))["status"] == "killed"
    assert await room.live(room.article("yesterday")) == []
    assert [letter["class"] for letter in await room.letters(room.article("today"))] == ["kill-unmatched"]
    await room.worker().handle(room.records(room.article("today", body=f"{SECRET}.")))
    assert (await room.one(room.article("today")))["status"] == "killed"


async def test_a_kill_that_can_mean_one_article_only_waits_for_no_other(room):
    await room.worker().handle(room.records(kill_of(room, "a")))
    assert room.sent() == []
    assert (await room.one(room.article("a")))["status"] == "killed"
    assert [letter["class"] for letter in await room.letters(room.article("a"))] == ["kill-unmatched"]


async def test_due_is_told_with_the_number_of_the_version_it_was_due_with(room):
    made = room.article(embargoed_until=datetime(2026, 3, 5, 13, 0, tzinfo=UTC))
    await room.worker().handle(room.records(made))
    told = room.told()
    due = room.order(
        made, Order.DUE, due=made.embargoed_until, ext_version=made.ext_version, change="released", reason=None
    )
    await room.worker().handle([due])
    await room.worker().handle([due])
    assert room.told() == [*told, ("released", 1)]
    (killed,) = room.records(room.article(version=2, status="killed"))
    await room.worker().handle([killed, due])
    assert [change for change, _ in room.told()] == [*(change for change, _ in told), "released", "killed"]


@pytest.mark.parametrize("change", ["killed", "withheld", "moved"])
async def test_due_is_not_told_of_what_was_taken_back_or_moved_meanwhile(room, change):
    instant = now() + timedelta(days=1)
    made = room.article(embargoed_until=instant)
    later = {
        "killed": {"status": "killed"},
        "withheld": {"status": "withheld"},
        "moved": {"embargoed_until": instant + timedelta(days=9)},
    }[change]
    await room.worker().handle(room.records(made, room.article(version=2, **later)))
    due = room.order(made, Order.DUE, due=instant, ext_version=made.ext_version, change="released")
    await room.worker().handle([due])
    assert "released" not in [told for told, _ in room.told()]


async def test_an_erasure_writes_no_word_of_it_again_anywhere(room):
    made = room.article(body=f"{SECRET}.", title=SECRET)
    await room.worker().handle(room.records(made))
    write, written = room.store.write, []

    async def watching(actions, **options):
        written.extend(action.source for action in actions)
        return await write(actions, **options)

    room.store.write = watching
    await room.worker().handle([room.order(made, Order.ERASE)])
    room.store.write = write
    assert len(written) >= 2
    assert not any(SECRET.encode() in source for source in written)
