"""One drop folder, watched: waits until a file lies still, claims it, has it taken, puts it away."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from services.ingestion.dropbox.folder import Claim, Folder, InUse, Seen
from services.ingestion.dropbox.names import DONE, REFUSED, shown
from services.ingestion.dropbox.taker import Stopped, Taken, Taker, Unsteady
from shared import ids
from shared.errors import Refused
from shared.failpoints import failpoint
from shared.feeds import Feed
from shared.kafka.ports import Publisher
from shared.log import get_logger
from shared.metrics import DROP_FILES
from shared.settings import Settings

IN_USE_S: Final = 2.0
"""How often a folder that another replica watches is tried again."""
UNUSABLE_S: Final = 10.0
MAX_TOLD: Final = 1000
"""Files of a folder that are complained about, once each."""
EMPTY_S: Final = 30.0
"""How long an empty file may wait for its writer before it is refused."""

_log = get_logger()


class Steady:
    """Which files have lain unchanged for long enough. Pure but for the clock it is given."""

    def __init__(self, settle_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._settle_s = settle_s
        self._clock = clock
        self._since: dict[str, tuple[Seen, float]] = {}

    def ready(self, look: list[Seen]) -> list[Seen]:
        """Those of the look that may be taken. A link or FIFO is never written to the end: it may be taken at once."""
        now = self._clock()
        before, self._since = self._since, {}
        ready = []
        for seen in look:
            first, since = before.get(seen.name, (seen, now))
            if first != seen:
                since = now
            self._since[seen.name] = seen, since
            wait = 0.0 if not seen.regular else self._settle_s if seen.size else max(self._settle_s, EMPTY_S)
            if now - since >= wait:
                ready.append(seen)
        return ready


class Watcher:
    """Watches one folder for one feed until it is cancelled, whatever happens to the folder."""

    def __init__(  # noqa: PLR0917 - one caller
        self,
        feed_id: str,
        path: Path,
        feed_now: Callable[[str], Feed | None],
        publisher: Publisher,
        settings: Settings,
        stop: asyncio.Event,
    ) -> None:
        self._feed_id = feed_id
        self._path = path
        self._feed_now = feed_now
        self._stop = stop
        self._every_s = settings.ingestion.drop_every_s
        self._settle_s = settings.ingestion.drop_settle_s
        self._taker = Taker(publisher, settings, stop)
        self._said: str | None = None
        self._told: set[str] = set()

    async def run(self) -> None:
        """Watch until the stop event; returns with nothing half done but claims, which the next start finds."""
        while not self._stop.is_set():
            wait = UNUSABLE_S
            try:
                folder = await asyncio.to_thread(Folder, self._path)
                with folder:
                    self._say(None)
                    await self._watch(folder)
                    wait = 0.0
            except InUse:
                self._say("another process watches it")
                wait = IN_USE_S
            except Stopped:
                return
            except OSError as error:
                self._say(f"{error.strerror or type(error).__name__}")
            if wait:
                await self._pause(wait)

    async def _watch(self, folder: Folder) -> None:
        """Take what is there and what comes; returns when the path leads to another folder, or to stop."""
        for claim in await asyncio.to_thread(folder.leftovers):
            await self._take(folder, claim)
        steady = Steady(self._settle_s)
        while not self._stop.is_set():
            if not await asyncio.to_thread(folder.is_current):
                return
            look = await asyncio.to_thread(folder.look)
            taken = [await self._claim(folder, seen.name) for seen in steady.ready(look) if not self._stop.is_set()]
            if not any(taken):
                await self._pause(self._every_s)

    async def _claim(self, folder: Folder, name: str) -> bool:
        """Claim one file and have it taken. A file that may not be taken must not stop the others."""
        try:
            claim: Claim | None = await asyncio.to_thread(folder.claim, name, str(ids.uuid7()))
        except OSError as error:
            if name not in self._told and len(self._told) < MAX_TOLD:
                self._told.add(name)
                why = error.strerror or type(error).__name__
                _log.warning("drop: a file cannot be taken", feed=self._feed_id, file=shown(name), why=why)
            return False
        failpoint("drop.after-claim")
        if claim is not None:
            await self._take(folder, claim)
        return claim is not None

    async def _take(self, folder: Folder, claim: Claim) -> None:
        """Take a claimed file and put it away. Of a feed that is no more, it stays claimed."""
        while (feed := self._feed_now(self._feed_id)) is not None:
            try:
                taken = await self._taken(folder, claim, feed)
            except Unsteady:
                await self._pause(self._settle_s)
                if self._stop.is_set():
                    raise Stopped from None
            else:
                await self._put_away(folder, claim, taken)
                return

    async def _taken(self, folder: Folder, claim: Claim, feed: Feed) -> Taken:
        """What became of a file. Whatever is wrong with it, it must not stop those behind it."""
        try:
            with folder.open(claim) as file:
                return await self._taker.take(feed, claim, file)
        except Refused as refused:
            problem = {"code": refused.code, "detail": refused.reason}
        except (Stopped, Unsteady):
            raise
        except OSError as error:
            problem = {"code": "unreadable", "detail": f"it cannot be read: {error.strerror or type(error).__name__}"}
        except Exception:
            _log.exception("drop: unexpected error", feed=feed.id, file=shown(claim.name))
            problem = {"code": "internal-error", "detail": "something went wrong on our side; the log has the place"}
        return self._taker.untaken(feed, claim, problem)

    async def _put_away(self, folder: Folder, claim: Claim, taken: Taken) -> None:
        failpoint("drop.before-finish")
        end = REFUSED if taken.is_refused else DONE
        target = await asyncio.to_thread(folder.finish, claim, end, taken.reason() if taken.is_refused else None)
        failpoint("drop.after-finish")
        DROP_FILES.labels(taken.feed, end).inc()
        _log.info(
            "drop",
            feed=taken.feed,
            file=shown(claim.name),
            put=f"{end}/{shown(target)}",
            receipt=taken.receipt,
            accepted=taken.accepted,
            refused=taken.refused,
            code=taken.problem["code"] if taken.problem else None,
            bytes=taken.size,
        )

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stop.wait()

    def _say(self, why: str | None) -> None:
        """Log a change of the folder's state once."""
        if why == self._said:
            return
        self._said = why
        if why is None:
            _log.info("drop folder watched", feed=self._feed_id, folder=str(self._path))
        else:
            _log.warning("drop folder not watched", feed=self._feed_id, folder=str(self._path), why=why)
