"""Which article an operator means, out of what the trace knows of an id. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import UUID

from shared.errors import Misconfigured


class Target(NamedTuple):
    """The article that is meant; `known` says that something of it has been seen."""

    article_id: UUID
    known: bool


def target_of(identity: str, trace: Mapping[str, Any]) -> Target:
    """The one article of a trace.

    Args:
        identity: what was asked for.
        trace: the answer of `GET /v1/trace/{identity}`.

    Raises:
        Misconfigured: it is of no article, or of several.
    """
    found = sorted({str(article["id"]) for article in trace.get("articles") or [] if article.get("id")})
    if len(found) > 1:
        shown = ", ".join(found[:10]) + (" …" if len(found) > 10 else "")
        raise Misconfigured(f"{identity} is of {len(found)} articles; name one of them: {shown}")
    if found:
        return Target(UUID(found[0]), known=True)
    if letters := trace.get("dead_letters"):
        raise Misconfigured(f"{identity} became no article: {letters[0].get('class')}, see newswire trace {identity}")
    try:
        return Target(UUID(identity), known=False)
    except ValueError:
        raise Misconfigured(
            f"nothing is known of {identity}; an order to what has not come needs its article id"
        ) from None


def letters_of(article_id: UUID, trace: Mapping[str, Any]) -> set[str]:
    """Under which names dead letters of an article may stand: its own, and its items'."""
    told = [*(trace.get("articles") or []), *(trace.get("dead_letters") or [])]
    return {str(article_id)} | {one["item"] for one in told if one.get("item")}


def applied(order_id: str, trace: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What an order came to, once the article says that it was carried out; None before."""
    for article in trace.get("articles") or []:
        for order in article.get("orders") or []:
            if order.get("id") == order_id:
                return {**order, "status": article.get("status")}
    return None
