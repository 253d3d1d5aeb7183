"""A subscription and its life: wanted, asked for, verified, renewed, denied, run out, given up. Pure.

The owner of the feed keeps it in the feed's state and is the only one who changes it. Polling goes on all the while: slowly
as long as a lease is live and its pings can be relied on, at its usual speed otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from shared.events import rfc3339

VERIFY: Final = timedelta(minutes=10)
"""For so long a hub that took our request may take to call back, before it is asked again."""
PENDING: Final = timedelta(hours=1)
"""For so long after a request its verification is answered: later nobody has asked."""
LEAST_ASK_S: Final = 60.0
"""Between two requests to a hub, however short its leases are."""
BACK_OFF_CAP_S: Final = 6 * 3600.0
DENIED: Final = timedelta(days=1)
"""Until a hub that said no is asked again."""
MAX_LEASE_S: Final = 366 * 86_400.0
"""Longest lease that is believed; a mistaken one must not keep a feed slow for ever."""
LEAVE_TRIES: Final = 3
MAX_LEAVING: Final = 3


class Mode(StrEnum):
    """What a hub is asked for (`hub.mode`)."""

    SUBSCRIBE = "subscribe"
    UNSUBSCRIBE = "unsubscribe"


@dataclass(frozen=True, slots=True)
class Subscription:
    """One subscription. `next` is when its hub is asked (again); `since` and `until` bound the lease that it has, renewals included.

    `asked_for` at `asked` is the last request, as long as its verification would be answered; `waiting` while that has not come.
    `trusted` as long as no poll has found news that the hub did not send; `why` is the last failure's code.
    """

    hub: str
    topic: str
    token: str
    next: datetime
    asked_for: Mode | None = None
    asked: datetime | None = None
    waiting: bool = False
    until: datetime | None = None
    failures: int = 0
    trusted: bool = False
    why: str | None = None
    since: datetime | None = None

    def is_live(self, now: datetime) -> bool:
        """Whether it has a lease that has not run out."""
        return self.until is not None and now < self.until

    def expects(self, mode: Mode, topic: str, now: datetime) -> bool:
        """Whether a hub's call to verify is about what we asked for. It may be made again: its answer may have been lost."""
        recent = self.asked is not None and now - self.asked <= PENDING
        return self.asked_for is mode and self.topic == topic and recent


def renewal(lease_s: float) -> float:
    """Seconds after which a lease is renewed: a third of it, at most a day, is left for tries."""
    return max(lease_s - min(lease_s / 3, 86_400.0), LEAST_ASK_S)


def back_off(failures: int, chance: float) -> timedelta:
    """Until the next try after so many failures in a row; `chance` from 0 to 1 spreads them by a fifth to both sides."""
    doubled = min(LEAST_ASK_S * 2.0 ** min(failures, 20), BACK_OFF_CAP_S)
    return timedelta(seconds=max(doubled * (0.8 + 0.4 * chance), LEAST_ASK_S))


def ask(subscription: Subscription, mode: Mode, now: datetime) -> Subscription:
    """The hub is about to be asked. A request before it that was never verified counts as a failure."""
    failures, why = subscription.failures, subscription.why
    if subscription.waiting:
        failures, why = failures + 1, "unverified"
    wait = max(VERIFY, back_off(failures, 0.5))
    return replace(
        subscription, asked_for=mode, asked=now, waiting=True, next=now + wait, failures=min(failures, 1000), why=why
    )


def refused(subscription: Subscription, why: str, now: datetime, chance: float = 0.5) -> Subscription:
    """The hub did not take the request. A lease from before stays good to its end."""
    failures = min(subscription.failures + 1, 1000)
    return replace(
        subscription, asked_for=None, waiting=False, failures=failures, why=why, next=now + back_off(failures, chance)
    )


def verified(subscription: Subscription, lease_s: float | None, asked_s: float, now: datetime) -> Subscription:
    """The hub called back and heard our yes. `lease_s` is what it gives; where it says nothing, what was asked for counts.

    A first lease is trusted; a renewal proves nothing of what the hub sends, so a hub that was silent stays found out.
    """
    live = subscription.is_live(now)
    lease = min(max(asked_s if lease_s is None else lease_s, 1.0), MAX_LEASE_S)
    return replace(
        subscription,
        waiting=False,
        failures=0,
        why=None,
        trusted=subscription.trusted or not live,
        since=subscription.since if live and subscription.since else now,
        until=now + timedelta(seconds=lease),
        next=now + timedelta(seconds=renewal(lease)),
    )


def denied(subscription: Subscription, now: datetime) -> Subscription:
    """The hub said no, or takes back an earlier yes (`hub.mode=denied`)."""
    return replace(
        subscription, asked_for=None, waiting=False, trusted=False, until=None, why="denied", next=now + DENIED
    )


