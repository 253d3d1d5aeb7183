"""The search service over a real Elasticsearch, on documents written straight into slices made from the templates.

Every document carries a source of its own run, so that what other tests of the run store is never counted here.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from services.search.app import create_app
from services.search.history_repository import ElasticHistory
from shared.elastic.client import make_client
from shared.elastic.index import ensure_slice, ensure_templates
from shared.elastic.languages import text_field
from shared.events import rfc3339
from shared.health import Health
from shared.settings import ElasticsearchSettings, SearchSettings, Settings

NOW = datetime.now(UTC).replace(microsecond=0)
RECEIPT = str(uuid.uuid4())
SLICES = {
    "articles": "articles-2024.05",
    "article-versions": "article-versions-2024.05",
    "dead-letters": "dead-letters-2024.05",
}


class Room:
    """One run's documents and a client of the service in front of them."""

    def __init__(self, elastic, client, app, source):
        self.elastic, self.client, self.app, self.source = elastic, client, app, source
        self.written: list[tuple[str, str]] = []

    async def store(self, *documents, kind="articles"):
        lines: list[dict] = []
        for document in documents:
            place = (SLICES[kind], document["id"] if kind == "articles" else str(uuid.uuid4()))
            self.written.append(place)
            lines += [{"index": {"_index": place[0], "_id": place[1]}}, document]
        answer = await self.elastic.bulk(operations=lines, refresh=True)
        assert not answer["errors"], str(answer)[:1000]

    def story(self, title, body="", language="en", **more):
        identity = str(uuid.uuid4())
        key = text_field(language)
        stored = {
            "id": identity,
            "article_id": identity,
            "story_id": identity,
            "cluster_id": identity,
            "receipt": RECEIPT,
            "item": f"{RECEIPT}.0",
            "feed": "local",
            "format": "json",
            "kind": "story",
            "status": "usable",
            "embargo_open": False,
            "revision": 1,
            "change": "created",
            "source": self.source,
            "language": language,
            "published": "2024-05-10T12:00:00.000000Z",
            "received": rfc3339(NOW),
            "normalized": rfc3339(NOW),
            "indexed": rfc3339(datetime.now(UTC)),
            "title": {key: title} if title else None,
            "body": {key: body} if body else None,
            **more,
        }
        return {name: value for name, value in stored.items() if value is not None}

    async def ask(self, q="", status=200, **params):
        pairs = [("source", self.source), ("q", q)]
        for name, value in params.items():
            values = value if isinstance(value, list) else [value]
            pairs += [(name.rstrip("_"), str(one)) for one in values]
        answer = await self.client.get("/v1/search", params=pairs)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def titles(self, q="", **params):
        found = await self.ask(q, **{"size": 100, **params})
        assert found["total"] == len(found["items"])
        return {item["title"] for item in found["items"]}


@pytest.fixture
async def room(servers, tmp_path):
    settings = Settings(
        data_dir=tmp_path,
        elasticsearch=ElasticsearchSettings(url=servers.elasticsearch_url),
        search=SearchSettings(timeout_ms=20_000),
    )
    elastic = make_client(settings.elasticsearch)
    await ensure_templates(elastic, settings.elasticsearch)
    for name in SLICES.values():
        await ensure_slice(elastic, name)
    app = create_app(ElasticHistory(elastic, settings.search.timeout_ms), settings, Health())
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://search", timeout=30) as client:
        room = Room(elastic, client, app, f"run-{uuid.uuid4()}")
        yield room
    if room.written:
        await elastic.bulk(operations=[{"delete": {"_index": index, "_id": name}} for index, name in room.written])
    await elastic.close()


# Words in their languages


