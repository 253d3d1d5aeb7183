"""Where exceptions of the Elasticsearch client become newswire's own. Nothing of the client's passes further."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from elastic_transport import ApiError, ConnectionTimeout, SerializationError, TlsError, TransportError
from elasticsearch import UnsupportedProductError

from shared.elastic.outcomes import Outcome, classify
from shared.errors import Misconfigured, NewswireError, Overloaded, Refused, Unavailable

_FIELD = re.compile(r"field \[([A-Za-z0-9_.@-]{1,100})\](?: of type \[([a-z_]{1,40})\])?")
_INTRODUCED = re.compile(r"dynamic introduction of \[([A-Za-z0-9_.@-]{1,60})\] within \[([A-Za-z0-9_.@-]{1,60})\]")
_TYPE = re.compile(r"[a-z0-9_]{1,80}")


def error_of(body: Any) -> tuple[str | None, str | None]:
    """(type, reason) of an error answer's body, or of a bulk item; None where it has none (a proxy's page, say)."""
    error = body.get("error") if isinstance(body, Mapping) else None
    if isinstance(error, Mapping):
        kind, reason = error.get("type"), error.get("reason")
        return (
            kind if isinstance(kind, str) and _TYPE.fullmatch(kind) else None,
            reason if isinstance(reason, str) else None,
        )
    return None, None


def safe_reason(error_type: str | None, reason: str | None) -> str:
    """What was wrong, without a word of the document: Elasticsearch quotes field values in its reasons, we must not."""
    words = [error_type or "refused"]
    if reason:
        if found := _INTRODUCED.search(reason):
            words.append(f"no field [{found[1]}] in [{found[2]}]")
        elif found := _FIELD.search(reason):
            words.append(f"field [{found[1]}]" + (f" of type [{found[2]}]" if found[2] else ""))
    return ": ".join(words)


def retry_after(headers: Mapping[str, str] | None) -> float | None:
    """Seconds that a 429 or 503 asks us to wait, if it says so in seconds."""
    value = (headers or {}).get("retry-after", "")
    return float(value) if value.isascii() and value.isdigit() and len(value) < 6 else None


def translated(error: ApiError | TransportError, what: str, *, refusal_is_ours: bool = False) -> NewswireError:
    """The word of newswire for an exception of the client.

    Args:
        error: what was raised.
        what: the operation, for the message.
        refusal_is_ours: a 400 can only be our own mistake (templates, slices, reads), so it is Misconfigured.
    """
    if isinstance(error, ApiError):
        return _of_answer(error, what, refusal_is_ours=refusal_is_ours)
    cause = type(error.errors[0] if error.errors else error).__name__
    if isinstance(error, TlsError):
        return Misconfigured(f"Elasticsearch, {what}: TLS failed: {cause}")
    if isinstance(error, SerializationError):
        return Unavailable(f"Elasticsearch, {what}: the answer was cut short or is no JSON")
    if isinstance(error, ConnectionTimeout):
        return Unavailable(f"Elasticsearch, {what}: no answer in time")
    return Unavailable(f"Elasticsearch, {what}: no connection: {cause}")


def _of_answer(error: ApiError, what: str, *, refusal_is_ours: bool) -> NewswireError:
    if isinstance(error, UnsupportedProductError):
        return Misconfigured(f"Elasticsearch, {what}: what answers at this address is not Elasticsearch")
    status = error.meta.status
    kind, reason = error_of(error.body)
    outcome = classify(status, kind, whole_request=True)
    # A refused template, slice or read quotes no story, and its operator needs the words.
    words = _whole_reason(error.body) if refusal_is_ours else safe_reason(kind, reason)
    message = f"Elasticsearch, {what}: {status} {words}"
    if outcome is Outcome.HALT:
        return Misconfigured(message)
    if outcome is Outcome.PAUSE or status == 429:
        return Overloaded(message, retry_after=retry_after(error.meta.headers))
    if outcome is Outcome.RETRY:
        return Unavailable(message, retry_after=retry_after(error.meta.headers))
    return Misconfigured(message) if refusal_is_ours else Refused("elasticsearch-refused", message)


def _whole_reason(body: Any) -> str:
    """Every reason of an error answer, from the outermost to the cause, cut to what fits a line."""
    words: list[str] = []
    error = body.get("error") if isinstance(body, Mapping) else body
    while isinstance(error, Mapping) and len(words) < 5:
        words.append(f"{error.get('type')}: {error.get('reason')}")
        error = error.get("caused_by")
    return ", because ".join(words)[:800]


@contextmanager
def border(what: str, *, refusal_is_ours: bool = False) -> Iterator[None]:
    """Translate what the client raises inside; everything else passes."""
    try:
        yield
    except (ApiError, TransportError) as error:
        raise translated(error, what, refusal_is_ours=refusal_is_ours) from None
