from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingestion.pace import MINUTE, Pace
from shared.feeds import Feed
from shared.feeds.model import LimitRules
from shared.local_feed import key_hash
from shared.settings import Settings
from tests.unit.ingestion.support import KEY, Book, FrontDoor

STORY = {"title": "x"}


@given(st.integers(1, 50), st.lists(st.floats(0, 5), max_size=300))
def test_no_minute_lets_through_more_than_twice_the_rate_and_a_quiet_one_gives_it_all(
    per_minute: int, pauses: list[float]
) -> None:
    pace, now, taken = Pace(), 1000.0, []
    for pause in pauses:
        now += pause
        if not pace.wait("a", per_minute, now):
            taken.append(now)
    # A burst of `per_minute`, and what the minute gives beside it.
    assert all(sum(begin <= t < begin + MINUTE for t in taken) <= 2 * per_minute for begin in taken)
    assert [pace.wait("a", per_minute, now + 2 * MINUTE) for _ in range(per_minute)] == [0.0] * per_minute
    assert pace.wait("a", per_minute, now + 2 * MINUTE) > 0


@given(st.integers(1, 1000))
def test_who_waits_as_told_is_welcome(per_minute: int) -> None:
    pace = Pace()
    while not (wait := pace.wait("a", per_minute, 5.0)):
        pass
    assert pace.wait("a", per_minute, 5.0 + wait * 0.9) > 0
    assert pace.wait("a", per_minute, 5.0 + wait + 1e-6) == 0


def test_names_are_counted_apart_and_their_number_is_bounded() -> None:
    pace = Pace(most_names=10)
    for number in range(100):
        assert pace.wait(str(number), 1, 0.0) == 0
    assert len(pace._paid_until) == 10
    assert pace.wait("99", 1, 0.0) > 0


@pytest.fixture
def slow() -> FrontDoor:
    feed = Feed(id="local", key_hashes=(key_hash(KEY),), limits=LimitRules(requests_per_minute=3))
    return FrontDoor(feeds=Book(feed))


async def test_a_feed_that_pushes_too_often_is_told_when_to_come_again(slow: FrontDoor) -> None:
    for _ in range(3):
        assert (await slow.push(STORY)).status == 202
    answer = await slow.push(STORY)
    assert (answer.status, answer.code) == (429, "too-many-requests")
    assert 1 <= int(answer.headers["retry-after"]) <= 20
    assert len(slow.publisher.sent) == 3


async def test_a_wrong_key_uses_up_no_one_elses_rate(slow: FrontDoor) -> None:
    for _ in range(5):
        assert (await slow.push(STORY, key="nw_" + "x" * 43)).status == 401
    assert (await slow.push(STORY)).status == 202


async def test_an_address_may_be_held_to_a_rate_whatever_key_it_has() -> None:
    settings = Settings()
    door = FrontDoor(
        settings=settings.model_copy(
            update={"ingestion": settings.ingestion.model_copy(update={"requests_per_minute_per_address": 4})}
        )
    )
    statuses = [(await door.push(STORY, key="nw_" + "x" * 43)).status for _ in range(6)]
    assert statuses == [401, 401, 401, 401, 429, 429]