async def test_words_are_found_in_title_and_body_together_and_in_every_form(room):
    await room.store(
        room.story("Talks in Minsk", "President Macron's anti-war plan for the U.S. was praised by AT&T."),
        room.story("Quiet day", "Nothing happened in Minsk. The war is antique. <GLD> rose; café prices fell."),
    )
    first, second = {"Talks in Minsk"}, {"Quiet day"}
    assert await room.titles("talks Macron") == first  # one word in the title, one in the body
    assert await room.titles("talk plans") == first
    assert await room.titles("macron") == first
    assert await room.titles("Macron's") == first
    assert await room.titles("the plan of a president") == first
    assert await room.titles("U.S.") == first
    assert await room.titles("AT&T") == first
    assert await room.titles("anti-war") == first
    assert await room.titles('"anti war"') == first
    assert await room.titles("<GLD>") == second
    assert await room.titles("GLD") == second
    assert await room.titles("cafe") == second
    assert await room.titles("Café") == second
    assert await room.titles("Minsk") == first | second
    assert await room.titles("Minsk -Macron") == second
    assert await room.titles("Minsk NOT Macron") == second
    assert await room.titles("Macron OR gld") == first | second
    assert await room.titles("(Macron OR gld) war -antique") == first
    assert await room.titles('"in Minsk"') == first | second
    assert await room.titles('"Minsk Macron"') == set()
    assert await room.titles('"president plan"~5') == first
    assert await room.titles("title:Minsk") == first
    assert await room.titles("title:Minsk OR body:antique") == first | second
    assert await room.titles("presid*") == first
    assert await room.titles("presidents*") == first
    assert await room.titles("the presid*") == first
    assert await room.titles("(the OR a) macron") == first
    assert await room.titles('"of the" macron') == first
    assert await room.titles("-Macron") == second
    assert await room.titles("*") == first | second
    assert await room.titles("zzqqxxyy") == set()


async def test_each_language_is_read_by_its_own_rules(room):
    stories = {
        "en": room.story("Children die hard", "The man was there."),
        "de": room.story("Die Häuser am Fluss", "Der Präsident sprach mit Macron.", "de"),
        "el": room.story("Ο πρόεδρος στην Αθήνα", "Μίλησε για την οικονομία.", "el"),
        "fr": room.story("L'économie française", "Le président parle à son peuple.", "fr"),
        "ru": room.story("Президент в Минске", "Переговоры прошли успешно.", "ru"),
        "zh": room.story("法国总统访问北京", "并举行记者会。", "zh"),
        "ar": room.story("الرئيس في القاهرة", "تحدث عن الاقتصاد.", "ar"),
        "sw": room.story("Rais azuru Nairobi", "Habari za leo.", "sw"),
    }
    await room.store(*stories.values())

    async def languages(q, **params):
        found = await room.ask(q, size=100, **params)
        return {item["language"] for item in found["items"]}

    assert await languages("haus") == {"de"}
    assert await languages("προεδρος αθηνα") == {"el"}
    assert await languages("ΑΘΗΝΑ") == {"el"}
    assert await languages("economie") == {"fr"}
    assert await languages("президента") == {"ru"}
    assert await languages("北京") == {"zh"}
    assert await languages("記者 OR 记者会") == {"zh"}
    assert await languages("القاهرة") == {"ar"}
    assert await languages("habari nairobi") == {"sw"}
    # German drops 'die' and 'man', French drops 'son': that must not put every German story among the English ones.
    assert await languages("die") == {"en"}
    assert await languages("man") == {"en"}
    assert await languages("die hard") == {"en"}
    assert await languages("the") == set()
    assert await languages("the macron") == set()  # German knows no 'the', and keeps it
    assert await languages("the macron", language="de") == set()
    assert await languages("macron -the") == {"de"}
    assert await languages('"die" macron') == {"de"}
    assert await languages('"die" man') == {"en"}
    assert await languages('"der" "und"') == set()
    # A negation looks at each story in its own language.
    assert await languages("-macron") == {"en", "el", "fr", "ru", "zh", "ar", "sw"}
    assert await languages("macron OR -präsident") == {"de", "en", "el", "fr", "ru", "zh", "ar", "sw"}
    assert await languages("präsident", language=["de", "en"]) == {"de"}
    assert await languages("macron", language="el") == set()


