"""Leads and writethrus of text wires joined to what they go on from: looked up by slugline once they can be found.

A lead goes on from the latest message of the same service and slugline that was sent before it, within 48 hours. Whichever of
the two is written later sees the other, so it is found in any order; its owner is told, and of several parents keeps the
latest (`joining.py`). Nothing is asked for a batch without such messages.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from services.indexing import chains
from services.indexing.versions import Version
from shared.elastic.ports import ArticleStore, Threaded
from shared.events import rfc3339
from shared.kafka.ports import Message

WINDOW: Final = timedelta(hours=48)


def links(written: Mapping[str, Threaded], found: Iterable[Threaded]) -> list[tuple[Threaded, Threaded]]:
    """Leads with what they go on from, as far as one of the two was just written.

    Args:
        written: by article.
        found: what the index holds of the same threads.
    """
    threads: dict[str, dict[str, Threaded]] = {}
    for one in (*found, *written.values()):
        threads.setdefault(one.key, {})[one.article_id] = one
    said = []
    for thread in threads.values():
        before: Threaded | None = None
        for one in sorted(thread.values(), key=lambda each: (each.at, each.article_id)):
            near = before is not None and one.at - before.at <= WINDOW
            if (
                one.lead
                and near
                and before is not None
                and not written.keys().isdisjoint((one.article_id, before.article_id))
            ):
                said.append((one, before))
            before = one
    return said


class Threads:
    """Finds what leads go on from, of what one worker has written; only ever used by the articles' owner."""

    def __init__(self, store: ArticleStore) -> None:
        self._store = store
        self._written: dict[str, Threaded] = {}
        self._traces: dict[str, str | None] = {}

    def begin(self) -> None:
        """A batch begins: what an earlier one left half done comes again."""
        self._written.clear()

    def wrote(self, version: Version, thread: Mapping[str, Any]) -> None:
        """A message of a thread was written live."""
        at = datetime.fromisoformat(thread["at"])
        self._written[version.article_id] = Threaded(version.article_id, thread["key"], at, bool(thread.get("lead")))
        self._traces[version.article_id] = version.traceparent

    async def settle(self) -> list[Message]:
        """What the leads' owners are to be told; everything written must be searchable by now.

        Raises:
            Transient, Misconfigured: as the store says; the same batch is to be handed over again.
        """
        written, self._written, traces, self._traces = self._written, {}, self._traces, {}
        if not written:
            return []
        times = [one.at for one in written.values()]
        keys = sorted({one.key for one in written.values()})
        found = await self._store.threads(keys, (min(times) - WINDOW, max(times) + WINDOW))
        return [
            chains.linked(
                lead.article_id,
                before.article_id,
                rfc3339(before.at),
                traces.get(lead.article_id) or traces.get(before.article_id),
            )
            for lead, before in links(written, found)
        ]
