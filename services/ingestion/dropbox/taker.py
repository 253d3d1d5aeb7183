"""One claimed file through the door: its items to Kafka, or the reason why not.

The token of the claim decides what is sent: receipts are named after it and the time of receipt stands in it. So a file
that is taken a second time, after a crash, gives the very same messages, and what was stored is recognised further on.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, BinaryIO, Final, NamedTuple

import orjson

from services.ingestion.door import Door, Push, Tally
from services.ingestion.dropbox.archives import HEAD, Entry, Limits, entries, is_archive
from services.ingestion.dropbox.folder import Claim
from services.ingestion.dropbox.graves import Graves, refused_of
from services.ingestion.dropbox.names import content_type_of, family_of_name, shown
from services.ingestion.idempotency import IdempotencyKeys
from shared import ids
from shared.backoff import Tries
from shared.errors import Refused, TooLarge, Transient
from shared.events import rfc3339
from shared.feeds import Feed
from shared.kafka.ports import Publisher
from shared.problems import Problem
from shared.settings import Settings

MAX_TOLD: Final = 1000
"""Refused items that are told one by one in a reason file."""


_NESTED: Final = Refused("bad-archive-entry", "an archive in an archive")


class Stopped(Exception):
    """The service stops before the file is through; it stays claimed and is taken again after the next start."""


class Unsteady(Exception):
    """Somebody still writes to the file."""


@dataclass(slots=True)
class Taken:
    """What became of one file."""

    name: str
    feed: str
    receipt: str
    taken: datetime
    accepted: int = 0
    refused: int = 0
    size: int = 0
    """Bytes of the file."""
    problem: dict[str, Any] | None = None
    """Why the file as a whole, or what was left of it, was not taken."""
    items: list[dict[str, Any]] = field(default_factory=list)

    @property
    def is_refused(self) -> bool:
        """Whether a person must look: the file, or something in it, was not taken."""
        return self.problem is not None or self.refused > 0

    def reason(self) -> bytes:
        """The text of the file beside a refused one. Codes, places and sentences, no story text."""
        told: dict[str, Any] = {
            "file": shown(self.name),
            "feed": self.feed,
            "receipt": self.receipt,
            "taken": rfc3339(self.taken),
            "accepted": self.accepted,
            "refused": self.refused,
        }
        if self.problem is not None:
            told["problem"] = self.problem
        if self.items:
            told["items"] = self.items
        return orjson.dumps(told, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


class _Part(NamedTuple):
    """A file, or an entry of one. `number` counts the entries of an archive from 1; 0 is the file itself."""

    number: int
    name: str
    body: bytes


def moment_of(token: str) -> datetime:
    """When a claim was made: the milliseconds in its UUID of version 7 (RFC 9562, section 5.7)."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=uuid.UUID(token).int >> 80)