async def test_a_story_in_a_new_language_is_found_at_once(room):
    await room.store(room.story("One English story"))
    finder = room.app.state.finder
    await finder.look_at_languages()
    new = next(key for key in ("hu", "fi", "eu", "ga", "lv", "lt", "et") if key not in finder._languages.present)
    await room.store(room.story("Zlatorog", language=new))
    assert new not in finder._languages.present
    assert await room.titles("zlatorog") == {"Zlatorog"}
    assert await room.titles("-english") == {"Zlatorog"}
    await finder.look_at_languages()
    assert new in finder._languages.present
    assert await room.titles("zlatorog") == {"Zlatorog"}


async def test_the_title_counts_for_more_and_then_the_newer_story(room):
    await room.store(
        room.story("Harvest report", "Something about wheat and much else.", published="2024-05-12T00:00:00Z"),
        room.story("Wheat report", "Something about harvests and much else.", published="2024-05-10T00:00:00Z"),
        room.story("Wheat report", "Something about harvests and much else.", published="2024-05-11T00:00:00Z"),
    )
    found = await room.ask("wheat")
    assert [item["published"][:10] for item in found["items"]] == ["2024-05-11", "2024-05-10", "2024-05-12"]
    assert found["items"][0]["score"] == found["items"][1]["score"] > found["items"][2]["score"] > 0


# Filters and dates


async def test_filters_are_named_as_facts_and_know_no_case(room):
    await room.store(
        room.story("a", section="INTERNATIONAL RELATIONS", byline=["Ann Author", "Bob Writer"], places=["usa"]),
        room.story(
            "b",
            section="Πολιτική",
            language="en-GB",
            topics=[{"scheme": "medtop", "code": "04000000", "name": "economy"}],
        ),
        room.story("c", section="Sport", language="el", dateline={"place": "KIEV"}),
    )
    assert await room.titles(section="international relations") == {"a"}
    assert await room.titles(section=["sport", "πολιτική"]) == {"b", "c"}
    assert await room.titles(byline="bob writer") == {"a"}
    assert await room.titles(topic="economy") == {"b"}
    assert await room.titles(topic="04000000") == {"b"}
    assert await room.titles(place="USA") == {"a"}
    assert await room.titles(place="Kiev") == {"c"}
    assert await room.titles(language="en") == {"a", "b"}
    assert await room.titles(language="EN-gb") == {"b"}
    assert await room.titles(language=["el", "en-GB"]) == {"b", "c"}
    assert await room.titles('section:"international relations"') == {"a"}
    assert await room.titles("section:inter* OR place:kiev") == {"a", "c"}
    assert await room.titles("-section:sport") == {"a", "b"}
    found = await room.ask(language="english!")
    assert (found["total"], found["warnings"][0]["code"]) == (0, "unknown-language")


async def test_dates_are_half_open_and_whole_periods_and_know_zones(room):
    await room.store(
        room.story("jan", published="2022-01-31T23:30:00.000000Z"),
        room.story("feb", published="2022-02-08T14:00:00.000000Z"),
        room.story("mar", published="2022-03-01T00:00:00.000000Z"),
        room.story("undated", published=None),
        room.story("old", published="0001-01-01T00:00:00.000000Z"),
        room.story("far", published="9999-12-31T23:00:00.000000Z"),
        room.story("today", published=rfc3339(NOW - timedelta(hours=5))),
    )
    assert await room.titles(from_="2022-02", to="2022-02") == {"feb"}
    assert await room.titles(from_="2022", to="2022") == {"jan", "feb", "mar"}
    assert await room.titles(from_="2022-02", to="2022-02", tz="Europe/Athens") == {"jan", "feb"}
    assert await room.titles(from_="2022-02-08T14:00:00Z", to="2022-02-08T14:00:00Z") == set()
    assert await room.titles(from_="2022-02-08T14:00:00Z", to="2022-02-08T14:00:00.001Z") == {"feb"}
    assert await room.titles(from_="2022-01-01", to="2022-02-08T14:00:00Z") == {"jan"}
    assert await room.titles(from_="2022-02-08T16:00:00+02:00", to="2022-02-08") == {"feb"}
    assert await room.titles(from_="now-7d", to="now") == {"today"}
    assert await room.titles(to="0001") == {"old"}
    assert await room.titles(from_="9999") == {"far"}
    assert await room.titles() == {"jan", "feb", "mar", "undated", "old", "far", "today"}
    await room.ask(from_="2023", to="2022", status=400)


