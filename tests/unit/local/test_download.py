"""Downloads: checked, whole or not there, resumed after a kill, and no network once complete. The registry is a function."""

from __future__ import annotations

import errno
import hashlib
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Self

import pytest

from deploy.local import download, machine
from deploy.local.download import default_cache_dir, ensure_artifacts
from deploy.local.errors import LocalError
from deploy.local.locks import FileLock
from deploy.local.maven import FetchFailed
from deploy.local.pins import Pin
from deploy.local.progress import Lines, Silent

CONTENT = {"org.a:one:1": b"first jar", "org.a:two:2": b"second jar" * 100}
PINS = [Pin(name, len(data), hashlib.sha256(data).hexdigest()) for name, data in CONTENT.items()]


class Registry:
    """Serves CONTENT; `script` maps a coordinate to what happens on each try (bytes to serve, or an error)."""

    def __init__(self, **script: list[bytes | Exception]) -> None:
        self.script = {f"org.a:{name}": list(steps) for name, steps in script.items()}
        self.asked: list[str] = []
        self._lock = threading.Lock()

    def __call__(self, folder: Path) -> Callable[[str, Callable[[int], None]], Path]:
        def fetch(coordinate: str, on_bytes: Callable[[int], None]) -> Path:
            with self._lock:
                self.asked.append(coordinate)
                number = len(self.asked)
            steps = self.script.get(coordinate.rsplit(":", 1)[0], [])
            step = steps.pop(0) if steps else CONTENT[coordinate]
            if isinstance(step, Exception):
                on_bytes(3)
                raise step
            path = folder / f"fetched-{number}"
            path.write_bytes(step)
            on_bytes(len(step))
            return path

        return fetch


