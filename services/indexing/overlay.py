"""What stands over an article's versions: operators' holds and the orders they gave, and what replaced it. Pure.

An overlay outlives versions: whatever the provider sends next is written with it. It is stored in the live document, so that
the next owner knows it, and in the rows of history of the versions it lay over. `None` stands for the common case: nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from services.indexing.lineage import NO_CHAIN, Chain, chain_of
from shared.events import Status

KEPT = 50
"""Orders of one article that are remembered, the newest; repeats of an older one would count as new."""

FIELDS = ("on_hold", "own_status", "erased", "replaced_told", "replaced_at", "order_id", "orders", "chain")
_WITHHELD, _USABLE = Status.WITHHELD.value, Status.USABLE.value


class Overlay(NamedTuple):
    """`on_hold`: an operator holds it; `replaced_by`: told by the owner of what stands for it, which came at `replaced_at`; `order_id`: the order that made
    the live version, '' if a provider did; `orders`: each order with what it did (see `orders.record`); `chain`: what it was told of its story's.
    """

    on_hold: bool = False
    erased: bool = False
    replaced_by: str | None = None
    replaced_at: str | None = None
    order_id: str = ""
    orders: tuple[Mapping[str, Any], ...] = ()
    chain: Chain = NO_CHAIN

    def obeyed(self, order_id: str) -> Mapping[str, Any] | None:
        """The record of an order that was obeyed before."""
        return next((one for one in self.orders if one.get("id") == order_id), None)

    def with_record(self, record: Mapping[str, Any]) -> Overlay:
        """The same with one more order, the oldest forgotten."""
        return self._replace(orders=(*self.orders, record)[-KEPT:])


NOTHING = Overlay()


def overlay_of(source: Mapping[str, Any]) -> Overlay | None:
    """The overlay that a stored document tells of; None for nearly all."""
    orders, told = source.get("orders"), source.get("replaced_told")
    if not orders and not told and not source.get("chain"):
        return None
    return Overlay(
        on_hold=source.get("on_hold") is True,
        erased=source.get("erased") is True,
        replaced_by=source.get("replaced_by") if told else None,
        replaced_at=source.get("replaced_at") if told else None,
        order_id=source.get("order_id") or "",
        orders=tuple(orders or ()),
        chain=chain_of(source),
    )


def effective(status: str, overlay: Overlay | None) -> str:
    """The status of a version under an overlay: an operator's hold withholds what its provider frees."""
    return _WITHHELD if overlay is not None and overlay.on_hold and status == _USABLE else status


def laid_over(document: Mapping[str, Any], overlay: Overlay | None) -> dict[str, Any]:
    """A document as its version made it, with the overlay's fields."""
    found = {name: value for name, value in document.items() if name not in FIELDS}
    if document.get("replaced_told"):
        found.pop("replaced_by", None)
    if overlay is None:
        return found
    status = effective(found["status"], overlay)
    if status != found["status"]:
        found["own_status"], found["status"] = found["status"], status
    told = {
        "on_hold": overlay.on_hold or None,
        "erased": overlay.erased or None,
        "order_id": overlay.order_id or None,
        "orders": list(overlay.orders) or None,
        "chain": overlay.chain.stored() or None,
    }
    if overlay.replaced_by is not None:
        found["replaced_by"], found["replaced_told"] = overlay.replaced_by, True
        found["replaced_at"] = overlay.replaced_at
    return found | {name: value for name, value in told.items() if value is not None}
