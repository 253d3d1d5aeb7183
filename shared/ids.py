"""Who a story is: deterministic ids, hashes and version numbers. Pure.

Rules are the design's: an article is named by its provider's id inside its feed's (or provider's) namespace,
so no feed can write over another's story; `ext_version` orders versions in one signed 64-bit number.
"""

from __future__ import annotations

import hashlib
import os
import time
import uuid
from datetime import UTC, datetime
from functools import lru_cache

import xxhash

NEWSWIRE = uuid.UUID("6f5a3c1e-2b64-5c58-9f0e-6a2f1d7b9c10")
KILL_BASE = 2**62
"""Added to a kill's `ext_version`: every version of Elasticsearch's `external_gte` below it is refused."""

SUBS = 1000
MAX_PROVIDER_VERSION = 10**15


@lru_cache(maxsize=1024)
def namespace(name: str) -> uuid.UUID:
    """Namespace of a feed, or of a provider that several feeds share."""
    return uuid.uuid5(NEWSWIRE, name)


def article_id(provider: str, identity: str) -> uuid.UUID:
    """Id of an article: `identity` is the provider's id without revision, else canonical URL, else content hash."""
    # As `uuid.uuid5`, in half the time.
    digest = hashlib.sha1(_namespace_bytes(provider) + identity.encode(), usedforsecurity=False).digest()
    value = int.from_bytes(digest[:16], "big")
    return uuid.UUID(int=value & ~(0xF000 << 64) & ~(0xC000 << 48) | 5 << 76 | 0x8000 << 48)


@lru_cache(maxsize=1024)
def _namespace_bytes(name: str) -> bytes:
    return namespace(name).bytes


def receipt_for_key(feed: str, idempotency_key: str) -> uuid.UUID:
    """Receipt of a push that carries an Idempotency-Key: the same for every retry."""
    return uuid.uuid5(namespace(feed), f"idempotency-key:{idempotency_key}")


def uuid7() -> uuid.UUID:
    """A time-ordered random id (RFC 9562, section 5.7)."""
    milliseconds = time.time_ns() // 1_000_000
    random_bits = int.from_bytes(os.urandom(10), "big")
    value = (milliseconds & (2**48 - 1)) << 80 | 0x7 << 76 | (random_bits >> 62 & 0xFFF) << 64
    value |= 0b10 << 62 | random_bits & (2**62 - 1)
    return uuid.UUID(int=value)


def fresh_receipt() -> uuid.UUID:
    """Receipt of a push without an Idempotency-Key."""
    return uuid7()


def content_hash(*parts: str | bytes | None) -> str:
    """128-bit hash (xxh3, 32 hex digits) of the parts; a missing part differs from an empty one."""
    pieces: list[bytes] = []
    for part in parts:
        if part is None:
            pieces.append(b"\0\0\0\0\0\0\0\1\0")
        else:
            raw = part.encode() if isinstance(part, str) else part
            pieces += ((len(raw) + 1).to_bytes(8, "big"), b"\1", raw)
    return xxhash.xxh3_128_hexdigest(b"".join(pieces))


def micros(moment: datetime) -> int:
    """Microseconds since 1970 (UTC), exact for every datetime."""
    delta = moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def version_base(version: str | None, version_time: datetime | None, received: datetime) -> int:
    """Base of `ext_version`: integer version + 1 (0 to 10^15), else the version time in µs after 1970, else `received`."""
    if version is not None and version.isascii() and version.isdigit() and int(version) <= MAX_PROVIDER_VERSION:
        return int(version) + 1
    if version_time is not None and (stamp := micros(version_time)) > 0:
        return stamp
    return max(micros(received), 1)


def ext_version(base: int, sub: int = 0) -> int:
    """One ordered number a version: base × 1000 + sub, within a signed 64-bit integer."""
    if not 0 <= sub < SUBS:
        raise ValueError(f"sub {sub} is not in 0..{SUBS - 1}")
    return base * SUBS + sub


def event_id(article: uuid.UUID | str, version: int, change: str) -> uuid.UUID:
    """Deterministic id of an announcement: a repeat of it has the same id, so readers drop it."""
    return uuid.uuid5(NEWSWIRE, f"change:{article}:{version}:{change}")
