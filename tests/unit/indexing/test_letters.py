from __future__ import annotations

from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.indexing import letters
from shared.elastic.memory import MemoryStore
from shared.elastic.outcomes import Outcome
from shared.events import DEAD_LETTERS
from shared.kafka.dead_letter import Burial, dead_letter
from shared.kafka.ports import Record
from tests.unit.indexing.samples import START, article, record, version

SINCE = "2015-01"
WRITTEN_MS = int(datetime(2026, 3, 6, tzinfo=UTC).timestamp() * 1000)
RAW = Record(
    "stories.raw",
    2,
    17,
    WRITTEN_MS,
    b"local:1",
    b"secret value",
    (
        ("ce_id", b"01900000-0000-7000-8000-000000000000.3"),
        ("ce_receipt", b"01900000-0000-7000-8000-000000000000"),
        ("ce_feed", b"local"),
        ("ce_time", b"2026-02-27T23:00:00.000000Z"),
    ),
)


def buried(original: Record, code: str = "unreadable", offset: int = 5) -> Record:
    sent = dead_letter(Burial(original, code, "a reason", 2), "normalization", START, "0.1.0")
    return Record(DEAD_LETTERS, 1, offset, WRITTEN_MS, sent.key, sent.value, sent.headers)


async def test_record_of_a_raw_story():
    action = letters.of_record(buried(RAW), SINCE)
    found = orjson.loads(action.source)
    assert (action.index, action.id) == ("dead-letters-2026.02", "stories.raw:2:17")
    assert found == {
        "id": "stories.raw:2:17",
        "class": "unreadable",
        "reason": "a reason",
        "stage": "normalization",
        "at": "2026-03-05T12:00:00.000000Z",
        "topic": "stories.raw",
        "partition": 2,
        "offset": 17,
        "attempts": 2,
        "service_version": "0.1.0",
        "feed": "local",
        "receipt": "01900000-0000-7000-8000-000000000000",
        "item": "01900000-0000-7000-8000-000000000000.3",
        "received": "2026-02-27T23:00:00.000000Z",
    }
    store = MemoryStore()
    await store.ensure_slice(action.index)
    assert (await store.write([action]))[0].outcome is Outcome.OK


def test_record_of_an_article_is_told_by_its_value():
    made = article()
    found = orjson.loads(letters.of_record(buried(record(made, 9)), SINCE).source)
    assert (found["article_id"], found["receipt"], found["item"], found["feed"]) == (
        str(made.article_id),
        str(made.receipt),
        made.item,
        "wire",
    )
    assert b"Body of" not in letters.of_record(buried(record(made, 9)), SINCE).source


def test_article_that_is_no_json_is_told_by_its_key():
    key = str(article().article_id).encode()
    found = orjson.loads(letters.of_record(buried(Record("articles.normalized", 0, 1, 0, key, b"\xff")), SINCE).source)
    assert found["article_id"] == key.decode()


def test_same_letter_buried_twice_is_one_record():
    assert letters.of_record(buried(RAW), SINCE).id == letters.of_record(buried(RAW, offset=6), SINCE).id


def test_dead_letter_without_headers_is_recorded_under_its_own_place():
    action = letters.of_record(Record(DEAD_LETTERS, 1, 5, WRITTEN_MS, None, None), SINCE)
    found = orjson.loads(action.source)
    assert (found["class"], found["id"]) == (letters.UNREADABLE, "dead-letters:1:5")
    assert action.index == "dead-letters-2026.03"


@pytest.mark.parametrize(
    "stamp", [b"9999-12-31T00:00:00Z", b"0001-01-01T00:00:00+14:00", b"soon", b"2026-03-01T00:00:00"]
)
def test_stamp_that_cannot_be_makes_no_slice_of_its_own(stamp):
    headers = tuple((name, stamp if name == "ce_time" else value) for name, value in RAW.headers)
    original = Record(RAW.topic, 2, 17, WRITTEN_MS, RAW.key, RAW.value, headers)
    assert letters.of_record(buried(original), SINCE).index == "dead-letters-2026.03"


_NAMES = st.sampled_from(
    [
        "dlq-class",
        "dlq-reason",
        "dlq-topic",
        "dlq-partition",
        "dlq-offset",
        "dlq-at",
        "dlq-attempts",
        "ce_id",
        "ce_receipt",
        "ce_time",
        "x",
    ]
)


@given(
    st.lists(
        st.tuples(_NAMES, st.one_of(st.binary(max_size=30), st.text("0123456789-:TZ+.", max_size=30).map(str.encode)))
    ),
    st.one_of(st.none(), st.binary(max_size=40)),
    st.one_of(st.none(), st.binary(max_size=40), st.just(b'{"data":{"receipt":7,"received":[]}}')),
    st.integers(-1, 2**41),
)
def test_nothing_a_record_says_can_raise(headers, key, value, timestamp):
    action = letters.of_record(Record(DEAD_LETTERS, 0, 1, timestamp, key, value, tuple(headers)), SINCE)
    assert orjson.loads(action.source)["id"] == action.id


def test_record_of_a_version_that_ends_in_no_document():
    made = article()
    action = letters.of_version(version(made, 4), "after-kill", "why", at="2026-03-05T12:00:01.000000Z", since=SINCE)
    found = orjson.loads(action.source)
    assert (action.index, found["class"], found["stage"]) == ("dead-letters-2026.03", "after-kill", "indexing")
    assert (found["receipt"], found["item"], found["article_id"]) == (
        str(made.receipt),
        made.item,
        str(made.article_id),
    )
    assert "Body" not in action.source.decode()


@pytest.mark.parametrize("topic", ["x" * 600, "ж" * 249, "a topic", "", "a" * 250])
def test_a_hostile_topic_makes_no_id_of_its_own(topic):
    headers = (("dlq-topic", topic.encode()), ("dlq-partition", b"1"), ("dlq-offset", b"2"))
    action = letters.of_record(Record(DEAD_LETTERS, 3, 9, WRITTEN_MS, None, b"", headers), SINCE)
    assert action.id == "dead-letters:3:9"


def test_no_id_is_longer_than_elasticsearch_takes():
    longest = str(10**18 - 1).encode()
    headers = (("dlq-topic", b"t" * 249), ("dlq-partition", longest), ("dlq-offset", longest))
    action = letters.of_record(Record(DEAD_LETTERS, 3, 9, WRITTEN_MS, None, b"", headers), SINCE)
    assert action.id.startswith("ttt")
    assert len(action.id.encode()) <= 512
