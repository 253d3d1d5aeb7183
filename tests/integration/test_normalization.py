"""The normalization worker over the in-memory broker with a real process pool: order, slow, crashing and poisonous items."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from uuid import uuid4

import orjson
import psutil
import pytest

from services.normalization import chunk, worker
from services.normalization.formats import registry
from services.normalization.parts import StoryParts
from services.normalization.pool import Pool, wait_until_ready
from shared.errors import Unavailable
from shared.events import ARTICLES_NORMALIZED, DEAD_LETTERS, STORIES_RAW, header, now, rfc3339
from shared.health import Health
from shared.kafka.dead_letter import DeadLetters
from shared.kafka.memory import MemoryBroker
from shared.kafka.ports import Message
from shared.kafka.runtime import ConsumerRuntime
from shared.settings import Settings

ITEM_SECONDS = 1.5


class Faulty:
    """A format of this test alone: it hangs, or takes its process with it."""

    NAME = "faulty"

    def sniff(self, head, content_type):
        return 1.0 if head.startswith((b"HANG", b"SPIN", b"CRASH", b"SLOW", b"HALF")) else 0.0

    def read(self, raw):
        if raw.value.startswith(b"HANG"):
            time.sleep(600)
        while raw.value.startswith(b"SPIN"):
            pass
        if raw.value.startswith(b"HALF"):
            return [StoryParts(format="faulty", provider_id="good half", title="t"), StoryParts(format="faulty")]
        if raw.value.startswith(b"CRASH"):
            os.kill(os.getpid(), signal.SIGSEGV)
        time.sleep(ITEM_SECONDS * (1.5 if raw.value.startswith(b"SLOWER") else 1 / 3))
        return [StoryParts(format="faulty", provider_id=raw.value.decode(), title="slow")]


def run_with_faults(items, item_seconds, largest):
    """Runs in the pool process."""
    if not isinstance(registry.FORMATS[0], Faulty):
        registry.FORMATS.insert(0, Faulty())
    return chunk.run_chunk(items, item_seconds, largest)


@pytest.fixture(scope="module")
def pool():
    pool = Pool(1, ITEM_SECONDS, 12_000_000, run=run_with_faults)
    pool.start()
    wait_until_ready(pool)
    yield pool
    pool.stop()


def raw_headers(**changes):
    receipt = str(uuid4())
    given = {
        "ce_specversion": "1.0", "ce_id": f"{receipt}.0", "ce_source": "/feeds/local", "ce_type": "newswire.story.received.v1",
        "ce_time": rfc3339(now()), "content-type": "application/json", "ce_feed": "local", "ce_receipt": receipt,
        "ce_provider": "local", "traceparent": f"00-{'1' * 32}-{'2' * 16}-01",
    } | changes  # fmt: skip
    return tuple((name, value.encode()) for name, value in given.items() if value is not None)


async def until(seen):
    while not seen():  # noqa: ASYNC110 - the broker's logs tell nobody when they grow
        await asyncio.sleep(0.05)


class Stage:
    """A broker with the worker's runtime over it."""

    def __init__(self, pool, **settings):
        self.broker = MemoryBroker(partitions=3)
        self.publisher = self.broker.publisher()
        self.pool = pool
        self.settings = Settings(normalization={"chunk_records": 10}, runtime={"batch_wait_ms": 50} | settings)
        self.sent = 0

    def push(self, value, key="k", **headers):
        body = value if isinstance(value, bytes | None) else orjson.dumps(value)
        self.sent += 1
        return self.broker.append(Message(STORIES_RAW, key.encode(), body, raw_headers(**headers)))

    async def until_done(self, timeout_s=60.0):
        """Run until every record ended somewhere and all offsets are committed."""
        stop = asyncio.Event()
        handler_pool = self.pool
        task = asyncio.create_task(self._serve(handler_pool, stop))
        async with asyncio.timeout(timeout_s):
            while sum(self.broker.committed(worker.GROUP).values()) < self.sent:
                await asyncio.sleep(0.05)
                assert not task.done() or task.result()
        stop.set()
        await task

    async def _serve(self, pool, stop):
        publisher = self.publisher
        dead_letters = DeadLetters(publisher, worker.STAGE)
        handler = worker.Normalizer(
            publisher, dead_letters, pool, chunk_records=self.settings.normalization.chunk_records
        )
        source = self.broker.source(worker.GROUP)
        runtime = ConsumerRuntime(source, handler, dead_letters, self.settings, Health())
        await runtime.run((STORIES_RAW,), stop)

    def articles(self):
        return [orjson.loads(record.value)["data"] for record in self.broker.records(ARTICLES_NORMALIZED)]

    def ids(self):
        return sorted(article["provider_id"] for article in self.articles())

    def dead(self):
        return [(header(record.headers, "dlq-class"), record.value) for record in self.broker.records(DEAD_LETTERS)]