# Pages


@pytest.mark.parametrize("sort", ["newest", "oldest", "relevance"])
async def test_pages_lose_no_story_and_show_none_twice(room, sort):
    # Many share a date or a score, a third has no date at all.
    dates = [None, "2024-05-10T12:00:00.000000Z", "2024-05-11T12:00:00.000000Z"]
    await room.store(*(room.story(f"wheat {number}", published=dates[number % 3]) for number in range(41)))
    rows: list[dict] = []
    cursor: str | None = ""
    pages = 0
    while cursor is not None:
        found = await room.ask("wheat", sort=sort, size=7, cursor=cursor)
        assert found["total"] == 41
        assert len(found["items"]) == (7 if found["next"] else 41 - 7 * pages)
        rows += found["items"]
        cursor = found["next"]
        pages += 1
    assert len({row["id"] for row in rows}) == len(rows) == 41
    assert pages == 6
    if sort != "relevance":
        days = [row["published"] for row in rows]
        assert days[-14:] == [None] * 14, "undated stories come last in either order"
        assert days[:27] == sorted(days[:27], reverse=sort == "newest")


async def test_a_page_that_ends_with_the_last_row_has_no_next(room):
    await room.store(*(room.story(f"wheat {number}") for number in range(4)))
    first = await room.ask("wheat", size=2)
    second = await room.ask("wheat", size=2, cursor=first["next"])
    assert (len(second["items"]), second["next"]) == (2, None)
    assert (await room.ask("wheat", size=4))["next"] is None


# Facets, histogram, highlights


async def test_facets_and_histogram_count_what_is_found(room):
    await room.store(
        room.story("wheat", section="Grain", published="2024-05-10T23:30:00Z"),
        room.story("wheat", section="Grain", published="2024-05-11T01:00:00Z"),
        room.story("wheat", section="Food", published=None),
        room.story("steel", section="Metal"),
    )
    found = await room.ask("wheat", facets="section,source,language,topic,place,byline,feed", histogram="day")
    assert found["facets"]["section"] == [{"value": "Grain", "count": 2}, {"value": "Food", "count": 1}]
    assert found["facets"]["source"] == [{"value": room.source, "count": 3}]
    assert found["histogram"] == [
        {"from": "2024-05-10T00:00:00Z", "count": 1},
        {"from": "2024-05-11T00:00:00Z", "count": 1},
    ]
    east = await room.ask("wheat", histogram="day", tz="Europe/Athens")
    assert east["histogram"] == [{"from": "2024-05-11T00:00:00+03:00", "count": 2}]
    for interval in ("hour", "week", "month", "year"):
        assert sum(step["count"] for step in (await room.ask("wheat", histogram=interval))["histogram"]) == 2
    for zone in ("EST", "ROC", "+18:00", "UTC"):
        await room.ask("wheat", histogram="month", tz=zone)
    assert (await room.ask("wheat", histogram="month", tz="-03:30"))["histogram"][0]["from"].endswith("-03:30")


async def test_highlights_are_escaped_marked_and_optional(room):
    body = "Before. <script>alert('wheat')</script> & more wheat. " + "Filler sentence. " * 30
    await room.store(room.story('Wheat <b>prices</b> "up"', body), room.story("Blé et wheat", "x", "fr"))
    found = await room.ask("wheat")
    by_language = {item["language"]: item for item in found["items"]}
    marks = by_language["en"]["highlights"]
    assert marks["title"] == ["<em>Wheat</em> &lt;b&gt;prices&lt;&#x2F;b&gt; &quot;up&quot;"]
    assert "<script>" not in marks["body"][0]
    assert "&lt;script&gt;" in marks["body"][0]
    assert "<em>wheat</em>" in marks["body"][0]
    assert by_language["fr"]["highlights"]["title"] == ["Blé et <em>wheat</em>"]
    assert by_language["en"]["title"] == 'Wheat <b>prices</b> "up"'
    assert all(item["highlights"] == {} for item in (await room.ask("wheat", highlight="false"))["items"])
    page = (await room.client.get("/", params={"q": "wheat", "source": room.source})).text
    assert "<script>alert" not in page
    assert "<b>prices" not in page


