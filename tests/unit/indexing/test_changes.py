"""What each event of a story's life does, row by row as wires mean it: decided in pure files, over every state before it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from services.indexing.announce import Announcement, tellable
from services.indexing.plan import fold
from services.indexing.spans import MOST, spans_of
from services.indexing.versions import AFTER_KILL, STALE, UNANNOUNCED, Verdict, Version
from shared.events import Article, rfc3339
from tests.unit.indexing.samples import START, article, version

AT = rfc3339(START + timedelta(seconds=10))
SOON = START + timedelta(hours=1)
PAST = START - timedelta(hours=1)
NEW = {"body": "New."}


def place(_: Version) -> str:
    return "articles-2026.03"


def changes(*made: Article) -> list[str]:
    plan = fold(None, [version(one, number) for number, one in enumerate(made)], place, AT)
    steps = [*plan.taken, *plan.duplicates, *plan.late]
    return [step.decision.change for step in sorted(steps, key=lambda step: step.version.position[2])]


@pytest.mark.parametrize(
    ("first", "then", "change"),
    [
        # seen before → seen
        ({}, NEW, "updated"),
        ({}, NEW | {"correction": True}, "corrected"),
        ({"body": "Same."}, {"body": "Same."}, UNANNOUNCED),
        ({"text_hash": "a"}, NEW | {"text_hash": "a"}, UNANNOUNCED),
        ({"text_hash": "a"}, NEW | {"text_hash": "a", "correction": True}, "corrected"),
        ({"text_hash": "a"}, NEW | {"text_hash": "b"}, "updated"),
        ({}, NEW | {"embargoed_until": PAST}, "updated"),
        ({}, NEW | {"replaced_by": "01890a5d-ac96-774b-bcce-b302099a8057"}, "replaced"),
        # seen → not seen
        ({}, {"status": "withheld"}, "withheld"),
        ({}, NEW | {"embargoed_until": SOON}, "withheld"),
        ({}, NEW | {"embargo_open": True}, "withheld"),
        ({"text_hash": "a"}, {"embargoed_until": SOON, "text_hash": "a"}, "withheld"),
        # not seen → seen
        ({"status": "withheld"}, NEW, "released"),
        ({"embargoed_until": SOON}, NEW, "released"),
        ({"embargo_open": True}, NEW, "released"),
        ({"embargoed_until": SOON}, NEW | {"embargoed_until": PAST}, "released"),
        # not seen → not seen
        ({"status": "withheld"}, {"status": "withheld", "body": "New."}, "withheld"),
        ({"embargoed_until": SOON}, {"status": "withheld"}, "withheld"),
        ({"embargoed_until": SOON}, NEW | {"embargoed_until": SOON}, "updated"),
        # for good
        ({}, {"status": "killed"}, "killed"),
        ({"status": "withheld"}, {"status": "killed"}, "killed"),
        ({"embargoed_until": SOON}, {"status": "killed"}, "killed"),
        ({"status": "killed"}, NEW, AFTER_KILL),
        ({"status": "killed"}, {"status": "withheld"}, AFTER_KILL),
    ],
)
def test_a_higher_version(first, then, change):
    assert changes(article(**first), article(version=2, seconds=1, **then))[-1] == change


@pytest.mark.parametrize(
    ("given", "change"),
    [
        ({}, "created"),
        ({"correction": True}, "created"),
        ({"embargoed_until": SOON}, "created"),
        ({"status": "withheld"}, "withheld"),
        ({"status": "killed"}, "killed"),
    ],
)
def test_a_first_version(given, change):
    assert changes(article(**given)) == [change]


def test_a_late_version_and_a_repeat():
    assert changes(article(version=2), article(version=1)) == ["created", STALE]
    plan = fold(None, [version(article()), version(article(seconds=9), 1)], place, AT)
    assert [step.decision.verdict for step in plan.duplicates] == [Verdict.DUPLICATE]


def test_whether_an_embargo_holds_is_decided_at_the_write_and_not_at_the_receipt():
    made = [article(), article(version=2, body="New.", embargoed_until=START + timedelta(seconds=5))]
    assert changes(*made) == ["created", "updated"], "received before its end, written after it"


def told(change: str, seconds: float, *, late: bool = False, **given) -> list[str]:
    """What is told of a version written at AT, so many seconds later."""
    one = Announcement(version(article(**given)), change, 2000, 1, AT, late=late)
    return [found.change for found in tellable([one], START + timedelta(seconds=10 + seconds))]


@pytest.mark.parametrize("change", ["created", "updated", "corrected", "released"])
def test_nothing_is_told_of_a_story_under_embargo_before_its_end(change):
    until = START + timedelta(seconds=15)
    assert told(change, 1, embargoed_until=until) == []
    assert told(change, 5, embargoed_until=until) == ["released"], "it has ended since it was written"
    assert told(change, 9, embargoed_until=until, late=True) == [], "that of a version long gone is not"
    assert told(change, 1, embargo_open=True) == []
    assert told(change, 1, embargoed_until=PAST) == [change]


@pytest.mark.parametrize("change", ["killed", "withheld", "replaced"])
def test_what_takes_a_story_back_is_told_at_once(change):
    assert told(change, 1, embargoed_until=SOON, embargo_open=True) == [change]


def test_what_expired_between_write_and_announcement_is_told_so():
    assert told("created", 5, expires=START + timedelta(seconds=12)) == ["created", "expired"]
    assert told("created", 1, expires=START + timedelta(seconds=12)) == ["created"], "the clock will"
    assert told("created", 5, expires=PAST) == ["created"]


def row(revision: int, since: int, until: int | None, **more) -> dict:
    found = {"ext_version": revision * 1000, "revision": revision, "status": "usable"}
    found["live_from"] = rfc3339(START + timedelta(seconds=since))
    if until is not None:
        found["live_until"] = rfc3339(START + timedelta(seconds=until))
    return found | more


def spans(*rows: dict, before: int = 9) -> list[tuple[int, float, float]]:
    def seconds(text: str) -> float:
        return (datetime.fromisoformat(text) - START).total_seconds()

    return [(one["revision"], seconds(one["since"]), seconds(one["until"])) for one in spans_of(rows, before=before)]


def test_spans_are_those_in_which_readers_could_find_a_version():
    until = rfc3339(START + timedelta(seconds=15))
    assert spans(row(2, 10, 20), row(1, 0, 10)) == [(1, 0, 10), (2, 10, 20)]
    assert spans(row(1, 10, 20, embargoed_until=until)) == [(1, 15, 20)]
    assert spans(row(1, 10, 20, expires=until)) == [(1, 10, 15)]
    assert spans(row(1, 0, 10, embargoed_until=until)) == [], "it gave way before its embargo ended"
    assert spans(row(1, 0, 10, embargo_open=True), row(2, 10, 20, status="withheld"), row(3, 20, None)) == []
    assert spans(row(1, 0, 10), row(2, 10, 20), before=2) == [(1, 0, 10)], "a row of what is live says nothing yet"
    assert len(spans(*(row(number, number, number + 1) for number in range(1, MOST + 9)), before=MOST + 99)) == MOST
