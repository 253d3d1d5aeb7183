"""What one more version means for its article: the decision table, and its fold over several versions. Pure.

Every version of an article passes through `decide` in the order of its partition. The rules are the design's
('Version', 'Kill') and those of wire practice:

* a kill beats whatever is no kill, in any order; what comes to a killed article later is kept closed (`after-kill`);
* a lower base than the stored one is late: history only (`stale`);
* the same base from the same item is a redelivery: written again, announced again under the same event id;
* the same base with the same content from another item is a `duplicate`: nothing is written;
* the same base with other content takes the next sub if the front door took it later, else it is late too;
* a higher base replaces. With the same content and status it does so silently (`Change.DUPLICATE`: stored with the
  version, never announced). Where the base is no provider's version but the time of reception it is a `duplicate`
  that only raises the stored number (`Verdict.RAISE`), so that what was received before it is late;
* where two rules of numbering meet in one article (`versioned_by`), their bases say nothing of each other, so the front
  door's stamp decides: what was received later replaces, what was received earlier is late. What replaces so takes the
  base of its reception in µs, or one above the stored base if that is higher, and the sub 999, which nothing else
  takes. That sub says: from here on this article goes by reception, whatever rule a version has.

What this promises, for redeliveries and replays anywhere, and batches cut anywhere:

* where all versions of an article follow one rule, every order of arrival ends in the same status, base and content.
  Left out is a content that comes back under one base: A, then B, then A again in one version of the provider's, or in
  one microsecond of reception. The last is a duplicate where it comes before B, and then B stays;
* where rules meet, so it does if within each rule a later received version has a higher base (as wires send them): it
  ends in what was received last. Without that, the end depends on the order, but what is live gives way only to a
  version of its own rule that is higher or to a version received later;
* the stored number only rises, stays below 2^62, and a kill's above it.

Sub and revision count what this index has seen, in the order it saw it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from services.indexing.standing import FREE, Standing
from shared.errors import Refused
from shared.events import Change, Status
from shared.ids import KILL_BASE, SUBS, micros, version_base

STALE = "stale"
AFTER_KILL = "after-kill"

# Plain strings, looked up once: an enum's `value` costs as much as the comparison around it, for every story.
_KILLED, _WITHHELD = Status.KILLED.value, Status.WITHHELD.value
_CREATED, _UPDATED, _CORRECTED = Change.CREATED.value, Change.UPDATED.value, Change.CORRECTED.value
_CHANGE_KILLED, _CHANGE_WITHHELD, _RELEASED = Change.KILLED.value, Change.WITHHELD.value, Change.RELEASED.value
BY_RECEPTION = SUBS - 1
"""The sub of a version that replaced one numbered by another rule; the article goes by reception from then on."""
_LAST_BASE = KILL_BASE // SUBS - 1
_RECEIVED = "received"
UNANNOUNCED = Change.DUPLICATE.value
"""What a version did that brought nothing new: stored with it, never announced."""


@dataclass(slots=True)
class Version:
    """One version of an article as it came: what the decision needs, and the data it came with.

    `position` is its place in the log (topic, partition, offset), `data` the event's data (a JSON object), `received`
    the front door's stamp as text and `received_at` the same as a datetime.
    """

    article_id: str
    ext_version: int
    source_hash: str
    status: str
    correction: bool
    versioned_by: str
    feed: str
    receipt: str
    item: str
    received: str
    received_at: datetime
    data: dict[str, Any]
    position: tuple[str, int, int]
    traceparent: str | None = None

    @property
    def killed(self) -> bool:
        """Whether this version kills its article."""
        return self.status == _KILLED


class Stored(NamedTuple):
    """What the index holds of an article: its slice, and what the next decision needs of the live version.

    `indexed` is the stamp of the live version's first write (RFC 3339), `change` what it did. `given` is the
    `ext_version` that the live version came with; the stored one differs in its sub, or where it was raised or assigned.
    `standing` is what may be done with it, `killed_at` the place (partition, offset) of the record that killed it.
    """

    slice: str
    ext_version: int
    source_hash: str
    status: str
    revision: int
    change: str
    receipt: str
    item: str
    received: str
    indexed: str
    versioned_by: str
    given: int
    normalized: str
    standing: Standing = FREE
    killed_at: tuple[int, int] | None = None

    @property
    def killed(self) -> bool:
        """Whether the live document is a tombstone."""
        return self.status == _KILLED

    @property
    def by_reception(self) -> bool:
        """Whether the article goes by reception, because rules of numbering have met in it."""
        return goes_by_reception(self.ext_version)

    @property
    def reception(self) -> int:
        """When the live content was received last, µs: a number that was raised knows better than the document."""
        if self.versioned_by == _RECEIVED and not self.by_reception:
            return base_of(self.ext_version)
        return micros(datetime.fromisoformat(self.received))


class Verdict(StrEnum):
    """What becomes of a version."""

    REPLACE = "replace"
    """Becomes the live document."""
    REWRITE = "rewrite"
    """The live version itself came again: written again as it stands, announced again."""
    DUPLICATE = "duplicate"
    """The live version's content came again from another item: nothing is written."""
    RAISE = "raise"
    """A duplicate that was received later: the live document is written again under its number, nothing is announced."""
    LATE = "late"
    """Older than the live version, or after a kill: history only."""


class Decision(NamedTuple):
    """A verdict with the numbers that go with it, as they are announced.

    `change` is a `Change`, or `stale`/`after-kill` for what is late.
    """

    verdict: Verdict
    change: str
    ext_version: int
    revision: int


