"""The bulk writer over HTTP: a server that answers wrongly on purpose, and the real Elasticsearch for what only it can say."""

from __future__ import annotations

import asyncio
import uuid
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import orjson
import pytest
from aiohttp import web

from shared.backoff import Backoff
from shared.elastic import client as calls
from shared.elastic.bulk import BulkWriter
from shared.elastic.client import make_client
from shared.elastic.index import ensure_templates
from shared.elastic.ports import Action, ItemOutcome
from shared.elastic.request import BulkRequest
from shared.elastic.store import ElasticStore
from shared.errors import Misconfigured, Overloaded, Transient, Unavailable
from shared.settings import ElasticsearchSettings, Settings

SLICE = "articles-2020.01"
PRODUCT = {"X-Elastic-Product": "Elasticsearch"}
Answer = Callable[[web.Request, list[dict[str, Any]]], Awaitable[web.StreamResponse]]


class Stub:
    """Answers bulk requests as Elasticsearch does, after the scripted faults have been used up."""

    def __init__(self) -> None:
        self.faults: deque[Answer] = deque()
        self.requests: list[list[str]] = []
        self.documents: dict[str, int] = {}
        self.released = asyncio.Event()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        lines = (await request.read()).split(b"\n")
        assert lines.pop() == b"", "a bulk body ends with a newline"
        actions = [next(iter(orjson.loads(header).values())) for header in lines[::2]]
        self.requests.append([action["_id"] for action in actions])
        answer = self.faults.popleft() if self.faults else self.write
        return await answer(request, actions)

    async def write(self, request: web.Request, actions: list[dict[str, Any]]) -> web.StreamResponse:
        return bulk_answer([self._write(action) for action in actions])

    def _write(self, action: dict[str, Any]) -> dict[str, Any]:
        stored = self.documents.get(action["_id"], -1)
        assert action["version_type"] == "external_gte"
        if action["version"] < stored:
            return failed(409, "version_conflict_engine_exception")
        self.documents[action["_id"]] = action["version"]
        return {"status": 201}


def failed(status: int, error_type: str) -> dict[str, Any]:
    return {"status": status, "error": {"type": error_type, "reason": "SECRET WORDS"}}


def bulk_answer(items: list[dict[str, Any]]) -> web.Response:
    body = {"errors": any("error" in item for item in items), "items": [{"index": item} for item in items]}
    return web.Response(body=orjson.dumps(body), content_type="application/json", headers=PRODUCT)


def whole(status: int, error_type: str | None = None, *, headers: dict[str, str] | None = None) -> Answer:
    """The request as a whole is answered so; with no error type, by a proxy with a page."""

    async def answer(request: web.Request, actions: list[dict[str, Any]]) -> web.StreamResponse:
        if error_type is None:
            return web.Response(status=status, text="<html>no</html>", content_type="text/html", headers=headers)
        body = orjson.dumps({"error": {"type": error_type, "reason": "SECRET WORDS"}, "status": status})
        given = PRODUCT | (headers or {})
        return web.Response(status=status, body=body, content_type="application/json", headers=given)

    return answer


