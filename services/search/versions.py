"""The live document and the history of an article → its versions as readers get them, pure.

An article that may not be shown now shows no version of its past. A version that was itself withheld or under an embargo, and
still would be, is told of by its numbers and times alone. History holds the row of what is live still after a crash between
two writes (see indexing): the row whose revision is the live one's is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from services.search import article as articles
from services.search.diff import MAX_CHARACTERS, Budget, Piece, fact_diff, list_diff, text_diff
from services.search.reader import standing
from services.search.results import change_of, text_of

Document = Mapping[str, Any]

MAX_ROWS: Final = 1000
"""Versions told of one article, the newest; no wire sends more."""
_LATE: Final = {
    "stale": "older than the version that was live when it came",
    "after-kill": "its article had been killed",
}
LISTED: Final = [
    "id", "article_id", "version", "ext_version", "revision", "change", "correction", "status", "embargoed_until",
    "embargo_open", "expires", "title", "ednote", "reason", "version_time", "published", "received", "indexed",
    "live_from", "live_until", "word_count", "item", "source_hash", "held", "held_until",
]  # fmt: skip
"""Fields that a list of versions is made of; `body` is not among them."""
_FACTS: Final = ("status", "slugline", "section", "source", "credit", "rights", "ednote", "url")
_DATES: Final = ("published", "first_published", "updated", "embargoed_until", "expires")
_LISTS: Final = ("byline", "keywords", "places", "subheads")
_TEXTS: Final = ("title", "summary", "body")


@dataclass(frozen=True, slots=True)
class Past:
    """An article with its history: `live` is its document, `rows` what it was before, and what came late."""

    live: Document
    rows: Sequence[Document]

    @property
    def all(self) -> list[Document]:
        """Every version once, in their order: by number, and what shares one by reception."""
        past = [row for row in self.rows if row.get("revision") != self.live.get("revision")]
        return sorted([*past, self.live], key=lambda one: (one.get("ext_version") or 0, str(one.get("received"))))

    def revision(self, number: int) -> Document | None:
        """The version of a revision, or None; of two rows (after a crash), the one that was live."""
        if number == self.live.get("revision"):
            return self.live
        found = [row for row in self.rows if row.get("revision") == number]
        return max(found, key=lambda row: row.get("live_from") or "", default=None)


def listed(past: Past, now: datetime, *, total: int) -> dict[str, Any]:
    """The list of an article's versions, oldest first; `total` of them are stored."""
    versions = past.all
    return {
        "id": past.live.get("id"),
        "revision": past.live.get("revision"),
        "total": max(total, len(versions)),
        "versions": [entry(version, past.live, now) for version in versions],
    }


def entry(version: Document, live: Document, now: datetime) -> dict[str, Any]:
    """One version's line: its numbers, what it did, when it was searchable, and its notes if they may be read."""
    status = standing(version, now)
    is_live = version is live
    since, until = _searchable(version, is_live=is_live, now=now)
    change = version.get("change")
    told = {
        "revision": version.get("revision"),
        "version": version.get("version"),
        "ext_version": version.get("ext_version"),
        "change": change,
        "correction": bool(version.get("correction")),
        "status": status,
        "live": is_live,
        "was_live": is_live or version.get("live_from") is not None,
        "late": change in _LATE,
        "late_because": _LATE.get(str(change)),
        "version_time": version.get("version_time"),
        "published": version.get("published"),
        "received": version.get("received"),
        "searchable_from": since,
        "searchable_until": until,
    }
    open_to_readers = status == "usable"
    return told | {
        "change": change_of(version) if open_to_readers else change,
        "title": text_of(version.get("title")) if open_to_readers else None,
        "ednote": version.get("ednote") if open_to_readers else None,
        "reason": version.get("reason") if open_to_readers else None,
        "word_count": version.get("word_count") or 0 if open_to_readers else None,
    }


