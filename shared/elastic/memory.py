"""An index in memory that keeps Elasticsearch's promises: external versions, strict mapping, refresh, and its faults.

Writes go through the real `BulkWriter`, so that what is tested on this fake is what runs. A search (`lookup`,
`searchable`) sees what was there at the last refresh; `fetch` and `documents` see the last write.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from shared.backoff import Backoff
from shared.elastic.border import safe_reason
from shared.elastic.bulk import WRITTEN, BulkWriter, Sleep, Verdict
from shared.elastic.due import due_of
from shared.elastic.index import ARTICLE_VERSIONS, ARTICLES, DEAD_LETTERS_ALIAS, MARKS, alias_of
from shared.elastic.mapping import article_properties, dead_letter_properties, mark_properties, version_properties
from shared.elastic.outcomes import INDEX_MISSING, Outcome, classify
from shared.elastic.ports import Action, After, Due, Found, Instant, ItemOutcome, Near, Nearby, OnWait, Row, Threaded
from shared.elastic.threads import threaded
from shared.errors import NewswireError

_MAPPINGS = {
    ARTICLES: article_properties(),
    ARTICLE_VERSIONS: version_properties(),
    DEAD_LETTERS_ALIAS: dead_letter_properties(),
    MARKS: mark_properties(),
}
_UNKNOWN = "strict_dynamic_mapping_exception"
_LONGEST_ID = 512
"""Bytes of an `_id`; a longer one spoils its whole request."""
_AT_ONCE = Backoff(0.0, 0.0)
_UNREADABLE = "document_parsing_exception"


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one bulk request.

    Args:
        status: answered for the request, or for the items named in `items`; 0: no answer (time-out, reset).
        error_type: the error type of that answer.
        items: ids of the documents it is answered for; None: the whole request.
        written: a request without an answer, or answered wrongly, was carried out all the same.
    """

    status: int = 0
    error_type: str | None = None
    items: frozenset[str] | None = None
    written: bool = False


@dataclass
class _Slice:
    live: dict[str, Found] = field(default_factory=dict)
    seen: dict[str, Found] = field(default_factory=dict)

    def refresh(self) -> None:
        self.seen = dict(self.live)


async def _no_sleep(_: float) -> None:
    return


