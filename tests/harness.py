"""The four services as processes of their own over given servers, for the tests that need all of it.

Everything goes through the public surfaces: environment variables, the front door, the search API. Only `Ledger` looks
into Elasticsearch itself, for its job is to find what the surfaces would not show.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import orjson

from deploy.local.ports import free_port
from shared.local_feed import ensure_local_key

ROOT = Path(__file__).parents[1]
SERVICES = ("ingestion", "normalization", "indexing", "search")


def wait_until(check, seconds: float, what: str, every: float = 0.1) -> Any:
    """The first truthy answer of `check`; fails the test after `seconds`, saying what it waited for."""
    end = time.monotonic() + seconds
    while True:
        answer = check()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds:.0f} s for {what}; last answer: {answer!r}")
        time.sleep(every)


class Service:
    """One service process, which can be killed and started again."""

    def __init__(self, name: str, port: int, environment: Mapping[str, str], log: Path) -> None:
        self.name, self.port, self.environment, self.log = name, port, dict(environment), log
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, failpoint: str | None = None) -> None:
        environment = self.environment | ({"NEWSWIRE_FAILPOINT": failpoint} if failpoint else {})
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "cli", self.name],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def ready(self) -> bool:
        with contextlib.suppress(httpx2.TransportError):
            return httpx2.get(f"{self.url}/readyz", timeout=2).status_code == 200
        return False

    def wait_ready(self, seconds: float = 60) -> None:
        def check() -> bool:
            assert self.running, f"{self.name} ended with {self.process and self.process.poll()}: {self.tail()}"
            return self.ready()

        wait_until(check, seconds, f"{self.name} to be ready ({self.tail(300)})")

    def wait_dead(self, seconds: float = 60) -> int:
        assert self.process is not None
        return self.process.wait(seconds)

    def kill(self) -> None:
        if self.running:
            self.process.kill()
            self.process.wait(10)

    def stop(self, seconds: float = 45) -> int:
        """Ask it to end (SIGTERM) and return its exit code."""
        assert self.process is not None
        if self.running:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.name} did not stop in {seconds} s: {self.tail()}") from None

    def tail(self, size: int = 800) -> str:
        return self.log.read_bytes()[-size:].decode(errors="replace") if self.log.exists() else ""


@dataclass
class Pipeline:
    """The four services over one Kafka and one Elasticsearch."""

    bootstrap_servers: str
    elasticsearch_url: str
    folder: Path
    extra: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        data = self.folder / "data"
        data.mkdir(parents=True, exist_ok=True)
        self.key = ensure_local_key(data).read_text().strip()
        self.environment = {key: value for key, value in os.environ.items() if not key.startswith("NEWSWIRE_")} | {
            "NEWSWIRE_DATA_DIR": str(data),
            "NEWSWIRE_KAFKA__BOOTSTRAP_SERVERS": self.bootstrap_servers,
            "NEWSWIRE_ELASTICSEARCH__URL": self.elasticsearch_url,
            # The shortest the broker allows: after a kill -9 the group waits this long for the dead member.
            "NEWSWIRE_KAFKA__SESSION_TIMEOUT_S": "6",
            **self.extra,
        }
        ports = {name: free_port() for name in SERVICES}
        for name, port in ports.items():
            self.environment[f"NEWSWIRE_{name.upper()}__PORT"] = str(port)
        self.services = {
            name: Service(name, port, self.environment, self.folder / f"{name}.log") for name, port in ports.items()
        }
        self.client = httpx2.Client(timeout=60)

    def __getitem__(self, name: str) -> Service:
        return self.services[name]

    def ensure_topics(self) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "cli", "topics"], cwd=ROOT, env=self.environment, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def start(self, names: Iterable[str] = SERVICES) -> None:
        self.ensure_topics()
        names = list(names)
        for name in names:
            self.services[name].start()
        for name in names:
            self.services[name].wait_ready()

    def stop(self) -> None:
        """End all, by force where asking does not help; never fails, so that a failed test's reason stays visible."""
        for service in self.services.values():
            if service.running:
                service.process.send_signal(signal.SIGTERM)
        for service in self.services.values():
            with contextlib.suppress(Exception):
                service.process.wait(20)
            service.kill()
        self.client.close()

    def push(
        self, body: Any, content_type: str = "application/json", feed: str = "local", **headers: str
    ) -> httpx2.Response:
        """One push through the front door; anything but bytes and text is sent as JSON."""
        if not isinstance(body, bytes | str):
            body = orjson.dumps(body)
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": content_type} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        return self.client.post(f"{self['ingestion'].url}/v1/feeds/{feed}/items", content=body, headers=headers)

    def batch(self, stories: Iterable[Any], **headers: str) -> httpx2.Response:
        lines = b"".join(orjson.dumps(story) + b"\n" for story in stories)
        return self.push(lines, "application/x-ndjson", **headers)

    def search(self, q: str | None = None, **params: Any) -> dict[str, Any]:
        if q is not None:
            params["q"] = q
        params = {name.rstrip("_"): value for name, value in params.items()}
        answer = self.client.get(f"{self['search'].url}/v1/search", params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def article(self, article_id: str) -> httpx2.Response:
        return self.client.get(f"{self['search'].url}/v1/articles/{article_id}")

    def trace(self, key: str) -> dict[str, Any]:
        answer = self.client.get(f"{self['search'].url}/v1/trace/{key}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def wait_total(self, total: int, q: str | None = None, seconds: float = 60, **params: Any) -> dict[str, Any]:
        def check() -> Any:
            answer = self.search(q, **params)
            return answer if answer["total"] >= total else None

        return wait_until(check, seconds, f"{total} hits for {q!r} {params}")

    def wait_trace(self, key: str, seconds: float = 60) -> dict[str, Any]:
        def check() -> Any:
            trace = self.trace(key)
            return trace if trace["articles"] or trace["dead_letters"] else None

        return wait_until(check, seconds, f"the trace of {key}")


@dataclass
class Ledger:
    """What was sent and what was answered, held against what stands in Elasticsearch.

    `ok` = acknowledged (2xx), `info` = no answer or 5xx (may or may not be there), `fail` = refused (4xx); each maps a
    story's own id to the hash of its body.
    """

    mark: str = field(default_factory=lambda: f"led{uuid.uuid4().hex[:10]}")
    ok: dict[str, str] = field(default_factory=dict)
    info: dict[str, str] = field(default_factory=dict)
    fail: dict[str, str] = field(default_factory=dict)
    count: int = 0

    def story(self, **more: Any) -> dict[str, Any]:
        """A new story with the ledger's mark as its source."""
        self.count += 1
        identity = f"{self.mark}-{self.count}"
        body = f"Paragraph one of {identity}.\n\nA second paragraph, so that the text has a shape: {uuid.uuid4()}."
        story = {"id": identity, "title": f"Story {identity}", "body": body, "source": self.mark, "language": "en"}
        return story | {"published": "2025-03-04T05:06:07Z"} | more

    def enter(self, story: Mapping[str, Any], status: int) -> None:
        identity, digest = str(story["id"]), body_hash(story["body"] or "")
        if 200 <= status < 300:
            self.ok[identity] = digest
            self.info.pop(identity, None)
        elif 400 <= status < 500:
            self.fail[identity] = digest
        elif identity not in self.ok:
            self.info[identity] = digest

    def check(self, documents: Mapping[str, list[dict[str, Any]]]) -> list[str]:
        """Every broken promise as a line; empty when all hold. `documents` maps a story's id to its live documents."""
        problems = [f"L1 lost: {name}" for name in self.ok if name not in documents]
        problems += [f"L2 phantom: {name}" for name in documents if name not in self.ok and name not in self.info]
        for name, found in documents.items():
            if len(found) != 1:
                problems.append(f"L3 {len(found)} documents for {name}: {[d['_index'] for d in found]}")
            expected = self.ok.get(name) or self.info.get(name)
            problems += [f"L5 content of {name} differs" for d in found if body_hash(d["body"]) != expected]
        return problems


def body_hash(body: str) -> str:
    """Hash of a body's words: paragraphs may be joined by other white space than they were sent with."""
    return hashlib.sha256(" ".join(body.split()).encode()).hexdigest()


def documents_of(elasticsearch_url: str, mark: str) -> dict[str, list[dict[str, Any]]]:
    """All live documents whose source is `mark`, read straight from the indices, by the provider's id."""
    found: dict[str, list[dict[str, Any]]] = {}
    for hit in scan(elasticsearch_url, {"term": {"source": mark}}):
        source = hit["_source"]
        text = next(iter((source.get("body") or {"": ""}).values()))
        found.setdefault(source["provider_id"], []).append({"_index": hit["_index"], "_id": hit["_id"], "body": text})
    return found


def scan(elasticsearch_url: str, query: dict[str, Any], index: str = "articles") -> Iterator[dict[str, Any]]:
    """Every hit of a query over an alias, after a refresh, each document of each index once."""
    with httpx2.Client(base_url=elasticsearch_url, timeout=60) as client:
        client.post(f"/{index}/_refresh")
        after: list[Any] | None = None
        while True:
            body: dict[str, Any] = {"size": 1000, "query": query, "sort": [{"id": "asc"}, {"received": "asc"}]}
            if after:
                body["search_after"] = after
            answer = client.post(f"/{index}/_search", params={"ignore_unavailable": "true"}, json=body)
            assert answer.status_code == 200, answer.text
            hits = answer.json()["hits"]["hits"]
            yield from hits
            if len(hits) < 1000:
                return
            after = hits[-1]["sort"]
