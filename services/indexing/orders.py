"""What an order does to its article: withhold, release, kill, erase, replaced, due. Pure.

An order that changes what readers may see makes a new version of its own out of the live one: the next sub under the same
base, with a revision and a row of history for what it replaces, so that time travel and the readers of changes see it like any
other. A kill makes the tombstone, an erasure one above every number there is. All others write the live document again
as it stands. Each order is recorded in the document with what it did, so a repeat does nothing, and is announced under the same
event id.

Of holds and releases the one given later counts, in whatever order they come. An article that nobody has seen yet gets a
document without text, number 0, which is no version and is shown to nobody: what comes later is born under the order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from services.indexing import joining
from services.indexing.overlay import NOTHING, Overlay, effective
from services.indexing.standing import is_open, standing_of
from services.indexing.versions import ERASED, NO_EMBARGO, UNANNOUNCED, Stored, following
from shared.events import Change, Order, Status, rfc3339
from shared.ids import KILL_BASE

_USABLE, _WITHHELD, _KILLED = Status.USABLE.value, Status.WITHHELD.value, Status.KILLED.value


@dataclass(slots=True)
class Ordered:
    """One order as it came (see `shared.events.ArticleOrder`); `position` is its place in the log."""

    article_id: str
    id: str
    order: str
    at: datetime
    by: str | None
    reason: str | None
    replaced_by: str | None
    other: str | None
    due: datetime | None
    ext_version: int | None
    change: str | None
    position: tuple[str, int, int]
    traceparent: str | None = None
    root: str | None = None
    depth: int | None = None

    @property
    def killed(self) -> bool:
        """Whether this order kills its article."""
        return self.order in (Order.KILL, Order.ERASE)


class Told(NamedTuple):
    """What is to be announced of an order."""

    change: str
    ext_version: int
    revision: int
    searchable: str
    status: str


@dataclass(slots=True)
class Obeyed:
    """What an order comes to: `after` is what the index is to hold, None where nothing is to be written.

    `replaces`: what was live gives way to a version of its own, and goes to history; `outcome` is a word for the counters.
    """

    outcome: str
    after: Stored | None = None
    told: Told | None = None
    replaces: bool = False


def obey(stored: Stored | None, order: Ordered, slice_: str, stamp: str) -> Obeyed:
    """What an order does to an article that stands as `stored` (None: not seen yet).

    Args:
        stored: the live version.
        order: what is ordered.
        slice_: where an article that is not there yet gets its place.
        stamp: of the write, RFC 3339.

    Raises:
        Refused: there is no number left for the version that the order would make (`too-many-versions`).
    """
    overlay = (stored.overlay if stored else None) or NOTHING
    before = overlay.obeyed(order.id)
    if before is not None:
        return Obeyed("redelivered", told=_told_again(before))
    if order.order == Order.DUE:
        return _due(stored, order, stamp)
    now = stored or _unseen(order, slice_, stamp)
    if order.order in joining.ORDERS:
        return _joined(now, order, stamp)
    match order.order:
        case Order.ERASE:
            return _erase(now, order, overlay, stamp)
        case Order.KILL:
            return _kill(now, order, overlay, stamp)
        case _:
            return _hold_or_release(now, order, overlay, stamp)


def record(order: Ordered, told: Told | None) -> dict[str, Any]:
    """An order as its article remembers it; nobody but operators is shown who gave it, and why."""
    found: dict[str, Any] = {"id": order.id, "order": order.order, "at": rfc3339(order.at)}
    if order.by is not None:
        found["by"] = order.by
    if order.reason is not None:
        found["reason"] = order.reason
    return found if told is None else found | told._asdict()


def _told_again(before: Mapping[str, Any]) -> Told | None:
    told = before.get("change", UNANNOUNCED) != UNANNOUNCED
    return Told(**{name: before[name] for name in Told._fields}) if told else None


def _unseen(order: Ordered, slice_: str, stamp: str) -> Stored:
    return Stored(
        slice_, 0, "", _WITHHELD, 0, UNANNOUNCED, "", "", rfc3339(order.at), stamp, "received", 0, stamp,
        standing_of(_WITHHELD, {}), story_id=order.article_id, own_status=_WITHHELD,
    )  # fmt: skip


def _noted(now: Stored, order: Ordered, overlay: Overlay, outcome: str) -> Obeyed:
    """Nothing changes but the article's memory of its orders."""
    return Obeyed(outcome, after=now._replace(overlay=overlay.with_record(record(order, None))))