class MemoryStore:
    """`ArticleStore` in memory (see `shared.elastic.ports.ArticleStore`).

    Args:
        max_documents: a request of more documents is answered 413, to try the halving.
        max_bytes: likewise for the bytes of its documents.
        on_wait: called before each wait of the writer.
        sleep: how the writer waits; not at all by default.
        bulk_records: documents of one of the writer's requests, at most.
        backoff: how long the writer waits; no time by default.
    """

    def __init__(
        self,
        *,
        max_documents: int | None = None,
        max_bytes: int | None = None,
        on_wait: OnWait | None = None,
        sleep: Sleep = _no_sleep,
        bulk_records: int = 500,
        backoff: Backoff = _AT_ONCE,
    ) -> None:
        self._slices: dict[str, _Slice] = {}
        self._max_documents = max_documents
        self._max_bytes = max_bytes
        self._faults: deque[Fault] = deque()
        self._read_faults: deque[NewswireError] = deque()
        self.requests: list[list[str]] = []
        """Ids of each bulk request that came, whatever became of it."""
        self.lookups = 0
        self.refreshes = 0
        self._writer = BulkWriter(
            self._send,
            self._refresh_all,
            max_records=bulk_records,
            on_wait=on_wait,
            sleep=sleep,
            overloaded=backoff,
            blocked=backoff,
        )

    # What a test says and asks.

    def fail(self, *faults: Fault) -> None:
        """The next bulk requests go wrong, one fault each."""
        self._faults.extend(faults)

    def fail_reads(self, *errors: NewswireError) -> None:
        """The next look-ups, fetches and refreshes raise these."""
        self._read_faults.extend(errors)

    def documents(self, alias: str) -> dict[str, list[Found]]:
        """All documents behind the alias as last written, by id; more than one a list is a broken promise."""
        return _by_id(self._of(alias), lambda part: part.live)

    def searchable(self, alias: str) -> dict[str, list[Found]]:
        """All documents behind the alias that a search sees, by id."""
        return _by_id(self._of(alias), lambda part: part.seen)

    def slices(self) -> list[str]:
        """Names of all slices."""
        return sorted(self._slices)

    def drop(self, name: str) -> None:
        """An operator deletes a slice."""
        self._slices.pop(name, None)

    # The port.

    async def start(self) -> None:
        """There at once."""

    async def ensure_slice(self, name: str) -> None:
        """Make a slice unless it is there."""
        alias_of(name)
        self._slices.setdefault(name, _Slice())

    async def lookup(self, alias: str, ids: Sequence[str], fields: Sequence[str]) -> dict[str, Found]:
        """Documents of these ids behind the alias, as of the last refresh."""
        self._fail_read()
        self.lookups += 1
        found: dict[str, Found] = {}
        for part in self._of(alias):
            for document in set(ids) & part.seen.keys():
                hit = part.seen[document]
                if document not in found or found[document].version < hit.version:
                    found[document] = _part_of(hit, fields)
        return found

    async def rows(
        self, alias: str, article_ids: Sequence[str], unless: Mapping[str, str | bool | None], limit: int
    ) -> list[Row]:
        """Documents of these articles that do not have all of these values, as of the last refresh."""
        self._fail_read()
        found = [
            Row(hit.index, id_, hit.source["article_id"])
            for part in self._of(alias)
            for id_, hit in part.seen.items()
            if hit.source.get("article_id") in article_ids
            and any(hit.source.get(name) != value for name, value in unless.items())
        ]
        return found[:limit]

    async def near(self, nearby: Nearby) -> list[Near]:
        """Live documents that may be near copies, as of the last refresh."""
        self._fail_read()
        bands, clusters, besides = set(nearby.bands), set(nearby.clusters), set(nearby.besides)
        found = (
            _near(hit.source) for part in self._of(ARTICLES) for id_, hit in part.seen.items() if id_ not in besides
        )
        return [
            one
            for one, of in filter(None, found)
            if one.cluster_id in clusters or (bands & of and nearby.start <= one.at <= nearby.end)
        ]

    async def threads(self, keys: Sequence[str], span: tuple[datetime, datetime]) -> list[Threaded]:
        """Live messages of these threads sent in that span, as of the last refresh."""
        self._fail_read()
        sources = [hit.source for part in self._of(ARTICLES) for hit in part.seen.values() if "thread" in hit.source]
        return [one for one in threaded(iter(sources)) if one.key in keys and span[0] <= one.at <= span[1]]

    async def due(
        self, instant: Instant, span: tuple[datetime, datetime], after: After | None, limit: int
    ) -> list[Due]:
        """Articles whose instant lies in that span, as of the last refresh."""
        self._fail_read()
        found: list[Due] = []
        for part in self._of(ARTICLES):
            for id_, hit in part.seen.items():
                text = hit.source.get(instant)
                if text is None or hit.source.get("status") != "usable" or hit.source.get("embargo_open"):
                    continue
                moment = datetime.fromisoformat(text)
                place = (int(moment.timestamp() * 1000), id_)
                if span[0] <= moment < span[1] and (after is None or place > after):
                    found.append(due_of(hit.source, place))
        return sorted(found, key=lambda one: one.place)[:limit]

    async def fetch(
        self, places: Sequence[tuple[str, str]], fields: Sequence[str] | None = None
    ) -> dict[tuple[str, str], Found]:
        """Documents by (index, id), as last written."""
        self._fail_read()
        return {
            (name, document): _part_of(self._slices[name].live[document], fields)
            for name, document in places
            if name in self._slices and document in self._slices[name].live
        }

    async def write(self, actions: Sequence[Action], *, refresh: bool = False) -> list[ItemOutcome]:
        """Write all until each is OK, STALE or POISON."""
        return await self._writer.write(actions, refresh=refresh)

    async def refresh(self, indices: Iterable[str]) -> None:
        """Make what was written to these indices or aliases searchable."""
        self._fail_read()
        self.refreshes += 1
        for name in indices:
            for part in [self._slices[name]] if name in self._slices else self._of(name):
                part.refresh()

    async def close(self) -> None:
        """Nothing to disconnect."""

    # A bulk request.

    async def _refresh_all(self, indices: set[str]) -> None:
        await self.refresh(indices)

    async def _send(self, actions: Sequence[Action], refresh: bool) -> Verdict | list[Verdict]:
        self.requests.append([action.id for action in actions])
        if self._is_too_large(actions):
            return Verdict(Outcome.BISECT, 413)
        if any(len(action.id.encode()) > _LONGEST_ID for action in actions):
            return Verdict(Outcome.BISECT, 400, "action_request_validation_exception")
        fault = self._faults.popleft() if self._faults else None
        if fault is not None and fault.items is None:
            if fault.written:
                self._write_all(actions, refresh)
            if fault.status == 0:
                return Verdict(Outcome.RETRY, 0, "ConnectionTimeout")
            outcome = classify(fault.status, fault.error_type, whole_request=True)
            return Verdict(outcome, fault.status, fault.error_type)
        if fault is None or fault.items is None:
            return self._write_all(actions, refresh)
        failed = Verdict(classify(fault.status, fault.error_type), fault.status, fault.error_type)
        written = iter(self._write_all([a for a in actions if a.id not in fault.items], refresh))
        return [failed if action.id in fault.items else next(written) for action in actions]

    def _is_too_large(self, actions: Sequence[Action]) -> bool:
        if self._max_documents is not None and len(actions) > self._max_documents:
            return True
        return self._max_bytes is not None and sum(len(action.source) for action in actions) > self._max_bytes

    def _write_all(self, actions: Sequence[Action], refresh: bool) -> list[Verdict]:
        verdicts = [self._write(action) for action in actions]
        if refresh:
            for name in {action.index for action in actions} & self._slices.keys():
                self._slices[name].refresh()
        return verdicts

    def _write(self, action: Action) -> Verdict:
        part = self._slices.get(action.index)
        if part is None:
            return Verdict(Outcome.HALT, 404, INDEX_MISSING)
        stored = part.live.get(action.id)
        if stored is not None and _conflicts(action, stored):
            return Verdict(Outcome.STALE, 409, "version_conflict_engine_exception")
        wrong = _mistake(action)
        if wrong is not None:
            return Verdict(Outcome.POISON, 400, *wrong)
        if action.op == "probe":
            return Verdict(Outcome.STALE, 409, "version_conflict_engine_exception")
        version = action.version if action.version is not None else (stored.version + 1 if stored else 1)
        part.live[action.id] = Found(action.index, version, orjson.loads(action.source))
        return WRITTEN

    def _of(self, alias: str) -> list[_Slice]:
        return [part for name, part in self._slices.items() if alias_of(name) == alias]

    def _fail_read(self) -> None:
        if self._read_faults:
            raise self._read_faults.popleft()


