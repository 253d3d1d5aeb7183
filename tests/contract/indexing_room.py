"""One index, one broker and any number of indexing workers, for the suites of the indexing service."""

from __future__ import annotations

import dataclasses
import itertools
import uuid
from typing import Any

import orjson

from services.indexing.handler import IndexingHandler
from services.indexing.indexer import Indexer
from services.indexing.placement import Memory
from shared import events
from shared.elastic.index import ARTICLE_VERSIONS, ARTICLES
from shared.elastic.index import DEAD_LETTERS_ALIAS as LETTERS
from shared.elastic.memory import MemoryStore
from shared.elastic.store import ElasticStore
from shared.events import ARTICLES_CHANGES, DEAD_LETTERS, Article, Order
from shared.kafka.dead_letter import DeadLetters
from shared.kafka.memory import MemoryBroker
from shared.kafka.ports import Record, TopicPartition
from tests.unit.indexing.samples import article, message, order_message

SINCE = "2015-01"
MINE = frozenset({TopicPartition(events.ARTICLES_NORMALIZED, 0)})


class Room:
    """One index, one broker, and as many workers as a test wants; names are its own, so tests can share an index."""

    def __init__(self, store: MemoryStore | ElasticStore) -> None:
        self.store = store
        self.broker = MemoryBroker(partitions=1)
        self.tag = uuid.uuid4().hex[:8]
        self._offset = itertools.count()
        self.ids: set[str] = set()

    def worker(self, store: Any = None, memory: int | Memory = 1000) -> IndexingHandler:
        publisher = self.broker.publisher()
        if isinstance(memory, int):
            memory = Memory(memory)
        indexer = Indexer(store or self.store, memory, since=SINCE, clock=events.now)
        return IndexingHandler(indexer, publisher, DeadLetters(publisher, "indexing"), since=SINCE)

    def article(self, name: str = "a", **fields: Any) -> Article:
        made = article(f"{name}-{self.tag}", **fields)
        self.ids.add(str(made.article_id))
        return made

    def record(self, made: Article, **fields: Any) -> Record:
        """A record of an article; `fields` are put into the JSON behind the model's back."""
        sent = message(made)
        value = sent.value
        if fields:
            event = orjson.loads(value)
            event["data"] |= fields
            value = orjson.dumps(event)
        return Record(sent.topic, 0, next(self._offset), 1_772_000_000_000, sent.key, value, sent.headers)

    def order(self, made: Article, order: Order, **fields: Any) -> Record:
        """A record of an order to an article."""
        sent = order_message(made, order, **fields)
        return Record(sent.topic, 0, next(self._offset), 1_772_000_000_000, sent.key, sent.value, sent.headers)

    def sent(self) -> list[Record]:
        """What the workers have sent to owners of articles, as records that these would read."""
        found = self.broker.records(events.ARTICLES_NORMALIZED)
        return [dataclasses.replace(one, partition=0, offset=next(self._offset)) for one in found]

    def records(self, *made: Article) -> list[Record]:
        return [self.record(one) for one in made]

    async def live(self, *made: Article) -> list[dict[str, Any]]:
        """What a search finds of these articles, every copy of it."""
        return [hit for one in made for hit in await self._search(ARTICLES, "article_id", str(one.article_id))]

    async def one(self, made: Article) -> dict[str, Any]:
        found = await self.live(made)
        assert len(found) == 1
        return found[0]

    async def history(self, made: Article) -> list[dict[str, Any]]:
        """Superseded and late versions. A row of the live version itself does not count: it was about to be superseded."""
        live = [found["ext_version"] for found in await self.live(made)]
        return [row for row in await self.rows(made) if row["ext_version"] not in live]

    async def rows(self, made: Article) -> list[dict[str, Any]]:
        """All that stands in history, by version."""
        await self.store.refresh([ARTICLE_VERSIONS])
        found = await self._search(ARTICLE_VERSIONS, "article_id", str(made.article_id))
        return sorted(found, key=lambda row: row["ext_version"])

    async def letters(self, made: Article) -> list[dict[str, Any]]:
        found = await self._search(LETTERS, "article_id", str(made.article_id))
        return sorted(found, key=lambda source: source["offset"])

    async def _search(self, alias: str, field: str, value: str) -> list[dict[str, Any]]:
        if isinstance(self.store, MemoryStore):
            copies = itertools.chain.from_iterable(self.store.searchable(alias).values())
            return [found.source | {"_index": found.index} for found in copies if found.source.get(field) == value]
        answer = await self.store._client.search(
            index=alias, query={"term": {field: value}}, size=1000, ignore_unavailable=True
        )
        return [hit["_source"] | {"_index": hit["_index"]} for hit in answer.body["hits"]["hits"]]

    def announced(self) -> list[dict[str, Any]]:
        return [orjson.loads(record.value) for record in self.broker.records(ARTICLES_CHANGES)]

    def told(self) -> list[tuple[str, int]]:
        """(change, revision) of the announcements, repeats dropped as a reader drops them."""
        first = {event["id"]: event["data"] for event in self.announced()}
        return [(data["change"], data["revision"]) for data in first.values()]

    def buried(self) -> list[tuple[str, int]]:
        headers = [dict(record.headers) for record in self.broker.records(DEAD_LETTERS)]
        return [(one["dlq-class"].decode(), int(one["dlq-offset"])) for one in headers]