async def test_a_book_of_a_story_can_be_found_and_highlighted(room):
    await room.store(room.story("Long", "word " * 300_000 + "needle"))
    found = await room.ask("needle")
    assert (found["total"], found.get("partial")) == (1, None)


async def test_as_many_words_as_the_parser_takes_are_no_trouble(room):
    await room.store(room.story("wheat"))
    words = " OR ".join(["wheat", *(f"word{number}" for number in range(63))])
    assert (await room.ask(words))["total"] == 1
    mixed = " ".join(f'(wheat OR "phrases" OR pre{number}* OR -x)' for number in range(16))
    assert (await room.ask(mixed, language="en"))["total"] == 1
    # In all languages together the costliest texts may meet Elasticsearch's own limit, which grows with its memory.
    answer = await room.client.get("/v1/search", params={"q": mixed})
    assert answer.status_code == 200 or answer.json()["type"] == "/problems/query-too-expensive"


# Who may see what


async def test_what_may_not_be_shown_is_on_no_surface(room):
    token = f"z{uuid.uuid4().hex[:12]}"
    past, future = rfc3339(NOW - timedelta(hours=1)), rfc3339(NOW + timedelta(hours=1))

    def hidden(**facts):
        return room.story(
            f"Title {token}", f"Body {token}", section=f"Section {token}", byline=[f"By {token}"], places=[token],
            topics=[{"name": token}], slugline=token, summary={"en": token}, ednote=token, url=f"https://x.org/{token}", **facts,
        )  # fmt: skip

    stories = {
        "embargo": hidden(embargoed_until=future),
        "open embargo": hidden(embargo_open=True),
        "withheld": hidden(status="withheld"),
        "killed": hidden(status="killed", notice_title="Known title", reason="wrong"),
        "unknown status": hidden(status="privileged"),
        "expired": hidden(expires=past),
    }
    superseded = hidden(embargoed_until=future, superseded_by="9")
    await room.store(*stories.values())
    await room.store(superseded, kind="article-versions")
    for language in (None, "en"):
        for q in (
            token,
            f"title:{token}",
            f'"Body {token}"',
            f"{token[:8]}*",
            "*",
            "-nosuch",
            f"section:sect* OR place:{token}",
        ):
            filters = {"language": language} if language else {}
            found = await room.ask(
                q, facets="section,source,byline,topic,place,language", histogram="month", size=100, **filters
            )
            assert (found["total"], found["items"], found["histogram"]) == (0, [], [])
            assert set(map(len, found["facets"].values())) == {0}
    for params in ({"q": token}, {"source": room.source}, {"place": token}):
        shown = await room.client.get("/", params=params)
        assert shown.status_code == 200
        assert "Body" not in shown.text
        assert "Title" not in shown.text
    for name, story in stories.items():
        for path in (f"/v1/articles/{story['id']}", f"/articles/{story['id']}"):
            answer = await room.client.get(path)
            if name == "expired":  # known by its id, with its expiry in it, but in no search
                assert answer.status_code == 200
                continue
            assert answer.status_code == (410 if name == "killed" else 404)
            assert "Body" not in answer.text
            assert f"Title {token}" not in answer.text
        trace = await room.client.get(f"/v1/trace/{story['id']}")
        assert trace.status_code == 200
        assert token not in trace.text
    notice = (await room.client.get(f"/v1/articles/{stories['killed']['id']}")).json()["notice"]
    assert (notice["title"], notice["reason"]) == ("Known title", "wrong")


