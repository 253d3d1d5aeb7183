"""What is under way for the feeds that are ours, one job a name, each under a lease that the group may take away."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from services.ingestion.polling.share import Part, Share


@dataclass(eq=False)
class Lease:
    """The right to work for one feed, for one job; see `poll.Lease`."""

    share: Share
    part: Part
    delivering: bool = False

    async def confirm(self) -> None:
        """See `poll.Lease.confirm`."""
        await self.share.confirm(self.part)


@dataclass(eq=False)
class _Running:
    task: asyncio.Task[None]
    lease: Lease


class Jobs:
    """Tasks by name; a name that runs is not begun again."""

    def __init__(self, share: Share) -> None:
        self._share = share
        self.running: dict[str, _Running] = {}

    def start(
        self, name: str, part: Part, work: Callable[[Lease], Coroutine[Any, Any, None]], over: Callable[[], None]
    ) -> None:
        """Begin `work`; `over` is called when it has ended, also if it was cancelled before its first step."""
        lease = Lease(self._share, part)
        task = asyncio.create_task(work(lease))
        self.running[name] = _Running(task, lease)

        def ended(_: asyncio.Task[None]) -> None:
            over()
            self.running.pop(name, None)

        task.add_done_callback(ended)

    async def give_up(self, within_s: float) -> None:
        """End all; what is on its way to Kafka may take so long to arrive."""
        running = list(self.running.values())
        for one in running:
            if not one.lease.delivering:
                one.task.cancel()
        tasks = [one.task for one in running]
        if tasks:
            await asyncio.wait(tasks, timeout=within_s)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
