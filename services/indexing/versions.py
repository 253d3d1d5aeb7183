"""What one more version means for its article: the decision table, and its fold over several versions. Pure.

Every version of an article passes through `decide` in the order of its partition. The rules are the design's
('Version', 'Kill') and those of wire practice:

* a kill beats whatever is no kill, in any order; what comes to a killed article later is kept closed (`after-kill`);
* a lower base than the stored one is late: history only (`stale`);
* the same base from the same item is a redelivery: written again, announced again under the same event id;
* the same base with the same content from another item is a `duplicate`: nothing is written;
* the same base with other content takes the next sub if the front door took it later, else it is late too;
* a higher base replaces. With the same content and status, or the same text (`text_hash`: only metadata differs, and no
  mark of a correction), it does so silently (`Change.DUPLICATE`: stored with the version, never announced). Where the base is no provider's version but the time of reception it is a `duplicate`
  that only raises the stored number (`Verdict.RAISE`), so that what was received before it is late;
* where two rules of numbering meet in one article (`versioned_by`), their bases say nothing of each other, so the front
  door's stamp decides: what was received later replaces, what was received earlier is late. What replaces so takes the
  base of its reception in µs, or one above the stored base if that is higher, and the sub 999, which nothing else
  takes. That sub says: from here on this article goes by reception, whatever rule a version has.

What readers may see is decided at the moment of writing: a version under an embargo is `withheld` where readers had an
earlier one, and `released` where they get back what they could not see. An operator's hold (`overlay.py`) makes every
version withheld.

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

from services.indexing.overlay import Overlay, effective
from services.indexing.standing import FREE, Standing, is_open, standing_of
from shared.errors import Refused
from shared.events import Change, Status
from shared.ids import KILL_BASE, SUBS, micros, version_base

STALE = "stale"
AFTER_KILL = "after-kill"
ERASED = 2**63 - 1
"""Number of the tombstone of an erased article: above every kill's."""

# Plain strings, looked up once: an enum's `value` costs as much as the comparison around it, for every story.
_KILLED, _WITHHELD = Status.KILLED.value, Status.WITHHELD.value
_CREATED, _UPDATED, _CORRECTED = Change.CREATED.value, Change.UPDATED.value, Change.CORRECTED.value
_CHANGE_KILLED, _CHANGE_WITHHELD, _RELEASED = Change.KILLED.value, Change.WITHHELD.value, Change.RELEASED.value
BY_RECEPTION = SUBS - 1
"""The sub of a version that replaced one numbered by another rule; the article goes by reception from then on."""
_LAST_BASE = KILL_BASE // SUBS - 1
_REPLACED = Change.REPLACED.value
_RECEIVED = "received"
UNANNOUNCED = Change.DUPLICATE.value
"""What a version did that brought nothing new: stored with it, never announced."""


class Asking(NamedTuple):
    """Of an order by reference: the articles that it may mean, and the place of the one whose owner has it now (see
    `shared.events.Reference`).
    """

    articles: tuple[str, ...]
    asked: int


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
    reference: Asking | None = None

    @property
    def killed(self) -> bool:
        """Whether this version kills its article."""
        return self.status == _KILLED


class Embargo(NamedTuple):
    """The embargo that a version came with, as its document says it."""

    embargo_open: bool = False
    embargoed_until: str | None = None


NO_EMBARGO = Embargo()