@dataclass(frozen=True, slots=True)
class Wanted:
    """The subscription that a feed should have."""

    hub: str
    topic: str
    token: str


@dataclass(slots=True)
class WebSubState:
    """A feed's subscriptions: the one it wants, and those that it wants to be rid of; what the feed itself says of its hub.

    `hub` and `topic` are what the last poll found (None: nothing).
    """

    hub: str | None = None
    topic: str | None = None
    current: Subscription | None = None
    leaving: tuple[Subscription, ...] = field(default=())

    def __bool__(self) -> bool:
        return bool(self.current or self.leaving)

    def relies(self, now: datetime) -> bool:
        """Whether polling may be slow: there is a lease, and the hub has kept its word."""
        return self.current is not None and self.current.is_live(now) and self.current.trusted

    def want(self, wanted: Wanted | None, now: datetime) -> None:
        """Go over to what is wanted now; what was there before is given up, if a hub knows of it."""
        held = self.current
        if wanted and held and (held.token, held.topic, held.hub) == (wanted.token, wanted.topic, wanted.hub):
            return
        if held is None and wanted is None:
            return
        if held and (held.until or held.asked_for):
            gone = replace(held, next=now, asked_for=None, waiting=False, failures=0, why=None)
            self.leaving = (*self.leaving, gone)[-MAX_LEAVING:]
        self.current = Subscription(wanted.hub, wanted.topic, wanted.token, now) if wanted else None
        # The same again: the hub's answer to giving up must not end what is asked for anew.
        self.leaving = tuple(one for one in self.leaving if wanted is None or one.token != wanted.token)

    def due(self, now: datetime) -> tuple[Mode, Subscription] | None:
        """Which hub is to be asked for what now."""
        self.leaving = tuple(one for one in self.leaving if _still_leaving(one, now))
        if self.current is not None and now >= self.current.next:
            return Mode.SUBSCRIBE, self.current
        return next(((Mode.UNSUBSCRIBE, one) for one in self.leaving if now >= one.next), None)

    def find(self, token: str) -> Subscription | None:
        """The subscription with that token."""
        held = (self.current, *self.leaving)
        return next((one for one in held if one is not None and one.token == token), None)

    def put(self, changed: Subscription) -> None:
        """Take in a change of one that is still there; of one that went meanwhile, nothing."""
        if self.current is not None and self.current.token == changed.token:
            self.current = changed
        self.leaving = tuple(changed if one.token == changed.token else one for one in self.leaving)

    def left(self, token: str) -> None:
        """A hub has confirmed that it sends nothing more."""
        self.leaving = tuple(one for one in self.leaving if one.token != token)

    def dump(self) -> dict[str, Any]:
        """For the feed's state, as JSON."""
        return {
            "hub": self.hub,
            "topic": self.topic,
            "current": _dump(self.current) if self.current else None,
            "leaving": [_dump(one) for one in self.leaving],
        }


def _still_leaving(one: Subscription, now: datetime) -> bool:
    """Nothing is left to give up once its lease is over, or the hub was asked often enough."""
    tries = one.failures + one.waiting
    return (one.until is None or now < one.until) and (tries < LEAVE_TRIES or now < one.next)


def load_websub(data: Mapping[str, Any] | None) -> WebSubState:
    """What `dump` gave.

    Raises:
        ValueError, KeyError, TypeError: it is none.
    """
    if data is None:
        return WebSubState()
    current = data["current"]
    return WebSubState(
        data.get("hub"),
        data.get("topic"),
        _load(current) if current is not None else None,
        tuple(map(_load, data["leaving"])),
    )


def _dump(one: Subscription) -> dict[str, Any]:
    return {
        "hub": one.hub,
        "topic": one.topic,
        "token": one.token,
        "next": rfc3339(one.next),
        "asked_for": one.asked_for,
        "asked": rfc3339(one.asked) if one.asked else None,
        "waiting": one.waiting,
        "until": rfc3339(one.until) if one.until else None,
        "failures": one.failures,
        "trusted": one.trusted,
        "why": one.why,
        "since": rfc3339(one.since) if one.since else None,
    }


def _load(data: Mapping[str, Any]) -> Subscription:
    return Subscription(
        hub=data["hub"],
        topic=data["topic"],
        token=data["token"],
        next=_moment(data["next"]),
        asked_for=Mode(data["asked_for"]) if data["asked_for"] else None,
        asked=_moment(data["asked"]) if data["asked"] else None,
        waiting=bool(data["waiting"]),
        until=_moment(data["until"]) if data["until"] else None,
        failures=int(data["failures"]),
        trusted=bool(data["trusted"]),
        why=data["why"],
        since=_moment(since) if (since := data.get("since")) else None,
    )


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