@pytest.fixture
async def stub() -> AsyncIterator[Stub]:
    stub = Stub()
    app = web.Application(client_max_size=2**26)
    app.router.add_post("/_bulk", stub.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    stub.url = site.name
    yield stub
    stub.released.set()
    await runner.cleanup()


@pytest.fixture
async def writer(stub: Stub) -> AsyncIterator[BulkWriter]:
    async for writer in writer_to(stub.url):
        yield writer


async def writer_to(url: str, **options: Any) -> AsyncIterator[BulkWriter]:
    client = make_client(ElasticsearchSettings(url=url, request_timeout_s=0.5))

    async def refresh(indices: set[str]) -> None:
        raise AssertionError("no refresh was asked for")

    quick = Backoff(0.001, 0.005)
    yield BulkWriter(BulkRequest(client), refresh, overloaded=quick, blocked=quick, **options)
    await client.close()


def action(name: str, version: int = 1, size: int = 0) -> Action:
    return Action(SLICE, name, version, b'{"id":"%s"}' % (name.encode() + b"x" * size))


def actions(names: str) -> list[Action]:
    return [action(name) for name in names]


def outcomes(results: list[ItemOutcome]) -> list[str]:
    return [result.outcome.value for result in results]


async def reset_after_the_write(stub: Stub, request: web.Request, given: list[dict[str, Any]]) -> web.StreamResponse:
    await stub.write(request, given)
    request.transport.abort()
    return web.Response()


async def cut_short(stub: Stub, request: web.Request, given: list[dict[str, Any]]) -> web.StreamResponse:
    await stub.write(request, given)
    return web.Response(body=b'{"errors":false,"items":[{"ind', content_type="application/json", headers=PRODUCT)


async def hang(stub: Stub, request: web.Request, given: list[dict[str, Any]]) -> web.StreamResponse:
    await stub.write(request, given)
    await stub.released.wait()
    return web.Response()


async def one_item_less(stub: Stub, request: web.Request, given: list[dict[str, Any]]) -> web.StreamResponse:
    return bulk_answer([{"status": 201}] * (len(given) - 1))


async def garbage(stub: Stub, request: web.Request, given: list[dict[str, Any]]) -> web.StreamResponse:
    return web.Response(body=b"\x00\xff\x00", content_type="application/octet-stream", headers=PRODUCT)


async def not_a_bulk_answer(stub: Stub, request: web.Request, given: list[dict[str, Any]]) -> web.StreamResponse:
    return web.Response(body=b'{"ok":true}', content_type="application/json", headers=PRODUCT)


@pytest.mark.parametrize(
    "fault",
    [reset_after_the_write, cut_short, hang, one_item_less, garbage, not_a_bulk_answer],
    ids=lambda f: f.__name__,
)
async def test_an_answer_that_tells_nothing_is_asked_for_again(stub, writer, fault):
    stub.faults.append(lambda request, given: fault(stub, request, given))
    assert outcomes(await writer.write(actions("abc"))) == ["ok"] * 3
    assert stub.requests == [["a", "b", "c"]] * 2
    assert stub.documents == {"a": 1, "b": 1, "c": 1}


@pytest.mark.parametrize(
    "fault",
    [
        whole(500, "null_pointer_exception"),
        whole(502),
        whole(503, "unavailable_shards_exception"),
        whole(504),
        whole(408),
        whole(429, "cluster_block_exception"),
        whole(403, "cluster_block_exception"),
    ],
)
async def test_a_request_refused_for_now_is_sent_again(stub, writer, fault):
    stub.faults += [fault] * 3
    assert outcomes(await writer.write(actions("ab"))) == ["ok", "ok"]
    # Each failure was one request: the client itself tries nothing twice.
    assert stub.requests == [["a", "b"]] * 4


@pytest.mark.parametrize("error_type", ["es_rejected_execution_exception", "circuit_breaking_exception", None])
async def test_a_request_for_which_there_is_no_memory_goes_on_in_halves(stub, writer, error_type):
    stub.faults.append(whole(429, error_type))
    assert outcomes(await writer.write(actions("abcd"))) == ["ok"] * 4
    assert stub.requests == [["a", "b", "c", "d"], ["a", "b"], ["c", "d"]]


@pytest.mark.parametrize(
    ("status", "error_type"),
    [
        (429, "es_rejected_execution_exception"),
        (429, "circuit_breaking_exception"),
        (503, "unavailable_shards_exception"),
        (500, "something_new"),
        (403, "cluster_block_exception"),
        (429, "cluster_block_exception"),
    ],
)
async def test_only_the_items_refused_for_now_are_sent_again(stub, writer, status, error_type):
    async def some(request, given):
        items = [failed(status, error_type) if one["_id"] in "bd" else stub._write(one) for one in given]
        return bulk_answer(items)

    stub.faults += [some, some]
    assert outcomes(await writer.write(actions("abcd"))) == ["ok"] * 4
    assert stub.requests == [["a", "b", "c", "d"], ["b", "d"], ["b", "d"]]


async def test_every_kind_of_item_at_once(stub, writer):
    stub.documents["old"] = 9
    kinds = {"bad": (400, "document_parsing_exception"), "odd": (418, "teapot"), "later": (429, "es_rejected")}

    async def mixed(request, given):
        return bulk_answer([failed(*kinds[o["_id"]]) if o["_id"] in kinds else stub._write(o) for o in given])

    stub.faults.append(mixed)
    results = await writer.write([action(name) for name in ["a", "bad", "old", "later", "odd", "b"]])
    assert outcomes(results) == ["ok", "poison", "stale", "ok", "poison", "ok"]
    assert stub.requests[1:] == [["later"]]
    assert not any("SECRET" in str(result) for result in results)


async def test_a_request_too_large_is_halved_and_a_document_too_large_is_poison(stub, writer):
    async def limited(request, given):
        return await (whole(413)(request, given) if request.content_length > 2000 else stub.write(request, given))

    stub.faults += [limited] * 30
    results = await writer.write([*actions("abcdef"), action("big", size=3000), *actions("ghijkl")])
    assert outcomes(results) == ["ok"] * 6 + ["poison"] + ["ok"] * 6
    assert (results[6].status, results[6].error_type) == (413, "too-large")
    assert set(stub.documents) == set("abcdefghijkl")


async def test_one_item_that_spoils_its_request_is_found(stub, writer):
    async def picky(request, given):
        spoilt = any(one["_id"] == "c" for one in given)
        return await (whole(400, "action_request_validation_exception") if spoilt else stub.write)(request, given)

    stub.faults += [picky] * 30
    results = await writer.write(actions("abcdefg"))
    assert outcomes(results) == ["ok", "ok", "poison", "ok", "ok", "ok", "ok"]
    assert results[2].error_type == "action_request_validation_exception"


@pytest.mark.parametrize("fault", [whole(401, "security_exception"), whole(403), whole(404), whole(405), whole(302)])
async def test_what_a_person_must_mend_stops_the_writer(stub, writer, fault):
    stub.faults.append(fault)
    with pytest.raises(Misconfigured) as caught:
        await writer.write(actions("ab"))
    assert "SECRET" not in str(caught.value)
    assert len(stub.requests) == 1


async def test_what_is_not_elasticsearch_stops_the_writer(stub, writer):
    async def other(request, given):
        return web.Response(body=b'{"errors":false,"items":[]}', content_type="application/json")

    stub.faults.append(other)
    with pytest.raises(Misconfigured, match="not Elasticsearch"):
        await writer.write(actions("ab"))


async def test_a_missing_index_stops_the_writer_and_is_named(stub, writer):
    async def missing(request, given):
        return bulk_answer([failed(404, "index_not_found_exception")] * len(given))

    stub.faults.append(missing)
    with pytest.raises(Misconfigured, match=r"articles-2020\.01.*index_not_found"):
        await writer.write(actions("ab"))


async def test_the_wait_that_is_asked_for_is_kept(stub):
    waits: list[tuple[str, float]] = []
    stub.faults.append(whole(503, None, headers={"Retry-After": "1"}))
    client = make_client(ElasticsearchSettings(url=stub.url))

    async def no_sleep(delay: float) -> None:
        return

    writer = BulkWriter(
        BulkRequest(client), no_sleep, on_wait=lambda reason, delay: waits.append((reason, delay)), sleep=no_sleep
    )
    await writer.write(actions("a"))
    await client.close()
    assert waits[0][0] == "503"
    assert waits[0][1] >= 1


async def test_a_server_that_slams_the_door_on_a_large_body_gets_smaller_ones(stub, writer):
    async def slam(request, given):
        if len(given) > 2:
            request.transport.abort()
            return web.Response()
        return await stub.write(request, given)

    stub.faults += [slam] * 100
    assert outcomes(await writer.write(actions("abcdefgh"))) == ["ok"] * 8
    assert set(stub.documents) == set("abcdefgh")


async def test_nobody_there_is_waited_for(stub):
    tries = []
    async for writer in writer_to("http://127.0.0.1:1", on_wait=lambda reason, delay: tries.append(reason)):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(writer.write(actions("a")), 0.3)
    assert len(tries) > 3
    assert set(tries) == {"ConnectionError"}


async def test_a_body_over_a_mebibyte_is_sent_without_a_warning(stub, writer):
    assert outcomes(await writer.write([action("a", size=3 * 2**20), action("b")])) == ["ok", "ok"]


async def test_bodies_never_reach_the_logs(stub, writer, caplog):
    caplog.set_level("DEBUG")
    await writer.write([Action(SLICE, "a", 1, b'{"title":"SECRET WORDS"}')])
    assert "SECRET" not in caplog.text


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (whole(503, "search_phase_execution_exception"), Unavailable),
        (whole(429, "circuit_breaking_exception"), Overloaded),
        (whole(403, "cluster_block_exception"), Overloaded),
        (whole(401), Misconfigured),
        (whole(400, "parsing_exception"), Misconfigured),
    ],
)
async def test_a_look_up_translates_every_answer(stub, fault, error):
    with pytest.raises(error):
        await looked_up(fault)