def _made(now: Stored, order: Ordered, overlay: Overlay, told: Told) -> Obeyed:
    """A version that an order makes out of the live one."""
    after = now._replace(
        ext_version=told.ext_version,
        revision=told.revision,
        change=told.change,
        status=told.status,
        indexed=told.searchable,
        overlay=overlay._replace(order_id=order.id).with_record(record(order, told)),
    )
    return Obeyed(told.change, after=after, told=told, replaces=not now.bare)


def _erase(now: Stored, order: Ordered, overlay: Overlay, stamp: str) -> Obeyed:
    if overlay.erased:
        return _noted(now, order, overlay, "erased-already")
    laid = overlay._replace(erased=True, on_hold=False)
    return _placed(_made(now, order, laid, Told(Change.KILLED.value, ERASED, now.revision + 1, stamp, _KILLED)), order)


def _kill(now: Stored, order: Ordered, overlay: Overlay, stamp: str) -> Obeyed:
    if now.killed:
        return _noted(now, order, overlay, "killed-already")
    # Above every version as it is; so there is always a number for a kill.
    told = Told(Change.KILLED.value, KILL_BASE + now.ext_version, now.revision + 1, stamp, _KILLED)
    return _placed(_made(now, order, overlay._replace(on_hold=False), told), order)


def _placed(obeyed: Obeyed, order: Ordered) -> Obeyed:
    """With the place of the record that killed: the order of the list of kills."""
    if obeyed.after is not None:
        held = standing_of(_KILLED, {})
        killed_at = obeyed.after.killed_at or order.position[1:]
        obeyed.after = obeyed.after._replace(standing=held, killed_at=killed_at, own_status=_KILLED)
    return obeyed


def _hold_or_release(now: Stored, order: Ordered, overlay: Overlay, stamp: str) -> Obeyed:
    if now.killed:
        return _noted(now, order, overlay, "killed-already")
    if any(one["order"] in (Order.WITHHOLD, Order.RELEASE) and one["at"] > rfc3339(order.at) for one in overlay.orders):
        return _noted(now, order, overlay, "late-order")
    hold = order.order == Order.WITHHOLD
    own = now.own_status or now.status
    braked = now.braked and not hold and not now.bare
    if hold == overlay.on_hold and not braked:
        return _noted(now, order, overlay, "held-already" if hold else "not-held")
    laid = overlay._replace(on_hold=hold)
    if now.bare:
        return Obeyed("noted", after=now._replace(overlay=laid.with_record(record(order, None))))
    if braked:
        own = _USABLE
    status = effective(own, laid)
    embargo = NO_EMBARGO if braked else now.embargo
    standing = standing_of(status, embargo._asdict())
    change = Change.WITHHELD.value if hold else Change.RELEASED.value if is_open(standing, stamp) else UNANNOUNCED
    obeyed = _made(now, order, laid, Told(change, following(now), now.revision + 1, stamp, status))
    if obeyed.after is not None:
        obeyed.after = obeyed.after._replace(
            standing=standing, own_status=own, braked=now.braked and not braked, embargo=embargo
        )
    if change == UNANNOUNCED:
        obeyed.told = None
    return obeyed


def _joined(now: Stored, order: Ordered, stamp: str) -> Obeyed:
    """Told by the owner of another article of the chain; readers hear of it where something stands for the article now."""
    joined = joining.told(now, order)
    after = joined.after or now
    by = after.overlay.replaced_by if after.overlay else None
    told = None
    if (
        order.order == Order.REPLACED
        and by is not None
        and joined.outcome in ("replaced", "redelivered")
        and not after.bare
        and is_open(after.standing, stamp)
    ):
        told = Told(Change.REPLACED.value, after.ext_version, after.revision, after.indexed, after.status)
    return Obeyed(joined.outcome, after=joined.after, told=told)


def _due(stored: Stored | None, order: Ordered, stamp: str) -> Obeyed:
    """The clock says that an instant has come: told, if it is still so. Nothing is written, for a filter lets readers in."""
    due = order.due
    if stored is None or due is None or order.ext_version is None or stored.killed or stored.bare:
        return Obeyed("not-due")
    same = stored.ext_version == order.ext_version
    written_since = datetime.fromisoformat(stored.indexed) >= due
    if stored.status != _USABLE or not (same or written_since):
        return Obeyed("not-due")
    change = order.change or Change.RELEASED.value
    # The clock's owner may be ahead of us: an instant that has come for one has come for all.
    if not is_open(stored.standing, max(stamp, rfc3339(due))) or (change == Change.EXPIRED and not same):
        return Obeyed("not-due")
    return Obeyed(change, told=Told(change, order.ext_version, stored.revision, stored.indexed, stored.status))
