"""A worker's life around its handler: waiting is progress, a stop has one budget, whoever ends first ends the other."""

from __future__ import annotations

import asyncio
import contextlib
import time

import pytest

from cli import supervisor
from shared import worker
from shared.errors import Misconfigured, Unavailable
from shared.health import Health
from shared.settings import Settings
from shared.worker import beside_probes, prepared


@pytest.fixture(autouse=True)
def _no_port(monkeypatch):
    async def serve_http(_app, _host, port, stop):
        if port == 1:
            raise Misconfigured("port 1 is in use")
        await stop.wait()

    monkeypatch.setattr(worker, "serve_http", serve_http)
    monkeypatch.setattr(worker, "_BEAT_S", 0.02)


def run(work, stop, *, port: int = 0, **runtime):
    return beside_probes(work, Settings(runtime=runtime), Health(), stop, host="127.0.0.1", port=port)


async def test_waiting_for_another_side_however_long_is_progress():
    health, stop, there = Health(stuck_after_s=0.2), asyncio.Event(), asyncio.Event()
    waiting = asyncio.create_task(prepared("Kafka", there.wait, health, stop))
    for _ in range(10):
        await asyncio.sleep(0.05)
        assert health.is_live()[0]
    there.set()
    assert await waiting is True


async def test_a_stop_breaks_the_waiting_off():
    stop, ended = asyncio.Event(), []

    async def never():
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    waiting = asyncio.create_task(prepared("Kafka", never, Health(), stop))
    await asyncio.sleep(0.05)
    stop.set()
    assert await waiting is False
    assert ended == [True]


async def test_what_may_pass_is_tried_again_and_what_may_not_halts(monkeypatch):
    monkeypatch.setattr(worker, "_HALTED_S", 0.01)
    health, errors, seen = Health(), [Unavailable("away"), Misconfigured("who are you"), Unavailable("away")], []

    async def action():
        seen.append(health.halted)
        if errors:
            raise errors.pop(0)

    assert await prepared("Kafka", action, health, asyncio.Event()) is True
    assert seen == [None, None, "who are you", "who are you"]
    assert health.halted is None


async def test_a_bug_while_waiting_comes_out():
    async def action():
        raise KeyError("bug")

    with pytest.raises(KeyError):
        await prepared("Kafka", action, Health(), asyncio.Event())


async def test_a_port_in_use_ends_the_work_too():
    stop, ended = asyncio.Event(), []

    async def work():
        await stop.wait()
        ended.append(True)

    with pytest.raises(Misconfigured, match="port 1"):
        await run(work(), stop, port=1)
    assert ended == [True]


async def test_a_bug_in_the_work_ends_the_port_and_comes_out():
    async def work():
        raise KeyError("bug")

    stop = asyncio.Event()
    with pytest.raises(KeyError):
        await run(work(), stop)
    assert stop.is_set()


async def test_a_stop_that_hangs_has_an_end(monkeypatch):
    """Kafka away, sockets that never close: the steps of a stop may each hang, the whole of it may not."""
    monkeypatch.setattr(worker, "LEAVE_S", 0.2)
    stop, ended = asyncio.Event(), []

    async def work():
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.Event().wait()

    stop.set()
    begun = time.monotonic()
    await run(work(), stop, drain_s=1)
    assert 1.1 <= time.monotonic() - begun < 3.0
    assert ended == [True]


def test_the_supervisor_waits_for_the_whole_of_a_stop():
    assert worker.LEAVE_S + 1.0 < supervisor.KILL_AFTER_S
