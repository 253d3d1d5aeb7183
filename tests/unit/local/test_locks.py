"""The lock file: one holder, taken over from the dead."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from deploy.local.locks import FileLock, Held

HOLD = """
import sys, time
from pathlib import Path
from deploy.local.locks import FileLock
FileLock(Path(sys.argv[1])).acquire()
print("held", flush=True)
time.sleep(60)
"""


def test_a_second_holder_hears_who_has_it(tmp_path: Path) -> None:
    with FileLock(tmp_path / "lock"), pytest.raises(Held) as caught:
        FileLock(tmp_path / "lock").acquire()
    assert caught.value.pid == os.getpid()
    with FileLock(tmp_path / "lock"):
        pass


def test_the_lock_of_a_killed_run_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    with pytest.raises(Held) as caught:
        FileLock(path).acquire()
    assert caught.value.pid == holder.pid
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    holder.stdout.close()
    assert path.read_text() == f"{holder.pid}\n", "what the dead wrote is still there"
    with FileLock(path):
        assert path.read_text() == f"{os.getpid()}\n"


def test_waiting_ends_when_the_holder_lets_go(tmp_path: Path) -> None:
    first, second = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    first.acquire()
    heard: list[int | None] = []

    def let_go(pid: int | None) -> None:
        heard.append(pid)
        threading.Timer(0.05, first.release).start()

    second.acquire(wait_s=10, on_wait=let_go)
    second.release()
    assert heard == [os.getpid()]


def test_waiting_has_an_end(tmp_path: Path) -> None:
    with FileLock(tmp_path / "lock"), pytest.raises(Held):
        FileLock(tmp_path / "lock").acquire(wait_s=0.15)


def test_junk_in_the_file_is_no_pid(tmp_path: Path) -> None:
    (tmp_path / "lock").write_bytes(b"\xff\x00 no pid")
    with FileLock(tmp_path / "lock"):
        assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"
