"""The drop folders of all feeds: follows the feeds file, and no folder's trouble is another's."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import Final

from services.ingestion.dropbox.watcher import Watcher
from shared.feeds import Feeds
from shared.kafka.ports import Publisher
from shared.log import get_logger
from shared.settings import Settings

LOOK_S: Final = 1.0
AGAIN_S: Final = 10.0
"""After an unexpected error of a watcher."""

Place = tuple[str, Path]
"""A feed's id and its folder."""

_log = get_logger()


class DropFolders:
    """Runs a watcher for each drop folder of the feeds of now."""

    def __init__(self, feeds: Feeds, publisher: Publisher, settings: Settings) -> None:
        self._feeds = feeds
        self._publisher = publisher
        self._settings = settings
        self._running: dict[Place, tuple[asyncio.Event, asyncio.Task[None]]] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Watch until `stop`; what a watcher has in hand is put away, or left for the next start, before this returns."""
        try:
            while not stop.is_set():
                try:
                    self._follow()
                except Exception:  # the folders that are watched go on
                    _log.exception("drop folders: unexpected error")
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_S):
                        await stop.wait()
        finally:
            for place in list(self._running):
                self._end(place)
            await asyncio.gather(*(task for _, task in self._running.values()), return_exceptions=True)

    def _follow(self) -> None:
        wanted = {(feed.id, feed.drop.folder) for feed in self._feeds.current().values() if feed.drop}
        for place in self._running.keys() - wanted:
            self._end(place)
        for place in [place for place, (_, task) in self._running.items() if task.done()]:
            del self._running[place]
        # A folder that another feed has now is free only once its watcher is gone.
        busy = {folder for _, folder in self._running}
        for place in wanted - self._running.keys():
            if place[1] not in busy:
                self._begin(place)

    def _begin(self, place: Place) -> None:
        ended = asyncio.Event()
        self._running[place] = ended, asyncio.create_task(self._watch(place, ended))

    def _end(self, place: Place) -> None:
        self._running[place][0].set()

    async def _watch(self, place: Place, ended: asyncio.Event) -> None:
        watcher = Watcher(*place, self._feeds.get, self._publisher, self._settings, ended)
        while not ended.is_set():
            try:
                await watcher.run()
            except Exception:
                _log.exception("drop folder: unexpected error", feed=place[0])
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(AGAIN_S):
                        await ended.wait()
