"""The connection to Elasticsearch, and the reads that indexing needs. Errors are newswire's own (see `border.py`)."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from elastic_transport import AiohttpHttpNode, NdjsonSerializer
from elasticsearch import AsyncElasticsearch, OrjsonSerializer

from shared.backoff import Backoff
from shared.elastic.border import border
from shared.elastic.ports import Found, OnWait, Row
from shared.errors import Transient, Unavailable
from shared.log import get_logger
from shared.settings import ElasticsearchSettings

_LOOKUP_IDS = 4000
"""Ids a look-up request; below index.max_result_window (10,000) with room for an id found twice."""
_BYTES_AT_ONCE = 2**20
_ABSENT = Backoff(base_s=0.1, cap_s=1.0)
"""While nothing has answered yet at all: asking costs nothing, and a start waits for it."""

log = get_logger()


class _Node(AiohttpHttpNode):
    """An HTTP node that neither logs bodies nor lets a large one warn.

    The stock node turns every body into a log line as soon as the root logger has any handler: that is a copy of each
    bulk, and stories (embargoed ones too) in the logs.
    """

    async def perform_request(  # type: ignore[override]  # a file-like body is what aiohttp asks for over 1 MiB
        self, method: str, target: str, body: Any = None, headers: Any = None, request_timeout: Any = None
    ) -> Any:
        if isinstance(body, bytes) and len(body) > _BYTES_AT_ONCE:
            body = io.BytesIO(body)
        return await super().perform_request(
            method, target, body=body, headers=headers, request_timeout=request_timeout
        )

    def _log_request(self, *_: Any, **__: Any) -> None:
        return


class _BytesAsNdjson(NdjsonSerializer):
    """Sends a bulk body that is bytes already, without the two copies of the stock serializer."""

    def dumps(self, data: Any) -> bytes:
        return data if isinstance(data, bytes) else super().dumps(data)


def make_client(settings: ElasticsearchSettings) -> AsyncElasticsearch:
    """A client that tries each request once: retries are the caller's, who knows what a repeat means."""
    options: dict[str, Any] = {}
    if settings.api_key is not None:
        options["api_key"] = settings.api_key.get_secret_value()
    elif settings.username is not None:
        password = settings.password.get_secret_value() if settings.password else ""
        options["basic_auth"] = (settings.username, password)
    if settings.ca_file is not None:
        options["ca_certs"] = str(settings.ca_file)
    return AsyncElasticsearch(
        [url.strip() for url in settings.url.split(",") if url.strip()],
        node_class=_Node,
        serializers={"application/json": OrjsonSerializer(), "application/x-ndjson": _BytesAsNdjson()},
        request_timeout=settings.request_timeout_s,
        max_retries=0,
        retry_on_timeout=False,
        **options,
    )


async def wait_until_reachable(client: AsyncElasticsearch, on_wait: OnWait | None = None) -> None:
    """Wait until the cluster answers and has a master, however long that takes; cancel it to stop.

    Asks for the cluster's health, since `GET /` is not everywhere.

    Raises:
        Misconfigured: it answers, and refuses us.
    """
    attempt = 0
    while True:
        try:
            with border("health", refusal_is_ours=True):
                await client.options(request_timeout=10).cluster.health(timeout="5s")
        except Transient as error:
            delay = _ABSENT.delay(attempt)
            attempt += 1
            log.info("waiting for elasticsearch", error=str(error), retry_in_s=round(delay, 2))
            if on_wait:
                on_wait("unreachable", delay)
            await asyncio.sleep(delay)
        else:
            return


async def refresh(client: AsyncElasticsearch, indices: Iterable[str]) -> None:
    """Make all that was written to these indices (or aliases) searchable; a missing one is fine.

    Raises:
        Transient: a shard was not refreshed.
        Misconfigured: Elasticsearch refuses us, or the request; no document is to blame for either.
    """
    names = sorted(set(indices))
    if not names:
        return
    with border("refresh", refusal_is_ours=True):
        answer = (await client.indices.refresh(index=names, ignore_unavailable=True)).body
        shards = answer["_shards"]
        if shards["failed"]:
            raise Unavailable(f"Elasticsearch, refresh: {shards['failed']} of {shards['total']} shards failed")
        if shards["successful"] < shards["total"]:
            # A copy is not there. If it is a replica all is well; a missing primary was silently left out.
            health = (await client.cluster.health(index=names, timeout="5s")).body
            if health["status"] == "red":
                raise Unavailable("Elasticsearch, refresh: a primary shard is not there")


async def lookup(client: AsyncElasticsearch, alias: str, ids: Sequence[str], fields: Sequence[str]) -> dict[str, Found]:
    """Documents of these ids anywhere behind the alias, as a search sees them; an empty system has none.

    Raises:
        Transient: a shard did not answer in time: then nothing is known of what is missing.
        Misconfigured: Elasticsearch refuses us, or the request.
    """
    found: dict[str, Found] = {}
    unique = list(dict.fromkeys(ids))
    for start in range(0, len(unique), _LOOKUP_IDS):
        await _lookup_some(client, alias, unique[start : start + _LOOKUP_IDS], fields, found)
    return found


