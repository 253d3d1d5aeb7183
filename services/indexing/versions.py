"""What one more version means for its article: the decision table, and its fold over several versions. Pure.

Every version of an article passes through `decide` in the order of its partition. The rules are the design's
('Version', 'Kill') and those of wire practice:

* a kill beats whatever is no kill, in any order; what comes to a killed article later is kept closed (`after-kill`);
* a lower base than the stored one is late: history only (`stale`);
* the same base from the same item is a redelivery: written again, announced again under the same event id;
* the same base with the same content from another item is a `duplicate`: nothing is written;
* the same base with other content takes the next sub if the front door took it later, else it is late too;
* a higher base replaces. With the same content and status it does so silently (`Change.DUPLICATE`: stored with the
  version, never announced), and where the base is no provider's version but the time of reception it is a `duplicate`.

So the live state after any permutation of a set of versions, with redeliveries, is the same in status, base and
content. Sub and revision count what this index has seen, in the order it saw it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from shared.errors import Refused
from shared.events import Change, Status
from shared.ids import KILL_BASE, SUBS

STALE = "stale"
AFTER_KILL = "after-kill"

# Plain strings, looked up once: an enum's `value` costs as much as the comparison around it, for every story.
_KILLED, _WITHHELD = Status.KILLED.value, Status.WITHHELD.value
_CREATED, _UPDATED, _CORRECTED = Change.CREATED.value, Change.UPDATED.value, Change.CORRECTED.value
_CHANGE_KILLED, _CHANGE_WITHHELD, _RELEASED = Change.KILLED.value, Change.WITHHELD.value, Change.RELEASED.value
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

    `indexed` is the stamp of the live version's first write (RFC 3339), `change` what it did.
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

    @property
    def killed(self) -> bool:
        """Whether the live document is a tombstone."""
        return self.status == _KILLED


class Verdict(StrEnum):
    """What becomes of a version."""

    REPLACE = "replace"
    """Becomes the live document."""
    REWRITE = "rewrite"
    """The live version itself came again: written again as it stands, announced again."""
    DUPLICATE = "duplicate"
    """The live version's content came again from another item: nothing is written."""
    LATE = "late"
    """Older than the live version, or after a kill: history only."""


class Decision(NamedTuple):
    """A verdict with the numbers that go with it. `change` is a `Change`, or `stale`/`after-kill` for what is late."""

    verdict: Verdict
    change: str
    ext_version: int
    revision: int


def base_of(ext_version: int) -> int:
    """The provider's part of an `ext_version` (a kill's without its 2^62)."""
    return (ext_version - KILL_BASE if ext_version >= KILL_BASE else ext_version) // SUBS


def precedence(received: str, receipt: str, item: str, source_hash: str) -> tuple[datetime, str, int, str]:
    """Orders two contents of one version: the front door's stamp, then the place in one push, then the content."""
    number = item.rpartition(".")[2]
    place = int(number) if number.isascii() and number.isdigit() else 0
    return datetime.fromisoformat(received), receipt, place, source_hash


def decide(stored: Stored | None, version: Version) -> Decision:
    """What `version` means for an article that stands as `stored` (None: not seen yet).

    Raises:
        Refused: the version was sent with other content more often than there are subs (`too-many-versions`).
    """
    if stored is None:
        return Decision(Verdict.REPLACE, _change(None, version), version.ext_version, 1)
    if version.killed and not stored.killed:
        return _replace(stored, version, version.ext_version)
    if stored.killed and not version.killed:
        return _late(version, AFTER_KILL)
    old, new = base_of(stored.ext_version), base_of(version.ext_version)
    if new <= old:
        return _same_base(stored, version) if new == old else _late(version, STALE)
    if _same_content(stored, version) and version.versioned_by == "received":
        return _again(stored, Verdict.DUPLICATE)
    return _replace(stored, version, version.ext_version)


def _same_base(stored: Stored, version: Version) -> Decision:
    if version.item == stored.item and version.received == stored.received:
        return _again(stored, Verdict.REWRITE)
    if _same_content(stored, version):
        return _again(stored, Verdict.DUPLICATE)
    mine = precedence(version.received, version.receipt, version.item, version.source_hash)
    theirs = precedence(stored.received, stored.receipt, stored.item, stored.source_hash)
    if mine < theirs:
        return _late(version, STALE)
    following = stored.ext_version + 1
    if base_of(following) != base_of(stored.ext_version):
        raise Refused("too-many-versions", f"one version was sent with more than {SUBS} different contents")
    return _replace(stored, version, following)


def _same_content(stored: Stored, version: Version) -> bool:
    return version.source_hash == stored.source_hash and version.status == stored.status


def _again(stored: Stored, verdict: Verdict) -> Decision:
    return Decision(verdict, stored.change, stored.ext_version, stored.revision)


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
