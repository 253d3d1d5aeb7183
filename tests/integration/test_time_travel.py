"""`as_of`: what was answered at a moment is answered again, but for what has been held since."""

from __future__ import annotations

import html
import random
import re
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from shared.elastic.index import ARTICLES
from shared.errors import Unavailable
from shared.events import Order, Status
from tests.integration.history_room import START, PastRoom, past_room

pytestmark = [pytest.mark.servers]


@pytest.fixture
async def room(servers, tmp_path) -> AsyncIterator[PastRoom]:
    async with past_room(servers, tmp_path) as room:
        yield room


def shown(found):
    return sorted((item["id"], item["title"]) for item in found["items"])


async def crash_before_the_live_document(room, worker, batch):
    """History is written, the live documents are not: the worker has died in between."""
    write = room.store.write

    async def cut_off(actions, **options):
        if actions and actions[0].index.startswith(f"{ARTICLES}-"):
            raise Unavailable("cut off")
        return await write(actions, **options)

    room.store.write = cut_off
    try:
        with pytest.raises(Unavailable):
            await worker.handle(batch)
    finally:
        room.store.write = write
    await room.store.refresh([ARTICLES, "article-versions"])


KINDS = ("plain", "plain", "plain", "plain", "embargo", "open", "withheld", "expires", "killed")


def a_version(chance, room, name, number):
    kind = chance.choice(KINDS)
    more = {
        "embargo": {"embargoed_until": room.now + timedelta(minutes=chance.choice([2, 5]), seconds=30)},
        "open": {"embargo_open": True},
        "withheld": {"status": Status.WITHHELD},
        "expires": {"expires": room.now + timedelta(minutes=chance.choice([2, 4]), seconds=30)},
        "killed": {"status": Status.KILLED},
    }.get(kind, {})
    late = chance.random() < 0.15
    version = chance.randrange(1, number + 1) if late else number * 10
    return room.article(name, version=version, seconds=number * 60 + chance.random(), **more)


ORDERS = (Order.WITHHOLD, Order.WITHHOLD, Order.RELEASE, Order.RELEASE, Order.KILL, Order.ERASE)


def something(chance, room, name, step):
    """The record of a version, or of an operator's order."""
    if chance.random() < 0.2:
        return room.order(room.article(name), chance.choice(ORDERS), seconds=1000 * step)
    return room.record(a_version(chance, room, name, step))


@pytest.mark.parametrize("seed", range(3))
async def test_every_moment_is_answered_as_it_was_but_for_what_is_held_since(room, seed):
    chance = random.Random(seed)
    names = [f"n{number}" for number in range(25)]
    worker, record = room.worker(), {}
    for step in range(1, 11):
        room.tick()
        batch = [something(chance, room, name, step) for name in names if chance.random() < 0.5]
        if batch and chance.random() < 0.4:
            await crash_before_the_live_document(room, worker, batch)
            room.tick(1)
            worker = room.worker()
        await worker.handle(batch)
        room.tick(1)
        moment = room.now
        articles = await state(room, names)
        record[moment] = (shown(await room.search()), articles)
    room.tick(200)
    held = {name: answer[0] for name, answer in (await state(room, names)).items() if answer[0] != 200}
    closed = {str(room.article(name).article_id) for name in held}
    assert any(items for items, _ in record.values())
    assert 410 in held.values()
    assert 404 in held.values()
    for moment, (items, articles) in record.items():
        expected = [item for item in items if item[0] not in closed]
        found = await room.search(as_of=moment.isoformat())
        assert shown(found) == expected, f"{seed} at {moment}"
        assert found["total"] == len(expected)
        paged = await room.pages(as_of=moment.isoformat(), size=3)
        assert sorted((item["id"], item["title"]) for item in paged) == expected
        assert shown(await room.search(as_of=moment.isoformat(), q="title:version OR body:body")) == expected
        for name, told in articles.items():
            path = f"/v1/articles/{room.article(name).article_id}"
            answer = await room.client.get(path, params={"as_of": moment.isoformat()})
            if name in held:
                assert answer.status_code == held[name], (name, moment)
            else:
                assert (answer.status_code, answer.json().get("title")) == told, (name, moment)


async def state(room, names):
    found = {}
    for name in names:
        answer = await room.client.get(f"/v1/articles/{room.article(name).article_id}")
        found[name] = (answer.status_code, answer.json().get("title"))
    return found


async def test_facets_histogram_and_highlights_are_of_the_past_too(room):
    worker = room.worker()
    await worker.handle(room.records(room.article(section="sport", body="The quokka wins.")))
    then = room.tick()
    room.tick()
    await worker.handle(room.records(room.article(version=2, section="politics", body="The wombat wins.")))
    asked = {"q": "quokka", "facets": "section", "histogram": "day", "as_of": then.isoformat()}
    found = await room.search(**asked)
    assert found["total"] == 1
    assert found["facets"]["section"] == [{"value": "sport", "count": 1}]
    assert [step["count"] for step in found["histogram"]] == [1]
    assert found["items"][0]["highlights"]["body"] == ["The <em>quokka</em> wins."]
    assert found["items"][0]["id"] == str(room.article().article_id)
    assert (await room.search(q="quokka"))["total"] == 0
    assert (await room.search(q="wombat", as_of=then.isoformat()))["total"] == 0


async def test_before_the_first_story_there_is_nothing(room):
    await room.worker().handle(room.records(room.article()))
    for moment in ("1999", "2026-03-06T08:59:59.999Z", (START - timedelta(seconds=1)).isoformat()):
        assert (await room.search(as_of=moment))["total"] == 0
    path = f"/v1/articles/{room.article().article_id}"
    await room.get(path, 404, as_of="1999")