class Stored(NamedTuple):
    """What the index holds of an article: its slice, and what the next decision needs of the live version.

    `indexed` is the stamp of the live version's first write (RFC 3339), `change` what it did. `given` is the
    `ext_version` that the live version came with; the stored one differs in its sub, or where it was raised or assigned.
    `standing` is what may be done with it, `killed_at` the place (partition, offset) of the record that killed it. `status` is
    as it counts, under an operator's hold too; `own_status` then is the provider's. `story_id` is the root of
    its chain as far as it is known, `parent` what it goes on from ('': nothing), `replaced` whether
    something stands for it by its own word; `overlay` what stands over its versions.
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
    text_hash: str | None = None
    story_id: str = ""
    own_status: str = ""
    overlay: Overlay | None = None
    embargo: Embargo = NO_EMBARGO
    braked: bool = False
    replaced: bool = False
    parent: str = ""
    first_published: str | None = None
    """As the first version had it that had one: a later one, and above all a kill, does not move it."""

    @property
    def killed(self) -> bool:
        """Whether the live document is a tombstone."""
        return self.status == _KILLED

    @property
    def bare(self) -> bool:
        """Whether only orders came so far, and no version: no version has a number this low."""
        return self.ext_version < SUBS

    @property
    def by_order(self) -> bool:
        """Whether an order made the live version, out of what the provider had sent before."""
        return self.overlay is not None and self.overlay.order_id != ""

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


def decide(stored: Stored | None, version: Version, at: str | None = None) -> Decision:
    """What `version` means for an article that stands as `stored` (None: not seen yet).

    Args:
        stored: the live version.
        version: what came.
        at: the moment that embargoes are held against, RFC 3339; None: when it was received.

    Raises:
        Refused: the version was sent with other content more often than there are subs, or there is no higher number
            left (`too-many-versions`).
    """
    at = at or version.received
    if stored is None or stored.bare:
        return Decision(Verdict.REPLACE, _change(stored, version, at), version.ext_version, 1)
    erased = stored.overlay is not None and stored.overlay.erased
    if erased or (stored.killed and not version.killed):
        return _late(version, AFTER_KILL)
    if version.killed and not stored.killed:
        return _replace(stored, version, version.ext_version, at)
    if stored.by_order and _same_item(stored, version):
        # History has it, as it was before the order.
        return _late(version, STALE)
    if stored.by_reception or stored.versioned_by != version.versioned_by:
        return _by_reception(stored, version, at)
    by = _by_received_base if version.versioned_by == _RECEIVED else _by_base
    return by(stored, version, at)


def _by_base(stored: Stored, version: Version, at: str) -> Decision:
    old, new = base_of(stored.ext_version), base_of(version.ext_version)
    if new == old:
        return _same_base(stored, version, at)
    return _late(version, STALE) if new < old else _replace(stored, version, version.ext_version, at)


def _by_received_base(stored: Stored, version: Version, at: str) -> Decision:
    old, new = base_of(stored.ext_version), base_of(version.ext_version)
    if new == old:
        return _same_base(stored, version, at)
    if new < old:
        return _again(stored, Verdict.REWRITE) if _same_item(stored, version) else _late(version, STALE)
    if _same_content(stored, version):
        return _again(stored, Verdict.RAISE)
    return _replace(stored, version, version.ext_version, at)


def _by_reception(stored: Stored, version: Version, at: str) -> Decision:
    if _same_item(stored, version):
        return _again(stored, Verdict.REWRITE)
    if _of_version(version) <= _of_stored(stored, stored.reception):
        return _late(version, STALE)
    base = max(micros(version.received_at), base_of(stored.ext_version) + 1)
    if base > _LAST_BASE:
        raise Refused("too-many-versions", "no number is left above that of the stored version")
    kill = KILL_BASE if version.killed else 0
    return _replace(stored, version, kill + base * SUBS + BY_RECEPTION, at)


def _same_base(stored: Stored, version: Version, at: str) -> Decision:
    if _same_item(stored, version):
        return _again(stored, Verdict.REWRITE)
    if _same_content(stored, version):
        return _again(stored, Verdict.DUPLICATE)
    if _of_version(version) < _of_stored(stored, micros(datetime.fromisoformat(stored.received))):
        return _late(version, STALE)
    following = stored.ext_version + 1
    if goes_by_reception(following):
        raise Refused("too-many-versions", f"one version was sent with more than {BY_RECEPTION} different contents")
    return _replace(stored, version, following, at)


def _same_item(stored: Stored, version: Version) -> bool:
    return version.item == stored.item and version.received == stored.received


def _same_content(stored: Stored, version: Version) -> bool:
    return version.source_hash == stored.source_hash and version.status == (stored.own_status or stored.status)


def _again(stored: Stored, verdict: Verdict) -> Decision:
    if stored.by_order:  # the order has announced what it did
        return Decision(verdict, UNANNOUNCED, stored.ext_version, stored.revision)
    return Decision(verdict, stored.change, announced_as(stored.ext_version, stored.given), stored.revision)


def _late(version: Version, change: str) -> Decision:
    return Decision(Verdict.LATE, change, version.ext_version, 0)


def _replace(stored: Stored, version: Version, ext_version: int, at: str) -> Decision:
    return Decision(Verdict.REPLACE, _change(stored, version, at), ext_version, stored.revision + 1)


def following(stored: Stored) -> int:
    """The number of a version that an order makes out of the stored one.

    Raises:
        Refused: there is no higher number left (`too-many-versions`).
    """
    kill = KILL_BASE if stored.killed else 0
    if stored.by_reception:
        return kill + (base_of(stored.ext_version) + 1) * SUBS + BY_RECEPTION
    if goes_by_reception(stored.ext_version + 1):
        raise Refused("too-many-versions", f"one version was changed more than {BY_RECEPTION} times")
    return stored.ext_version + 1


def _change(stored: Stored | None, version: Version, at: str) -> str:
    """What a version that takes its turn does, as readers see it."""
    if version.status == _KILLED:
        return _CHANGE_KILLED
    if effective(version.status, stored.overlay if stored else None) == _WITHHELD:
        return _CHANGE_WITHHELD
    if stored is None or stored.bare:
        return _CREATED
    seen = stored.status != _WITHHELD and is_open(stored.standing, at)
    if is_open(standing_of(version.status, version.data), at) != seen:
        return _CHANGE_WITHHELD if seen else _RELEASED
    return _RELEASED if stored.status == _WITHHELD else _difference(stored, version)


def _difference(stored: Stored, version: Version) -> str:
    """What a version brings that readers may see as much of as of the one before."""
    if _same_content(stored, version):
        return UNANNOUNCED
    if version.data.get("replaced_by") is not None and not stored.replaced:
        return _REPLACED
    if version.correction:
        return _CORRECTED
    text_hash = version.data.get("text_hash")
    return UNANNOUNCED if text_hash is not None and text_hash == stored.text_hash else _UPDATED
