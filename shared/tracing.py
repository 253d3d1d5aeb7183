"""W3C trace context through Kafka headers: one trace id from the front door to the index.

Source: W3C Trace Context, Level 1. The header `traceparent` is `00-{32 hex}-{16 hex}-{2 hex}`.
"""

from __future__ import annotations

import os
import re

_TRACEPARENT = re.compile(r"^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}$")


def trace_id(traceparent: str | None) -> str | None:
    """The trace id of a well-formed `traceparent`, else None."""
    match = _TRACEPARENT.match(traceparent) if traceparent else None
    return match[1] if match else None


def child_of(traceparent: str | None) -> str:
    """A `traceparent` for the next hop: the same trace with a fresh span, or a fresh trace."""
    trace = trace_id(traceparent) or os.urandom(16).hex()
    return f"00-{trace}-{os.urandom(8).hex()}-01"
