"""What stands and was told of lives, held against the model: for the index in memory and for the real one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple

from shared.ids import event_id
from tests.unit.indexing.lives import LIFE, Dialect, Expected, essence, expected, marks_corrections, told

Document = Mapping[str, Any]
NAMED = frozenset(
    {"id", "article_id", "story_id", "cluster_id", "provider_id", "source_hash", "text_hash", "sketch", "bands"}
)
"""Fields that tell one article from another."""


class Seen(NamedTuple):
    """Live documents and rows of history by article, all events of `articles.changes`, all records of dead letters."""

    live: Mapping[str, Sequence[Document]]
    rows: Mapping[str, Sequence[Document]]
    events: Sequence[Document]
    letters: Sequence[Document]


def hold_true(
    dialect: Dialect,
    lives: Mapping[str, Sequence[str]],
    seen: Seen,
    feed: str = "wire",
    lag: timedelta = timedelta(),
) -> None:
    """Fails unless every life ended as the model says; those with the same items and a kill end in the same, field by field.

    `lag`: how far a worker may have been behind that went on writing what it had lost.
    """
    events, letters = _events(seen.events), _letters(seen.letters)
    ends: dict[frozenset[str], set[str]] = {}
    for name, life in lives.items():
        end = expected(life, corrections=marks_corrections(dialect))
        key = str(told(dialect, name, end.live, feed).article_id)
        ends.setdefault(frozenset(life), set()).add(_end(dialect, name, end, seen, feed))
        _spans(*_documents(key, seen), lag)
        numbers = {item.version: told(dialect, name, of, feed).ext_version for of, item in LIFE.items()}
        assert events.get(key, set()) == {(change, numbers[of] + sub) for change, of, sub in end.announced}, life
        (live,) = seen.live[key]
        began = told(dialect, name, next(iter(life)), feed).first_published
        assert _moment(live.get("first_published")) == began, (life, "when it was first published does not move")
        wanted = {(told(dialect, name, item, feed).item, why) for item, why in end.letters}
        assert letters.get(key, set()) == wanted, life
    for items, found in ends.items():
        assert len(found) == 1 or "kill" not in items, "documents and history, field by field"


def _documents(article_id: str, seen: Seen) -> tuple[Document, list[Document]]:
    """What is live, and its history; a row of the live version itself does not count: it was about to be superseded."""
    (live,) = seen.live[article_id]
    return live, [row for row in seen.rows.get(article_id, ()) if row.get("revision") != live["revision"]]


def _end(dialect: Dialect, name: str, end: Expected, seen: Seen, feed: str) -> str:
    """The documents of one article, checked, in words that depend neither on its name nor on the order of its life."""
    made = told(dialect, name, end.live, feed)
    live, past = _documents(str(made.article_id), seen)
    assert live["ext_version"] == made.ext_version + end.sub, end
    assert (live["item"], live["status"]) == (made.item, made.status), end
    assert ("body" in live) is not end.held
    assert sorted(row["item"] for row in past) == sorted(told(dialect, name, of, feed).item for of in end.history), end
    assert {row.get("held", False) for row in past} <= {end.held}, end
    until = {live["embargoed_until"]} if LIFE[end.live].embargoed else {None}
    assert {row.get("held_until") for row in past} <= until, end
    for row in past:
        assert int(row["superseded_by"]) > 0
        assert "bands" not in row
    return str(_nameless(live, name)) + str(sorted(str(_nameless(row, name)) for row in past))


def _spans(live: Document, past: Sequence[Document], lag: timedelta) -> None:
    """Versions were live one after another, without a gap and without two at once.

    A worker that still writes what it has lost may say of the version before when it would have given way to its own write.
    """
    were = sorted((row for row in past if row.get("live_from")), key=lambda row: row["revision"])
    for one, following in pairwise([*were, live]):
        since = following.get("live_from", following.get("indexed"))
        assert one["live_from"] <= one["live_until"], one["revision"]
        apart = abs(datetime.fromisoformat(one["live_until"]) - datetime.fromisoformat(since))
        assert apart <= lag, (one["revision"], following["revision"], apart)


def _nameless(document: Document, name: str) -> list[str]:
    return sorted(
        re.sub(rf"\b{name}\b", "N", f"{key}={value}") for key, value in essence(document).items() if key not in NAMED
    )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _events(events: Sequence[Document]) -> dict[str, set[tuple[str, int]]]:
    found: dict[str, set[tuple[str, int]]] = {}
    for event in events:
        data = event["data"]
        assert event["id"] == str(event_id(data["article_id"], data["ext_version"], data["change"]))
        found.setdefault(data["article_id"], set()).add((data["change"], data["ext_version"]))
    return found


def _letters(letters: Sequence[Document]) -> dict[str, set[tuple[str, str]]]:
    found: dict[str, set[tuple[str, str]]] = {}
    for one in letters:
        if "article_id" in one:
            found.setdefault(one["article_id"], set()).add((one["item"], one["class"]))
    return found