async def test_to_the_millisecond(room):
    worker = room.worker()
    room.now = START + timedelta(milliseconds=5, microseconds=700)
    await worker.handle(room.records(room.article()))
    room.now = START + timedelta(milliseconds=9, microseconds=200)
    await worker.handle(room.records(room.article(version=2)))
    room.tick()
    path = f"/v1/articles/{room.article().article_id}"
    for millisecond, version in ((4, None), (5, "1"), (8, "1"), (9, "2")):
        moment = (START + timedelta(milliseconds=millisecond)).isoformat()
        assert [item["version"] for item in (await room.search(as_of=moment))["items"]] == [version] * bool(version)
        answer = await room.get(path, 200 if version else 404, as_of=moment)
        assert answer.get("version") == version


async def test_what_never_was_live_never_shows(room):
    worker = room.worker()
    await worker.handle(room.records(*[room.article(version=number) for number in (1, 2, 3)]))
    await worker.handle(room.records(room.article(version=0)))
    room.tick()
    moments = [START + timedelta(seconds=second) for second in (-1, 0, 1, 30, 60)]
    for moment in moments:
        versions = {item["version"] for item in (await room.search(as_of=moment.isoformat()))["items"]}
        assert versions <= {"3"}, moment


async def test_the_row_that_a_crash_leaves_of_what_is_live_doubles_nothing(room):
    worker = room.worker()
    first, second = room.article(version=1), room.article(version=2)
    await worker.handle(room.records(first))
    then = room.tick()
    room.tick()
    batch = room.records(second)
    await crash_before_the_live_document(room, worker, batch)
    room.tick()
    found = await room.search(as_of=then.isoformat())
    assert [item["version"] for item in found["items"]] == ["1"]
    assert found["total"] == 1
    listed = await room.get(f"/v1/articles/{first.article_id}/versions")
    assert [one["revision"] for one in listed["versions"]] == [1]
    assert listed["total"] == 1


async def test_rows_of_an_older_release_do_not_open_a_killed_story(room):
    """They do not say how their article stands; the live document does."""
    worker = room.worker()
    await worker.handle(room.records(room.article(version=1)))
    then = room.tick()
    room.tick()
    await worker.handle(room.records(room.article(version=2, status=Status.KILLED)))
    [row] = await room.rows(room.article())
    assert row["held"]
    bare = {name: value for name, value in row.items() if name not in ("held", "_index")}
    await room.store._client.index(
        index=row["_index"],
        id=(await room.store.rows("article-versions", [row["article_id"]], {"held": None}, 5))[0].id,
        document=bare,
        refresh=True,
    )
    room.tick()
    found = await room.search(as_of=then.isoformat())
    assert (found["items"], found["total"]) == ([], 0)
    await room.get(f"/v1/articles/{row['article_id']}", 410, as_of=then.isoformat())


@pytest.mark.parametrize("text", ["2999-01-01T00:00:00Z", "now+1s", "yesterday", "2026-13", "2026-03-06T09:00:01Z"])
async def test_a_moment_of_the_future_or_none_is_refused(room, text):
    for path in ("/v1/search", f"/v1/articles/{room.article().article_id}"):
        problem = await room.get(path, 400, as_of=text)
        assert problem["errors"][0]["parameter"] == "as_of"


async def test_the_page_of_an_earlier_moment_says_so(room):
    worker = room.worker()
    await worker.handle(room.records(room.article(title="As it was")))
    then = room.tick()
    room.tick()
    await worker.handle(room.records(room.article(version=2, title="As it is")))
    asked = {"source": room.tag, "as_of": then.isoformat()}
    page = (await room.client.get("/", params=asked)).text
    assert "As it was" in page
    assert "As it is" not in page
    assert f"as_of: {then.isoformat()}" in page.replace("&#43;", "+")
    assert f'href="/?source={room.tag}"' in page, "and leads back to the present"
    [link] = re.findall(r'href="(/articles/[^"]*)"', page)
    read = (await room.client.get(html.unescape(link))).text
    assert "As it was</h1>" in read, "its stories are read as they were"
    assert f'href="/articles/{room.article().article_id}"' in read, "and lead to what they are"
    room.tick()
    await worker.handle(room.records(room.article(version=3, status=Status.KILLED)))
    gone = await room.client.get(html.unescape(link))
    assert (gone.status_code, "As it was" in gone.text) == (410, False)
    assert (await room.client.get(f"/articles/{room.article().article_id}?as_of=nonsense")).status_code == 400


@pytest.mark.parametrize("path", ["versions", "versions/1", "versions/1..1", "similar"])
async def test_where_a_moment_means_nothing_it_is_refused(room, path):
    made = room.article()
    await room.worker().handle(room.records(made))
    await room.get(f"/v1/articles/{made.article_id}/{path}")
    problem = await room.get(f"/v1/articles/{made.article_id}/{path}", 400, as_of="2026-03-06T09:00:00Z")
    assert problem["errors"][0]["parameter"] == "as_of"


async def test_days_ago_count_from_that_moment(room):
    await room.worker().handle(room.records(room.article(published=START - timedelta(hours=3))))
    then = room.tick()
    room.tick(30 * 86_400)
    assert (await room.search(from_="now-1d"))["total"] == 0
    assert (await room.search(from_="now-1d", as_of=then.isoformat()))["total"] == 1


async def test_a_cursor_belongs_to_its_moment(room):
    await room.worker().handle(room.records(*[room.article(f"n{number}") for number in range(3)]))
    room.tick(3600)
    first = await room.search(as_of="now-1m", size=1)
    room.tick(3600)
    await room.get("/v1/search", 400, source=room.tag, size=1, cursor=first["next"])
    second = await room.search(as_of="now-1m", size=1, cursor=first["next"])
    assert second["items"][0]["id"] != first["items"][0]["id"]
