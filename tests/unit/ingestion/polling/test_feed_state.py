"""What is remembered of a feed between two polls."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingestion.polling.feed_state import (
    FeedState,
    load_state,
    mark_message,
    mark_of,
    state_message,
    validator,
)
from services.ingestion.polling.hosts import Hosts
from services.ingestion.polling.schedule import Pace
from services.ingestion.polling.seen import pair_of
from shared.kafka.partitioner import partition_for

NOW = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
URL = "https://example.org/feed"


def state() -> FeedState:
    made = FeedState(URL, Pace(90.5, 2), NOW, '"e"', "Fri, 02 Jan 2026 03:04:05 GMT", NOW, NOW, NOW, "timeout")
    made.seen.hold([pair_of("a", b"1")], 7)
    return made


def test_it_survives_its_message():
    again = load_state(state_message("afp", state()).value or b"")
    assert again.dump() == state().dump()
    assert not again.seen.is_news(pair_of("a", b"1"))
    assert (again.pace, again.next, again.why) == (Pace(90.5, 2), NOW, "timeout")


def test_conditions_hold_for_the_address_they_came_from():
    assert state().conditions(URL, NOW) == {
        "If-None-Match": '"e"',
        "If-Modified-Since": "Fri, 02 Jan 2026 03:04:05 GMT",
    }
    assert state().conditions("https://example.org/other", NOW) == {}


def test_once_a_day_no_condition_is_made():
    assert state().conditions(URL, NOW + timedelta(hours=23))
    assert state().conditions(URL, NOW + timedelta(days=1)) == {}


@pytest.mark.parametrize("text", ["", None, "a\r\nX: y", "é", "x" * 501, "\x00"])
def test_a_validator_that_cannot_be_sent_back_is_none(text):
    assert validator(text) is None


def test_another_version_is_told():
    data = orjson.loads(state().dump()) | {"v": 2}
    with pytest.raises(ValueError, match="another version"):
        load_state(orjson.dumps(data))


@given(
    st.sampled_from(list(orjson.loads(state().dump()))), st.none() | st.integers() | st.text() | st.lists(st.integers())
)
def test_a_damaged_state_is_a_value_error_or_usable(name, value):
    data = orjson.loads(state().dump()) | {name: value}
    try:
        load_state(orjson.dumps(data, default=str)).seen.text()
    except (ValueError, TypeError):  # TypeError: orjson, on an integer of more than 64 bits
        return


@given(st.integers(1, 50))
def test_every_partition_has_its_mark(partitions):
    for number in range(partitions):
        message = mark_message(number, partitions, "n")
        assert partition_for(message.key or b"", partitions) == number
        assert mark_of(message.value) == "n"


@pytest.mark.parametrize("value", [None, b"", b"{", b"1", b'{"mark":1}', b"[]"])
def test_what_is_no_mark(value):
    assert mark_of(value) is None


def test_a_host_is_asked_one_at_a_time_with_a_gap():
    clock = [100.0]
    hosts = Hosts(2.0, lambda: clock[0])
    assert hosts.wait_s("a") == 0
    turn = hosts.begin("a")
    assert hosts.wait_s("a") is None
    assert hosts.wait_s("b") == 0
    turn.end()
    assert hosts.wait_s("a") == 2
    clock[0] += 2
    second = hosts.begin("a")
    turn.end()
    assert hosts.wait_s("a") is None, "an old turn ends nothing"
    second.end(rest_s=60)
    assert hosts.wait_s("a") == 60
