"""What the index promises, over the one in memory and over the real one; then what only the real one can show."""

from __future__ import annotations

import asyncio
import itertools
import uuid
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from shared.elastic.bulk import PROBE_ID
from shared.elastic.index import ARTICLE_VERSIONS, ARTICLES, KINDS, ensure_templates
from shared.elastic.languages import TEXT_FIELDS
from shared.elastic.mapping import MAPPING_VERSION, article_properties
from shared.elastic.memory import MemoryStore
from shared.elastic.ports import Action
from shared.elastic.store import ElasticStore
from shared.errors import Misconfigured
from shared.ids import KILL_BASE
from shared.settings import Settings


class Room:
    """A store with a slice of its own, in which only an asked-for refresh makes anything searchable."""

    def __init__(self, store: MemoryStore | ElasticStore) -> None:
        self.store = store
        self.tag = uuid.uuid4().hex[:12]
        self.slice = self.name(ARTICLES)
        self.made: set[str] = set()

    def name(self, alias: str, which: str = "one") -> str:
        return f"{alias}-{self.tag}-{which}"

    async def make(self, name: str) -> str:
        self.made.add(name)
        await self.store.ensure_slice(name)
        if isinstance(self.store, ElasticStore):
            await self.store._client.indices.put_settings(index=name, settings={"index.refresh_interval": "-1"})
        return name

    def id(self, name: str) -> str:
        return f"{self.tag}:{name}"

    def action(self, name: str, version: int | None = 1, *, into: str | None = None, op: Any = "index", **source: Any):
        return Action(into or self.slice, self.id(name), version, orjson.dumps(source), op)

    async def write(self, *actions: Action, refresh: bool = False) -> list[str]:
        return [result.outcome.value for result in await self.store.write(actions, refresh=refresh)]

    async def stored(self, name: str):
        place = (self.slice, self.id(name))
        return (await self.store.fetch([place])).get(place)

    async def looked_up(self, *names: str) -> dict[str, int]:
        found = await self.store.lookup(ARTICLES, [self.id(name) for name in names], ["revision"])
        return {name: found[self.id(name)].version for name in names if self.id(name) in found}


@pytest.fixture(params=["memory", pytest.param("elasticsearch", marks=pytest.mark.servers)])
async def room(request) -> AsyncIterator[Room]:
    if request.param == "memory":
        room = Room(MemoryStore())
        await room.make(room.slice)
        yield room
        return
    async for room in real_room(request.getfixturevalue("servers").elasticsearch_url):
        yield room


async def real_room(url: str) -> AsyncIterator[Room]:
    store = ElasticStore(Settings(elasticsearch={"url": url}))
    await store.start()
    room = Room(store)
    await room.make(room.slice)
    yield room
    await store._client.indices.delete(index=sorted(room.made), ignore_unavailable=True)
    await store.close()


@pytest.fixture
async def real(servers) -> AsyncIterator[Room]:
    async for room in real_room(servers.elasticsearch_url):
        yield room


@pytest.mark.parametrize("order", list(itertools.permutations([1000, 2000, 3000, KILL_BASE + 1500])))
async def test_the_highest_version_stays_in_whatever_order_they_come(room, order):
    for version in order:
        await room.write(room.action("a", version, revision=version % 997))
    assert (await room.stored("a")).version == KILL_BASE + 1500
    assert (await room.stored("a")).source == {"revision": (KILL_BASE + 1500) % 997}


async def test_outcomes_of_versions(room):
    assert await room.write(room.action("a", 5, revision=1)) == ["ok"]
    assert await room.write(room.action("a", 4, revision=2)) == ["stale"]
    assert await room.write(room.action("a", 5, revision=3)) == ["ok"]
    assert (await room.stored("a")).source == {"revision": 3}


async def test_the_largest_version(room):
    assert await room.write(room.action("a", 2**63 - 1), room.action("b", 0)) == ["ok", "ok"]
    assert (await room.stored("a")).version == 2**63 - 1
    assert (await room.stored("b")).version == 0


async def test_two_versions_in_one_write_keep_their_order(room):
    same = [room.action("a", 7, revision=n) for n in range(1, 5)]
    assert await room.write(*same, room.action("b", 1)) == ["ok"] * 5
    assert (await room.stored("a")).source == {"revision": 4}


async def test_create_writes_once(room):
    assert await room.write(room.action("a", None, op="create", revision=1)) == ["ok"]
    assert await room.write(room.action("a", None, op="create", revision=2)) == ["stale"]
    assert (await room.stored("a")).source == {"revision": 1}