async def test_versions_of_a_story_stay_in_order_and_none_is_lost(pool):
    stage = Stage(pool)
    for version in range(40):
        for story in range(7):
            stage.push({"id": f"s{story}", "title": f"story {story}", "version": version}, key=f"local:s{story}")
    await stage.until_done()
    by_story: dict[str, list[int]] = {}
    for article in stage.articles():
        by_story.setdefault(article["provider_id"], []).append(int(article["version"]))
    assert by_story == {f"s{story}": list(range(40)) for story in range(7)}
    assert stage.dead() == []
    first = stage.broker.records(ARTICLES_NORMALIZED)[0]
    assert first.key == orjson.loads(first.value)["data"]["article_id"].encode()
    assert header(first.headers, "content-type") == "application/cloudevents+json"
    trace = header(first.headers, "traceparent")
    assert trace is not None
    assert trace.split("-")[1] == "1" * 32
    assert trace.split("-")[2] != "2" * 16


@pytest.mark.parametrize(
    ("bad", "code"), [(b"HANG", "extract-timeout"), (b"SPIN", "extract-timeout"), (b"CRASH", "crashed")]
)
async def test_only_the_item_that_hangs_or_crashes_is_a_dead_letter(pool, bad, code):
    stage = Stage(pool)
    for number in range(25):
        stage.push({"id": f"a{number}", "title": "t"})
        if number == 12:
            stage.push(bad, **{"content-type": "application/x-test"})
    started = time.monotonic()
    await stage.until_done()
    assert stage.dead() == [(code, bad)]
    assert stage.ids() == sorted(f"a{number}" for number in range(25))
    assert time.monotonic() - started < 30


async def test_slow_items_within_their_limit_are_no_dead_letters(pool):
    stage = Stage(pool)
    for number in range(8):  # together far beyond the limit of one
        stage.push(b"SLOW%d" % number, **{"content-type": "application/x-test"})
    await stage.until_done()
    assert stage.dead() == []
    assert len(stage.articles()) == 8


async def test_a_busy_machine_makes_no_dead_letters(pool):
    stage = Stage(pool)
    stage.push(
        b"SLOWER than its limit by the clock, and next to nothing of the processor", **{"content-type": "a/x-test"}
    )
    stage.push({"id": "after", "title": "t"})
    await stage.until_done()
    assert stage.dead() == []
    assert len(stage.articles()) == 2


async def test_poison_is_kept_whole_and_the_rest_goes_on(pool):
    stage = Stage(pool)
    stage.push({"id": "before", "title": "t"})
    stage.push(b"{", ce_specversion=None)
    stage.push({"title": "t"}, ce_type="newswire.story.received.v9")
    stage.push(None)
    stage.push(b'{"title": NaN}')
    stage.push(b"\x89PNG\r\n\x1a\n\x00\x00", **{"content-type": None})
    stage.push(b"<html><body></body></html>", **{"content-type": "text/html"})
    stage.push({"id": "after", "title": "t"})
    await stage.until_done()
    assert sorted(stage.dead(), key=str) == sorted(
        [
            ("not-an-event", b"{"),
            ("unsupported-schema", b'{"title":"t"}'),
            ("null-value", None),
            ("not-a-number", b'{"title": NaN}'),
            ("unknown-format", b"\x89PNG\r\n\x1a\n\x00\x00"),
            ("no-text", b"<html><body></body></html>"),
        ],
        key=str,
    )
    assert stage.ids() == ["after", "before"]


