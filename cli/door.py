"""The front door as a sender sees it: one parcel in, what became of its items out."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx2
import orjson

from cli.manifest import Parcel
from shared.errors import Misconfigured, Unavailable

TIMEOUT_S = 60.0
LONGEST_WAIT_S = 30.0
"""The longest single wait between two tries, whatever Retry-After says."""
TRY_AGAIN = frozenset({408, 409, 429, 500, 502, 503, 504})


@dataclass(slots=True)
class Tally:
    """What became of the items so far. `reasons` holds the first few refusals: (place, why)."""

    accepted: int = 0
    duplicate: int = 0
    refused: int = 0
    reasons: list[tuple[str, str]] = field(default_factory=list)
    receipts: list[str] = field(default_factory=list)

    KEPT = 10

    def refuse(self, place: str, why: str) -> None:
        """One item was refused."""
        self.refused += 1
        if len(self.reasons) < self.KEPT:
            self.reasons.append((place, why))

    def enter(self, parcel: Parcel, status: int, answer: Any) -> None:
        """Count an answer: an entry per item in a 202, or one problem for the whole parcel."""
        answer = answer if isinstance(answer, dict) else {}
        if answer.get("receipt"):
            self.receipts.append(str(answer["receipt"]))
        items = answer.get("items")
        if not isinstance(items, list) or len(items) != len(parcel.places):
            for place in parcel.places:
                self.refuse(place, problem_line(status, answer))
            return
        for place, item in zip(parcel.places, items, strict=True):
            match item.get("status"):
                case "accepted":
                    self.accepted += 1
                case "duplicate":
                    self.duplicate += 1
                case _:
                    self.refuse(place, problem_line(status, item.get("problem") or {}))


def problem_line(status: int, problem: dict[str, Any]) -> str:
    """A problem document in one line: what, where, why."""
    title = str(problem.get("title") or f"answered {status}")
    detail = str(problem.get("detail") or "")
    errors = problem.get("errors") or []
    if not detail and errors and isinstance(errors[0], dict):
        where = errors[0].get("pointer") or errors[0].get("parameter") or ""
        detail = f"{where} {errors[0].get('message', '')}".strip()
    return f"{title}: {detail}" if detail else title


def reason(error: httpx2.TransportError) -> str:
    """Why there was no answer, in words: without the system's number."""
    return re.sub(r"^\[Errno -?\d+\] ", "", str(error)).lower() or type(error).__name__


def retry_wait(attempt: int, retry_after: str | None) -> float:
    """Seconds before the next try: what the door asks for, else 0.5 s, 1 s, 2 s … 30 s."""
    if retry_after and retry_after.strip().isdigit():
        return min(float(retry_after), LONGEST_WAIT_S)
    return float(min(0.5 * 2.0**attempt, LONGEST_WAIT_S))


class Door:
    """A connection to the front door for one feed. Blocking; one request at a time, so versions keep their order."""

    def __init__(
        self,
        url: str,
        feed: str,
        key: str,
        *,
        patience_s: float = 120.0,
        sleep: Callable[[float], None] = time.sleep,
        on_wait: Callable[[str], None] = lambda _: None,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        self.feed = feed
        self._patience_s = patience_s
        self._sleep = sleep
        self._on_wait = on_wait
        self._client = httpx2.Client(
            timeout=TIMEOUT_S, headers={"Authorization": f"Bearer {key}"}, trust_env=False, transport=transport
        )
        self._reached = False

    def push(self, parcel: Parcel, key: str | None = None) -> tuple[int, Any]:
        """Send a parcel until it is answered for good: status and JSON of the answer.

        The Idempotency-Key stays the same over all tries, so an answer that got lost does no harm.

        Raises:
            Unavailable: no such answer within the patience, or nobody there at the very first try.
            Misconfigured: the door refuses the key or does not know the feed; going on is pointless.
        """
        headers = {
            "Content-Type": parcel.content_type,
            "Idempotency-Key": key or parcel.idempotency_key(self.feed),
        }
        waited, attempt = 0.0, 0
        while True:
            answer, why = self._try(parcel.body, headers)
            if answer is not None and answer.status_code not in TRY_AGAIN:
                self._reached = True
                return self._final(answer)
            if answer is None and not self._reached:
                raise Unavailable(f"no answer from {self.url} ({why}): does it run? `newswire up` starts it")
            wait = retry_wait(attempt, answer.headers.get("Retry-After") if answer is not None else None)
            if waited + wait > self._patience_s:
                raise Unavailable(
                    f"{self.url} did not take it within {self._patience_s:.0f} s ({why}); run it again later"
                )
            self._on_wait(f"{why}; trying again in {wait:.0f} s")
            self._sleep(wait)
            waited, attempt = waited + wait, attempt + 1

    def _try(self, body: bytes, headers: dict[str, str]) -> tuple[httpx2.Response | None, str]:
        try:
            answer = self._client.post(f"{self.url}/v1/feeds/{self.feed}/items", content=body, headers=headers)
        except httpx2.TransportError as error:
            return None, reason(error)
        return answer, f"answered {answer.status_code}"

    def _final(self, answer: httpx2.Response) -> tuple[int, Any]:
        try:
            document = orjson.loads(answer.content)
        except orjson.JSONDecodeError:
            document = {}
        if answer.status_code in (401, 403, 404):
            problem = problem_line(answer.status_code, document if isinstance(document, dict) else {})
            raise Misconfigured(f"{self.url} refuses the push to feed '{self.feed}': {problem}")
        return answer.status_code, document

    def close(self) -> None:
        """Let the connection go."""
        self._client.close()