async def test_a_write_without_a_version_overwrites(room):
    assert await room.write(room.action("a", None, revision=1)) == ["ok"]
    assert await room.write(room.action("a", None, revision=2)) == ["ok"]
    assert (await room.stored("a")).source == {"revision": 2}


@pytest.mark.parametrize(
    "source",
    [
        {"SECRET WORDS": 1},
        {"title": "SECRET WORDS"},
        {"title": {"xx": "SECRET WORDS"}},
        {"topics": [{"scheme": "medtop"}, {"SECRET WORDS": "SECRET"}]},
        {"topics": "SECRET WORDS"},
        {"published": "SECRET WORDS"},
        {"published": "2024-05-01"},
        {"published": "2024-05-01T10:00:00"},
        {"revision": "SECRET WORDS"},
        {"embargo_open": "SECRET WORDS"},
        {"status": {"SECRET": "WORDS"}},
    ],
)
async def test_a_document_that_does_not_fit_is_poison_alone_and_never_quoted(room, source):
    actions = [room.action("a", revision=1), room.action("bad", **source), room.action("b", revision=1)]
    results = await room.store.write(actions)
    assert [result.outcome.value for result in results] == ["ok", "poison", "ok"]
    assert results[1].status == 400
    assert "SECRET" not in f"{results[1].error_type} {results[1].reason}"
    assert await room.stored("bad") is None


@pytest.mark.parametrize(
    "published",
    [
        "2024-05-01T10:00:00.123456Z",
        "2024-05-01T10:00:00Z",
        "2024-05-01T10:00:00.5+02:00",
        "0001-01-01T00:00:00.000000Z",
        "9999-12-31T23:59:59.999999Z",
        None,
    ],
)
async def test_every_time_that_is_written_in_rfc_3339_fits(room, published):
    assert await room.write(room.action("a", published=published)) == ["ok"]
    assert (await room.stored("a")).source == {"published": published}


def strings(properties: dict[str, Any], text: str) -> dict[str, Any]:
    """A document with the text in each string field."""
    document: dict[str, Any] = {}
    for name, mapping in properties.items():
        if "properties" in mapping:
            document[name] = strings(mapping["properties"], text)
        elif mapping["type"] in {"keyword", "text"}:
            document[name] = text
        elif mapping["type"] == "object":
            document[name] = {"any": [1, {"shape": text}]}
    return document


@pytest.mark.parametrize("text", ["€" * 12_000, "𝒳" * 9_000, "a " * 20_000, "", "\x00", "\ud7ff\ue000"])
async def test_no_string_is_refused(room, text):
    source = orjson.dumps(strings(article_properties(), text))
    assert await room.write(Action(room.slice, room.id("a"), 1, source)) == ["ok"]


async def test_a_search_sees_what_was_refreshed_and_a_fetch_what_was_written(room):
    await room.write(room.action("a", 1))
    assert await room.looked_up("a") == {}
    assert (await room.stored("a")).version == 1
    await room.store.refresh([room.slice])
    assert await room.looked_up("a") == {"a": 1}
    await room.write(room.action("a", 2))
    assert await room.looked_up("a") == {"a": 1}
    assert (await room.stored("a")).version == 2


@pytest.mark.parametrize("count", [1, 1100])
async def test_a_write_with_refresh_is_searchable_at_once(room, count):
    names = [str(n) for n in range(count)]
    assert set(await room.write(*[room.action(name) for name in names], refresh=True)) == {"ok"}
    assert await room.looked_up(*names) == dict.fromkeys(names, 1)


async def test_a_refresh_of_the_alias_reaches_every_slice(room):
    second = await room.make(room.name(ARTICLES, "two"))
    await room.write(room.action("a"), room.action("b", into=second))
    await room.store.refresh([ARTICLES])
    assert await room.looked_up("a", "b", "c") == {"a": 1, "b": 1}


async def test_a_look_up_brings_the_fields_asked_for_and_the_slice(room):
    await room.write(room.action("a", 3, revision=2, feed="x", keywords=["k"]), refresh=True)
    found = (await room.store.lookup(ARTICLES, [room.id("a"), room.id("a")], ["revision", "keywords", "url"]))[
        room.id("a")
    ]
    assert (found.index, found.version, found.source) == (room.slice, 3, {"revision": 2, "keywords": ["k"]})
    none = await room.store.lookup(ARTICLES, [room.id("a")], [])
    assert none[room.id("a")].source == {}


async def test_a_look_up_of_many_ids(room):
    await room.write(*[room.action(str(n)) for n in range(0, 9000, 3)], refresh=True)
    found = await room.looked_up(*[str(n) for n in range(9000)])
    assert found == {str(n): 1 for n in range(0, 9000, 3)}


