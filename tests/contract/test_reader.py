"""One suite over the in-memory reader and the real one: a topic read between two moments, once, by nobody's group."""

from __future__ import annotations

import time
import uuid

import pytest

from shared.errors import Misconfigured, Unavailable
from shared.kafka.client import AiokafkaPublisher, AiokafkaReader, TopicsAdmin
from shared.kafka.memory import MemoryBroker
from shared.kafka.memory_reader import MemoryReader
from shared.kafka.ports import Message
from shared.kafka.topics import TopicSpec
from shared.settings import MIB, KafkaSettings, Settings

PARTITIONS = 3


@pytest.fixture(params=["memory", pytest.param("kafka", marks=pytest.mark.servers)])
async def room(request):
    """A fresh topic, a publisher and a reader."""
    topic = f"contract.{uuid.uuid4().hex[:12]}"
    if request.param == "memory":
        broker = MemoryBroker(PARTITIONS)
        yield topic, broker.publisher(), MemoryReader(broker)
        return
    servers = request.getfixturevalue("servers")
    settings = Settings(kafka=KafkaSettings(bootstrap_servers=servers.bootstrap_servers))
    async with TopicsAdmin(settings) as admin:
        await admin.create([TopicSpec(topic, PARTITIONS, 1, {"max.message.bytes": str(13 * MIB)})])
    publisher = AiokafkaPublisher(settings)
    await publisher.start()
    try:
        async with AiokafkaReader(settings) as reader:
            yield topic, publisher, reader
    finally:
        await publisher.stop()


async def publish(publisher, topic, *values, key=None):
    messages = [Message(topic, key or value[:8], value, (("h", b"\xff"),)) for value in values]
    assert await publisher.publish(messages) == [None] * len(values)


async def read(reader, spans):
    return [record async for records in reader.read(spans) for record in records]


async def test_everything_is_read_once_in_order_and_nothing_that_comes_later(room):
    topic, publisher, reader = room
    values = [f"{n:04}".encode() for n in range(700)]
    await publish(publisher, topic, *values)
    await publish(publisher, topic, *(b"same " + value for value in values), key=b"one key")
    spans = await reader.spans(topic)
    await publish(publisher, topic, *(b"late " + value for value in values))
    records = await read(reader, spans)
    assert sorted(r.value for r in records) == sorted([*values, *(b"same " + value for value in values)])
    assert [r.value for r in records if r.key == b"one key"] == [b"same " + value for value in values]
    assert {r.headers for r in records} == {(("h", b"\xff"),)}
    assert len(await read(reader, spans)) == 1400, "it can be read again"


async def test_a_span_is_read_and_not_a_record_more(room):
    topic, publisher, reader = room
    await publish(publisher, topic, *(str(n).encode() for n in range(20)), key=b"k")
    [(partition, (start, end))] = (await reader.spans(topic)).items()
    assert (start, end) == (0, 20)
    assert [r.offset for r in await read(reader, {partition: (7, 8)})] == [7]
    assert [r.offset for r in await read(reader, {partition: (18, 20)})] == [18, 19]
    assert await read(reader, {}) == []
    assert await read(reader, {partition: (5, 5)}) == []


async def test_a_time_rules_out_what_was_there_before(room):
    topic, publisher, reader = room
    await publish(publisher, topic, b"early", key=b"k")
    time.sleep(0.02)  # noqa: ASYNC251 - the stamps are the clock's
    since = time.time_ns() // 1_000_000
    await publish(publisher, topic, b"late", key=b"k")
    assert [r.value for r in await read(reader, await reader.spans(topic, since_ms=since))] == [b"late"]
    assert await reader.spans(topic, since_ms=since + 60_000) == {}


async def test_an_empty_topic_has_no_spans(room):
    topic, _, reader = room
    assert await reader.spans(topic) == {}


async def test_the_largest_messages_come_through(room):
    topic, publisher, reader = room
    values = [bytes([n]) * (6 * MIB) for n in range(3)]
    await publish(publisher, topic, *values, key=b"k")
    assert [r.value for r in await read(reader, await reader.spans(topic))] == values


@pytest.mark.servers
async def test_a_topic_that_is_not_there_is_told(servers):
    settings = Settings(kafka=KafkaSettings(bootstrap_servers=servers.bootstrap_servers))
    async with AiokafkaReader(settings) as reader:
        with pytest.raises(Misconfigured, match="newswire topics"):
            await reader.spans("no.such.topic")


async def test_no_kafka_is_one_line():
    from deploy.local.ports import free_port

    settings = Settings(kafka=KafkaSettings(bootstrap_servers=f"127.0.0.1:{free_port()}", request_timeout_s=1))
    with pytest.raises(Unavailable, match="BOOTSTRAP_SERVERS"):
        async with AiokafkaReader(settings):
            pass
