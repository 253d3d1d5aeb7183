"""What normalization's log says of a batch: small ones story by story, large ones by their first and last item."""

from __future__ import annotations

import pytest
import structlog
from structlog.testing import LogCapture

from services.normalization import worker
from services.normalization.chunk import Outcome
from shared.events import STORIES_RAW
from shared.kafka.dead_letter import DeadLetters
from shared.kafka.memory import MemoryBroker
from shared.kafka.ports import Record
from shared.log import TOLD_EACH

TRACE = "0af7651916cd43dd8448eb211c80319c"


class Pool:
    """Every item is one article, but those that say otherwise."""

    def submit(self, items):
        return items

    async def finish(self, _, items):
        return [
            Outcome((), "no-text", "there is none", "plain", 1.0, 0.001)
            if value == b"bad"
            else Outcome(((b"article-%s" % value, b"{}"),), None, None, "plain", 1.0, 0.001)
            for _, value in items
        ]


def record(n, value):
    headers = (
        ("ce_receipt", b"r1"),
        ("ce_id", b"r1.%d" % n),
        ("traceparent", f"00-{TRACE}-b7ad6b7169203331-01".encode()),
    )
    return Record(STORIES_RAW, 0, n, 0, b"key", value, headers)


@pytest.fixture
async def handle(monkeypatch):
    lines = LogCapture()
    logger = structlog.wrap_logger(None, processors=[structlog.contextvars.merge_contextvars, lines])
    monkeypatch.setattr(worker, "_log", logger)
    publisher = MemoryBroker(partitions=1).publisher()
    await publisher.start()
    handler = worker.Normalizer(publisher, DeadLetters(publisher, "normalization"), Pool(), chunk_records=7)

    async def handle(values):
        lines.entries.clear()
        await handler.handle([record(n, value) for n, value in enumerate(values, 1)])
        return lines.entries

    return handle


async def test_a_small_batch_is_told_story_by_story_with_the_ids_to_follow_it_by(handle):
    lines = await handle([b"a", b"bad", b"b"])
    good = [line for line in lines if line["event"] == "item normalized"]
    assert [(line["receipt"], line["item"], line["article_id"], line["trace_id"]) for line in good] == [
        ("r1", "r1.1", "article-a", TRACE),
        ("r1", "r1.3", "article-b", TRACE),
    ]
    (refused,) = [line for line in lines if line["event"] == "item refused"]
    assert (refused["item"], refused["class"], refused["trace_id"]) == ("r1.2", "no-text", TRACE)
    assert (lines[-1]["records"], lines[-1]["first"], lines[-1]["last"]) == (3, "r1.1", "r1.3")
    assert "article_id" not in lines[-1], "what was bound is unbound again"


async def test_a_large_batch_is_one_line(handle):
    assert len(await handle([b"a"] * TOLD_EACH)) == TOLD_EACH + 1
    (line,) = await handle([b"a"] * (TOLD_EACH + 1))
    assert (line["articles"], line["first"], line["last"]) == (TOLD_EACH + 1, "r1.1", f"r1.{TOLD_EACH + 1}")