class Taker:
    """Sends files to Kafka by the door's own rules, and waits for it as long as it takes. One file at a time."""

    def __init__(self, publisher: Publisher, settings: Settings, stop: asyncio.Event) -> None:
        self._now = datetime.now(UTC)
        self._stop = stop
        self._file_limit = settings.sizes.request
        self._graves = Graves(publisher, settings.sizes.dead_letter_message)
        self._limits = Limits(settings.sizes.request, settings.ingestion.drop_archive_bytes)
        self._door = Door(
            publisher,
            item_limit=settings.sizes.item,
            kafka_wait_s=settings.ingestion.kafka_wait_s,
            keys=IdempotencyKeys(0),  # what was taken is known by the claims
            clock=lambda: self._now,
        )

    async def take(self, feed: Feed, claim: Claim, file: BinaryIO) -> Taken:
        """All items of an open file.

        Raises:
            Unsteady: the file changed meanwhile; take it again, whole.
            Stopped: the service is stopping.
        """
        before = os.fstat(file.fileno())
        taken = self.untaken(feed, claim, None)
        taken.size = before.st_size
        try:
            head = await asyncio.to_thread(os.pread, file.fileno(), HEAD, 0)
            if is_archive(head):
                await self._archive(feed, claim, file, taken)
            else:
                await self._file(feed, claim, file, taken)
        except Refused as refused:
            taken.problem = {"code": refused.code, "detail": refused.reason}
        after = os.fstat(file.fileno())
        if (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
            raise Unsteady
        return taken

    def untaken(self, feed: Feed, claim: Claim, problem: dict[str, Any] | None) -> Taken:
        """A file of which nothing was sent (yet), and why."""
        receipt = ids.receipt_for_key(feed.id, _key(claim.token, 0))
        return Taken(claim.name, feed.id, str(receipt), moment_of(claim.token), problem=problem)

    async def _file(self, feed: Feed, claim: Claim, file: BinaryIO, taken: Taken) -> None:
        if taken.size > self._file_limit:
            raise TooLarge(f"a file may have {self._file_limit} bytes")
        before = os.fstat(file.fileno())
        body = await asyncio.to_thread(file.read, self._file_limit + 1)
        after = os.fstat(file.fileno())
        if len(body) != after.st_size or after.st_mtime_ns != before.st_mtime_ns:
            raise Unsteady  # before anything of it is sent
        await self._push(feed, claim, _Part(0, "", body), taken)

    async def _archive(self, feed: Feed, claim: Claim, file: BinaryIO, taken: Taken) -> None:
        found: Iterator[Entry] = await asyncio.to_thread(entries, file, self._limits)
        number = 0
        while (entry := await asyncio.to_thread(next, found, None)) is not None:
            number += 1
            refusal = entry.refusal or (_NESTED if is_archive(entry.raw[:HEAD]) else None)
            if refusal is not None:
                place = {"entry": shown(entry.name)}
                _refuse(taken, place, {"code": refusal.code, "detail": refusal.reason})
            else:
                await self._push(feed, claim, _Part(number, entry.name, entry.raw), taken)
        if not number:
            raise Refused("empty-body", "there is no file in the archive")

    async def _push(self, feed: Feed, claim: Claim, part: _Part, taken: Taken) -> None:
        """One body through the door."""
        key = _key(claim.token, part.number)
        receipt = ids.receipt_for_key(feed.id, key)
        family = family_of_name(part.name or claim.name)
        push = Push(
            feed,
            part.body,
            family,
            # Named after the receipt, so that a second try is the same trace.
            f"00-{receipt.hex}-{receipt.hex[:16]}-01",
            content_type=content_type_of(family),
            idempotency_key=key,
        )
        place = {"entry": shown(part.name)} if part.name else {}
        # Entries of one archive are a microsecond apart, so that a later one of the same story is the later version.
        self._now = taken.taken + timedelta(microseconds=part.number)
        tally = Tally()
        answer = await self._until_answered(push, tally)
        taken.accepted += tally.accepted
        if not isinstance(answer, Problem) and not tally.refused:
            return
        refused = refused_of(answer if isinstance(answer, Problem) else orjson.loads(answer), str(receipt))
        await self._bury(push, str(receipt), refused)
        for item in refused:
            name = {"receipt": str(receipt)} if item.get("whole") else {"id": item["id"]}
            _refuse(taken, {**name, **place}, item["problem"])

    async def _bury(self, push: Push, receipt: str, refused: Sequence[Mapping[str, Any]]) -> None:
        """Keep what was refused as dead letters, before the file is put away; waits while Kafka is away."""
        tries = Tries()
        while True:
            try:
                await self._graves.keep(push, receipt, self._now, refused)
            except Transient:
                await self._wait(tries)
            else:
                return

    async def _until_answered(self, push: Push, tally: Tally) -> bytes | Problem:
        """The door's answer; waits while Kafka is away."""
        tries = Tries()
        while True:
            if self._stop.is_set():
                raise Stopped
            try:
                return await self._door.take(push, tally)
            except Problem as problem:
                if problem.status < 500:
                    return problem
            await self._wait(tries)

    async def _wait(self, tries: Tries) -> None:
        """Before another try.

        Raises:
            Stopped: the service is stopping.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(tries.next()):
                await self._stop.wait()
        if self._stop.is_set():
            raise Stopped


def _key(token: str, number: int) -> str:
    """The name of a receipt; no Idempotency-Key holds a line's end, so it meets none that a sender gave."""
    return f"drop\n{token}" if not number else f"drop\n{token}\n{number}"


def _refuse(taken: Taken, place: dict[str, Any], problem: dict[str, Any]) -> None:
    """Note one refused item, by its problem document or by what of one is known."""
    taken.refused += 1
    if len(taken.items) < MAX_TOLD:
        code = problem.get("code") or problem["type"].rpartition("/")[2]
        told = {name: problem[name] for name in ("detail", "line", "errors") if problem.get(name)}
        taken.items.append(place | {"problem": {"code": code, **told}})
