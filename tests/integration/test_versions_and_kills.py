"""Versions of an article and their differences, and the list of kills, over the indexing service and a real index."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from shared.elastic.index import ARTICLES
from shared.errors import Unavailable
from shared.events import Order, Status
from tests.integration.history_room import PastRoom, past_room

pytestmark = [pytest.mark.servers]


@pytest.fixture
async def room(servers, tmp_path) -> AsyncIterator[PastRoom]:
    async with past_room(servers, tmp_path) as room:
        yield room


async def versions(room, made, status=200):
    return await room.get(f"/v1/articles/{made.article_id}/versions", status)


async def test_all_versions_with_times_reasons_and_notes(room):
    worker, first = room.worker(), room.article(version=1, body="One.\n\nTwo.")
    await worker.handle(room.records(first))
    began = room.now
    room.tick()
    corrected = room.article(version=3, seconds=60, correction=True, ednote="CORRECTS spelling", body="One.\n\n2.")
    await worker.handle(room.records(corrected))
    room.tick()
    await worker.handle(room.records(room.article(version=2, seconds=90)))
    found = await versions(room, first)
    assert (found["id"], found["revision"], found["total"]) == (str(first.article_id), 2, 3)
    one, late, two = found["versions"]
    assert [entry["revision"] for entry in found["versions"]] == [1, None, 2]
    assert (one["live"], one["was_live"], one["late"], one["change"]) == (False, True, False, "created")
    assert one["searchable_from"].startswith(began.isoformat()[:19])
    assert one["searchable_until"] == two["searchable_from"]
    assert (late["was_live"], late["late"], late["searchable_from"], late["change"]) == (False, True, None, "stale")
    assert late["title"] == f"Title of a-{room.tag}, version 2"
    assert (two["live"], two["correction"], two["ednote"], two["change"]) == (
        True,
        True,
        "CORRECTS spelling",
        "corrected",
    )
    assert two["searchable_until"] is None
    assert one["ext_version"] < late["ext_version"] < two["ext_version"]


async def test_one_revision_whole_and_the_difference_of_two(room):
    worker, made = room.worker(), room.article(version=1, body="One.\n\nTwo.", byline=["A. B."])
    await worker.handle(room.records(made))
    await worker.handle(room.records(room.article(version=2, body="One.\n\n2 and three.", byline=["A. B.", "C. D."])))
    path = f"/v1/articles/{made.article_id}/versions"
    whole = await room.get(f"{path}/1")
    assert (whole["body"], whole["id"], whole["live"], whole["revision"]) == (
        "One.\n\nTwo.",
        str(made.article_id),
        False,
        1,
    )
    assert set(await room.get(f"/v1/articles/{made.article_id}")) <= set(whole)
    found = await room.get(f"{path}/1..2")
    assert found["changed"] == ["title", "body", "byline"]
    body = found["fields"]["body"]
    assert "".join(one["text"] for one in body if one["op"] != "insert") == "One.\n\nTwo."
    assert "".join(one["text"] for one in body if one["op"] != "delete") == "One.\n\n2 and three."
    assert found["fields"]["byline"] == [{"op": "equal", "text": "A. B."}, {"op": "insert", "text": "C. D."}]
    assert (found["from"]["revision"], found["to"]["revision"]) == (1, 2)
    assert (await room.get(f"{path}/2..2"))["changed"] == []
    assert (await room.get(f"{path}/2..1"))["fields"]["byline"][1]["op"] == "delete"
    for wrong in ("0", "01", "x", "1..", "..2", "1..2..3", "1-2", "9999999999"):
        await room.get(f"{path}/{wrong}", 400)
    await room.get(f"{path}/7", 404)
    await room.get(f"{path}/1..7", 404)


@pytest.mark.parametrize(
    ("closing", "status"),
    [
        ({"status": Status.KILLED}, 410),
        ({"status": Status.WITHHELD}, 404),
        ({"embargo_open": True}, 404),
        ({"embargoed_until": "2090-01-01T00:00:00Z"}, 404),
    ],
)
async def test_versions_of_what_may_not_be_shown_are_closed(room, closing, status):
    worker, made = room.worker(), room.article(version=1)
    await worker.handle(room.records(made))
    then = room.tick()
    room.tick()
    await worker.handle(room.records(room.article(version=2, reason="Legal.", **closing)))
    room.tick()
    for path in ("versions", "versions/1", "versions/2", "versions/1..2"):
        answer = await room.get(f"/v1/articles/{made.article_id}/{path}", status)
        assert ("notice" in answer) == (status == 410)
        page = await room.client.get(f"/articles/{made.article_id}/{path}")
        assert page.status_code == status
        assert "Body of" not in page.text
    await room.get(f"/v1/articles/{made.article_id}", status, as_of=then.isoformat())


async def test_a_version_that_was_held_for_its_own_sake_stays_closed_when_a_later_one_is_free(room):
    worker, made = room.worker(), room.article(version=1)
    steps = [{}, {"status": Status.WITHHELD, "ednote": "zyzzyva"}, {"embargo_open": True, "ednote": "zyzzyva"}, {}]
    for number, more in enumerate(steps, 1):
        await worker.handle(room.records(room.article(version=number, **more)))
        room.tick()
    found = await versions(room, made)
    assert [entry["status"] for entry in found["versions"]] == ["usable", "withheld", "embargoed", "usable"]
    assert [entry["searchable_from"] is None for entry in found["versions"]] == [False, True, True, False]
    assert "zyzzyva" not in str(found)
    await room.get(f"/v1/articles/{made.article_id}/versions/1")
    for path in ("2", "3", "1..2", "3..4"):
        await room.get(f"/v1/articles/{made.article_id}/versions/{path}", 404)
    assert "zyzzyva" not in (await room.client.get(f"/articles/{made.article_id}/versions")).text


async def test_searchable_begins_at_the_end_of_an_embargo(room):
    until = room.now + timedelta(minutes=5)
    made = room.article(version=1, embargoed_until=until)
    await room.worker().handle(room.records(made))
    room.tick(600)
    [one] = (await versions(room, made))["versions"]
    assert one["searchable_from"][:19] == until.isoformat()[:19]


async def test_no_such_article(room):
    await room.get("/v1/articles/6f5a3c1e-2b64-5c58-9f0e-6a2f1d7b9c10/versions", 404)
    await room.get("/v1/articles/none/versions/1..2", 404)


async def test_pages_of_the_history(room):
    worker, made = room.worker(), room.article(version=1, body="First <b>part</b>.\n\nSame.\n\nSame too.\n\nThe end.")
    await worker.handle(room.records(made))
    later = room.article(version=2, body="First <b>half</b>.\n\nSame.\n\nSame too.\n\nThe end.", ednote="a & b")
    await worker.handle(room.records(later))
    base = f"/articles/{made.article_id}"
    story = await room.client.get(base)
    assert f'href="{base}/versions"' in story.text
    listing = await room.client.get(f"{base}/versions")
    assert f'href="{base}/versions/1..2"' in listing.text
    assert "a &amp; b" in listing.text
    shown = await room.client.get(f"{base}/versions/1..2")
    assert "First &lt;b&gt;<del>part</del><ins>half</ins>&lt;/b&gt;." in shown.text
    assert "2 unchanged" in shown.text
    whole = await room.client.get(f"{base}/versions/1")
    assert "First &lt;b&gt;part&lt;/b&gt;." in whole.text
    for page in (listing, shown, whole):
        assert page.status_code == 200
        assert "default-src 'none'" in page.headers["content-security-policy"]


# Kills


async def kills(room, **params):
    return await room.get("/v1/kills", feed=room.tag, **params)


def a_kill(room, name, **more):
    return room.article(name, status=Status.KILLED, feed=room.tag, title=f"Gone: {name}", slugline="SLUG", **more)


async def test_a_notice_says_who_and_why_and_nothing_else(room):
    worker = room.worker()
    await worker.handle(room.records(room.article("x", version=1, feed=room.tag, body="zyzzyva")))
    await worker.handle(room.records(a_kill(room, "x", version=2, reason="Source retracted.")))
    [notice] = (await kills(room))["items"]
    assert notice["id"] == str(room.article("x").article_id)
    assert (notice["title"], notice["slugline"], notice["reason"]) == ("Gone: x", "SLUG", "Source retracted.")
    assert notice["searchable"][:19] == room.now.isoformat()[:19]
    assert "zyzzyva" not in str(notice)
    gone = await room.get(f"/v1/articles/{notice['id']}", 410)
    assert gone["notice"].items() <= notice.items()


async def test_kills_and_erasures_by_operators_are_listed_too(room):
    worker, first = room.worker(), [room.article(name, version=1, feed=room.tag, body="zyzzyva") for name in "xy"]
    await worker.handle(room.records(*first))
    await worker.handle([room.order(first[0], Order.KILL)])
    await worker.handle([room.order(first[1], Order.ERASE)])
    found = (await kills(room))["items"]
    assert {item["id"] for item in found} == {str(one.article_id) for one in first}
    assert "zyzzyva" not in str(found)
    for one in first:
        await versions(room, one, 410)


@pytest.mark.parametrize("way", ["provider", "operator", "kill first"])
@pytest.mark.parametrize("held", ["embargoed_until", "embargo_open", "withheld"])
async def test_the_headline_of_what_was_never_free_is_in_no_notice(room, held, way):
    worker = room.worker()
    facts = {
        "embargoed_until": {"embargoed_until": room.now + timedelta(hours=2)},
        "embargo_open": {"embargo_open": True},
        "withheld": {"status": Status.WITHHELD},
    }[held]
    secret = room.article("x", version=1, feed=room.tag, title="zyzzyva", slugline="ZYZZYVA", **facts)
    kill = room.article("x", version=2, feed=room.tag, status=Status.KILLED, title="zyzzyva", slugline="ZYZZYVA")
    ending = room.order(secret, Order.KILL) if way == "operator" else room.record(kill)
    for record in [ending, room.record(secret)] if way == "kill first" else [room.record(secret), ending]:
        await worker.handle([record])
    [notice] = (await kills(room))["items"]
    assert (notice["id"], notice["title"], notice["slugline"]) == (str(secret.article_id), None, None)
    gone = await room.client.get(f"/v1/articles/{secret.article_id}")
    page = await room.client.get(f"/articles/{secret.article_id}")
    assert (gone.status_code, page.status_code) == (410, 410)
    assert "zyzzyva" not in (gone.text + page.text).lower()


async def test_the_notice_of_an_operators_kill_has_the_headline_that_was_free(room):
    worker = room.worker()
    free = room.article("x", version=1, feed=room.tag, title="As it was free")
    later = room.article("x", version=2, feed=room.tag, title="zyzzyva", embargoed_until=room.now + timedelta(hours=2))
    await worker.handle(room.records(free))
    await worker.handle(room.records(later))
    room.tick()
    await worker.handle([room.order(free, Order.KILL, reason="Wrong.")])
    [notice] = (await kills(room))["items"]
    assert (notice["title"], notice["reason"]) == ("As it was free", "Wrong.")
    assert notice["killed"][:19] == room.now.isoformat()[:19], "when the order was carried out, not when the story came"
    gone = await room.get(f"/v1/articles/{free.article_id}", 410)
    assert gone["notice"].items() <= notice.items()


@pytest.mark.parametrize("seed", range(3))
async def test_none_is_missed_and_none_comes_twice_while_kills_arrive(room, seed):
    """Two partitions, each a worker of its own; times of the kills run backwards; a reader pages in between."""
    chance = random.Random(seed)
    workers, offsets = [room.worker(), room.worker()], [chance.randrange(50), 5000]
    first = random.randrange(10**9)  # nobody else's partitions
    sent, seen, cursor = [], [], None
    for turn in range(12):
        partition = chance.randrange(2)
        batch = []
        for number in range(chance.randrange(4)):
            made = a_kill(room, f"{turn}-{number}", version=1, seconds=-turn * 1000 - number)
            sent.append(str(made.article_id))
            batch.append(dataclasses.replace(room.record(made), partition=first + partition, offset=offsets[partition]))
            offsets[partition] += chance.randrange(1, 4)
        if batch and chance.random() < 0.3:
            await half_written(room, workers[partition], batch, chance.randrange(len(batch)))
            cursor = await paged(room, seen, cursor, chance.randrange(1, 3), pages=1)
            workers[partition] = room.worker()
        await workers[partition].handle(batch)
        if batch and chance.random() < 0.3:
            await workers[partition].handle(batch)
        if chance.random() < 0.6:
            cursor = await paged(room, seen, cursor, chance.randrange(1, 4), pages=chance.randrange(1, 4))
    while len(seen) < len(sent):
        before = len(seen)
        cursor = await paged(room, seen, cursor, 3, pages=1)
        assert len(seen) > before, f"missed {set(sent) - set(seen)}"
    assert sorted(seen) == sorted(sent)
    answer = await kills(room, cursor=cursor)
    assert (answer["items"], answer["more"]) == ([], False)
    assert answer["next"]


async def paged(room, seen, cursor, size, pages):
    for _ in range(pages):
        answer = await kills(room, size=size, **({"cursor": cursor} if cursor else {}))
        seen += [item["id"] for item in answer["items"]]
        assert len(answer["items"]) <= size
        cursor = answer["next"]
    return cursor


async def half_written(room, worker, batch, place):
    """Of the kills of a batch one is written and searchable, before those in front of it."""
    write = room.store.write

    async def some(actions, **options):
        if actions and actions[0].index.startswith(f"{ARTICLES}-"):
            await write([actions[place]], refresh=True)
            raise Unavailable("cut off")
        return await write(actions, **options)

    room.store.write = some
    try:
        with pytest.raises(Unavailable):
            await worker.handle(batch)
    finally:
        room.store.write = write


async def test_a_kill_that_comes_again_stays_in_its_place(room):
    worker, made = room.worker(), a_kill(room, "x")
    record = room.record(made)
    await worker.handle([record])
    cursor = (await kills(room))["next"]
    place = (await room.one(made))["kill_offset"]
    await worker.handle([record])
    await worker.handle([dataclasses.replace(record, offset=record.offset + 900)])
    assert (await kills(room, cursor=cursor))["items"] == []
    assert len((await kills(room))["items"]) == 1
    assert (await room.one(made))["kill_offset"] == place


async def test_filters_of_the_list(room):
    worker = room.worker()
    early, late = a_kill(room, "early"), a_kill(room, "late", seconds=86_400)
    await worker.handle(room.records(early, late))
    for params, expected in (
        ({"from_": "2026-03-06"}, [late]),
        ({"to": "2026-03-05"}, [early]),
        ({"from_": "2026-03-05", "to": "2026-03-06"}, [early, late]),
    ):
        assert [item["id"] for item in (await kills(room, **params))["items"]] == [
            str(one.article_id) for one in expected
        ]
    assert (await room.get("/v1/kills", feed="no such feed"))["items"] == []


async def test_what_is_asked_wrongly_is_refused(room):
    cursor = (await kills(room))["next"]
    for name, value in (
        ("size", "0"),
        ("size", "1001"),
        ("from", "x"),
        ("cursor", "x"),
        ("cursor", cursor[:-2]),
        ("q", "x"),
    ):
        problem = await room.get("/v1/kills", 400, **{name: value})
        assert problem["errors"][0]["parameter"] == name
    await room.get("/v1/kills", 400, from_="2026", to="2025")
    await room.get("/v1/kills", 400, cursor=cursor)  # of other filters
    search = (await room.search(size=1))["next"]
    assert search is None or (await room.get("/v1/kills", 400, cursor=search))
