"""Fetching the pinned jars into the cache folder that all clones and tests of a user share.

    cache/jars/NAME.jar    what matched its sha256; a jar appears here by rename, whole or not at all
    cache/jars/checked     size and modification time of each jar when it was last checked: what changed is checked again
    cache/partial/         downloads under way; what a killed run left is thrown away by the next
    cache/download.lock    one run at a time downloads, the others wait for it

With every jar in place no network is touched.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from deploy.local.errors import LocalError
from deploy.local.locks import FileLock, Held
from deploy.local.machine import require_room
from deploy.local.maven import FetchFailed, Maven
from deploy.local.pins import Pin, sha256_of
from deploy.local.progress import Bar, Progress

Fetch = Callable[[str, Callable[[int], None]], Path]
"""Fetches a coordinate, telling of its bytes as they come; returns the file. Raises FetchFailed."""
FetchFactory = Callable[[Path], Fetch]
"""Makes a Fetch that puts its files somewhere under the folder."""

CACHE_SETTING = "NEWSWIRE_LOCAL__CACHE_DIR"
_AT_ONCE = 4
_TRIES = 3
_WAIT_FOR_OTHERS_S = 1800
_SPARE_BYTES = 50_000_000
"""Room beyond the jars themselves, for what is compiled and unpacked beside them."""


def default_cache_dir() -> Path:
    """`$XDG_CACHE_HOME/newswire`, else `~/.cache/newswire`."""
    base = os.environ.get("XDG_CACHE_HOME")
    # The XDG rule: a relative path there is to be ignored.
    return (Path(base) if base and Path(base).is_absolute() else Path.home() / ".cache") / "newswire"


def ensure_artifacts(
    pins: Iterable[Pin], cache: Path, progress: Progress, *, fetch_with: FetchFactory | None = None
) -> dict[str, Path]:
    """Every pinned jar by its coordinate, from the cache or fetched into it.

    Raises:
        LocalError: no network, no room, a wrong sha256, or another run holds the downloads for too long.
    """
    wanted = list(dict.fromkeys(pins))
    store = _Store(cache)
    missing = store.missing(wanted)
    if missing:
        try:
            _download_all(missing, store, progress, fetch_with or _from_registry)
        except OSError as error:
            raise LocalError(_disk_trouble(error, cache)) from error
    return {pin.coordinate: store.path(pin) for pin in wanted}


def _from_registry(folder: Path) -> Fetch:
    return Maven(folder).fetch


def _disk_trouble(error: OSError, cache: Path) -> str:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return (
            f"no disk space left in {cache} while downloading; make room or set {CACHE_SETTING} to a folder elsewhere"
        )
    return f"cannot write to {cache}: {error.strerror or error}; set {CACHE_SETTING} to a folder of yours"


@dataclass(frozen=True)
class _Store:
    """The jars in the cache folder."""

    cache: Path

    def path(self, pin: Pin) -> Path:
        return self.cache / "jars" / pin.filename

    @property
    def partial(self) -> Path:
        return self.cache / "partial"

    def missing(self, pins: Sequence[Pin]) -> list[Pin]:
        """The pins whose jar is not there, or is not what it was when it was checked and fails a new check."""
        checked = self._read_checked()
        return [pin for pin in pins if not self._is_good(pin, checked)]

    def _is_good(self, pin: Pin, checked: dict[str, list[int | str]]) -> bool:
        path = self.path(pin)
        try:
            seen = _fingerprint(path)
        except OSError:
            return False
        if seen[0] != pin.size:
            return False
        return checked.get(pin.filename) == [*seen, pin.sha256] or sha256_of(path) == pin.sha256

    def take_in(self, fetched: Path, pin: Pin) -> None:
        """Move a checked file to its place; on return it will survive a power cut."""
        with fetched.open("rb") as file:
            os.fsync(file.fileno())
        fetched.replace(self.path(pin))

    def write_checked(self, pins: Iterable[Pin]) -> None:
        """Remember what was checked. Only a help: without it all jars are hashed anew."""
        checked = self._read_checked()
        for pin in pins:
            checked[pin.filename] = [*_fingerprint(self.path(pin)), pin.sha256]
        temporary = self.partial / "checked"
        temporary.write_text(json.dumps(checked, indent=0, sort_keys=True), "utf-8")
        temporary.replace(self.cache / "jars" / "checked")

    def _read_checked(self) -> dict[str, list[int | str]]:
        try:
            found = json.loads((self.cache / "jars" / "checked").read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}


def _fingerprint(path: Path) -> list[int]:
    status = path.stat()
    return [status.st_size, status.st_mtime_ns]


def _download_all(missing: Sequence[Pin], store: _Store, progress: Progress, fetch_with: FetchFactory) -> None:
    require_room(
        store.cache, sum(pin.size for pin in missing) + _SPARE_BYTES, what="the downloads", setting=CACHE_SETTING
    )
    lock = FileLock(store.cache / "download.lock")
    try:
        lock.acquire(wait_s=_WAIT_FOR_OTHERS_S, on_wait=lambda pid: progress.say(_waiting(pid)))
    except Held as held:
        raise LocalError(
            f"another start of newswire (pid {held.pid}) has been downloading for half an hour; stop it and try again"
        ) from None
    with lock:
        missing = store.missing(missing)  # the run we waited for may have brought them all
        if not missing:
            return
        if store.partial.exists():
            progress.say("Throwing away half-written downloads of an earlier run")
            shutil.rmtree(store.partial)
        (store.cache / "jars").mkdir(parents=True, exist_ok=True)
        store.partial.mkdir()
        try:
            _fetch_in_parallel(missing, store, progress, fetch_with(store.partial))
            store.write_checked(missing)
        finally:
            shutil.rmtree(store.partial, ignore_errors=True)


def _waiting(pid: int | None) -> str:
    return f"Waiting for another start of newswire{f' (pid {pid})' if pid else ''} that is downloading"


def _fetch_in_parallel(missing: Sequence[Pin], store: _Store, progress: Progress, fetch: Fetch) -> None:
    total = sum(pin.size for pin in missing)
    cancelled = threading.Event()
    with (
        progress.downloading(f"Kafka and Elasticsearch ({len(missing)} files)", total) as bar,
        ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="download") as pool,
    ):
        largest_first = sorted(missing, key=lambda pin: -pin.size)  # so that no long one is left for the end
        jobs = [pool.submit(_fetch_one, pin, store, bar, fetch, cancelled) for pin in largest_first]
        try:
            for job in as_completed(jobs):
                job.result()
        except BaseException:  # Ctrl-C included
            cancelled.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _fetch_one(pin: Pin, store: _Store, bar: Bar, fetch: Fetch, cancelled: threading.Event) -> None:
    """Fetch, check and take in one jar; a broken or wrong transfer is tried again.

    Raises:
        LocalError: it did not come, or is not what was pinned.
    """
    problem = LocalError("")
    for _ in range(_TRIES):
        counter = _Counter(bar, cancelled)
        try:
            fetched = fetch(pin.coordinate, counter.add)
        except FetchFailed as failed:
            counter.undo()
            problem = LocalError(_explain(failed))
            if not failed.away:
                break
            continue
        found = sha256_of(fetched)
        if found == pin.sha256:
            store.take_in(fetched, pin)
            return
        counter.undo()
        with suppress(OSError):
            fetched.unlink()
        problem = LocalError(
            f"{pin.filename} is not what was pinned: sha256 {found[:12]}… instead of {pin.sha256[:12]}…; nothing of it was kept. "
            "Try again, and if it stays so, ask whoever runs the proxy or mirror between you and the registry"
        )
    raise problem


def _explain(failed: FetchFailed) -> str:
    if failed.away:
        return (
            f"cannot download Kafka and Elasticsearch: no network ({failed}); connect this machine and try again "
            "(a proxy is read from HTTPS_PROXY), or set NEWSWIRE_KAFKA__BOOTSTRAP_SERVERS and NEWSWIRE_ELASTICSEARCH__URL"
        )
    return f"cannot download Kafka and Elasticsearch: {failed}; restore deploy/local/pins.txt from the repository"


class _Counter:
    """Bytes of one try, so that they can be taken back."""

    def __init__(self, bar: Bar, cancelled: threading.Event) -> None:
        self._bar, self._cancelled, self._count = bar, cancelled, 0

    def add(self, count: int) -> None:
        if self._cancelled.is_set():  # another jar failed, or Ctrl-C: do not finish this one first
            raise LocalError("cancelled")
        self._count += count
        self._bar.add(count)

    def undo(self) -> None:
        self._bar.add(-self._count)
        self._count = 0
