"""Near copies over a real Elasticsearch: indexed by workers, then counted, listed and folded by the search service."""

from __future__ import annotations

from datetime import timedelta

import httpx2
import pytest

from services.search.app import create_app
from services.search.history_repository import ElasticHistory
from shared import events
from shared.elastic.client import make_client
from shared.elastic.store import ElasticStore
from shared.events import Status
from shared.health import Health
from shared.settings import ElasticsearchSettings, SearchSettings, Settings
from tests.contract.indexing_room import Room
from tests.contract.test_clusters import Wire, story
from tests.unit.indexing.samples import START

pytestmark = pytest.mark.servers


@pytest.fixture
async def wire(servers, tmp_path):
    settings = Settings(
        data_dir=tmp_path,
        elasticsearch=ElasticsearchSettings(url=servers.elasticsearch_url),
        search=SearchSettings(timeout_ms=20_000),
    )
    store, elastic = ElasticStore(settings), make_client(settings.elasticsearch)
    await store.start()
    app = create_app(ElasticHistory(elastic, 20_000), settings, Health("search"))
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://search") as client:
        made = Wire(Room(store))
        made.client = client
        yield made
    await elastic.close()
    await store.close()


async def get(wire, path, status=200, **params):
    answer = await wire.client.get(path, params=params)
    assert answer.status_code == status, answer.text
    return answer.json()


async def article(wire, made, status=200):
    return await get(wire, f"/v1/articles/{made.article_id}", status)


def copies_of(wire, text, count, **fields):
    return [
        wire.article(
            f"c{n}", text, seconds=n, published=START + timedelta(minutes=n), source=f"src-{wire.room.tag}", **fields
        )
        for n in range(count)
    ]


async def test_copies_are_articles_of_their_own_counted_and_listed(wire):
    text = story(f"listed {wire.room.tag}")
    first, second, third = copies_of(wire, text, 3)
    third = wire.article(
        "c2",
        text + " Forty more words followed.",
        seconds=2,
        title="Quite another headline",
        credit="Reuters",
        published=START + timedelta(minutes=2),
    )
    alone = wire.article("alone", story(f"alone {wire.room.tag}"), title=f"Alone {wire.room.tag} on the hill this year")
    await wire.worker().handle(wire.room.records(first, second, third, alone))
    told = [await article(wire, one) for one in (first, second, third)]
    assert [one["copies"] for one in told] == [2, 2, 2]
    assert {one["cluster_id"] for one in told} == {str(first.article_id)}
    assert (await article(wire, alone))["copies"] == 0
    similar = await get(wire, f"/v1/articles/{first.article_id}/similar")
    assert (similar["copies"], similar["origin"]) == (2, {"id": str(first.article_id), "by": "earliest"})
    by_id = {one["id"]: one for one in similar["items"]}
    assert by_id.keys() == {str(second.article_id), str(third.article_id)}
    same, other = by_id[str(second.article_id)], by_id[str(third.article_id)]
    assert (same["same_title"], same["changed"], same["words_added"], same["words_removed"]) == (True, 0.0, 0, 0)
    assert (other["same_title"], other["words_added"], other["words_removed"]) == (False, 4, 0)
    assert 0 < other["changed"] < 0.2


async def test_the_origin_is_the_agency_that_the_copies_credit(wire):
    text = story(f"credit {wire.room.tag}")
    paper = wire.article("paper", text, credit="Wire Agency", source="The Paper")
    agency = wire.article("agency", text, source="wire agency", seconds=60, published=START + timedelta(minutes=5))
    await wire.worker().handle(wire.room.records(paper, agency))
    similar = await get(wire, f"/v1/articles/{paper.article_id}/similar")
    assert similar["origin"] == {"id": str(agency.article_id), "by": "credit"}