def _part_of(found: Found, fields: Sequence[str] | None) -> Found:
    if fields is None:
        return found
    return Found(found.index, found.version, {name: found.source[name] for name in fields if name in found.source})


def _near(source: dict[str, Any]) -> tuple[Near, set[str]] | None:
    if "sketch" not in source or "cluster_since" not in source:
        return None
    at = datetime.fromisoformat(source.get("published") or source["received"]).timestamp() * 1000
    near = Near(source["id"], source["cluster_id"], source["cluster_since"], source["sketch"], int(at))
    return near, set(source.get("bands", ()))


def _by_id(parts: list[_Slice], which: Callable[[_Slice], dict[str, Found]]) -> dict[str, list[Found]]:
    documents: dict[str, list[Found]] = {}
    for part in parts:
        for document, found in which(part).items():
            documents.setdefault(document, []).append(found)
    return documents


def _conflicts(action: Action, stored: Found) -> bool:
    return action.op == "create" or (action.version is not None and action.version < stored.version)


def _mistake(action: Action) -> tuple[str, str] | None:
    """(error type, reason) of a document that the strict mapping refuses; None if it fits."""
    try:
        document = orjson.loads(action.source)
    except orjson.JSONDecodeError:
        return _UNREADABLE, _UNREADABLE
    return _misfit(document, _MAPPINGS[alias_of(action.index)], "_doc")


def _misfit(document: dict[str, Any], properties: dict[str, Any], path: str) -> tuple[str, str] | None:
    for name, value in document.items():
        mapping = properties.get(name)
        if mapping is None:
            return _UNKNOWN, safe_reason(_UNKNOWN, f"dynamic introduction of [{name}] within [{path}]")
        for one in value if isinstance(value, list) else [value]:
            if "properties" in mapping and isinstance(one, dict):
                if wrong := _misfit(one, mapping["properties"], name):
                    return wrong
            elif one is not None and not _fits(one, mapping):
                kind = mapping.get("type", "object")
                return _UNREADABLE, safe_reason(_UNREADABLE, f"field [{name}] of type [{kind}]")
    return None


def _fits(value: Any, mapping: dict[str, Any]) -> bool:
    kind = mapping.get("type", "object")
    if kind == "date":
        return _is_date(value)
    if kind in {"long", "integer", "byte"}:
        return isinstance(value, int)
    if kind == "boolean":
        return isinstance(value, bool)
    if kind == "object":
        return not mapping.get("enabled", True)
    return not isinstance(value, dict)


def _is_date(value: Any) -> bool:
    try:
        return isinstance(value, str) and "T" in value and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False
