"""How a worker lives: waits that show progress, a handler on a consumer group, probes beside it, one budget for its stop.

The composition roots of normalization and indexing stand on this; `shared/service.py` has what every service needs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

from shared import metrics
from shared.backoff import Tries
from shared.errors import Misconfigured, Transient
from shared.health import Health
from shared.kafka.dead_letter import DeadLetters
from shared.kafka.deadline import Deadline
from shared.kafka.ports import Publisher, Source
from shared.kafka.runtime import ConsumerRuntime, Handler
from shared.log import get_logger
from shared.service import admin_app, serve_http
from shared.settings import Settings

LEAVE_S = 8.0
"""After `runtime.drain_s`: what the last commit, leaving the group and flushing may take together.

The supervisor kills 10 s after `drain_s` (cli/supervisor.py), so a worker ends by itself before.
"""
_HALTED_S = 30.0
"""How long to wait for a person before looking again."""
_BEAT_S = 1.0

_log = get_logger()


async def beside_probes(
    work: Coroutine[Any, Any, None], settings: Settings, health: Health, stop: asyncio.Event, *, host: str, port: int
) -> None:
    """Run a worker beside its small port for probes; whichever ends first ends the other.

    After the stop all of it has `runtime.drain_s` and eight seconds; what is still going on then is dropped, and done
    again by the next owner of its partitions.

    Raises:
        Exception: as the work or the port does.
    """
    stopping = asyncio.create_task(stop.wait())
    tasks = [asyncio.create_task(work), asyncio.create_task(serve_http(admin_app(health), host, port, stop))]
    try:
        await asyncio.wait({*tasks, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
        stop.set()
        _, late = await asyncio.wait(tasks, timeout=Deadline(settings.runtime.drain_s + LEAVE_S).remaining())
        for task in late:
            _log.error("did not stop in time; what was in flight will be done again")
            task.cancel()
        if late:
            await asyncio.wait(late, timeout=1.0)
    for task in tasks:
        if task not in late:
            task.result()


async def prepared(what: str, action: Callable[[], Awaitable[None]], health: Health, stop: asyncio.Event) -> bool:
    """Do `action` until it works, however long its other side is away; whether it was done before the stop.

    Waiting is progress, so `/livez` stays good. What a person must mend makes the worker unready, with one clear line.

    Raises:
        Exception: anything that is neither `Transient` nor `Misconfigured`.
    """
    doing, stopping = asyncio.create_task(_until_done(what, action, health)), asyncio.create_task(stop.wait())
    try:
        while not doing.done() and not stopping.done():
            await asyncio.wait({doing, stopping}, timeout=_BEAT_S, return_when=asyncio.FIRST_COMPLETED)
            health.beat()
    finally:
        stopping.cancel()
        if not doing.done():
            doing.cancel()
            await asyncio.wait({doing})
    if doing.cancelled():
        return False
    await doing
    return True


async def _until_done(what: str, action: Callable[[], Awaitable[None]], health: Health) -> None:
    tries, halted = Tries(), False
    while True:
        try:
            await action()
        except Transient as error:
            wait = tries.next(error.retry_after)
            _log.info("not there yet", what=what, error=str(error), retry_in_s=round(wait, 2))
        except Misconfigured as error:
            wait, halted = _HALTED_S, True
            _halt(health, str(error))
            _log.error("halted: a person must act", what=what, error=str(error), retry_in_s=wait)
        else:
            if halted:
                _halt(health, None)
            return
        await asyncio.sleep(wait)


def _halt(health: Health, why: str | None) -> None:
    health.halt(why)
    metrics.HALTED.set(0 if why is None else 1)


async def consume(
    settings: Settings,
    health: Health,
    stop: asyncio.Event,
    *,
    publisher: Publisher,
    source: Source,
    stage: str,
    topics: Sequence[str],
    handler: Callable[[DeadLetters], Handler],
) -> None:
    """Connect the publisher, then handle batches of these topics until `stop`.

    Args:
        settings: of the runtime.
        health: what the probes tell.
        stop: ends it, also while it waits for Kafka.
        publisher: started and stopped here; the handler may use it, too.
        source: the group that the worker is a member of.
        stage: as dead letters name it.
        topics: what is consumed.
        handler: makes the handler, which may bury records of its own.
    """
    try:
        if not await prepared("Kafka", publisher.start, health, stop):
            return
        dead_letters = DeadLetters(publisher, stage)
        await ConsumerRuntime(source, handler(dead_letters), dead_letters, settings, health).run(topics, stop)
    finally:
        await publisher.stop()