async def test_nothing_tells_that_a_text_under_embargo_or_a_killed_one_is_a_copy(wire):
    text = story(f"embargo {wire.room.tag}")
    until = events.now() + timedelta(hours=1)
    hidden = wire.article("hidden", text, embargoed_until=until)
    held = wire.article("held", text, seconds=1, status=Status.WITHHELD)
    opened = wire.article("open", text, seconds=2, embargo_open=True)
    shown = wire.article("shown", text, seconds=3)
    worker = wire.worker()
    await worker.handle(wire.room.records(hidden, held, opened, shown))
    assert set(await wire.clusters(hidden, held, opened, shown)) == {str(hidden.article_id)}
    secret = [str(one.article_id) for one in (hidden, held, opened)]

    told = await article(wire, shown)
    similar = await get(wire, f"/v1/articles/{shown.article_id}/similar")
    assert (told["copies"], told["cluster_id"]) == (0, str(shown.article_id))
    assert (similar["copies"], similar["items"], similar["cluster_id"]) == (0, [], str(shown.article_id))
    assert similar["origin"]["id"] == str(shown.article_id)
    for answer in (told, similar, await get(wire, "/v1/search", collapse="story", q=text.split()[0])):
        assert not [one for one in secret if one in str(answer)]
    for one in (hidden, held, opened):
        await get(wire, f"/v1/articles/{one.article_id}/similar", 404)

    late = wire.article("late", text, seconds=4)
    await worker.handle(wire.room.records(late))
    both = [await article(wire, one) for one in (shown, late)]
    assert [one["copies"] for one in both] == [1, 1]
    assert len({one["cluster_id"] for one in both}) == 1
    assert both[0]["cluster_id"] in {str(shown.article_id), str(late.article_id)}

    killed = wire.room.article("late", version=2, seconds=9, status=Status.KILLED)
    await worker.handle(wire.room.records(killed))
    assert (await article(wire, shown))["copies"] == 0
    await get(wire, f"/v1/articles/{late.article_id}/similar", 410)


@pytest.mark.parametrize("sort", ["newest", "oldest", "relevance"])
async def test_collapse_folds_copies_page_by_page_and_counts_them(wire, sort):
    tag, worker = wire.room.tag, wire.worker()
    groups = []
    for number in range(12):
        text = f"zephyr {story(f'{tag} {number}')}"
        groups.append(
            [
                wire.article(
                    f"g{number}-{n}", text, seconds=n, source=tag, title=f"Group {number} of stories told in {tag} tonight",
                    published=START + timedelta(minutes=number + 100 * n),
                )
                for n in range(1 + number % 3)
            ]
        )  # fmt: skip
    await worker.handle(wire.room.records(*(one for group in groups for one in group)))
    asked = {"source": tag, "q": "zephyr", "sort": sort, "size": "5"}
    plain = await get(wire, "/v1/search", **asked)
    assert plain["total"] == sum(map(len, groups)) == 24
    assert "copies" not in plain["items"][0]

    rows, page, cursor = [], 0, None
    while page == 0 or cursor:
        more = {"cursor": cursor} if cursor else {}
        found = await get(wire, "/v1/search", **asked, collapse="story", **more)
        assert (found["total"], found["stories"], found["stories_relation"]) == (24, 12, "eq")
        rows += found["items"]
        cursor, page = found["next"], page + 1
        if page == 1:  # a story that comes between two pages shifts none of them
            await worker.handle(
                wire.room.records(
                    wire.article("new", "zephyr " + story("new"), published=events.now(), title="New tonight in town")
                )
            )
    assert page == 3
    by_id = {str(one.article_id): number for number, group in enumerate(groups) for one in group}
    assert sorted(by_id[row["id"]] for row in rows) == list(range(12))
    assert all(row["copies"] == len(groups[by_id[row["id"]]]) - 1 for row in rows)


async def test_stories_that_come_between_pages_by_date_repeat_no_row(wire):
    tag, worker = wire.room.tag, wire.worker()

    def one(name, minute):
        return wire.article(
            name,
            story(f"{tag} {name}"),
            source=tag,
            title=f"Row {name} of the list {tag}",
            published=START + timedelta(minutes=minute),
        )

    await worker.handle(wire.room.records(*(one(f"r{n}", n) for n in range(9))))
    asked = {"source": tag, "sort": "newest", "size": "3", "collapse": "story"}
    first = await get(wire, "/v1/search", **asked)
    await worker.handle(wire.room.records(*(one(f"n{n}", 100 + n) for n in range(4))))
    second = await get(wire, "/v1/search", **asked, cursor=first["next"])
    third = await get(wire, "/v1/search", **asked, cursor=second["next"])
    ids = [row["id"] for page in (first, second, third) for row in page["items"]]
    assert ids == [str(one(f"r{n}", n).article_id) for n in reversed(range(9))]
    assert third["next"] is None


async def test_what_cannot_be_folded_is_refused(wire):
    for wrong in ({"collapse": "cluster"}, {"collapse": "story", "as_of": "2026-01-01"}):
        answer = await get(wire, "/v1/search", 400, **wrong)
        assert answer["errors"][0]["parameter"] == "collapse"
    first = await get(wire, "/v1/search", size="1", collapse="story")
    if first["next"]:
        await get(wire, "/v1/search", 400, size="1", cursor=first["next"])
