"""Which articles' instants have come: embargoes that ended, stories that expired. For the clock of indexing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from elasticsearch import AsyncElasticsearch

from shared.elastic.client import whole_answer
from shared.elastic.index import ARTICLES
from shared.elastic.ports import After, Due, Instant
from shared.events import Status

SHOWN: Final = ["article_id", "ext_version", "embargoed_until", "expires", "indexed"]


async def due(
    client: AsyncElasticsearch, instant: Instant, span: tuple[datetime, datetime], after: After | None, limit: int
) -> list[Due]:
    """Articles whose instant lies in a span (its end not included; by the ms), the earliest first.

    Raises:
        Transient: a part of the index does not answer: then nothing is known of what is due there.
        Misconfigured: Elasticsearch refuses us, or the request.
    """
    body: dict[str, Any] = {
        "query": {
            "bool": {
                "filter": [
                    {"term": {"status": Status.USABLE.value}},
                    {"range": {instant: {"gte": spelled(span[0]), "lt": spelled(span[1])}}},
                ],
                "must_not": [{"term": {"embargo_open": True}}],
            }
        },
        "sort": [{instant: "asc"}, {"id": "asc"}],
        "size": limit,
        "_source": SHOWN,
    }
    if after is not None:
        body["search_after"] = list(after)
    answer = await whole_answer(client, ARTICLES, body)
    return [due_of(hit["_source"], (hit["sort"][0], hit["sort"][1])) for hit in answer["hits"]["hits"]]


def due_of(source: Mapping[str, Any], place: After) -> Due:
    """An article's instants out of its document."""
    indexed = _moment(source.get("indexed"))
    return Due(
        source["article_id"],
        source["ext_version"],
        _moment(source.get("embargoed_until")),
        _moment(source.get("expires")),
        indexed or datetime(1970, 1, 1, tzinfo=UTC),
        place,
    )


def spelled(moment: datetime) -> str:
    """By the millisecond, as the index keeps time."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _moment(text: Any) -> datetime | None:
    return datetime.fromisoformat(text).astimezone(UTC) if isinstance(text, str) else None
