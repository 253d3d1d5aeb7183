"""What a replica passes on to the owner of a feed."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from services.ingestion.polling.feed_state import mark_message, mark_of
from services.ingestion.websub import notes
from services.ingestion.websub.notes import HEADER, Kind, body_of, done_message, is_note, note_message, note_of
from shared.kafka.partitioner import partition_for
from shared.kafka.ports import Message, Record
from shared.settings import MIB

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
FEEDS = st.from_regex(r"\A[a-z0-9][a-z0-9._-]{0,63}\Z")


def record(message: Message) -> Record:
    return Record(message.topic, 0, 0, 0, message.key, message.value, message.headers)


@given(FEEDS, st.integers(1, 50), st.sampled_from(Kind), st.none() | st.floats(0, 1e9), st.none() | st.binary())
def test_a_note_arrives_at_its_feeds_partition_as_it_was(feed, partitions, kind, lease_s, body):
    message = note_message(feed, partitions, kind, "token", NOW, lease_s=lease_s, content_type="text/xml", body=body)
    assert partition_for(message.key or b"", partitions) == partition_for(feed.encode(), partitions)
    note = note_of(record(message))
    assert note
    assert (note.feed, note.kind, note.token, note.at, note.lease_s) == (feed, kind, "token", NOW, lease_s)
    assert note.content_type == "text/xml"
    if body is not None:
        assert body_of(note, max(len(body), 1)) == body
    assert is_note(message.key or b"")
    assert done_message(note).key == message.key


def test_no_two_notes_take_each_others_place():
    keys = {note_message("f", 6, Kind.CONTENT, "t", NOW, body=b"x").key for _ in range(50)}
    assert len(keys) == 50


def test_marks_are_no_notes_and_notes_no_marks():
    assert not is_note(mark_message(1, 6, "n").key or b"")
    assert mark_of(note_message("f", 6, Kind.WAKE, "t", NOW).value) is None
    assert not is_note(b"f")


def test_a_body_that_does_not_fit_only_wakes():
    import random

    body = random.Random(1).randbytes(2 * notes.MAX_PACKED)
    message = note_message("f", 6, Kind.CONTENT, "t", NOW, body=body)
    note = note_of(record(message))
    assert note
    assert (note.kind, note.packed) == (Kind.WAKE, b"")
    largest = note_message("f", 6, Kind.CONTENT, "t", NOW, body=body[: notes.MAX_PACKED - 2000])
    assert len(largest.value or b"") > 800_000
    assert record(largest).size < MIB - 1000, "the topic's own limit"


def test_an_unpacked_body_is_bounded():
    note = note_of(record(note_message("f", 6, Kind.CONTENT, "t", NOW, body=b"0" * 100_000)))
    assert note
    assert body_of(note, 99_999) is None
    assert body_of(note, 100_000) == b"0" * 100_000


@given(st.binary(max_size=60), st.binary(max_size=60), st.binary(max_size=200))
def test_no_record_raises(key: bytes, value: bytes, said: bytes):
    note = note_of(Record("t", 0, 0, 0, b"~1~f~" + b"0" * 36, value, ((HEADER, said),)))
    assert note is None or body_of(note, 1000) is None or note.packed == value
    assert note_of(Record("t", 0, 0, 0, key, value, ())) is None
