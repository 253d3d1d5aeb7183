"""What an answer of Elasticsearch means for us: one pure table, for single items of a bulk and for whole requests."""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    """What to do about an answer."""

    OK = "ok"
    """Written, and safe on every in-sync copy."""
    STALE = "stale"
    """Refused because something newer (or, for `create`, the same document) is there: as good as written."""
    RETRY = "retry"
    """Overloaded, away, or not known: send the same again after a short, growing, jittered wait."""
    PAUSE = "pause"
    """Blocked until a person or the disk watermark acts: send the same again after a long wait."""
    BISECT = "bisect"
    """The request as a whole was refused: halve it until the one bad item is found."""
    POISON = "poison"
    """This document can never be written as it is: a dead letter."""
    HALT = "halt"
    """Our credentials, index or address are wrong: a person must act, no document is to blame."""


CLUSTER_BLOCK = "cluster_block_exception"
INDEX_MISSING = "index_not_found_exception"

_BY_TYPE: dict[str, Outcome] = {
    # The index (or the whole cluster) is read-only: flood-stage watermark (429), or an operator's block (403).
    CLUSTER_BLOCK: Outcome.PAUSE,
    # Our deployment is wrong: the slice was to be made before its first write.
    INDEX_MISSING: Outcome.HALT,
    # A closed index: an operator closed it and must open it again.
    "index_closed_exception": Outcome.HALT,
    # Answered with 403 or 401 by the security module: wrong or missing credentials.
    "security_exception": Outcome.HALT,
    # Back-pressure: the write queue or indexing memory is full.
    "es_rejected_execution_exception": Outcome.RETRY,
    # Back-pressure: the parent or request breaker tripped.
    "circuit_breaking_exception": Outcome.RETRY,
    # The primary is not there (node gone, shard moving); comes with 503.
    "unavailable_shards_exception": Outcome.RETRY,
}
"""Error types whose meaning does not depend on the status that they come with."""


_ITEM: dict[int, Outcome] = {
    # A proxy, or security without its error type: credentials.
    401: Outcome.HALT,
    403: Outcome.HALT,
    408: Outcome.RETRY,
    # Under external_gte a newer version is stored; under create, the same document.
    409: Outcome.STALE,
    425: Outcome.RETRY,
    # Back-pressure, whatever its error type.
    429: Outcome.RETRY,
}
"""By status, for an item of a bulk; what is not here falls to `_rest`: 400 of a mapping, 404, 413 are POISON."""

_REQUEST: dict[int, Outcome] = {
    401: Outcome.HALT,
    403: Outcome.HALT,
    # What answers has no such endpoint: a wrong address or path.
    404: Outcome.HALT,
    405: Outcome.HALT,
    # A proxy grew tired of waiting: nothing is known.
    408: Outcome.RETRY,
    # No request of ours is answered so as a whole; nothing is known.
    409: Outcome.RETRY,
    425: Outcome.RETRY,
    429: Outcome.RETRY,
}
"""By status, for a whole request; what is not here falls to `_rest`: 400 and 413 are BISECT."""


def classify(status: int, error_type: str | None = None, *, whole_request: bool = False) -> Outcome:
    """The meaning of an answer.

    Args:
        status: HTTP status of the request, or `status` of a bulk item.
        error_type: `error.type` of the answer; None if it has none.
        whole_request: the answer stands for the request, not for one item of it.
    """
    if 200 <= status < 300:
        return Outcome.OK
    if error_type is not None and error_type in _BY_TYPE:
        return _BY_TYPE[error_type]
    return (_REQUEST if whole_request else _ITEM).get(status) or _rest(status, whole_request=whole_request)


def _rest(status: int, *, whole_request: bool) -> Outcome:
    if status >= 500:
        # Any fault of the other side.
        return Outcome.RETRY
    if status < 400:
        # A redirecting proxy, never Elasticsearch.
        return Outcome.HALT
    return Outcome.BISECT if whole_request else Outcome.POISON
