"""What is remembered of a polled feed between two polls, as one message of the compacted topic `feeds.state`. Pure.

The key is the feed's id; the value is JSON: `{"v": 1, "url", "etag", "modified", "interval_s", "failures", "next", "polled",
"succeeded", "whole", "why", "hints", "websub", "seen"}`, times in RFC 3339; `hints` and `websub` are absent before 0.2. Besides, each partition has one message of its own, whose key begins
with '~' (no feed's does): the mark that tells a reader how far the partition went when it began to read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson

from services.ingestion.polling.hints import Hints, load_hints
from services.ingestion.polling.schedule import Pace
from services.ingestion.polling.seen import Seen
from services.ingestion.websub.subscription import WebSubState, load_websub
from shared.events import FEEDS_STATE, rfc3339
from shared.kafka.partitioner import partition_for
from shared.kafka.ports import Message

MAJOR: Final = 1
MARK: Final = b"~"
WHOLE_EVERY: Final = timedelta(days=1)
"""At least so often a feed is fetched without conditions: some servers say 'not modified' for ever."""
_MAX_VALIDATOR: Final = 500


@dataclass(slots=True)
class FeedState:
    """A feed's memory. `next` is when it is due; `whole` when it was last fetched as a whole; `why` its last failure's code."""

    url: str
    pace: Pace
    next: datetime
    etag: str | None = None
    modified: str | None = None
    polled: datetime | None = None
    succeeded: datetime | None = None
    whole: datetime | None = None
    why: str | None = None
    hints: Hints = field(default_factory=Hints)
    websub: WebSubState = field(default_factory=WebSubState)
    seen: Seen = field(default_factory=Seen)

    def conditions(self, url: str, now: datetime) -> dict[str, str]:
        """Headers of a conditional GET; none when the address has changed or a whole answer is due."""
        if url != self.url or self.whole is None or now - self.whole >= WHOLE_EVERY:
            return {}
        given = {"If-None-Match": self.etag, "If-Modified-Since": self.modified}
        return {name: value for name, value in given.items() if value}

    def dump(self) -> bytes:
        """The value of its message."""
        return orjson.dumps(
            {
                "v": MAJOR,
                "url": self.url,
                "etag": self.etag,
                "modified": self.modified,
                "interval_s": self.pace.interval_s,
                "failures": self.pace.failures,
                "next": rfc3339(self.next),
                "polled": _text(self.polled),
                "succeeded": _text(self.succeeded),
                "whole": _text(self.whole),
                "why": self.why,
                "hints": self.hints.dump(),
                "websub": self.websub.dump(),
                "seen": self.seen.text(),
            }
        )


def load_state(value: bytes) -> FeedState:
    """The state in a message.

    Raises:
        ValueError: it is none that this release reads; the feed then begins anew, and what it sends again is recognised.
    """
    try:
        data: dict[str, Any] = orjson.loads(value)
        if data["v"] != MAJOR:
            raise ValueError("another version of the feed state")
        return FeedState(
            url=data["url"],
            pace=Pace(float(data["interval_s"]), int(data["failures"])),
            next=datetime.fromisoformat(data["next"]).astimezone(UTC),
            etag=validator(data.get("etag")),
            modified=validator(data.get("modified")),
            polled=_moment(data.get("polled")),
            succeeded=_moment(data.get("succeeded")),
            whole=_moment(data.get("whole")),
            why=data.get("why"),
            hints=load_hints(data.get("hints")),
            websub=load_websub(data.get("websub")),
            seen=Seen.of_text(data["seen"]),
        )
    except (KeyError, TypeError, AttributeError, OverflowError) as error:
        raise ValueError(f"no feed state: {type(error).__name__}") from None


def validator(text: str | None) -> str | None:
    """An ETag or Last-Modified that can be sent back as it came; None for one that cannot."""
    good = text and len(text) <= _MAX_VALIDATOR and text.isascii() and text.isprintable()
    return text if good else None


def state_message(feed: str, state: FeedState) -> Message:
    """The message that remembers it."""
    return Message(FEEDS_STATE, feed.encode(), state.dump())


def mark_message(partition: int, partitions: int, nonce: str) -> Message:
    """The mark for a partition: always under the same key, so that one is kept."""
    n = next(n for n in range(1_000_000) if partition_for(MARK + str(n).encode(), partitions) == partition)
    return Message(FEEDS_STATE, MARK + str(n).encode(), orjson.dumps({"v": MAJOR, "mark": nonce}))


def mark_of(value: bytes | None) -> str | None:
    """The nonce in a mark's value, if it is one."""
    try:
        nonce = orjson.loads(value or b"null")["mark"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return None
    return nonce if isinstance(nonce, str) else None


def _text(moment: datetime | None) -> str | None:
    return rfc3339(moment) if moment else None


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).astimezone(UTC) if text else None
