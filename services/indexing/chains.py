"""What is told along a chain of articles, as orders to their owners. Pure (see `lineage.py` and `joining.py`).

Up: that an article goes on from another (`joined`), and whether something stands for that one through it (`replaced`), told
once readers can have what stands. An article that nobody may read (killed, withheld, under an embargo, expired) stands for
nothing itself; it passes on what goes on from it, so that what came before it is hidden by that or by nothing. Down: which
story an article is in (`rooted`).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import orjson

from services.indexing import joining
from services.indexing.announce import Announcement
from services.indexing.lineage import DEEP, below
from services.indexing.orders import Ordered
from services.indexing.plan import Plan
from services.indexing.versions import Stored
from shared.events import ARTICLE_ORDERED, ARTICLES_NORMALIZED, CLOUDEVENTS_JSON, Change, Order, rfc3339, structured
from shared.ids import NEWSWIRE
from shared.kafka.ports import Message
from shared.tracing import child_of

_STANDS = frozenset({Change.CREATED.value, Change.UPDATED.value, Change.CORRECTED.value, Change.RELEASED.value})
_FALLS = frozenset({Change.KILLED.value, Change.WITHHELD.value, Change.EXPIRED.value})


class _Teller(NamedTuple):
    """Who tells: an article as it stands, when its version was received (RFC 3339), and its trace."""

    article: str
    now: Stored
    at: str
    trace: str | None

    @property
    def is_deep(self) -> bool:
        """Whether its chain names no story: then it stands for nothing, and nothing does through it."""
        return joining.line(self.article, self.now).depth >= DEEP

    def instead(self) -> str | None:
        """What goes on from an article that stands for nothing itself."""
        return None if self.is_deep or self.now.overlay is None else self.now.overlay.replaced_by

    def joins(self) -> Message:
        """To what it goes on from."""
        return self.order(Order.JOINED, self.now.parent, {})

    def replaces(self, parent: str, by: str | None) -> Message:
        """To what it goes on from: what stands for that one through it."""
        return self.order(Order.REPLACED, parent, {"replaced_by": by})

    def roots(self, child: str) -> Message:
        """To what goes on from it."""
        root, depth = below(joining.line(self.article, self.now))
        return self.order(Order.ROOTED, child, {"root": root, "depth": depth})

    def order(self, order: Order, to: str, fields: Mapping[str, Any]) -> Message:
        """An order to another article."""
        said = {"order": order.value, "at": self.at, "other": self.article, **fields}
        return _message(to, said, self.trace)


def replacements(told: Iterable[Announcement]) -> list[Message]:
    """Orders to the owners of what these articles go on from: it is replaced, or its replacement is taken back.

    Args:
        told: what has just been announced, and so can be read.
    """
    return [message for one in told if one.chained is not None and one.chained.parent for message in _replacements(one)]


def _replacements(one: Announcement) -> Iterable[Message]:
    stands = one.change in _STANDS
    if one.chained is None or not (stands or one.change in _FALLS):
        return
    version = one.version
    teller = _Teller(version.article_id, one.chained, version.received, version.traceparent)
    by = version.article_id if stands and not teller.is_deep else teller.instead()
    yield teller.replaces(one.chained.parent, by)


def of_plan(plan: Plan, stamp: str) -> list[Message]:
    """What is told once a plan is written: of an article that joins a chain, moves in it, or leaves it.

    Args:
        plan: what was written.
        stamp: of the write, RFC 3339.
    """
    if plan.after is None or plan.live is None:
        return []
    version = plan.live.version
    teller = _Teller(plan.article_id, plan.after, version.received, version.traceparent)
    found = _moved(teller, plan.before, again=plan.again)
    shown = joining.stands_for_others(plan.article_id, plan.after, stamp)
    if plan.after.parent and not shown and (by := teller.instead()):
        found.append(teller.replaces(plan.after.parent, by))
    return found


def of_order(
    order: Ordered, before: Stored | None, after: Stored, source: Mapping[str, Any], stamp: str
) -> list[Message]:
    """What is told once an order was carried out that passes along a chain.

    What changes nothing is passed on again, for it may have been lost the first time; but not round a ring for ever.

    Args:
        order: what was carried out.
        before: how the article stood; None: it was not there.
        after: how it stands.
        source: its document.
        stamp: of the write, RFC 3339.
    """
    article = order.article_id
    teller = _Teller(article, after, source.get("received") or rfc3339(order.at), order.traceparent)
    changed, parent = after != before, after.parent
    match order.order:
        case Order.JOINED:
            return [teller.roots(order.other or "")]
        case Order.REPLACED:
            passes = parent and (changed or not teller.is_deep) and not _reads(teller, source, stamp)
            return [teller.replaces(parent, teller.instead())] if passes else []
        case Order.ROOTED if order.other != parent:
            return []  # of a chain that it has left: passed on, that would go round
        case Order.ROOTED | Order.LINKED:
            found = _moved(teller, before, again=not teller.is_deep, joins=order.order == Order.LINKED)
            turned = before is not None and (joining.line(article, before).depth >= DEEP) != teller.is_deep
            if parent and (turned or order.order == Order.LINKED):
                found.append(teller.replaces(parent, article if _reads(teller, source, stamp) else teller.instead()))
            return found
        case _:
            return []


def _moved(teller: _Teller, before: Stored | None, *, again: bool, joins: bool = True) -> list[Message]:
    """To the parent if that is new, to the one before it, and to the children if they stand elsewhere now."""
    article, now = teller.article, teller.now
    old = before.parent if before is not None else ""
    found: list[Message] = []
    if joins and now.parent and (old != now.parent or again):
        found.append(teller.joins())
    if old and old != now.parent:
        found.append(teller.replaces(old, None))
    if again or before is None or joining.line(article, before) != joining.line(article, now):
        found += [teller.roots(child.id) for child in joining.chain(now).children]
    return found


def _reads(teller: _Teller, source: Mapping[str, Any], stamp: str) -> bool:
    """Whether readers have the article now, in place of what it goes on from."""
    expires = source.get("expires")
    if expires and datetime.fromisoformat(expires) <= datetime.fromisoformat(stamp):
        return False
    return joining.stands_for_others(teller.article, teller.now, stamp)


def linked(child: str, parent: str, sent: str, trace: str | None) -> Message:
    """To a lead's owner: by its slugline it goes on from `parent`, which was sent at that time (RFC 3339)."""
    return _message(child, {"order": Order.LINKED.value, "at": sent, "other": parent}, trace)


def _message(to: str, said: Mapping[str, Any], trace: str | None) -> Message:
    data = {"article_id": to, **said}
    # Never remembered by its name, for it says how things stand: a repeat of an older one may be news.
    name = str(uuid.uuid5(NEWSWIRE, orjson.dumps(data).decode()))
    value = orjson.dumps(data | {"id": name})
    return Message(
        ARTICLES_NORMALIZED,
        to.encode(),
        structured(ARTICLE_ORDERED, name, to, datetime.fromisoformat(said["at"]), value),
        (("content-type", CLOUDEVENTS_JSON.encode()), ("traceparent", child_of(trace).encode())),
    )