async def test_an_id_in_two_slices_shows_its_newest(room):
    second = await room.make(room.name(ARTICLES, "two"))
    first_newest = [room.action("a", 8), room.action("a", 7, into=second)]
    second_newest = [room.action("b", 7), room.action("b", 8, into=second)]
    await room.write(*first_newest, *second_newest, refresh=True)
    assert await room.looked_up("a", "b") == {"a": 8, "b": 8}
    found = await room.store.lookup(ARTICLES, [room.id("a"), room.id("b")], [])
    assert [found[room.id(name)].index for name in "ab"] == [room.slice, second]


async def test_what_is_nowhere_is_not_found(room):
    assert await room.store.lookup(ARTICLES, [], []) == {}
    assert await room.store.lookup("article-versions", [room.id("x")], ["id"]) == {}
    assert await room.store.lookup("no-such-alias", [room.id("x")], ["id"]) == {}
    assert await room.store.fetch([]) == {}
    assert await room.store.fetch([(room.slice, "x"), (room.name(ARTICLES, "nowhere"), "x")]) == {}
    await room.store.refresh([])
    await room.store.refresh([room.name(ARTICLES, "nowhere")])


async def test_a_slice_is_made_once_however_many_want_it(room):
    name = room.name(ARTICLE_VERSIONS)
    room.made.add(name)
    await asyncio.gather(*(room.store.ensure_slice(name) for _ in range(8)))
    await room.store.ensure_slice(name)
    assert await room.write(room.action("a", into=name, live_from="2024-05-01T10:00:00Z")) == ["ok"]


async def test_a_slice_that_no_template_covers_is_not_made(room):
    with pytest.raises(Misconfigured, match="no template"):
        await room.store.ensure_slice(f"strange-{room.tag}-one")


async def test_a_write_never_makes_a_slice(room):
    with pytest.raises(Misconfigured, match="index_not_found"):
        await room.write(room.action("a", into=room.name(ARTICLES, "missing")))


async def test_a_slice_dropped_behind_our_back_is_made_again(room):
    name = await room.make(room.name(ARTICLES, "two"))
    if isinstance(room.store, MemoryStore):
        room.store.drop(name)
    else:
        await room.store._client.indices.delete(index=name)
    with pytest.raises(Misconfigured):
        await room.write(room.action("a", into=name))
    await room.store.ensure_slice(name)
    assert await room.write(room.action("a", into=name)) == ["ok"]


# Only the real one.


@pytest.mark.servers
async def test_many_workers_make_one_slice(servers, real):
    name = real.name(ARTICLES, "race")
    real.made.add(name)
    stores = [ElasticStore(Settings(elasticsearch={"url": servers.elasticsearch_url})) for _ in range(6)]
    await asyncio.gather(*(store.start() for store in stores))
    await asyncio.gather(*(store.ensure_slice(name) for store in stores))
    await asyncio.gather(*(store.close() for store in stores))
    assert await real.store._client.indices.exists(index=name)


@pytest.mark.servers
async def test_a_slice_has_the_alias_and_the_mapping(real):
    answer = (await real.store._client.indices.get(index=real.slice)).body[real.slice]
    assert set(answer["aliases"]) == {ARTICLES}
    assert answer["mappings"]["dynamic"] == "strict"
    assert answer["mappings"]["_meta"] == {"mapping_version": MAPPING_VERSION}
    assert answer["mappings"]["properties"].keys() == article_properties().keys()


@pytest.mark.servers
async def test_a_slice_whose_maker_died_before_the_alias_gets_it(real):
    """The alias comes last, so that no search meets a slice whose shards do not answer yet."""
    name, client = real.name(ARTICLES, "half"), real.store._client
    real.made.add(name)
    await client.indices.create(index=name, wait_for_active_shards=1)
    assert not await client.indices.exists_alias(index=name, name=ARTICLES), "a template gives no alias by itself"
    await real.store.ensure_slice(name)
    assert await client.indices.exists_alias(index=name, name=ARTICLES)


@pytest.mark.servers
async def test_a_newer_release_s_template_is_left_alone(servers, real):
    client = real.store._client
    newer = {"index_patterns": [f"articles-{real.tag}x-*"], "version": MAPPING_VERSION + 1, "priority": 900}
    name = f"newswire-{KINDS[0]}"
    before = (await client.indices.get_index_template(name=name)).body["index_templates"][0]["index_template"]
    try:
        await client.indices.put_index_template(name=name, **newer)
        await ensure_templates(client, Settings().elasticsearch)
        after = (await client.indices.get_index_template(name=name)).body["index_templates"][0]["index_template"]
        assert after["version"] == MAPPING_VERSION + 1
    finally:
        before = {key: value for key, value in before.items() if not key.endswith(("_date", "_date_millis"))}
        await client.perform_request(
            "PUT",
            f"/_index_template/{name}",
            headers={"accept": "application/json", "content-type": "application/json"},
            body=before,
        )


