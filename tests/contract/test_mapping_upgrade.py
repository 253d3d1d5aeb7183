"""Slices of an older release get the new fields of this one: at start, by many workers at once, beside that release."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from shared.elastic import index, upgrade
from shared.elastic.index import ARTICLE_VERSIONS, ARTICLES, DEAD_LETTERS_ALIAS, KINDS, MARKS, template
from shared.elastic.mapping import MAPPING_VERSION
from shared.elastic.ports import Action
from shared.elastic.store import ElasticStore
from shared.errors import Misconfigured
from shared.settings import ElasticsearchSettings, Settings

pytestmark = pytest.mark.servers

LATER = {ARTICLES: "embargo_open", ARTICLE_VERSIONS: "live_until", DEAD_LETTERS_ALIAS: "attempts", MARKS: "at"}
"""A field of each kind that the older release of these tests does not know."""


class Old:
    """Slices as an older release made them: without one field, and saying so."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.tag = uuid.uuid4().hex[:12]
        self.made: list[str] = []
        self.store = self.new_store()

    def new_store(self) -> ElasticStore:
        return ElasticStore(Settings(elasticsearch={"url": self.url}))

    @property
    def client(self) -> Any:
        return self.store._client

    async def make(self, kind: str, *, version: int | None = 1, alias: bool = True, which: str = "one") -> str:
        """A slice as the older release would make it: from its own template, whatever the one in place says."""
        name = f"{kind}-{self.tag}-{which}"
        body = template(kind, ElasticsearchSettings())["template"]
        del body["mappings"]["properties"][LATER[kind]]
        # A template cannot be left out, so the slice takes another name until the older release's template fits it.
        old = f"older-{self.tag}-{kind}-{which}"
        body["mappings"]["_meta"] = {} if version is None else {"mapping_version": version}
        await self.client.perform_request(
            "PUT",
            f"/_index_template/{old}",
            headers={"accept": "application/json", "content-type": "application/json"},
            body={"index_patterns": [name], "priority": 900, "allow_auto_create": False, "template": body},
        )
        try:
            await self.client.indices.create(index=name, wait_for_active_shards=1)
        finally:
            await self.client.indices.delete_index_template(name=old)
        self.made.append(name)
        if alias:
            await self.client.indices.put_alias(index=name, name=kind)
        return name

    async def mapping(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = (await self.client.indices.get_mapping(index=name)).body[name]["mappings"]
        return found

    async def write(self, name: str, version: int, **source: Any) -> str:
        action = Action(name, "a", version, orjson.dumps(source))
        return (await self.store.write([action], refresh=True))[0].outcome.value


@pytest.fixture
async def old(servers) -> AsyncIterator[Old]:
    old = Old(servers.elasticsearch_url)
    await old.store.start()
    yield old
    await old.client.indices.delete(index=old.made, ignore_unavailable=True)
    await old.store.close()


@pytest.mark.parametrize("kind", KINDS)
async def test_at_start_an_old_slice_gets_the_new_fields_and_says_so(old, kind):
    name = await old.make(kind)
    assert LATER[kind] not in (await old.mapping(name))["properties"]
    await old.store.start()
    after = await old.mapping(name)
    assert after["properties"].keys() == index._PROPERTIES[kind]().keys()
    assert after["_meta"] == {"mapping_version": MAPPING_VERSION}
    assert after["dynamic"] == "strict", "still closed to what nobody declared"


async def test_what_stands_in_an_old_slice_stays_and_the_new_field_can_be_written_and_searched(old):
    name = await old.make(ARTICLES)
    assert await old.write(name, 1, feed="before") == "ok"
    assert await old.write(name, 2, feed="before", embargo_open=True) == "poison"
    await old.store.start()
    assert await old.write(name, 2, feed="before", embargo_open=True) == "ok"
    found = await old.client.search(index=name, query={"term": {"embargo_open": True}})
    assert found["hits"]["total"]["value"] == 1


async def test_a_slice_without_a_word_of_its_version_counts_as_old(old):
    name = await old.make(ARTICLES, version=None)
    await old.store.start()
    assert "embargo_open" in (await old.mapping(name))["properties"]


async def test_a_newer_releases_slice_is_left_alone(old):
    name = await old.make(ARTICLES, version=MAPPING_VERSION + 1)
    before = await old.mapping(name)
    await old.store.start()
    await old.store.ensure_slice(name)
    assert await old.mapping(name) == before


async def test_starting_again_asks_for_no_change(old, monkeypatch):
    await old.make(ARTICLES)
    await old.store.start()
    asked: list[Any] = []

    async def put_mapping(**given: Any) -> None:
        asked.append(given)

    monkeypatch.setattr(old.client.indices, "put_mapping", put_mapping)
    await old.store.start()
    assert asked == []


async def test_many_workers_may_start_at_once_while_others_write(old):
    names = [await old.make(ARTICLES, which=f"n{n}") for n in range(3)]
    stores = [old.new_store() for _ in range(4)]

    async def writes() -> list[str]:
        return [await old.write(names[n % 3], n + 1, feed="old") for n in range(30)]

    *_, written = await asyncio.gather(*(store.start() for store in stores), writes())
    await asyncio.gather(*(store.close() for store in stores))
    assert set(written) == {"ok"}
    for name in names:
        assert (await old.mapping(name))["_meta"] == {"mapping_version": MAPPING_VERSION}


async def test_more_slices_than_fit_one_request(old, monkeypatch):
    monkeypatch.setattr(upgrade, "_AT_ONCE", 2)
    names = [await old.make(ARTICLE_VERSIONS, which=f"n{n}") for n in range(5)]
    await old.store.start()
    for name in names:
        assert "live_until" in (await old.mapping(name))["properties"]


@pytest.mark.parametrize("alias", [True, False])
async def test_a_slice_that_an_older_release_makes_after_we_started_is_brought_up_before_the_first_write(old, alias):
    name = await old.make(ARTICLES, alias=alias)
    await old.store.ensure_slice(name)
    assert await old.write(name, 1, embargo_open=True) == "ok"
    assert await old.client.indices.exists_alias(index=name, name=ARTICLES)


async def test_a_change_that_is_not_additive_stops_the_start_and_names_the_field(old, monkeypatch):
    name = await old.make(ARTICLES)
    properties = index._PROPERTIES[ARTICLES]() | {"feed": {"type": "long"}}
    with pytest.raises(Misconfigured, match=r"feed"):
        await upgrade.upgrade(old.client, [name], properties)
    assert (await old.mapping(name))["_meta"] == {"mapping_version": 1}, "all or nothing"
