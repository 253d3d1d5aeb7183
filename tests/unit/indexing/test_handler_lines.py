"""What indexing's log says of a batch: small ones story by story, large ones by their first and last item."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import structlog
from structlog.testing import LogCapture

from services.indexing import handler as module
from shared.elastic.memory import MemoryStore
from shared.log import TOLD_EACH
from tests.contract.indexing_room import Room


@pytest.fixture
async def room(monkeypatch):
    lines = LogCapture()
    logger = structlog.wrap_logger(None, processors=[structlog.contextvars.merge_contextvars, lines])
    monkeypatch.setattr(module, "log", logger)
    room = Room(MemoryStore())
    handler = room.worker()

    async def handle(made):
        lines.entries.clear()
        await handler.handle(room.records(*made))
        return lines.entries

    return SimpleNamespace(article=room.article, handle=handle)


async def test_a_small_batch_is_told_story_by_story_with_the_ids_to_follow_it_by(room):
    made = [room.article("a"), room.article("b")]
    first, second, batch = await room.handle(made)
    assert (first["event"], first["change"], first["log_level"]) == ("searchable", "created", "info")
    for line, one in zip((first, second), made, strict=True):
        assert line["article_id"] == str(one.article_id)
        assert line["receipt"] == str(one.receipt)
        assert line["item"] == one.item
        assert len(line["trace_id"]) == 32
    assert (batch["event"], batch["first"], batch["last"]) == ("indexed", made[0].item, made[1].item)
    assert "article_id" not in batch, "what was bound is unbound again"


async def test_a_large_batch_is_one_line(room):
    (line,) = await room.handle([room.article(f"c{n}") for n in range(TOLD_EACH + 1)])
    assert (line["event"], line["records"], line["changes"]) == ("indexed", TOLD_EACH + 1, {"created": TOLD_EACH + 1})