async def _lookup_some(
    client: AsyncElasticsearch, alias: str, ids: list[str], fields: Sequence[str], found: dict[str, Found]
) -> None:
    # Twice the ids, so that an id found in two slices hides no other; that would be a broken promise, and is logged.
    body = {
        "query": {"ids": {"values": ids}},
        "size": 2 * len(ids),
        "sort": ["_doc"],
        "version": True,
        "_source": list(fields) or False,
    }
    answer = await whole_answer(client, alias, body)
    for hit in answer["hits"]["hits"]:
        document = Found(hit["_index"], hit["_version"], hit.get("_source", {}))
        before = found.get(hit["_id"])
        if before is not None:
            log.error("one id in two slices", id=hit["_id"], slices=[before.index, document.index])
        if before is None or before.version < document.version:
            found[hit["_id"]] = document


async def whole_answer(
    client: AsyncElasticsearch,
    alias: str,
    body: Mapping[str, Any],
    *,
    what: str = "look-up",
    shown: str | None = None,
) -> Mapping[str, Any]:
    """The answer of every shard to a search, or an error: half an answer says nothing of what is missing.

    Args:
        client: the connection.
        alias: what is searched; none of that name answers as if it were empty.
        body: the search.
        what: what it is for, in messages.
        shown: the part of the answer that is wanted, as a filter path, beside what says that it is whole.

    Raises:
        Transient: a shard did not answer in time.
        Misconfigured: Elasticsearch refuses us, or the request.
    """
    params = {"ignore_unavailable": "true", "allow_partial_search_results": "false"}
    if shown is not None:
        params["filter_path"] = f"timed_out,_shards,{shown}"
    with border(what, refusal_is_ours=True):
        response = await client.perform_request(
            "POST",
            f"/{alias}/_search",
            params=params,
            headers={"accept": "application/json", "content-type": "application/json"},
            body=body,
        )
    answer: Mapping[str, Any] = response.body
    shards = answer["_shards"]
    if answer["timed_out"] or shards["failed"] or shards["successful"] != shards["total"]:
        raise Unavailable(f"Elasticsearch, {what}: {shards['successful']} of {shards['total']} shards answered")
    return answer


async def rows(
    client: AsyncElasticsearch,
    alias: str,
    article_ids: Sequence[str],
    unless: Mapping[str, str | bool | None],
    limit: int,
) -> list[Row]:
    """Documents of these articles behind the alias, as a search sees them; an empty system has none.

    Args:
        client: the connection.
        alias: where to look.
        article_ids: of which articles.
        unless: those that have all of these values are left out; None: the field is absent.
        limit: of as many documents at most; which ones, where there are more, is not said.

    Raises:
        Transient: a shard did not answer in time.
        Misconfigured: Elasticsearch refuses us, or the request.
    """
    said = [
        {"bool": {"must_not": {"exists": {"field": name}}}} if value is None else {"term": {name: value}}
        for name, value in unless.items()
    ]
    body = {
        "query": {
            "bool": {
                "filter": [{"terms": {"article_id": list(article_ids)}}],
                "must_not": [{"bool": {"filter": said}}],
            }
        },
        "size": limit,
        "sort": ["_doc"],
        "_source": ["article_id"],
    }
    answer = await whole_answer(client, alias, body)
    return [Row(hit["_index"], hit["_id"], hit["_source"]["article_id"]) for hit in answer["hits"]["hits"]]


async def fetch(
    client: AsyncElasticsearch, places: Sequence[tuple[str, str]], fields: Sequence[str] | None = None
) -> dict[tuple[str, str], Found]:
    """Documents by (index, id), as last written (realtime); what is not there is absent.

    Args:
        client: the connection.
        places: which; whole documents can be large, so ask for few at a time.
        fields: the part of each that is wanted; None: all.

    Raises:
        Transient: a shard did not answer.
        Misconfigured: Elasticsearch refuses us, or the request.
    """
    if not places:
        return {}
    with border("fetch", refusal_is_ours=True):
        response = await client.perform_request(
            "POST",
            "/_mget",
            params={} if fields is None else {"_source_includes": ",".join(fields)},
            headers={"accept": "application/json", "content-type": "application/json"},
            body={"docs": [{"_index": index, "_id": document} for index, document in places]},
        )
    found: dict[tuple[str, str], Found] = {}
    for document in response.body["docs"]:
        if document.get("found"):
            key = (document["_index"], document["_id"])
            found[key] = Found(document["_index"], document["_version"], document["_source"])
        elif "error" in document and document["error"].get("type") != "index_not_found_exception":
            raise Unavailable(f"Elasticsearch, fetch: {document['error'].get('type')}")
    return found
