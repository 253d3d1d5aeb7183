"""What `newswire withhold`, `release`, `kill` and `erase` do: find the article, ask, send the order, wait for it."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote
from uuid import UUID

import typer

from cli.addresses import search_url
from cli.dead_letters.commands import erase_letters
from cli.finder import Answered, Finder
from cli.orders.target import Target, applied, letters_of, target_of
from cli.output import complain, count, fail, print_json, say
from cli.quiet import log_to
from cli.topics import on_the_kafka_that_runs
from cli.who import whoever
from shared import ids
from shared.errors import Misconfigured, NewswireError
from shared.events import (
    ARTICLE_ORDERED,
    ARTICLES_NORMALIZED,
    CLOUDEVENTS_JSON,
    ArticleOrder,
    Order,
    now,
    structured,
)
from shared.feeds.reload import read_rules
from shared.kafka.client import AiokafkaPublisher
from shared.kafka.ports import Message
from shared.settings import Settings, load_settings

LOCAL: Final = "local"
_ASK_AGAIN_S: Final = 0.3
_FINAL: Final = {
    Order.KILL: "Kill it for good? Readers get the notice with your reason; nothing brings the story back.",
    Order.ERASE: "Erase it for good? Its text goes from the index and its history, and is never taken again.",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What an operator asks for. `feed`: `identity` is the provider's own id in that feed's namespace."""

    order: Order
    identity: str
    reason: str
    by: str | None = None
    feed: str | None = None
    yes: bool = False
    wait_s: float = 30.0
    url: str | None = None
    as_json: bool = False


def give(asked: Asked) -> None:
    """Give an order. Exit code 0 carried out (or sent, without waiting), 1 not seen carried out in time, 2 not sent."""
    if not asked.reason.strip():
        fail("--reason says why, in a few words; it stays with the article")
    settings = load_settings()
    finder = Finder(asked.url or search_url(settings))
    meant = _meant(asked, settings, finder)
    if not asked.yes:
        _confirm(asked, meant, finder)
    order = ArticleOrder(
        article_id=meant.article_id,
        id=ids.uuid7(),
        order=asked.order,
        at=now(),
        by=asked.by or whoever(),
        reason=asked.reason.strip(),
    )
    log_to(None)  # a broker that is away is told in one line of ours
    kafka = on_the_kafka_that_runs(settings)
    letters = letters_of(meant.article_id, _trace(finder, str(meant.article_id))) if asked.order is Order.ERASE else ()
    asyncio.run(_send(kafka, message_of(order)))
    if asked.order is Order.ERASE:
        _erase_letters(kafka, asked, letters)
    if asked.wait_s <= 0:
        _told(asked, order, None, waited=False)
    done = _wait(finder, order, asked.wait_s)
    _told(asked, order, done, waited=True)


def message_of(order: ArticleOrder) -> Message:
    """An order as a message to the owner of its article."""
    key, name = str(order.article_id), str(order.id)
    data = order.model_dump_json(exclude_none=True).encode()
    return Message(
        ARTICLES_NORMALIZED,
        key.encode(),
        structured(ARTICLE_ORDERED, name, key, order.at, data),
        (("content-type", CLOUDEVENTS_JSON.encode()),),
    )


def article_of(feed: str, identity: str, settings: Settings) -> UUID:
    """The article of a provider's id, as normalization names it.

    Raises:
        Misconfigured: there is no such feed.
    """
    feeds = read_rules(settings.feeds_path) if settings.feeds_path.exists() else {}
    if feed not in feeds and feed != LOCAL:
        raise Misconfigured(f"there is no feed {feed}; newswire feeds list names them")
    namespace = feeds[feed].namespace if feed in feeds else LOCAL
    return ids.article_id(namespace, identity)


def _meant(asked: Asked, settings: Settings, finder: Finder) -> Target:
    if asked.feed is None:
        return target_of(asked.identity, _trace(finder, asked.identity))
    article_id = article_of(asked.feed, asked.identity, settings)
    return target_of(str(article_id), _trace(finder, str(article_id)))


def _trace(finder: Finder, identity: str) -> dict[str, Any]:
    try:
        return finder.get(f"/v1/trace/{quote(identity, safe='')}")
    except Answered as error:
        raise Misconfigured(f"{error}; a provider's own id needs its feed: --feed NAME") from None


def _confirm(asked: Asked, meant: Target, finder: Finder) -> None:
    """Ask before what cannot be undone, and before an order to what nobody has seen."""
    question = _FINAL.get(asked.order)
    if question is None and meant.known:
        return
    if not _somebody_there():
        fail("nobody there to ask: give --yes")
    say(_known_as(finder, meant))
    if not typer.confirm(question or "Give the order all the same?", err=True):
        fail("nothing sent", 1)


def _somebody_there() -> bool:
    return sys.stdin.isatty()


def _known_as(finder: Finder, meant: Target) -> str:
    if not meant.known:
        return f"{meant.article_id}: nothing of it has been seen yet; the order waits for it."
    with contextlib.suppress(NewswireError):
        article = finder.get(f"/v1/articles/{meant.article_id}")
        return f"{meant.article_id}: {article.get('title')} ({article.get('feed')}, version {article.get('version')})"
    return f"{meant.article_id}: readers do not see it now."


def _erase_letters(settings: Settings, asked: Asked, names: Collection[str]) -> None:
    """What stands of an erased article in the dead letters is shown to nobody any more, and never sent back."""
    try:
        marked = erase_letters(settings, names, by=asked.by or whoever(), why=asked.reason.strip())
    except NewswireError as error:
        fail(f"sent, but its dead letters can still be read: {error}; give the same order again", 1)
    if marked:
        complain(f"{count(marked, 'dead letter')} of it can be read by nobody any more")


async def _send(settings: Settings, message: Message) -> None:
    publisher = AiokafkaPublisher(settings)
    try:
        await publisher.start()
        (error,) = await publisher.publish([message])
        if error is not None:
            raise error
    finally:
        await publisher.stop()


def _wait(finder: Finder, order: ArticleOrder, seconds: float) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(NewswireError):  # search may be away; the order is safe
            if done := applied(str(order.id), _trace(finder, str(order.article_id))):
                return done
        time.sleep(_ASK_AGAIN_S)
    return None


def _told(asked: Asked, order: ArticleOrder, done: Any, *, waited: bool) -> None:
    article = str(order.article_id)
    if asked.as_json:
        found = {"article_id": article, "order": order.order.value, "id": str(order.id), "sent": True}
        print_json(found | {"applied": done is not None, "change": (done or {}).get("change")})
    elif done is not None and done.get("change"):
        say(f"{done['change']}: article {article}, now {done.get('status')}")
    elif done is not None:
        say(f"nothing to change: article {article} is {done.get('status')}; the order is noted")
    elif waited:
        say(f"sent, and not carried out within {asked.wait_s:g} s: article {article}; newswire trace {article}")
    else:
        say(f"sent: {order.order.value} article {article}; newswire trace {article} tells when it is done")
    raise SystemExit(1 if waited and done is None else 0)
