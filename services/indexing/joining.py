"""What the orders that pass along a chain do to their article: joined, linked, rooted, replaced. Pure (see `lineage.py`).

They come from owners of other articles and are written in place: no reader sees another text. Each says how things stand, so
a repeat changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from services.indexing.lineage import DEEP, NO_CHAIN, Chain, Line, line_of, taken
from services.indexing.overlay import NOTHING
from services.indexing.standing import is_open
from services.indexing.versions import Stored
from shared.events import Order, rfc3339

if TYPE_CHECKING:
    from services.indexing.orders import Ordered

ORDERS = frozenset({Order.JOINED.value, Order.LINKED.value, Order.ROOTED.value, Order.REPLACED.value})


class Joined(NamedTuple):
    """A word for the counters, and what the index is to hold; None where nothing is to be written."""

    outcome: str
    after: Stored | None = None


def told(now: Stored, order: Ordered) -> Joined:
    """What such an order does to an article that stands as `now` (`bare`: not seen yet)."""
    match order.order:
        case Order.JOINED:
            return _joined(now, order)
        case Order.LINKED:
            return _linked(now, order)
        case Order.ROOTED:
            return _rooted(now, order)
        case _:
            return _replaced(now, order)


def chain(stored: Stored) -> Chain:
    """What an article was told of its chain."""
    return stored.overlay.chain if stored.overlay is not None else NO_CHAIN


def line(article_id: str, stored: Stored) -> Line:
    """Where an article stands in its chain."""
    return line_of(article_id, stored.parent, chain(stored))


def stands_for_others(article_id: str, stored: Stored, stamp: str) -> bool:
    """Whether readers have the article in place of what it goes on from."""
    return not stored.bare and is_open(stored.standing, stamp) and line(article_id, stored).depth < DEEP


def laid(article_id: str, now: Stored, chain_: Chain, parent: str | None = None) -> Stored:
    """The same article with another chain, and so perhaps in another story, and with something else that stands for it."""
    parent = now.parent if parent is None else parent
    newest = chain_.newest()
    overlay = (now.overlay or NOTHING)._replace(
        chain=chain_,
        replaced_by=newest.stands if newest else None,
        replaced_at=newest.at if newest else None,
    )
    story = line_of(article_id, parent, chain_).root
    return now._replace(overlay=overlay, parent=parent, story_id=story, own_status=now.own_status or now.status)


def _joined(now: Stored, order: Ordered) -> Joined:
    before = chain(now)
    after = before.joined(order.other or "", rfc3339(order.at))
    return Joined("joined-already") if after == before else Joined("joined", laid(order.article_id, now, after))


def _linked(now: Stored, order: Ordered) -> Joined:
    """Its parent by slugline: of several the latest before it. What its provider says itself counts for more."""
    before = chain(now)
    found = (rfc3339(order.at), order.other or "")
    if order.other == order.article_id or found <= (before.linked_at, before.linked):
        return Joined("linked-already")
    after = before._replace(linked=found[1], linked_at=found[0])
    by_slugline = now.parent in ("", before.linked)
    return Joined("linked", laid(order.article_id, now, after, found[1] if by_slugline else now.parent))


def _rooted(now: Stored, order: Ordered) -> Joined:
    if not now.parent or order.other != now.parent or order.root is None or order.depth is None:
        return Joined("not-rooted")
    before = chain(now)
    place = taken(order.article_id, Line(order.root, order.depth))
    after = before._replace(told_by=now.parent, root=place.root, depth=place.depth)
    return Joined("rooted-already") if after == before else Joined("rooted", laid(order.article_id, now, after))


def _replaced(now: Stored, order: Ordered) -> Joined:
    child, stands = order.other or order.replaced_by or "", order.replaced_by or ""
    known = any(one.id == child and one.stands for one in chain(now).children)
    if stands == order.article_id or not (stands or known):
        return Joined("not-replaced")
    before = chain(now)
    after = before.standing(child, stands, rfc3339(order.at))
    if after == before:
        return Joined("redelivered")
    return Joined("replaced" if after.newest() else "unreplaced", laid(order.article_id, now, after))