class Recorder(Silent):
    """Keeps what was said and counts the bar's bytes."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.bytes = 0

    def say(self, line: str) -> None:
        self.lines.append(line)

    def downloading(self, what: str, total: int) -> Recorder:  # type: ignore[override]  # it is its own bar
        self.total = total
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def add(self, count: int) -> None:
        self.bytes += count


def test_jars_are_fetched_once_and_then_no_network_is_touched(tmp_path: Path) -> None:
    registry, recorder = Registry(), Recorder()
    jars = ensure_artifacts(PINS, tmp_path, recorder, fetch_with=registry)
    assert {name: path.read_bytes() for name, path in jars.items()} == CONTENT
    assert recorder.bytes == recorder.total == sum(map(len, CONTENT.values()))

    def forbidden(_folder: Path) -> Callable[[str, Callable[[int], None]], Path]:
        raise AssertionError("the network was touched")

    assert ensure_artifacts(PINS, tmp_path, Silent(), fetch_with=forbidden) == jars
    assert len(registry.asked) == 2
    assert not (tmp_path / "partial").exists()


def test_a_wrong_checksum_is_never_kept_and_the_error_says_which_jar(tmp_path: Path) -> None:
    registry = Registry(one=[b"evil jar!"] * 10)
    with pytest.raises(LocalError, match=r"one-1\.jar is not what was pinned: sha256"):
        ensure_artifacts(PINS, tmp_path, Silent(), fetch_with=registry)
    assert not (tmp_path / "jars" / "one-1.jar").exists()
    assert not (tmp_path / "partial").exists()


def test_a_broken_transfer_is_tried_again_and_the_bar_takes_its_bytes_back(tmp_path: Path) -> None:
    recorder = Recorder()
    registry = Registry(one=[FetchFailed("reset", away=True), b"short"])
    jars = ensure_artifacts(PINS, tmp_path, recorder, fetch_with=registry)
    assert jars["org.a:one:1"].read_bytes() == CONTENT["org.a:one:1"]
    assert recorder.bytes == sum(map(len, CONTENT.values()))


def test_no_network_and_nothing_cached_says_what_to_do(tmp_path: Path) -> None:
    away = [FetchFailed("org.a: ConnectionError", away=True)] * 10
    with pytest.raises(LocalError, match=r"no network.*NEWSWIRE_KAFKA__BOOTSTRAP_SERVERS") as caught:
        ensure_artifacts(PINS, tmp_path, Silent(), fetch_with=Registry(one=list(away), two=list(away)))
    assert "\n" not in str(caught.value)


def test_a_jar_that_the_registry_does_not_have_is_not_asked_for_again(tmp_path: Path) -> None:
    registry = Registry(one=[FetchFailed("gone", away=False)] * 10)
    with pytest.raises(LocalError, match=r"pins\.txt"):
        ensure_artifacts(PINS[:1], tmp_path, Silent(), fetch_with=registry)
    assert registry.asked == ["org.a:one:1"]


@pytest.mark.parametrize("damage", [b"first", b"First jar", b""], ids=["cut short", "same size", "empty"])
def test_a_damaged_jar_in_the_cache_is_replaced(tmp_path: Path, damage: bytes) -> None:
    jars = ensure_artifacts(PINS, tmp_path, Silent(), fetch_with=Registry())
    jars["org.a:one:1"].write_bytes(damage)
    registry = Registry()
    ensure_artifacts(PINS, tmp_path, Silent(), fetch_with=registry)
    assert registry.asked == ["org.a:one:1"]
    assert jars["org.a:one:1"].read_bytes() == CONTENT["org.a:one:1"]


@pytest.mark.parametrize("junk", ["", "{broken", "[]"])
def test_a_lost_note_of_what_was_checked_costs_only_a_new_check(tmp_path: Path, junk: str) -> None:
    ensure_artifacts(PINS, tmp_path, Silent(), fetch_with=Registry())
    (tmp_path / "jars" / "checked").write_text(junk)
    registry = Registry()
    ensure_artifacts(PINS, tmp_path, Silent(), fetch_with=registry)
    assert registry.asked == []


def test_what_a_killed_run_left_is_thrown_away_with_one_line(tmp_path: Path) -> None:
    (tmp_path / "partial" / "fetch-x").mkdir(parents=True)
    (tmp_path / "partial" / "fetch-x" / "one-1.jar").write_bytes(b"fir")
    (tmp_path / "download.lock").write_text("999999\n")
    recorder = Recorder()
    jars = ensure_artifacts(PINS, tmp_path, recorder, fetch_with=Registry())
    assert jars["org.a:one:1"].read_bytes() == CONTENT["org.a:one:1"]
    assert recorder.lines == ["Throwing away half-written downloads of an earlier run"]


def test_jars_that_came_before_a_failure_are_kept(tmp_path: Path) -> None:
    registry = Registry(one=[FetchFailed("gone", away=False)])
    ensure_artifacts(PINS[1:], tmp_path, Silent(), fetch_with=registry)
    with pytest.raises(LocalError):
        ensure_artifacts(PINS, tmp_path, Silent(), fetch_with=registry)
    again = Registry()
    ensure_artifacts(PINS, tmp_path, Silent(), fetch_with=again)
    assert again.asked == ["org.a:one:1"]


def test_the_second_of_two_starts_waits_and_then_has_nothing_to_fetch(tmp_path: Path) -> None:
    first = FileLock(tmp_path / "download.lock")
    first.acquire()
    registry, recorder = Registry(), Recorder()
    outcome: list[dict[str, Path]] = []
    second = threading.Thread(
        target=lambda: outcome.append(ensure_artifacts(PINS, tmp_path, recorder, fetch_with=registry))
    )
    second.start()
    while not recorder.lines:
        second.join(0.01)
    (tmp_path / "jars").mkdir()
    for pin in PINS:
        (tmp_path / "jars" / pin.filename).write_bytes(CONTENT[pin.coordinate])
    first.release()
    second.join(10)
    assert recorder.lines == [f"Waiting for another start of newswire (pid {os.getpid()}) that is downloading"]
    assert outcome
    assert registry.asked == []


def test_too_little_room_is_seen_before_anything_is_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = machine.shutil.disk_usage(tmp_path)
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda _path: usage._replace(free=1_000_000))
    registry = Registry()
    with pytest.raises(LocalError, match=r"no disk space.*1 MB free.*NEWSWIRE_LOCAL__CACHE_DIR"):
        ensure_artifacts(PINS, tmp_path / "not" / "there", Silent(), fetch_with=registry)
    assert registry.asked == []


def test_a_disk_that_fills_up_on_the_way_is_one_line(tmp_path: Path) -> None:
    registry = Registry(one=[OSError(errno.ENOSPC, "No space left on device")])
    with pytest.raises(LocalError, match="no disk space left"):
        ensure_artifacts(PINS, tmp_path, Silent(), fetch_with=registry)


def test_after_one_failure_the_other_transfers_stop(tmp_path: Path) -> None:
    """A jar on its way hears of the failure at its next bytes instead of coming to its end first."""
    second_runs, stopped = threading.Event(), threading.Event()

    def registry(_folder: Path) -> Callable[[str, Callable[[int], None]], Path]:
        def fetch(coordinate: str, on_bytes: Callable[[int], None]) -> Path:
            if coordinate == "org.a:one:1":
                second_runs.wait(10)
                raise FetchFailed("gone", away=False)
            second_runs.set()
            try:
                while not stopped.wait(0.01):
                    on_bytes(1)
            except LocalError:
                stopped.set()
                raise
            raise AssertionError("unreachable")

        return fetch

    with pytest.raises(LocalError, match="gone"):
        ensure_artifacts(PINS, tmp_path, Silent(), fetch_with=registry)
    assert stopped.is_set()


def test_the_cache_folder_follows_xdg(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere/cache")
    assert default_cache_dir() == Path("/somewhere/cache/newswire")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert default_cache_dir() == Path.home() / ".cache" / "newswire"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert default_cache_dir() == Path.home() / ".cache" / "newswire"


def test_plain_lines_tell_start_and_end(tmp_path: Path) -> None:
    with (tmp_path / "out").open("w+") as out:
        ensure_artifacts(PINS, tmp_path / "cache", Lines(out), fetch_with=Registry())
        out.seek(0)
        assert out.read().splitlines() == [
            "Downloading Kafka and Elasticsearch (2 files): 0 MB",
            "Downloaded Kafka and Elasticsearch (2 files): 0 MB",
        ]


def test_the_registry_is_asked_by_the_real_fetcher_by_default() -> None:
    assert download._from_registry(Path("x")).__self__.__class__.__name__ == "Maven"