def base_of(ext_version: int) -> int:
    """The provider's part of an `ext_version` (a kill's without its 2^62)."""
    return (ext_version - KILL_BASE if ext_version >= KILL_BASE else ext_version) // SUBS


def goes_by_reception(ext_version: int) -> bool:
    """Whether the number says that rules of numbering have met in its article."""
    return (ext_version - KILL_BASE if ext_version >= KILL_BASE else ext_version) % SUBS == BY_RECEPTION


def given_of(source: Mapping[str, Any]) -> int:
    """The `ext_version` that a stored document's version came with (sub 0), out of what it says of itself."""
    ext_version: int = source["ext_version"]
    kill = KILL_BASE if ext_version >= KILL_BASE else 0
    base, rule = base_of(ext_version), source.get("versioned_by")
    if rule == _RECEIVED or goes_by_reception(ext_version):
        received = datetime.fromisoformat(source["received"])
        version = source.get("version") if rule == "version" else None
        moment = source.get("version_time") if rule == "version-time" else None
        base = version_base(version, datetime.fromisoformat(moment) if moment else None, received)
    return kill + base * SUBS


def announced_as(ext_version: int, given: int) -> int:
    """The number under which a version was announced first: as stored, but for one that was raised since."""
    raised = base_of(ext_version) != base_of(given) and not goes_by_reception(ext_version)
    return given if raised else ext_version


Precedence = tuple[int, str, int, str]


def precedence(received: int, receipt: str, item: str, source_hash: str) -> Precedence:
    """Orders two contents by the front door's stamp (µs), then the place in one push, then the content."""
    number = item.rpartition(".")[2]
    place = int(number) if number.isascii() and number.isdigit() else 0
    return received, receipt, place, source_hash


def _of_version(version: Version) -> Precedence:
    return precedence(micros(version.received_at), version.receipt, version.item, version.source_hash)


def _of_stored(stored: Stored, received: int) -> Precedence:
    return precedence(received, stored.receipt, stored.item, stored.source_hash)


def decide(stored: Stored | None, version: Version) -> Decision:
    """What `version` means for an article that stands as `stored` (None: not seen yet).

    Raises:
        Refused: the version was sent with other content more often than there are subs, or there is no higher number
            left (`too-many-versions`).
    """
    if stored is None:
        return Decision(Verdict.REPLACE, _change(None, version), version.ext_version, 1)
    if version.killed and not stored.killed:
        return _replace(stored, version, version.ext_version)
    if stored.killed and not version.killed:
        return _late(version, AFTER_KILL)
    if stored.by_reception or stored.versioned_by != version.versioned_by:
        return _by_reception(stored, version)
    return _by_received_base(stored, version) if version.versioned_by == _RECEIVED else _by_base(stored, version)


def _by_base(stored: Stored, version: Version) -> Decision:
    old, new = base_of(stored.ext_version), base_of(version.ext_version)
    if new == old:
        return _same_base(stored, version)
    return _late(version, STALE) if new < old else _replace(stored, version, version.ext_version)


def _by_received_base(stored: Stored, version: Version) -> Decision:
    old, new = base_of(stored.ext_version), base_of(version.ext_version)
    if new == old:
        return _same_base(stored, version)
    if new < old:
        return _again(stored, Verdict.REWRITE) if _same_item(stored, version) else _late(version, STALE)
    if _same_content(stored, version):
        return _again(stored, Verdict.RAISE)
    return _replace(stored, version, version.ext_version)


def _by_reception(stored: Stored, version: Version) -> Decision:
    if _same_item(stored, version):
        return _again(stored, Verdict.REWRITE)
    if _of_version(version) <= _of_stored(stored, stored.reception):
        return _late(version, STALE)
    base = max(micros(version.received_at), base_of(stored.ext_version) + 1)
    if base > _LAST_BASE:
        raise Refused("too-many-versions", "no number is left above that of the stored version")
    kill = KILL_BASE if version.killed else 0
    return _replace(stored, version, kill + base * SUBS + BY_RECEPTION)


def _same_base(stored: Stored, version: Version) -> Decision:
    if _same_item(stored, version):
        return _again(stored, Verdict.REWRITE)
    if _same_content(stored, version):
        return _again(stored, Verdict.DUPLICATE)
    if _of_version(version) < _of_stored(stored, micros(datetime.fromisoformat(stored.received))):
        return _late(version, STALE)
    following = stored.ext_version + 1
    if goes_by_reception(following):
        raise Refused("too-many-versions", f"one version was sent with more than {BY_RECEPTION} different contents")
    return _replace(stored, version, following)


def _same_item(stored: Stored, version: Version) -> bool:
    return version.item == stored.item and version.received == stored.received


def _same_content(stored: Stored, version: Version) -> bool:
    return version.source_hash == stored.source_hash and version.status == stored.status


def _again(stored: Stored, verdict: Verdict) -> Decision:
    return Decision(verdict, stored.change, announced_as(stored.ext_version, stored.given), stored.revision)


def _late(version: Version, change: str) -> Decision:
    return Decision(Verdict.LATE, change, version.ext_version, 0)


def _replace(stored: Stored, version: Version, ext_version: int) -> Decision:
    return Decision(Verdict.REPLACE, _change(stored, version), ext_version, stored.revision + 1)


def _change(stored: Stored | None, version: Version) -> str:
    if version.status == _KILLED:
        return _CHANGE_KILLED
    if version.status == _WITHHELD:
        return _CHANGE_WITHHELD
    if stored is None:
        return _CREATED
    if stored.status == _WITHHELD:
        return _RELEASED
    if _same_content(stored, version):
        return UNANNOUNCED
    return _CORRECTED if version.correction else _UPDATED
