"""The feeds of now: the feeds file and what it points to, read again when they change."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final, Protocol

from shared.errors import Misconfigured
from shared.feeds.model import Feed
from shared.feeds.parser import parse_feeds
from shared.feeds.secret import parse_secret
from shared.local_feed import LOCAL, key_hash, read_key
from shared.log import get_logger

CHECK_EVERY_S: Final = 1.0

Stamp = tuple[int, int, int] | None


def read_rules(path: Path) -> dict[str, Feed]:
    """The feeds of that file by id, without their secrets.

    Raises:
        Misconfigured: it cannot be read or used; the message names it and the place.
    """
    try:
        return parse_feeds(path.read_text("utf-8"), path.absolute().parent)
    except (OSError, UnicodeDecodeError, Misconfigured) as error:
        raise Misconfigured(f"{path}: {error}") from None


def with_secrets(feeds: Mapping[str, Feed]) -> dict[str, Feed]:
    """The feeds with the secrets that their files hold.

    Raises:
        Misconfigured: one cannot be read, or is none.
    """
    return {
        feed.id: feed.model_copy(update={"signing_secrets": tuple(map(read_secret, feed.signing_secret_files))})
        for feed in feeds.values()
    }


def read_secret(path: Path) -> bytes:
    """The secret in that file.

    Raises:
        Misconfigured: it cannot be read, or is none.
    """
    try:
        return parse_secret(path.read_text("ascii"))
    except (OSError, UnicodeDecodeError):
        raise Misconfigured(f"{path}: the signing secret cannot be read") from None
    except ValueError as error:
        raise Misconfigured(f"{path}: {error}") from None


def _stamp(path: Path) -> Stamp:
    """What changes when a file does, or None if it is not there."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


class FeedList(Protocol):
    """Where the feeds of now are looked up."""

    def current(self) -> Mapping[str, Feed]:
        """All feeds by id."""


class Feeds:
    """The feeds of now: reads its files again when they change, looking at most once a second.

    A feeds file that is broken, or gone after it was there, changes nothing: the last good one stays, and a log line says
    so; the same holds for the files of signing secrets. The feed `local` goes when its key file does.
    """

    def __init__(self, path: Path, local_key: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._local_key = local_key
        self._clock = clock
        self._configured: Mapping[str, Feed] = {}
        self._feeds: Mapping[str, Feed] = {}
        self._secret_files: frozenset[Path] = frozenset()
        self._seen: dict[Path, Stamp] = {}
        self._next_look = 0.0

    def load(self) -> None:
        """Read all files for the first time; no feeds file means no feeds but `local`.

        Raises:
            Misconfigured: the feeds file cannot be read or used; better not to start than to refuse every sender.
        """
        self._seen = self._stamps()
        if self._seen[self._path] is not None:
            self._configure()
        self._feeds = {**self._configured, **self._local()}
        self._next_look = self._clock() + CHECK_EVERY_S

    def get(self, feed_id: str) -> Feed | None:
        """The feed of that id, or None."""
        return self.current().get(feed_id)

    def current(self) -> Mapping[str, Feed]:
        """All feeds by id. The same object until something changes, so `is` tells whether it did."""
        if self._clock() >= self._next_look:
            self._look()
        return self._feeds

    def _look(self) -> None:
        self._next_look = self._clock() + CHECK_EVERY_S
        try:
            seen = self._stamps()
            if seen == self._seen:
                return
            before, self._seen = self._seen, seen
            if any(seen[path] != before.get(path) for path in seen if path != self._local_key):
                self._configure()
                get_logger().info("feeds read", feeds=len(self._configured))
        except (Misconfigured, OSError) as error:
            get_logger().error("feeds file not usable, the last good one stays", reason=str(error))
        self._feeds = {**self._configured, **self._local()}

    def _configure(self) -> None:
        rules = read_rules(self._path)
        # Looked at before they are read, and also if they cannot be: once they are mended, they are read again.
        self._secret_files = frozenset(path for feed in rules.values() for path in feed.signing_secret_files)
        self._seen |= _stamps_of(self._secret_files)
        self._configured = with_secrets(rules)

    def _stamps(self) -> dict[Path, Stamp]:
        return _stamps_of((self._path, self._local_key, *self._secret_files))

    def _local(self) -> dict[str, Feed]:
        try:
            key = read_key(self._local_key)
        except OSError as error:
            get_logger().error("key of the feed local not readable", reason=str(error))
            key = None
        return {LOCAL: Feed(id=LOCAL, name="This machine", key_hashes=(key_hash(key),))} if key else {}


def _stamps_of(paths: Iterable[Path]) -> dict[Path, Stamp]:
    return {path: _stamp(path) for path in paths}