async def looked_up(answer: Answer) -> Any:
    app = web.Application()

    async def handle(request: web.Request) -> web.StreamResponse:
        return await answer(request, [])

    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    client = make_client(ElasticsearchSettings(url=site.name, request_timeout_s=0.5))
    try:
        return await calls.lookup(client, "articles", ["a"], ["id"])
    finally:
        await client.close()
        await runner.cleanup()


def search_answer(**shards: Any) -> Answer:
    async def answer(request: web.Request, given: list[dict[str, Any]]) -> web.StreamResponse:
        assert request.query["allow_partial_search_results"] == "false"
        body = {"timed_out": False, "_shards": {"total": 3, "successful": 3, "failed": 0}, "hits": {"hits": []}}
        body["timed_out"] = shards.pop("timed_out", False)
        body["_shards"] |= shards
        return web.Response(body=orjson.dumps(body), content_type="application/json", headers=PRODUCT)

    return answer


async def test_a_whole_look_up_that_finds_nothing():
    assert await looked_up(search_answer()) == {}


@pytest.mark.parametrize("partial", [{"failed": 1, "successful": 2}, {"successful": 2}, {"timed_out": True}])
async def test_a_partial_look_up_is_never_not_there(partial):
    with pytest.raises(Transient):
        await looked_up(search_answer(**partial))


