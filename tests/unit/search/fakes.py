"""An index that answers what a test tells it to, and keeps what it was asked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

NOW = datetime(2024, 5, 1, 12, 0, tzinfo=UTC)
ID = "6f5a3c1e-2b64-5c58-9f0e-6a2f1d7b9c10"


def at(**delta):
    return (NOW + timedelta(**delta)).isoformat()


def document(**more):
    stored = {
        "id": ID,
        "article_id": ID,
        "story_id": ID,
        "cluster_id": ID,
        "provider_id": "x-1",
        "receipt": "00000000-0000-7000-8000-000000000001",
        "item": "00000000-0000-7000-8000-000000000001.0",
        "version": "3",
        "ext_version": 4000,
        "revision": 2,
        "change": "updated",
        "status": "usable",
        "embargo_open": False,
        "kind": "story",
        "title": {"en": "Talks in Minsk"},
        "body": {"en": "First paragraph.\n\nSecond paragraph."},
        "language": "en",
        "feed": "local",
        "published": at(days=-1),
        "received": at(hours=-2),
        "normalized": at(hours=-1.9),
        "indexed": at(hours=-1.8),
    }
    return {name: value for name, value in {**stored, **more}.items() if value is not None}


def hit(number, source=None, **more):
    return {
        "_id": f"id-{number}",
        "_score": None,
        "_source": source or document(),
        "sort": [number, f"id-{number}"],
        **more,
    }


def answer(*hits, total=None, relation="eq", **more):
    return {
        "took": 3,
        "timed_out": False,
        "_shards": {"total": 1, "successful": 1, "failed": 0},
        "hits": {"total": {"value": len(hits) if total is None else total, "relation": relation}, "hits": list(hits)},
        **more,
    }


ALONE = answer(aggregations={"named": {"doc_count": 1}, "itself": {"doc_count": 0}})


class FakeRepository:
    def __init__(self):
        self.bodies = []
        self.answers = [answer()]
        self.documents = {}
        self.wholes = []
        self.past = {}
        self.traces = ([], [], [])
        self.present = ("en",)
        self.error = None

    async def search(self, body):
        self._fail()
        self.bodies.append(body)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    async def article(self, article_id):
        self._fail()
        return self.documents.get(article_id)

    async def whole(self, body):
        self._fail()
        return self.wholes.pop(0) if self.wholes else ALONE

    async def trace(self, key):
        self._fail()
        return self.traces

    async def pasts(self, article_ids, now):
        self._fail()
        return {id_: self.past[id_] for id_ in article_ids if id_ in self.past}

    async def languages(self):
        self._fail()
        return self.present

    def _fail(self):
        if self.error:
            raise self.error
