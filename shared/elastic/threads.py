"""The look-up of a text wire's threads: one request a batch that has any, by service and slugline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from elasticsearch import AsyncElasticsearch

from shared.elastic.client import whole_answer
from shared.elastic.index import ARTICLES
from shared.elastic.ports import Threaded
from shared.events import rfc3339
from shared.log import get_logger

MOST_KEYS: Final = 1000
"""Threads a request."""
MOST_FOUND: Final = 10_000
"""Elasticsearch's index.max_result_window, at its default."""

log = get_logger()


async def threads(client: AsyncElasticsearch, keys: Sequence[str], span: tuple[datetime, datetime]) -> list[Threaded]:
    """Live messages of these threads that were sent in that span, both ends included.

    Raises:
        Transient: a shard did not answer in time: then nothing is known of what is missing.
        Misconfigured: Elasticsearch refuses us, or the request.
    """
    found: list[Threaded] = []
    for start in range(0, len(keys), MOST_KEYS):
        found += await _part(client, keys[start : start + MOST_KEYS], span)
    return found


async def _part(client: AsyncElasticsearch, keys: Sequence[str], span: tuple[datetime, datetime]) -> list[Threaded]:
    answer = await whole_answer(client, ARTICLES, body(keys, span), what="threads", shown="hits.hits._source")
    hits = answer.get("hits", {}).get("hits", [])
    if len(hits) == MOST_FOUND:
        log.warning("more messages of these threads than are looked at", looked_at=len(hits))
    return list(threaded(hit["_source"] for hit in hits))


def body(keys: Sequence[str], span: tuple[datetime, datetime]) -> dict[str, Any]:
    """The body of the request."""
    sent = {"gte": rfc3339(span[0]), "lte": rfc3339(span[1])}
    return {
        "query": {"bool": {"filter": [{"terms": {"thread.key": list(keys)}}, {"range": {"thread.at": sent}}]}},
        "size": MOST_FOUND,
        "sort": ["_doc"],
        "track_total_hits": False,
        "_source": ["article_id", "thread"],
    }


def threaded(sources: Iterator[Mapping[str, Any]]) -> Iterator[Threaded]:
    """Stored documents as messages of their threads."""
    for source in sources:
        thread = source["thread"]
        at = datetime.fromisoformat(thread["at"])
        yield Threaded(source["article_id"], thread["key"], at, thread.get("lead") is True)