def whole(version: Document, live: Document, now: datetime) -> dict[str, Any] | None:
    """One version in full, with what its line in the list says; None if readers get nothing of it."""
    told = articles.article(version, now)
    if told is None:
        return None
    line = entry(version, live, now)
    return told | {"id": live.get("id")} | line | {"status": told["status"]}


def difference(before: Document, after: Document) -> dict[str, Any]:
    """What changed from one version to another, by field; `changed` names the fields that differ.

    A text of which too much would have to be compared is left out, and named in `left_out` with the reason.
    """
    budget = Budget()
    fields: dict[str, list[Piece]] = {}
    left_out = []
    for name in _TEXTS:
        old, new = text_of(before.get(name)) or "", text_of(after.get(name)) or ""
        if old != new and len(old) + len(new) > MAX_CHARACTERS:
            reason = f"the two texts have over {MAX_CHARACTERS:,} characters together"
            left_out.append({"field": name, "reason": reason})
        else:
            fields[name] = text_diff(old, new, budget)
    fields |= {name: list_diff(_strings(before.get(name)), _strings(after.get(name)), budget) for name in _LISTS}
    fields |= {name: fact_diff(_text(before.get(name)), _text(after.get(name))) for name in (*_FACTS, *_DATES)}
    return {
        "changed": [name for name, pieces in fields.items() if any(piece.op != "equal" for piece in pieces)],
        "fields": {name: [piece._asdict() for piece in pieces] for name, pieces in fields.items()},
        "left_out": left_out,
        "coarse": budget.spent,
    }


def text_length(version: Document) -> int:
    """Characters of a version's texts: what a difference of it costs."""
    return sum(len(text_of(version.get(name)) or "") for name in _TEXTS)


def at(past: Past, moment: datetime, now: datetime) -> dict[str, Any] | None:
    """The article as readers got it at `moment`; None if they got nothing then, or may get nothing now.

    Raises:
        articles.Killed: it has been killed, whenever.
    """
    if articles.article(past.live, now) is None:
        return None
    live_since = _moment(past.live.get("indexed"))
    if live_since is not None and live_since <= moment:
        return articles.article(_without_later(past.live, moment), moment)
    spans = [row for row in past.all if row is not past.live and _spans(row, moment)]
    if not spans:
        return None
    row = max(spans, key=lambda row: str(row["live_from"]))
    told = articles.article(_without_later(row, moment), moment)
    return told and told | {"id": past.live.get("id")}


def _without_later(version: Document, moment: datetime) -> Document:
    """A version without what replaced it only after the moment."""
    replaced = _moment(version.get("replaced_at"))
    if replaced is None or replaced <= moment:
        return version
    return {name: value for name, value in version.items() if name != "replaced_by"}


def _spans(row: Document, moment: datetime) -> bool:
    since, until = _moment(row.get("live_from")), _moment(row.get("live_until"))
    return since is not None and until is not None and since <= moment < until


def _searchable(version: Document, *, is_live: bool, now: datetime) -> tuple[str | None, str | None]:
    """When readers could find it: while it was live, after its embargo, before its expiry; (None, None) for never."""
    since = version.get("indexed") if is_live else version.get("live_from")
    if since is None or version.get("status") != "usable" or version.get("embargo_open"):
        return None, None
    start, end = _moment(since), _moment(None if is_live else version.get("live_until"))
    embargo, expires = _moment(version.get("embargoed_until")), _moment(version.get("expires"))
    if embargo is not None and start is not None and embargo > start:
        start, since = embargo, version["embargoed_until"]
    until = None if is_live else version.get("live_until")
    if expires is not None and expires <= now and (end is None or expires < end):
        end, until = expires, version["expires"]
    if start is None or start > now or (end is not None and start >= end):
        return None, None
    return since, until


def _moment(text: Any) -> datetime | None:
    """A stored time as the index holds it, cut to the millisecond."""
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _strings(value: Any) -> list[str]:
    many: Iterable[Any] = value if isinstance(value, list) else [] if value is None else [value]
    return [str(one) for one in many]


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
