"""Who may send what: the feeds of `feeds.toml`, and the feed `local` where its key file exists.

```toml
[feeds.afp-en]
name = "AFP English"
provider = "afp"            # feeds with the same provider share one namespace of story ids
zone = "Europe/Paris"       # how dates without a zone are read
language = "en"
key_hashes = ["…"]          # SHA-256 (hex) of each valid key; two, so that keys can be changed without a gap
```
"""

from __future__ import annotations

import time
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from shared.errors import Misconfigured
from shared.local_feed import LOCAL, key_hash, read_key
from shared.log import get_logger

CHECK_EVERY_S: Final = 1.0


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, OSError, ValueError):  # a name that is not there, a folder, a name with '..'
        raise ValueError("is no time zone, as in Europe/Athens") from None
    return name


FeedId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]


class FeedRules(BaseModel):
    """What `feeds.toml` says of one feed; a name that is none of these is refused, so a typing error is seen."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    provider: FeedId | None = None
    zone: Annotated[str, AfterValidator(_zone)] | None = None
    language: Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,3}$")] | None = None
    key_hashes: Annotated[
        tuple[Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")], ...], Field(max_length=2)
    ] = ()


class Feed(FeedRules):
    """A feed with its id."""

    id: FeedId

    @property
    def namespace(self) -> str:
        """Whose story ids these are: the provider's, if the feed has one, else the feed's own."""
        return self.provider or self.id


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    feeds: dict[FeedId, FeedRules] = Field(default_factory=dict)


def parse_feeds(text: str) -> dict[str, Feed]:
    """The feeds of a feeds file, by id. Pure.

    Raises:
        Misconfigured: with the place and what is wrong there.
    """
    try:
        found = _File.model_validate(tomllib.loads(text)).feeds
    except tomllib.TOMLDecodeError as error:
        raise Misconfigured(f"no TOML: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        raise Misconfigured(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    for feed_id, rules in found.items():
        if LOCAL in {feed_id, rules.provider}:
            raise Misconfigured(f"feeds.{feed_id}: 'local' is the feed that newswire makes itself")
    return {feed_id: Feed(id=feed_id, **rules.model_dump()) for feed_id, rules in found.items()}


Stamp = tuple[int, int, int]


def _stamp(path: Path) -> Stamp | None:
    """What changes when a file does, or None if it is not there."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


class Feeds:
    """The feeds of now: reads its files again when they change, looking at most once a second.

    A feeds file that is broken, or gone after it was there, changes nothing: the last good one stays, and a log line says
    so. The feed `local` goes when its key file does.
    """

    def __init__(self, path: Path, local_key: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._local_key = local_key
        self._clock = clock
        self._configured: Mapping[str, Feed] = {}
        self._feeds: Mapping[str, Feed] = {}
        self._seen: tuple[Stamp | None, Stamp | None] = (None, None)
        self._next_look = 0.0

    def load(self) -> None:
        """Read both files for the first time; no feeds file means no feeds but `local`.

        Raises:
            Misconfigured: the feeds file cannot be read or used; better not to start than to refuse every sender.
        """
        self._seen = _stamp(self._path), _stamp(self._local_key)
        if self._seen[0] is not None:
            self._configured = self._read()
        self._feeds = {**self._configured, **self._local()}
        self._next_look = self._clock() + CHECK_EVERY_S

    def get(self, feed_id: str) -> Feed | None:
        """The feed of that id, or None."""
        if self._clock() >= self._next_look:
            self._look()
        return self._feeds.get(feed_id)

    def _look(self) -> None:
        self._next_look = self._clock() + CHECK_EVERY_S
        try:
            seen = _stamp(self._path), _stamp(self._local_key)
            if seen == self._seen:
                return
            changed, self._seen = seen[0] != self._seen[0], seen
            if changed:
                self._configured = self._read()
                get_logger().info("feeds read", feeds=len(self._configured))
        except (Misconfigured, OSError) as error:
            get_logger().error("feeds file not usable, the last good one stays", reason=str(error))
        self._feeds = {**self._configured, **self._local()}

    def _read(self) -> dict[str, Feed]:
        try:
            text = self._path.read_text("utf-8")
            return parse_feeds(text)
        except (OSError, UnicodeDecodeError, Misconfigured) as error:
            raise Misconfigured(f"{self._path}: {error}") from None

    def _local(self) -> dict[str, Feed]:
        try:
            key = read_key(self._local_key)
        except OSError as error:
            get_logger().error("key of the feed local not readable", reason=str(error))
            key = None
        return {LOCAL: Feed(id=LOCAL, name="This machine", key_hashes=(key_hash(key),))} if key else {}
