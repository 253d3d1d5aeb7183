"""Who runs on a data folder: a lock that the kernel drops with its holder, and a note that says who it is.

The lock (`newswire.lock`) decides; the note (`newswire.json`: pid, start time, addresses) tells `down`, `status` and a
second `up` whom to talk to. A note that a killed run left behind is recognised by its pid's start time and ignored.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import psutil

from deploy.local.locks import FileLock, Held
from shared.errors import Misconfigured

CHILD = "cli.child"
"""What tells a service's process by its command line."""


@dataclass(frozen=True, slots=True)
class Place:
    """One process of the run: its label (`indexing-2`), service, address, pid and log file."""

    label: str
    service: str
    url: str
    pid: int
    log: str


@dataclass(frozen=True, slots=True)
class Run:
    """A running `newswire up`. `started` is its process' start time in seconds since 1970, as the kernel tells it."""

    pid: int
    started: float
    state: str = "starting"
    kafka: str = ""
    elasticsearch: str = ""
    places: list[Place] = field(default_factory=list)

    @classmethod
    def here(cls) -> Run:
        """This very process."""
        return cls(os.getpid(), psutil.Process().create_time())

    def alive(self) -> bool:
        """Whether that process still runs, and not another one that got its number."""
        try:
            process = psutil.Process(self.pid)
            return abs(process.create_time() - self.started) < 1.0 and process.status() != psutil.STATUS_ZOMBIE
        except psutil.Error:
            return False


def note_path(data_dir: Path) -> Path:
    """Where the note of a run stands."""
    return data_dir / "newswire.json"


def write_run(data_dir: Path, run: Run) -> None:
    """Replace the note in one step, so that no reader sees half of it."""
    fresh = note_path(data_dir).with_suffix(".json.new")
    fresh.write_text(json.dumps(asdict(run)), "utf-8")
    fresh.replace(note_path(data_dir))


def read_run(data_dir: Path) -> Run | None:
    """The note as it stands, or None if there is none or it cannot be read."""
    try:
        raw = json.loads(note_path(data_dir).read_text("utf-8"))
        return Run(**{**raw, "places": [Place(**place) for place in raw["places"]]})
    except (OSError, ValueError, TypeError, KeyError):
        return None


def running(data_dir: Path) -> Run | None:
    """The run on this folder that is alive, or None; a stale note counts for nothing."""
    run = read_run(data_dir)
    return run if run and run.alive() else None


def await_leftovers(run: Run, seconds: float = 10.0) -> None:
    """Wait until the services of a killed run have ended, as they do by themselves; kill what stays after `seconds`."""
    processes = []
    for place in run.places:
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(place.pid)
            if process.create_time() >= run.started - 1 and CHILD in process.cmdline():
                processes.append(process)
    _, stubborn = psutil.wait_procs(processes, timeout=seconds)
    for process in stubborn:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(stubborn, timeout=5)


def remove_note(data_dir: Path) -> None:
    """Forget the run."""
    note_path(data_dir).unlink(missing_ok=True)


def _make_folder(data_dir: Path) -> None:
    try:
        (data_dir / "logs").mkdir(parents=True, exist_ok=True)
        (data_dir / "newswire.lock").touch()
    except OSError as error:
        raise Misconfigured(
            f"cannot write to the data folder {data_dir} ({error.strerror}): "
            "make it writable, or name another with NEWSWIRE_DATA_DIR"
        ) from None


@contextlib.contextmanager
def claim(data_dir: Path) -> Iterator[Run | None]:
    """Hold the data folder while the block runs; yields the note that a killed run has left, if one has.

    Raises:
        Misconfigured: another run holds it, or the folder cannot be written.
    """
    _make_folder(data_dir)
    lock = FileLock(data_dir / "newswire.lock")
    try:
        lock.acquire()
    except Held as held:
        who = f" (pid {held.pid})" if held.pid else ""
        raise Misconfigured(
            f"newswire already runs on {data_dir}{who}: stop it with `newswire down`, "
            "or give this one its own NEWSWIRE_DATA_DIR and ports"
        ) from None
    stale = read_run(data_dir)
    try:
        remove_note(data_dir)
        yield stale
    finally:
        remove_note(data_dir)
        lock.release()
