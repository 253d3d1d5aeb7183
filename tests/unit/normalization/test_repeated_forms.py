"""Forms that are filled in again each day keep all that they say, in a feed of nothing else; site's lines go all the same."""

from __future__ import annotations

import random
import uuid
from datetime import timedelta

import orjson
import pytest

from services.normalization.chunk import run_chunk
from services.normalization.learning import ENOUGH
from services.normalization.line_keeper import LineKeeper
from shared.events import STORIES_RAW, rfc3339
from shared.kafka.memory import MemoryBroker
from shared.kafka.ports import Record
from tests.unit.normalization.raws import NOW

TRAILER = "The Harbour Letter reaches its readers each morning before the first ferry."
DAYS = 60
RNG = random.Random(21)
VERBS = [
    "rises",
    "falls",
    "steadies",
    "slips",
    "climbs",
    "eases",
    "gains",
    "retreats",
    "recovers",
    "weakens",
    "firms",
    "dips",
    "jumps",
    "drifts",
]
CAUSES = [
    "on dollar",
    "after rate talk",
    "as oil moves",
    "in thin trade",
    "before data",
    "on supply",
    "after holiday",
    "on demand",
]


def day_of(number):
    return (NOW - timedelta(days=2 * DAYS) + timedelta(days=number)).strftime("%A %d %B")


def price():
    return f"{RNG.randint(1200, 1900)}.{RNG.randint(0, 9)}0"


def fixing(number):
    title = f"London gold fixing, {day_of(number)}"
    rows = [f"AM fixing {price()} ({price()})", f"PM fixing {price()} ({price()})"]
    head = f"Gold was fixed at {price()} dollars in London on {day_of(number)}, against {price()} the day before."
    return title, [head, "Dollars per troy ounce", *rows, "Prices do not include the premium."]


def market(number):
    """The same table under headlines that all differ."""
    title = f"Gold {VERBS[number % len(VERBS)]} {CAUSES[number % len(CAUSES)]}"
    head = f"Gold {VERBS[number % len(VERBS)]} to {price()} dollars {CAUSES[number % len(CAUSES)]}, dealers in London said."
    rows = [f"Gold {price()} {price()}", f"Silver {price()} {price()}", f"Platinum {price()} {price()}"]
    return title, [head, "Closing prices in dollars per troy ounce", *rows, "Previous close in the last column"]


def reserves(number):
    way = "rose" if number % 3 else "fell"
    title = f"Central bank reserves {'up' if number % 3 else 'down'} in week to {day_of(number)}"
    head = (
        f"Reserves of the central bank {way} by {RNG.randint(1, 90)} million in the week to {day_of(number)}, it said."
    )
    return title, [
        head,
        "The bank did not say why.",
        f"Foreign currency {way} to {price()} million, and it was not said how.",
        "Gold holdings were unchanged.",
    ]


def earnings(number):
    title = f"{VERBS[number % len(VERBS)].title()} Inc {CAUSES[number % len(CAUSES)]} {number}th qtr net"
    rows = [
        f"Shr {RNG.randint(1, 99)} cts vs {RNG.randint(1, 99)} cts",
        f"Net {price()} vs {price()}",
        f"Revs {price()} vs {price()}",
    ]
    return title, [*rows, "Year", *rows, "NOTE: Results include discontinued operations."]


def run(make, trailer=None, *, daily=True):
    """The bodies, as paragraphs, of stories pushed one by one with learning, beside what was filed."""
    keeper = LineKeeper(MemoryBroker().publisher(), clock=NOW.timestamp)
    found = []
    for number in range(DAYS):
        title, paragraphs = make(number)
        paragraphs = [*paragraphs, *([trailer] if trailer else [])]
        at = NOW - timedelta(days=2 * DAYS) + timedelta(days=number if daily else 0, minutes=number)
        story = {
            "id": str(number),
            "title": title,
            "body": "\n\n".join(paragraphs),
            "published": rfc3339(at),
            "language": "en",
        }
        headers = {
            "ce_specversion": "1.0", "ce_type": "newswire.story.received.v1", "ce_id": f"{number}", "ce_feed": "f",
            "ce_receipt": str(uuid.uuid4()), "ce_time": rfc3339(NOW), "content-type": "application/json",
        }  # fmt: skip
        record = Record(
            STORIES_RAW, 0, 0, 0, b"", orjson.dumps(story), tuple((k, v.encode()) for k, v in headers.items())
        )
        (outcome,) = run_chunk(keeper.items([record]), 60, 1_000_000)
        assert outcome.code is None, outcome
        keeper.take([record], [outcome])
        data = orjson.loads(outcome.messages[0][1])["data"]
        found.append((paragraphs, (data.get("body") or "").split("\n\n"), data["notes"]))
    return found


@pytest.mark.parametrize("make", [fixing, market, reserves, earnings])
def test_a_form_keeps_its_substance_day_after_day(make):
    for _, _, notes in run(make):
        assert not [note for note in notes if "repeats" in note]


def news(number):
    place, word = VERBS[number % len(VERBS)], CAUSES[number // len(VERBS)]
    text = f"The council of {place} town met {word} and put off what it had to decide about the {place} road."
    return f"{place.title()} council meets {word}", [
        text,
        f"Nobody in {place} had asked for more, its mayor said {word}.",
    ]


def test_the_same_many_stories_of_news_lose_their_trailer():
    found = run(news, TRAILER)
    assert all(TRAILER in body for _, body, _ in found[:ENOUGH])
    assert all(TRAILER not in body for _, body, _ in found[ENOUGH + 1 :])
    assert [len(body) for _, body, _ in found[ENOUGH + 1 :]] == [2] * (DAYS - ENOUGH - 1)


def test_stories_that_differ_by_a_number_do_so_on_one_day():
    found = run(lambda n: (f"Story {n}", [f"Story number {n} of the day."]), TRAILER, daily=False)
    assert [TRAILER in body for _, body, _ in found] == [True] * ENOUGH + [False] * (DAYS - ENOUGH)
