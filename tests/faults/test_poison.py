"""Records that no newswire service wrote, straight into the topics: kept whole as dead letters, and the rest moves on."""

from __future__ import annotations

import uuid

import pytest

from shared.events import ARTICLES_NORMALIZED, CLOUDEVENTS_JSON, DEAD_LETTERS, STORIES_RAW
from shared.kafka.client import AiokafkaPublisher, AiokafkaSource
from shared.kafka.ports import Message
from shared.settings import load_settings
from tests.harness import Ledger, documents_of, scan, wait_until

pytestmark = [pytest.mark.servers, pytest.mark.faults]

POISON = [
    b"not an event at all",
    b"\xff\xfe\xff" * 50,
    b"",
    None,
    b'{"specversion":"1.0","type":"newswire.article.normalized.v9","data":{}}',
    b'{"specversion":"1.0","type":"newswire.article.normalized.v1","data":{"article_id":"no uuid"}}',
    b"[" * 5000,
]


@pytest.mark.parametrize("topic", [STORIES_RAW, ARTICLES_NORMALIZED])
async def test_poison_is_kept_whole_and_the_partition_moves_on(pipeline, monkeypatch, topic):
    monkeypatch.setenv("NEWSWIRE_KAFKA__BOOTSTRAP_SERVERS", pipeline.bootstrap_servers)
    settings = load_settings()
    mark = f"poison-{uuid.uuid4().hex}".encode()
    headers = (("mark", mark), ("content-type", CLOUDEVENTS_JSON.encode()))
    publisher = AiokafkaPublisher(settings)
    await publisher.start()
    try:
        # Every partition gets every poison: sixty keys reach each of them.
        messages = [Message(topic, f"{n}".encode(), value, headers) for n in range(60) for value in POISON]
        assert set(await publisher.publish(messages)) == {None}
    finally:
        await publisher.stop()
    buried = await collect(settings, mark, len(messages))
    assert sorted(told_apart(r.value) for r in buried) == sorted(told_apart(m.value) for m in messages)
    for record in buried:
        kept = dict(record.headers)
        assert kept["mark"] == mark
        assert kept["dlq-topic"].decode() == topic
        assert kept["dlq-class"]
        assert kept["dlq-reason"]
    places = {
        ":".join(dict(r.headers)[f"dlq-{part}"].decode() for part in ("topic", "partition", "offset")) for r in buried
    }
    assert len(places) == len(messages)
    query = {"terms": {"id": sorted(places)}}
    filed = wait_until(
        lambda: len(found := list(scan(pipeline.elasticsearch_url, query, "dead-letters"))) == len(places) and found,
        60,
        "a record of each dead letter, for the trace",
    )
    assert {hit["_source"]["id"] for hit in filed} == places
    assert all(hit["_source"]["class"] and hit["_source"]["reason"] for hit in filed)
    ledger = Ledger()
    story = ledger.story()
    answer = pipeline.push(story)
    ledger.enter(story, answer.status_code)
    found = wait_until(lambda: documents_of(pipeline.elasticsearch_url, ledger.mark), 30, "a story after the poison")
    assert ledger.check(found) == []


def told_apart(value):
    """No value and an empty one are two things."""
    return value is None, value or b""


async def collect(settings, mark, count):
    """All dead letters with this mark, read from the beginning by a group of its own."""

    async def nothing(_):
        return None

    source, found = AiokafkaSource(settings, f"test-{uuid.uuid4().hex}"), []
    await source.start([DEAD_LETTERS], nothing, nothing)
    try:
        for _ in range(300):
            found += [r for r in await source.poll(2000, 0.2) if ("mark", mark) in r.headers]
            if len(found) >= count:
                break
    finally:
        await source.stop()
    return found
