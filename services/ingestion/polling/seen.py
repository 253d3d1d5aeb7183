"""What a feed has brought already: a bounded memory of (entry, content) pairs, and which entry is worth sending. Pure.

An entry is sent when its pair was never seen: a new entry, or a known one with another content. A pair that was seen stays
so when the entry leaves the feed and returns, and when an old copy turns up for a while (caches that disagree). One exception:
the old content of an entry counts as new again if the newer one has stood for hours, for then somebody put it back on purpose.
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Iterable
from typing import Final, Self

import xxhash

PUT_BACK_MINUTES: Final = 6 * 60
"""How long another content must have stood before the old one coming back is an edit and no stale copy."""
KEEP: Final = 20_000
"""Pairs remembered beyond those of the last poll, at most: 20 bytes each in the state, within one message."""
SPARE: Final = 4
"""Times the size of the feed that is remembered, so that an entry that leaves and returns is not new."""
LEAST: Final = 500

_ROW: Final = struct.Struct(">8s8sI")

Pair = tuple[bytes, bytes]


def pair_of(identity: str, content: bytes) -> Pair:
    """The pair of an entry: 64-bit hashes (xxh3) of its identity and of its content."""
    return xxhash.xxh3_64_digest(identity.encode("utf-8", "surrogatepass")), xxhash.xxh3_64_digest(content)


class Seen:
    """The memory of one feed: pair → the minute (since 1970) when the feed last held it."""

    def __init__(self, rows: Iterable[tuple[Pair, int]] = ()) -> None:
        self._rows: dict[Pair, int] = dict(rows)
        self._latest: dict[bytes, tuple[int, bytes]] = {}
        for (identity, content), minute in self._rows.items():
            self._latest[identity] = (minute, content)

    def __len__(self) -> int:
        return len(self._rows)

    def is_news(self, pair: Pair) -> bool:
        """Whether an entry with this pair is to be sent."""
        held = self._rows.get(pair)
        if held is None:
            return True
        latest, content = self._latest[pair[0]]
        return content != pair[1] and latest - held >= PUT_BACK_MINUTES

    def hold(self, pairs: Iterable[Pair], minute: int) -> None:
        """These stand in the feed now, and are seen."""
        for pair in pairs:
            self._rows.pop(pair, None)  # to the end: the order is that of forgetting
            self._rows[pair] = minute
            self._latest[pair[0]] = (minute, pair[1])

    def trim(self, current: int) -> None:
        """Forget what has been gone longest; `current` is how many entries the feed holds."""
        keep = min(max(SPARE * current, LEAST), KEEP)
        surplus = len(self._rows) - max(keep, min(current, KEEP))
        for pair in list(self._rows)[: max(surplus, 0)]:
            del self._rows[pair]
            if self._latest.get(pair[0], (0, b""))[1] == pair[1]:
                del self._latest[pair[0]]

    def text(self) -> str:
        """For the state: base64 of 20 bytes a pair."""
        return base64.b64encode(
            b"".join(_ROW.pack(identity, content, minute) for (identity, content), minute in self._rows.items())
        ).decode()

    @classmethod
    def of_text(cls, text: str) -> Self:
        """The memory that `text` holds.

        Raises:
            ValueError: it holds none.
        """
        try:
            raw = base64.b64decode(text, validate=True)
            return cls(((identity, content), minute) for identity, content, minute in _ROW.iter_unpack(raw))
        except (ValueError, struct.error):  # binascii's error is a ValueError
            raise ValueError("no list of seen entries") from None
