"""Near copies brought into one cluster: what was just written is looked up, and what is found is written or sent.

A look-up follows every write of a cluster, once the write can be seen. So of two copies the one that was written last sees
the other as it stands: none is missed and no cluster stays split, however long a worker is delayed, and without any clock.
An article that joins a cluster is written once more by its owner, here, and looked up again; what follows for articles of
other owners is a message to them (`findings.py`), and so is what follows for the rest of a cluster that was merged away.
As keys only sink, this ends.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from services.indexing import document
from services.indexing.clusters import Finding, Key, Member, Ours, Same, resolve, text_of
from services.indexing.portions import Portion
from services.indexing.twins import Twins
from services.indexing.versions import Stored, Version
from shared import metrics
from shared.copies import says_the_same
from shared.elastic.outcomes import Outcome
from shared.elastic.ports import Action, ArticleStore, Found, ItemOutcome, Near, Nearby
from shared.ids import micros
from shared.log import get_logger
from shared.settings import MIB, IndexingSettings
from shared.sketch import BadSketch, Sketch, decode, unpack

Written = dict[str, tuple[Ours, str, list[str]]]
"""By article: as what it was written, its slice, and the bands to look it up by."""


class _Move(NamedTuple):
    """An article that is to stand in a cluster, as long as it has this text; `only_older`: unless it is in an older one already."""

    article_id: str
    slice: str
    text: str
    key: Key
    only_older: bool


Write = Callable[[Sequence[Action]], Awaitable[list[ItemOutcome]]]

PART_BYTES = 8 * MIB
TWINS = 20_000
"""Texts that are remembered with their clusters (8 MB)."""

log = get_logger()
_HOUR_MS = 3_600_000

_decoded: Callable[[bytes], Sketch] = lru_cache(maxsize=2048)(decode)


class Clustering:
    """Finds the near copies of what one worker has written; only ever used by the articles' owner.

    Args:
        store: the index.
        write: writes live documents.
        refresh: makes what was written searchable.
        settings: whether to look at all, how far apart copies may be, and how sure it must be.
    """

    def __init__(
        self, store: ArticleStore, write: Write, refresh: Callable[[], Awaitable[None]], settings: IndexingSettings
    ) -> None:
        self._store = store
        self._write = write
        self._refresh = refresh
        self._on = settings.clusters
        self._window = settings.cluster_window_h
        self._same = comparison(settings)
        self._written: Written = {}
        self._twins = Twins(TWINS, settings.cluster_window_h)

    def begin(self) -> None:
        """A batch begins: what an earlier one left half done comes again."""
        self._written.clear()

    def forget(self, article_ids: Iterable[str] | None = None) -> None:
        """What was known of these articles, or of all, is not certain any more."""
        if article_ids is None:
            self._twins.clear()
        else:
            self._twins.forget(article_ids)

    def known(self, version: Version, *, later: bool) -> Key | None:
        """The cluster of a new article whose very text stands in one already; None: it is to be looked up."""
        member = _member(version.article_id, version.data, _alone(version)) if self._on and not later else None
        return self._twins.cluster(member) if member is not None and not version.killed else None

    def wrote(self, slice_: str, version: Version, *, later: bool, cluster: Key | None) -> None:
        """A live document was acknowledged; `later`: it replaced one; `cluster`: it stands in that already (`known`)."""
        self._written.pop(version.article_id, None)
        self._twins.forget([version.article_id])
        if self._on and not version.killed and cluster is None:
            member = _member(version.article_id, version.data, _alone(version))
            if member is not None:
                self._written[version.article_id] = Ours(member, later), slice_, version.data.get("bands") or []

    async def settle(self) -> list[Finding]:
        """Compare what was written with all that is searchable, and write again what belongs to a cluster.

        Returns:
            What the owners of other articles are to be told.

        Raises:
            Transient, Misconfigured: as the store says; the same batch is to be handed over again.
        """
        findings: list[Finding] = []
        while self._written:
            await self._refresh()
            written, self._written = self._written, {}
            near = [member for one in await self._store.near(self._nearby(written)) if (member := member_of(one))]
            resolved = resolve({article_id: ours for article_id, (ours, *_) in written.items()}, near, self._same)
            moves = [
                _Move(article_id, written[article_id][1], text_of(written[article_id][0].member.sketch), key, False)
                for article_id, key in resolved.ours.items()
                if key != written[article_id][0].member.key
            ]
            moving = {move.article_id for move in moves}
            for article_id, (ours, *_) in written.items():
                if article_id not in moving:
                    self._twins.hold(ours.member)
            await self._move(moves, "joined")
            findings += resolved.findings
        metrics.CLUSTERED.labels(outcome="told").inc(len(findings))
        return findings

    async def adopt(self, findings: Sequence[Finding], stored: Mapping[str, Stored]) -> list[Finding]:
        """Bring our articles into the clusters that were found for them; `settle` afterwards.

        Args:
            findings: as they came; of several for one article the oldest cluster counts.
            stored: what the index holds of these articles.

        Returns:
            What follows for the other members of the clusters that these articles were in.

        Raises:
            Transient, Misconfigured: as the store says; the same batch is to be handed over again.
        """
        wanted: dict[str, Finding] = {}
        for finding in findings if self._on else ():
            known, before = stored.get(finding.article_id), wanted.get(finding.article_id)
            if known is None or known.killed:
                metrics.CLUSTERED.labels(outcome="outdated").inc()
            elif before is None or finding.key < before.key:
                wanted[finding.article_id] = finding
        merged = await self._move(
            [
                _Move(finding.article_id, stored[finding.article_id].slice, finding.text, finding.key, True)
                for finding in wanted.values()
            ],
            "moved",
        )
        return await self._others(merged, wanted) if merged else []

    async def _move(self, moves: Sequence[_Move], outcome: str) -> dict[str, Key]:
        """Write articles once more, each in its cluster; returns where those went that they were in.

        Each is fetched as it stands now: an order may have come to it since it was looked up, and must not be undone.
        """
        merged: dict[str, Key] = {}
        portion, left = Portion(PART_BYTES), list(moves)
        while left:
            some, left = left[: portion.count], left[portion.count :]
            whole = await self._store.fetch([(move.slice, move.article_id) for move in some])
            actions = []
            for move in some:
                found = whole.get((move.slice, move.article_id))
                key = _key_of(found, move.text) if found is not None else None
                if found is None or key is None or (move.only_older and key <= move.key):
                    metrics.CLUSTERED.labels(outcome="outdated").inc()
                    continue
                source = document.clustered(found.source, move.key)
                actions.append(Action(found.index, move.article_id, found.version, source))
                self._look_again(found, move)
                merged[key.id] = min(merged.get(key.id, move.key), move.key)
            for written in await self._write(actions):
                if written.outcome is Outcome.POISON:
                    # It was taken once, but for its cluster; that it is there counts for more.
                    log.error("an article cannot be written into its cluster", why=written.reason)
            metrics.CLUSTERED.labels(outcome=outcome).inc(len(actions))
            portion.came(len(some), sum(len(action.source) for action in actions))
        return merged

    async def _others(self, merged: Mapping[str, Key], besides: Iterable[str]) -> list[Finding]:
        """The rest of the clusters that were merged away, each to follow."""
        found = await self._store.near(Nearby(clusters=list(merged), besides=list(besides)))
        findings = [
            Finding(member.article_id, text_of(member.sketch), merged[member.key.id])
            for member in map(member_of, found)
            if member is not None and member.key.id in merged and merged[member.key.id] < member.key
        ]
        metrics.CLUSTERED.labels(outcome="told").inc(len(findings))
        return findings

    def _look_again(self, found: Found, move: _Move) -> None:
        """An article is written into a cluster, which may have been merged away since it was found."""
        self._twins.forget([move.article_id])
        member = _member(move.article_id, found.source, move.key)
        if member is not None:
            self._written[member.article_id] = Ours(member, later=False), found.index, found.source.get("bands") or []

    def _nearby(self, written: Written) -> Nearby:
        moments = [ours.member.at for ours, *_ in written.values()]
        return Nearby(
            bands=list({band for *_, bands in written.values() for band in bands}),
            clusters=[article_id for article_id, (ours, *_) in written.items() if ours.later],
            besides=list(written),
            start=int((min(moments) - self._window) * _HOUR_MS),
            end=int((max(moments) + self._window) * _HOUR_MS),
        )


def comparison(settings: IndexingSettings) -> Same:
    """Whether two articles say the same, by the settings."""
    window, threshold = settings.cluster_window_h, settings.cluster_threshold

    def same(one: Member, other: Member) -> bool:
        hours = abs(one.at - other.at)
        if hours > window:
            return False
        try:
            return says_the_same(_decoded(one.sketch), _decoded(other.sketch), hours, threshold)
        except BadSketch:
            return False

    return same


def _alone(version: Version) -> Key:
    return Key(micros(version.received_at), version.article_id)


def _member(article_id: str, source: Mapping[str, Any], key: Key) -> Member | None:
    """An article out of an event's data or a document; None if it has no text to compare."""
    text = source.get("sketch")
    if not isinstance(text, str):
        return None
    try:
        sketch = unpack(text)
    except BadSketch:
        return None
    at = datetime.fromisoformat(source.get("published") or source["received"])
    return Member(article_id, key, sketch, at.timestamp() / 3600)


def member_of(near: Near) -> Member | None:
    """A document that was found, as it is compared; None if its sketch is of a later release."""
    try:
        sketch = unpack(near.sketch)
    except BadSketch:
        return None
    return Member(near.article_id, Key(near.since, near.cluster_id), sketch, near.at / _HOUR_MS)


def _key_of(found: Found, text: str) -> Key | None:
    """The cluster of a document; None if it has another text by now, or none."""
    since, sketch = found.source.get("cluster_since"), found.source.get("sketch")
    if since is None or sketch is None:
        return None
    try:
        return Key(since, found.source["cluster_id"]) if text_of(unpack(sketch)) == text else None
    except BadSketch:
        return None
