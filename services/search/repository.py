"""The reads that the search service makes of Elasticsearch; errors are newswire's own.

A missing alias is an empty system, not an error. What is asked for one id or one trace must be whole: a part of the index
that does not answer is 'not available', never 'not there'. A search may be partial, and says so in `results.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol

import orjson
from elastic_transport import ApiError, ConnectionTimeout
from elasticsearch import AsyncElasticsearch

from services.search import trace
from shared.elastic.border import border, error_of, safe_reason
from shared.elastic.index import ARTICLE_VERSIONS, ARTICLES, DEAD_LETTERS_ALIAS
from shared.elastic.languages import TEXT_FIELDS
from shared.errors import Refused, Unavailable

Document = Mapping[str, Any]

_JSON: Final = {"accept": "application/json", "content-type": "application/json"}
_NDJSON: Final = {"accept": "application/json", "content-type": "application/x-ndjson"}
_SEARCH: Final = f"/{ARTICLES}/_search?ignore_unavailable=true"
_WHOLE: Final = f"/{ARTICLES}/_search?ignore_unavailable=true&allow_partial_search_results=false"
_FIELDS: Final = f"/{ARTICLES}/_field_caps?ignore_unavailable=true&include_empty_fields=false&fields=title.*,body.*"

_TOO_MUCH: Final = {
    "too_many_nested_clauses": "these words stand for too many terms together",
    "too_many_clauses": "these words stand for too many terms together",
    "too_many_buckets": "the histogram has too many steps: narrow from and to, or coarsen it",
}
"""Limits of Elasticsearch's own that a search of ours can meet, by what its error names."""


class TimedOut(Unavailable):
    """Elasticsearch did not answer within the time that a search may take."""


class Repository(Protocol):
    """What the service needs of the index."""

    async def search(self, body: Document) -> Document:
        """The answer to a search body over the live articles."""

    async def article(self, article_id: str) -> Document | None:
        """The live document of an id, whole, whatever its status; None if there is none."""

    async def whole(self, body: Document) -> Document:
        """The answer to a search body over the live articles, never a part of it."""

    async def trace(self, key: trace.Key) -> tuple[list[Document], list[Document], list[Document]]:
        """Live articles, superseded versions and records of dead letters of a key."""

    async def languages(self) -> tuple[str, ...]:
        """Keys of the text fields that hold anything in any live article."""


class ElasticRepository:
    """The real one; `timeout_ms` bounds each answer, with a second of grace for the way."""

    def __init__(self, client: AsyncElasticsearch, timeout_ms: int) -> None:
        self._client = client.options(request_timeout=timeout_ms / 1000 + 1)

    async def search(self, body: Document) -> Document:
        """See `Repository`.

        Raises:
            TimedOut: no answer in time.
            Unavailable: no part of the index answers.
            Refused: the search meets a limit of Elasticsearch's.
        """
        return await self._ask(_SEARCH, body)

    async def article(self, article_id: str) -> Document | None:
        """See `Repository`; an id is looked up by a search, for an alias has no realtime get.

        Raises:
            Unavailable: a part of the index does not answer.
        """
        answer = await self._ask(_WHOLE, {"query": {"ids": {"values": [article_id]}}, "size": 2, "version": True})
        require_whole(answer)
        hits = answer["hits"]["hits"]
        return max(hits, key=lambda hit: hit["_version"])["_source"] if hits else None

    async def whole(self, body: Document) -> Document:
        """See `Repository`.

        Raises:
            Unavailable: a part of the index does not answer.
        """
        answer = await self._ask(_WHOLE, body)
        require_whole(answer)
        return answer

    async def trace(self, key: trace.Key) -> tuple[list[Document], list[Document], list[Document]]:
        """See `Repository`; one request for all three.

        Raises:
            Unavailable: a part of an index does not answer.
        """
        lines: list[bytes] = []
        for alias, shown in (
            (ARTICLES, trace.SHOWN),
            (ARTICLE_VERSIONS, trace.SHOWN),
            (DEAD_LETTERS_ALIAS, trace.DEAD_SHOWN),
        ):
            lines.append(
                orjson.dumps({"index": alias, "ignore_unavailable": True, "allow_partial_search_results": False})
            )
            body = {"query": trace.trace_query(key), "size": trace.MAX_ROWS, "sort": ["_doc"], "_source": shown}
            lines.append(orjson.dumps(body))
        answer = await self._ask("/_msearch", b"\n".join(lines) + b"\n", headers=_NDJSON)
        for response in answer["responses"]:
            require_whole(response)
        live, past, dead = ([hit["_source"] for hit in one["hits"]["hits"]] for one in answer["responses"])
        return live, past, dead

    async def languages(self) -> tuple[str, ...]:
        """See `Repository`.

        Raises:
            Unavailable: a part of the index does not answer.
        """
        with border("languages"):
            answer = (await self._client.perform_request("GET", _FIELDS, headers=_JSON)).body
        if answer.get("failures"):
            raise Unavailable("Elasticsearch, languages: a part of the index did not answer")
        found = {name.partition(".")[2] for name in answer["fields"]}
        return tuple(key for key in TEXT_FIELDS if key in found)

    async def _ask(self, target: str, body: Any, *, headers: Mapping[str, str] = _JSON) -> Document:
        with border("search"):
            try:
                answer: Document = (await self._client.perform_request("POST", target, headers=headers, body=body)).body
            except ConnectionTimeout:
                raise TimedOut("Elasticsearch, search: no answer in time") from None
            except ApiError as error:
                if refused := _limit_met(error):
                    raise refused from None
                if error.meta.status == 400:  # a body of ours that Elasticsearch cannot read: nobody's fault but ours
                    kind, reason = error_of(error.body)
                    raise RuntimeError(f"Elasticsearch, search: {safe_reason(kind, reason)}") from None
                raise
        return answer


def _limit_met(error: ApiError) -> Refused | None:
    """The refusal of a search that meets one of Elasticsearch's limits."""
    text = str(error.body)
    for name, message in _TOO_MUCH.items():
        if name in text:
            return Refused("query-too-expensive", message)
    return None


def require_whole(answer: Document) -> None:
    """Raises `Unavailable` where a part of the index did not answer."""
    shards: Mapping[str, int] = answer.get("_shards") or {}
    if "error" in answer or answer.get("timed_out") or shards.get("failed"):
        raise Unavailable("Elasticsearch, look-up: a part of the index did not answer")
