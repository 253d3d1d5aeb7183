"""The figures of the design's speed table, each measured beside its floor on the same machine in the same run."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import httpx2
import orjson
import psutil

from services.search.body import Languages, search_body
from services.search.request import read_search
from shared.events import now
from tests.bench.load import Load, RawClient, Request, run_load, until
from tests.bench.stories import endless
from tests.harness import Pipeline, scan

NDJSON = "application/x-ndjson"
FLOOR_INDEX = "bench-floor"


@dataclass
class Bench:
    """A running pipeline with what the measurements need of it."""

    pipeline: Pipeline
    server_pids: dict[str, int]
    rows: list[dict[str, Any]]
    rng: random.Random = field(default_factory=lambda: random.Random(7))

    @property
    def door(self) -> str:
        return self.pipeline["ingestion"].url

    @property
    def search_url(self) -> str:
        return self.pipeline["search"].url

    @property
    def elastic(self) -> str:
        return self.pipeline.elasticsearch_url

    def stories(self, source: str) -> Iterator[dict[str, Any]]:
        return endless(self.rows, uuid.uuid4().hex[:8], source)

    def push_request(self, lines: Sequence[bytes], content_type: str) -> Request:
        headers = f"Authorization: Bearer {self.pipeline.key}\r\nContent-Type: {content_type}\r\n"
        return ("POST", "/v1/feeds/local/items", b"\n".join(lines), headers)

    def cpu(self) -> dict[str, float]:
        """CPU seconds so far of each service (its pool included) and of the servers."""
        pids = {name: service.process.pid for name, service in self.pipeline.services.items()} | self.server_pids
        return {name: _cpu_of(pid) for name, pid in pids.items()}

    def memory(self) -> dict[str, float]:
        """Resident MiB of each service, its pool included."""
        return {name: _rss_of(service.process.pid) for name, service in self.pipeline.services.items()}


def _family(pid: int) -> list[psutil.Process]:
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


def _cpu_of(pid: int) -> float:
    return sum(sum(process.cpu_times()[:2]) for process in _family(pid))


def _rss_of(pid: int) -> float:
    return sum(process.memory_info().rss for process in _family(pid)) / 2**20


@dataclass
class PushRun:
    """One run of stories through the front door until all were found by a search."""

    stories: int
    wall: float
    cpu: dict[str, float]

    @property
    def per_second(self) -> float:
        return self.stories / self.wall

    def micros(self, name: str) -> float:
        return self.cpu[name] / self.stories * 1e6


async def push_run(bench: Bench, count: int, batch: int, clients: int) -> tuple[PushRun, str]:
    """Push `count` stories, `batch` a request, and wait until the search API counts them all."""
    source = f"bench-{uuid.uuid4().hex[:8]}"
    lines = [orjson.dumps(story) for story in itertools.islice(bench.stories(source), count)]
    kind = NDJSON if batch > 1 else "application/json"
    requests = [bench.push_request(lines[i : i + batch], kind) for i in range(0, count, batch)]
    probe = RawClient(bench.search_url)

    async def complete() -> bool:
        _, answer = await probe.request("GET", f"/v1/search?source={source}&size=1&highlight=false")
        return orjson.loads(answer)["total"] >= count

    def accepted(status: int, answer: bytes) -> None:
        assert status == 202, answer[:300]

    before, start = bench.cpu(), time.perf_counter()
    await run_load(bench.door, requests, clients, accepted)
    await until(complete, 300, f"{count} stories of {source}", every=0.05)
    wall, after = time.perf_counter() - start, bench.cpu()
    await probe.close()
    return PushRun(count, wall, {name: after[name] - before[name] for name in after}), source


def documents_as_bulk(bench: Bench, source: str, index: str, batch: int = 500) -> list[bytes]:
    """The documents that newswire made of `source`, as bodies for `_bulk` under fresh ids."""
    lines = []
    for hit in scan(bench.elastic, {"term": {"source": source}}):
        fresh = str(uuid.uuid4())
        document = hit["_source"] | {"id": fresh, "source": f"floor-{source}"}
        lines.append(orjson.dumps({"index": {"_index": index, "_id": fresh}}) + b"\n" + orjson.dumps(document) + b"\n")
    return [b"".join(lines[i : i + batch]) for i in range(0, len(lines), batch)]


async def bulk_floor(bench: Bench, bodies: Sequence[bytes], count: int) -> PushRun:
    """The same documents straight into Elasticsearch, one request in flight, then one refresh."""
    client = RawClient(bench.elastic)
    before, start = bench.cpu(), time.perf_counter()
    for body in bodies:
        status, answer = await client.request(
            "POST", "/_bulk?filter_path=errors", body, "Content-Type: application/x-ndjson\r\n"
        )
        assert status == 200, answer[:300]
        assert b"true" not in answer, answer[:300]
    await client.request("POST", f"/{FLOOR_INDEX}/_refresh")
    wall, after = time.perf_counter() - start, bench.cpu()
    await client.close()
    return PushRun(count, wall, {name: after[name] - before[name] for name in after})


async def latency_run(bench: Bench, seconds: float, rate: float) -> list[float]:
    """Seconds from sending a story to finding it by `GET /v1/search`, at `rate` stories a second."""
    source = f"bench-{uuid.uuid4().hex[:8]}"
    stories = bench.stories(source)
    clients: list[tuple[RawClient, RawClient]] = []
    taken: list[float] = []

    async def one(story: dict[str, Any]) -> None:
        door, search = clients.pop() if clients else (RawClient(bench.door), RawClient(bench.search_url))
        token = f"lat{uuid.uuid4().hex[:12]}"
        method, path, body, headers = bench.push_request(
            [orjson.dumps(story | {"title": f"{story['title']} {token}"})], "application/json"
        )
        start = time.perf_counter()
        status, answer = await door.request(method, path, body, headers)
        assert status == 202, answer

        async def found() -> bool:
            _, hits = await search.request("GET", f"/v1/search?q={token}")
            return orjson.loads(hits)["total"] >= 1

        await until(found, 30, token, every=0.004)
        taken.append(time.perf_counter() - start)
        clients.append((door, search))

    tasks, start = [], time.perf_counter()
    for number in range(int(seconds * rate)):
        await asyncio.sleep(max(0.0, start + number / rate - time.perf_counter()))
        tasks.append(asyncio.create_task(one(next(stories))))
    await asyncio.gather(*tasks)
    for door, search in clients:
        await door.close()
        await search.close()
    return taken


async def refresh_floor(bench: Bench, bodies: Sequence[bytes], count: int, rate: float) -> list[float]:
    """Seconds of one `_bulk?refresh=true` of one document, at the same rate."""
    pairs = [pair for body in bodies for pair in _pairs(body)][:count]
    client, taken, start = RawClient(bench.elastic), [], time.perf_counter()
    for number, pair in enumerate(pairs):
        await asyncio.sleep(max(0.0, start + number / rate - time.perf_counter()))
        begin = time.perf_counter()
        status, _ = await client.request("POST", "/_bulk?refresh=true", pair, "Content-Type: application/x-ndjson\r\n")
        assert status == 200
        taken.append(time.perf_counter() - begin)
    await client.close()
    return taken


def _pairs(body: bytes) -> Iterator[bytes]:
    lines = body.split(b"\n")
    for i in range(0, len(lines) - 1, 2):
        yield lines[i] + b"\n" + lines[i + 1] + b"\n"


def queries(bench: Bench, count: int) -> list[dict[str, str]]:
    """Searches by keyword and date with highlights and facets; words and days are those of stories that are there."""
    found = []
    for row in bench.rng.choices([row for row in bench.rows if len(row["body"]) > 400], k=count):
        words = sorted({word for word in row["body"].split() if word.isalpha() and len(word) > 5}, key=len)[-2:]
        month = row["date"][:7]
        found.append({"q": " ".join(words[:1] or ["market"]), "from": month, "to": month, "facets": "section,source"})
    return found


async def search_runs(bench: Bench, wanted: Sequence[dict[str, str]], clients: int) -> tuple[Load, Load]:
    """The searches through our API, and the same Elasticsearch bodies sent raw."""
    ours = [("GET", "/v1/search?" + urlencode(params), b"", "") for params in wanted]
    raw_path = "/articles/_search?ignore_unavailable=true"
    raw = [
        ("POST", raw_path, orjson.dumps(elastic_body(params)), "Content-Type: application/json\r\n")
        for params in wanted
    ]

    def answered(status: int, answer: bytes) -> None:
        assert status == 200, answer[:300]

    mine = await run_load(bench.search_url, ours, clients, answered)
    floor = await run_load(bench.elastic, raw, clients, answered)
    return mine, floor


def elastic_body(params: dict[str, str]) -> dict[str, Any]:
    """The very body that the search service sends for these parameters."""
    moment = now()
    search = read_search(params.items(), moment)
    return search_body(search, moment, size=search.size, languages=Languages(("en",), moment), timeout_ms=5000)


def create_floor_index(bench: Bench) -> None:
    """An index of the same settings and mapping as a slice of `articles`, outside the alias."""
    with httpx2.Client(base_url=bench.elastic, timeout=60) as client:
        name, described = next(iter(client.get("/articles").json().items()))
        settings = described["settings"]["index"]
        kept = {
            key: settings[key]
            for key in ("number_of_shards", "number_of_replicas", "refresh_interval", "merge", "analysis")
            if key in settings
        }
        answer = client.put(f"/{FLOOR_INDEX}", json={"settings": {"index": kept}, "mappings": described["mappings"]})
        assert answer.status_code == 200, f"{name}: {answer.text}"


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median, minimum and maximum."""
    ordered = sorted(values)
    return {"median": ordered[len(ordered) // 2], "min": ordered[0], "max": ordered[-1]}


def ratio(ours: Sequence[float], floor: Sequence[float], unit: str) -> dict[str, Any]:
    """The ratio turn by turn, with both sides' own spread beside it."""
    pairs = [mine / theirs for mine, theirs in zip(ours, floor, strict=True)]
    return spread(pairs) | {"unit": unit, "ours": spread(ours), "floor": spread(floor)}