async def test_a_record_with_a_good_and_a_bad_item_is_an_article_and_a_dead_letter(pool):
    stage = Stage(pool)
    stage.push(b"HALF", **{"content-type": None})
    await stage.until_done()
    assert stage.ids() == ["good half"]
    assert stage.dead() == [("no-text", b"HALF")]


class Flaky:
    """A publisher that loses every second message of its first calls, and says so."""

    def __init__(self, publisher, bad_calls):
        self._publisher = publisher
        self._bad_calls = bad_calls

    async def publish(self, messages, *, timeout_s=None):
        if not self._bad_calls:
            return await self._publisher.publish(messages)
        self._bad_calls -= 1
        await self._publisher.publish(messages[::2])
        return [Unavailable("lost") if number % 2 else None for number in range(len(messages))]


async def test_what_the_sink_has_not_acknowledged_is_sent_again(pool):
    stage = Stage(pool)
    for number in range(30):
        stage.push({"id": f"a{number}", "title": "t"})
    stage.push(b"{")
    stage.publisher = Flaky(stage.broker.publisher(), bad_calls=3)
    await stage.until_done()
    assert set(stage.ids()) == {f"a{number}" for number in range(30)}
    assert set(stage.dead()) == {("malformed-json", b"{")}


async def test_a_result_that_kafka_does_not_take_is_a_dead_letter(pool):
    stage = Stage(pool)
    stage.broker.max_message_bytes = 20_000
    stage.push(
        {"id": "big", "title": "t", "body": "a\n" * 4_000}
    )  # a blank line between paragraphs: longer than it came
    stage.push({"id": "small", "title": "t"})
    await stage.until_done()
    assert [code for code, _ in stage.dead()] == ["too-large"]
    assert [article["provider_id"] for article in stage.articles()] == ["small"]


async def test_an_idle_process_that_is_killed_is_replaced(pool):
    children = [child for child in psutil.Process().children() if "spawn_main" in " ".join(child.cmdline())]
    assert children
    for child in children:
        child.kill()
    await asyncio.sleep(0.5)
    stage = Stage(pool)
    stage.push({"id": "after", "title": "t"})
    await stage.until_done()
    assert [article["provider_id"] for article in stage.articles()] == ["after"]


PARENT = """
    import time
    from services.normalization.pool import Pool, wait_until_ready
    from tests.integration.test_normalization import raw_headers, run_with_faults
    if __name__ == "__main__":
        pool = Pool(2, 300.0, 1_000_000, run=run_with_faults)
        pool.start()
        wait_until_ready(pool)
        pool.submit([(raw_headers(), b"HANG")])
        time.sleep(1.0)
        print("hanging", flush=True)
        time.sleep(600)
"""


def test_pool_processes_end_with_a_parent_that_is_killed(tmp_path):
    script = tmp_path / "parent.py"
    script.write_text(textwrap.dedent(PARENT))
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, script], stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": str(root)}
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"hanging\n"
        children = [
            child for child in psutil.Process(parent.pid).children() if "spawn_main" in " ".join(child.cmdline())
        ]
        assert len(children) == 2
        parent.kill()
        _, alive = psutil.wait_procs(children, timeout=5)
    assert alive == []


async def test_the_whole_service_starts_and_stops(tmp_path):
    broker = MemoryBroker(partitions=2)
    broker.append(Message(STORIES_RAW, b"k", b'{"id":"a","title":"t"}', raw_headers()))
    health, stop = Health(), asyncio.Event()
    service = asyncio.create_task(
        worker.run(Settings(), health, stop, publisher=broker.publisher(), source=broker.source(worker.GROUP))
    )
    async with asyncio.timeout(60):
        await until(lambda: broker.records(ARTICLES_NORMALIZED))
    assert health.is_ready()[0]
    stop.set()
    await service
    assert broker.committed(worker.GROUP) != {}
    assert not [child for child in psutil.Process().children() if child.status() == psutil.STATUS_ZOMBIE]