async def test_an_embargo_ends_and_an_expiry_begins_by_the_clock(room):
    due = NOW + timedelta(minutes=10)
    story = room.story("Due", embargoed_until=rfc3339(due), expires=rfc3339(due + timedelta(minutes=10)))
    await room.store(story)
    finder = room.app.state.finder
    for minutes, found, status in [(9, set(), 404), (11, {"Due"}, 200), (19, {"Due"}, 200), (21, set(), 200)]:
        finder._clock = lambda minutes=minutes: NOW + timedelta(minutes=minutes)
        assert await room.titles() == found
        assert (await room.client.get(f"/v1/articles/{story['id']}")).status_code == status


# Articles and traces


async def test_an_article_and_its_page(room):
    story = room.story(
        "Talks", "One.\n\nTwo <b>.", byline=["Ann"], related=[{"title": "More", "url": "https://x.org"}], version="7"
    )
    await room.store(story)
    told = (await room.client.get(f"/v1/articles/{story['id']}")).json()
    assert (told["title"], told["body"], told["byline"], told["version"]) == ("Talks", "One.\n\nTwo <b>.", ["Ann"], "7")
    assert told["searchable"] == story["indexed"]
    page = (await room.client.get(f"/articles/{story['id']}")).text
    assert "<p>One.</p>" in page
    assert "<p>Two &lt;b&gt;.</p>" in page
    assert (await room.client.get(f"/v1/articles/{uuid.uuid4()}")).status_code == 404


async def test_a_trace_by_receipt_item_and_article(room):
    receipt = str(uuid.uuid4())
    live = room.story("a", receipt=receipt, item=f"{receipt}.0", change="updated", revision=2, ext_version=2000)
    past = {
        **live,
        "item": f"{receipt}.1",
        "revision": 1,
        "ext_version": 1000,
        "change": "created",
        "superseded_by": "9",
    }
    dead = {
        "id": str(uuid.uuid4()), "class": "no-text", "reason": "nothing to read", "stage": "normalization", "feed": "local",
        "receipt": receipt, "item": f"{receipt}.2", "received": rfc3339(NOW), "at": rfc3339(NOW),
    }  # fmt: skip
    await room.store(live)
    await room.store(past, kind="article-versions")
    await room.store(dead, kind="dead-letters")

    async def traced(key):
        return (await room.client.get(f"/v1/trace/{key}")).json()

    whole = await traced(receipt)
    assert (whole["known"], whole["receipt"], whole["feed"]) == (True, receipt, "local")
    assert [(row["id"], row["change"], row["status"]) for row in whole["articles"]] == [
        (live["id"], "updated", "usable"),
        (live["id"], "created", "usable"),
    ]
    assert [letter["class"] for letter in whole["dead_letters"]] == ["no-text"]
    assert {hop["stage"] for hop in whole["hops"]} == {"ingestion", "normalization", "indexing"}
    assert len((await traced(live["id"]))["articles"]) == 2
    assert [row["change"] for row in (await traced(f"{receipt}.1"))["articles"]] == ["created"]
    assert (await traced(f"{receipt}.2"))["articles"] == []
    unknown = await traced(str(uuid.uuid4()))
    assert (unknown["known"], unknown["articles"], unknown["dead_letters"], unknown["hops"]) == (False, [], [], [])


async def test_elasticsearch_that_is_away_is_503(tmp_path):
    settings = Settings(data_dir=tmp_path, elasticsearch=ElasticsearchSettings(url="http://127.0.0.1:9"))
    elastic = make_client(settings.elasticsearch)
    app = create_app(ElasticHistory(elastic, 1000), settings, Health())
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://search") as client:
        for path in ("/v1/search", f"/v1/articles/{uuid.uuid4()}", f"/v1/trace/{uuid.uuid4()}"):
            answer = await client.get(path)
            assert answer.status_code == 503
            assert "retry-after" in answer.headers
            assert answer.headers["content-type"] == "application/problem+json"
    await elastic.close()