# The real one.


@pytest.fixture
async def store(servers) -> AsyncIterator[ElasticStore]:
    store = ElasticStore(Settings(elasticsearch={"url": servers.elasticsearch_url}))
    await store.start()
    yield store
    await store.close()


@pytest.fixture
async def own_slice(store) -> AsyncIterator[str]:
    name = f"articles-bulk{uuid.uuid4().hex[:12]}"
    await store.ensure_slice(name)
    yield name
    await store._client.indices.delete(index=name)


def document(name: str, version: int, into: str, **source: Any) -> Action:
    return Action(into, f"{into}:{name}", version, orjson.dumps(source))


async def test_real_conflicts_and_misfits_among_good_items(store, own_slice):
    await store.write([document("old", 9, own_slice)])
    results = await store.write(
        [
            document("a", 1, own_slice, revision=1),
            document("old", 8, own_slice, revision=2),
            document("bad", 1, own_slice, published="SECRET WORDS"),
            document("x" * 600, 1, own_slice),
            document("strange", 1, own_slice, colour="SECRET WORDS"),
            document("b", 1, own_slice, revision=1),
        ],
        refresh=True,
    )
    assert outcomes(results) == ["ok", "stale", "poison", "poison", "poison", "ok"]
    assert results[2].reason == "document_parsing_exception: field [published] of type [date]"
    assert results[4].reason == "strict_dynamic_mapping_exception: no field [colour] in [_doc]"
    assert "SECRET" not in str(results)


@pytest.mark.parametrize(
    "block", ["index.blocks.read_only_allow_delete", "index.blocks.write", "index.blocks.read_only"]
)
async def test_a_real_block_is_waited_out(store, own_slice, block):
    client = store._client
    waits = []

    async def unblock(delay: float) -> None:
        waits.append(delay)
        if len(waits) == 2:
            await client.indices.put_settings(index=own_slice, settings={block: None})

    async def no_refresh(indices: set[str]) -> None:
        raise AssertionError

    writer = BulkWriter(BulkRequest(client), no_refresh, sleep=unblock)
    await client.indices.put_settings(index=own_slice, settings={block: True})
    results = await writer.write([document("a", 1, own_slice), document("b", 1, own_slice)])
    assert outcomes(results) == ["ok", "ok"]
    assert len(waits) == 2


async def test_a_document_that_the_real_node_can_never_hold_is_too_large(store, own_slice):
    stats = (await store._client.nodes.stats(metric="indexing_pressure")).body["nodes"]
    limit = min(node["indexing_pressure"]["memory"]["limit_in_bytes"] for node in stats.values())
    results = await store.write(
        [document("a", 1, own_slice), document("big", 1, own_slice, body_html="x" * (limit // 5 + 2**20))]
    )
    assert outcomes(results) == ["ok", "poison"]
    assert results[1].error_type == "too-large"


async def test_templates_that_the_server_cannot_take_tell_why(store, monkeypatch):
    from shared.elastic import index

    monkeypatch.setitem(index.ANALYSIS["analyzer"], "newswire_und", {"type": "custom", "tokenizer": "no_such_one"})
    with pytest.raises(Misconfigured, match="no_such_one"):
        await ensure_templates(store._client, ElasticsearchSettings())
