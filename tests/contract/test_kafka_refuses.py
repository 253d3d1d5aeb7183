"""A broker that refuses our credentials is a matter for a person: said in one line, never waited for as an outage."""

from __future__ import annotations

import asyncio
import struct
import time
from collections.abc import AsyncIterator

import pytest

from shared.errors import Misconfigured
from shared.health import Health
from shared.kafka.client import AiokafkaPublisher, AiokafkaReader, AiokafkaSource, TopicsAdmin
from shared.kafka.memory import MemoryBroker
from shared.kafka.runtime import ConsumerRuntime
from shared.settings import Settings
from shared.worker import prepared

_API_VERSIONS, _SASL_HANDSHAKE, _SASL_AUTHENTICATE = 18, 17, 36
_FAILED = 58
_MECHANISM = b"PLAIN"


def _answer(api: int) -> bytes:
    if api == _API_VERSIONS:
        known = [(_SASL_HANDSHAKE, 0, 1), (_API_VERSIONS, 0, 0), (_SASL_AUTHENTICATE, 0, 0), (3, 0, 5), (10, 0, 1)]
        return struct.pack(">hi", 0, len(known)) + b"".join(struct.pack(">hhh", *one) for one in known)
    if api == _SASL_HANDSHAKE:
        return struct.pack(">hih", 0, 1, len(_MECHANISM)) + _MECHANISM
    assert api == _SASL_AUTHENTICATE, "nothing is asked before the credentials are taken"
    return struct.pack(">hhi", _FAILED, -1, 0)


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            (size,) = struct.unpack(">i", await reader.readexactly(4))
            api, _, correlation = struct.unpack_from(">hhi", await reader.readexactly(size))
            body = _answer(api)
            writer.write(struct.pack(">ii", 4 + len(body), correlation) + body)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


@pytest.fixture
async def refused() -> AsyncIterator[Settings]:
    """Settings whose broker takes nobody's password."""
    server = await asyncio.start_server(_serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    yield Settings(
        kafka={
            "bootstrap_servers": f"127.0.0.1:{port}",
            "security_protocol": "SASL_PLAINTEXT",
            "sasl_mechanism": "PLAIN",
            "username": "nobody",
            "password": "wrong",
            "request_timeout_s": 2,
        }
    )
    server.close()
    await server.wait_closed()


async def test_whoever_connects_is_told(refused):
    publisher, source = AiokafkaPublisher(refused), AiokafkaSource(refused, "g")
    async with asyncio.timeout(20):
        with pytest.raises(Misconfigured, match="credentials"):
            await publisher.start()
        with pytest.raises(Misconfigured, match="credentials"):
            await source.start(["t"], _nobody, _nobody)
        with pytest.raises(Misconfigured, match="credentials"):
            async with TopicsAdmin(refused):
                pass
        with pytest.raises(Misconfigured, match="credentials"):
            async with AiokafkaReader(refused):
                pass
        await publisher.stop()
        await source.stop()


async def _nobody(_: object) -> None: ...


async def test_a_worker_is_halted_and_live_and_stops_at_once(refused):
    health, stop = Health(), asyncio.Event()
    publisher = AiokafkaPublisher(refused)
    preparing = asyncio.create_task(prepared("Kafka", publisher.start, health, stop))
    async with asyncio.timeout(10):
        while health.halted is None:  # noqa: ASYNC110 - a plain field tells nobody
            await asyncio.sleep(0.02)
    assert "credentials" in health.is_ready()[1]
    assert health.is_live()[0]
    begun = time.monotonic()
    stop.set()
    assert await preparing is False
    assert time.monotonic() - begun < 2
    await publisher.stop()


class _Idle:
    async def assigned(self, _: object) -> None: ...

    async def revoked(self, _: object) -> None: ...

    async def handle(self, _: object) -> None: ...


async def test_the_runtime_is_halted_while_it_may_not_join(refused):
    health, stop = Health(), asyncio.Event()
    letters = MemoryBroker(1).publisher()
    runtime = ConsumerRuntime(AiokafkaSource(refused, "g"), _Idle(), letters, refused, health)
    running = asyncio.create_task(runtime.run(["t"], stop))
    async with asyncio.timeout(10):
        while health.halted is None and not running.done():  # noqa: ASYNC110 - a plain field tells nobody
            await asyncio.sleep(0.02)
    assert "credentials" in (health.halted or "")
    stop.set()
    await asyncio.wait_for(running, 5)