WORDS = {
    "ar": "الأخبار", "bg": "новини", "bn": "সংবাদ", "ca": "notícies", "cjk": "新聞", "ckb": "هەواڵ", "cs": "noviny",
    "da": "nyheder", "de": "Nachrichten", "el": "ειδήσεις", "en": "news", "es": "noticias", "et": "uudised",
    "eu": "albisteak", "fa": "اخبار", "fi": "uutiset", "fr": "nouvelles", "ga": "nuacht", "gl": "novas",
    "hi": "समाचार", "hu": "hírek", "hy": "նորություններ", "id": "berita", "it": "notizie", "lt": "naujienos",
    "lv": "ziņas", "nl": "nieuws", "no": "nyheter", "pt": "notícias", "pt_br": "notícias", "ro": "știri",
    "ru": "новости", "sr": "вести", "sv": "nyheter", "th": "ข่าว", "tr": "haberler", "und": "fréttir",
}  # fmt: skip


@pytest.mark.servers
async def test_every_language_s_word_is_found_in_its_field(real):
    assert WORDS.keys() == TEXT_FIELDS.keys()
    actions = [real.action(key, title={key: f"{word} 2024"}, body={key: word}) for key, word in WORDS.items()]
    assert set(await real.write(*actions, refresh=True)) == {"ok"}
    for key, word in WORDS.items():
        assert await found(real, f"body.{key}", word) == {key}, key
        assert await found(real, f"title.{key}", word) == {key}, key


async def found(room: Room, field: str, words: str, kind: str = "match") -> set[str]:
    answer = await room.store._client.search(index=room.slice, query={kind: {field: words}}, size=100)
    return {hit["_id"].removeprefix(f"{room.tag}:") for hit in answer.body["hits"]["hits"]}


@pytest.mark.servers
@pytest.mark.parametrize(
    ("key", "written", "asked"),
    [
        ("en", "The café in Malmö", "cafe"),
        ("en", "The cafe in Malmo", "Malmö"),
        ("en", "the cafés of Zürich", "café"),
        ("en", "Erdoğan's speech", "Erdogan"),
        ("en", "the minister’s speeches", "minister"),
        ("en", "running for office", "runs"),
        ("und", "Reykjavík", "reykjavik"),
        ("el", "Η Ελλάδα", "ελλαδα"),
        ("de", "die Bürger", "burger"),
        ("fr", "l’économie", "economie"),
    ],
)
async def test_folded_and_stemmed_words_meet(real, key, written, asked):
    await real.write(real.action("a", body={key: written}), refresh=True)
    assert await found(real, f"body.{key}", asked) == {"a"}


@pytest.mark.servers
async def test_an_accent_that_is_spelling_is_kept(real):
    await real.write(real.action("a", body={"es": "el año"}), real.action("b", body={"es": "el ano"}), refresh=True)
    assert await found(real, "body.es", "año") == {"a"}


@pytest.mark.servers
@pytest.mark.parametrize("field", ["title", "summary", "body"])
async def test_a_long_text_is_searched_by_phrase_and_highlighted_to_its_end(real, field):
    text = "lorem ipsum dolor. " * 80_000 + "The central bank raised rates today."
    assert len(text) > 1_000_000
    await real.write(real.action("a", **{field: {"en": text}}), refresh=True)
    answer = await real.store._client.search(
        index=real.slice,
        query={"match_phrase": {f"{field}.en": "central banks raise"}},
        highlight={"fields": {f"{field}.*": {"number_of_fragments": 1}}},
    )
    highlights = answer.body["hits"]["hits"][0]["highlight"][f"{field}.en"]
    assert highlights == ["The <em>central bank raised</em> rates today."]


async def test_ids_that_are_too_long_are_poison_however_many(room):
    bad = [room.action(f"{number}" + "x" * 600, revision=1) for number in range(12)]
    results = await room.store.write(bad)
    assert [result.outcome.value for result in results] == ["poison"] * 12
    assert await room.write(room.action("a", revision=1), refresh=True) == ["ok"]
    assert await room.store.fetch([(room.slice, PROBE_ID)]) == {}, "a probe is never written"
