"""A server process: started outside the terminal's process group, watched until it answers, stopped politely or not.

Its standard input is a pipe that we hold and never write to: when we are gone, however, the server sees its end and goes too
(`java/newswire/local/Supervised.java`).
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.local.errors import LocalError

STOP_S = 20.0
"""How long a server may take to stop before it is killed."""
_POLL_S = 0.05
_TAIL_BYTES = 64 * 1024
_LINE_SHOWN = 300
_JAVA_VARIABLES = {"CLASSPATH", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS", "JAVA_HOME"}


@dataclass(frozen=True)
class Launch:
    """How a server is run, and how to tell that it is ready."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    folder: Path
    """Its working folder."""
    log: Path
    answers: Callable[[], bool]
    """Whether it is ready now; quick, and never raises."""


class ServerProcess:
    """One server. May be stopped or killed and started again, on the same ports and data.

    `on_launch` is called after each start of the process, so that its id can be written down.
    """

    def __init__(self, launch: Launch, on_launch: Callable[[], None] = lambda: None) -> None:
        self._launch = launch
        self._on_launch = on_launch
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def name(self) -> str:
        """`kafka-1`, `elasticsearch-1`, …."""
        return self._launch.name

    @property
    def log(self) -> Path:
        """Where it writes; the log of the start before stands beside it as `.old`."""
        return self._launch.log

    @property
    def pid(self) -> int:
        """Its process id.

        Raises:
            LocalError: it was never started.
        """
        if self._process is None:
            raise LocalError(f"{self.name} has not been started")
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the process is there (it may not answer yet)."""
        return self._process is not None and self._process.poll() is None

    def launch(self) -> None:
        """Start it and return at once."""
        if self.running:
            return
        launch = self._launch
        launch.folder.mkdir(parents=True, exist_ok=True)
        launch.log.parent.mkdir(parents=True, exist_ok=True)
        if launch.log.exists():
            launch.log.replace(launch.log.with_suffix(".log.old"))
        inherited = {name: value for name, value in os.environ.items() if name not in _JAVA_VARIABLES}
        try:
            with launch.log.open("wb") as log:
                self._process = subprocess.Popen(  # noqa: S603 - our own command line
                    launch.command,
                    stdin=subprocess.PIPE,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    cwd=launch.folder,
                    env={**inherited, **launch.environment},
                    start_new_session=True,
                )
        except OSError as error:  # a Java for another processor or C library, or no room for the log
            raise LocalError(f"cannot run {launch.command[0]} for {self.name}: {error.strerror or error}") from error
        self._on_launch()

    def start(self, timeout_s: float = 120) -> None:
        """Start it and wait until it answers.

        One of several answers only if a majority runs: after killing more than that, `launch()` them all first.

        Raises:
            LocalError: it ended or does not answer; the message names the log and its most telling line.
        """
        self.launch()
        self.wait_ready(time.monotonic() + timeout_s)

    def wait_ready(self, deadline: float) -> None:
        """Wait until it answers; `deadline` is of time.monotonic(). Raises as `start` does."""
        while not self._launch.answers():
            if not self.running:
                raise LocalError(self._complaint(f"{self.name} ended while it started"))
            if time.monotonic() > deadline:
                raise LocalError(self._complaint(f"{self.name} is not ready in time"))
            time.sleep(_POLL_S)

    def terminate(self) -> None:
        """Ask it to stop and return at once."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)

    def stop(self, timeout_s: float = STOP_S) -> None:
        """Ask it to stop, wait, and kill it if it does not."""
        self.terminate()
        self.wait_gone(time.monotonic() + timeout_s)

    def wait_gone(self, deadline: float) -> None:
        """Wait for its end until `deadline` (of time.monotonic()), then kill it."""
        if self._process is None:
            return
        try:
            self._process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.kill()
        self._close_pipe()

    def kill(self) -> None:
        """Kill -9, and wait until it is gone."""
        if self._process is not None:
            if self._process.poll() is None:
                os.killpg(self._process.pid, signal.SIGKILL)  # its session is its own, and so is what it started
            self._process.wait()
            self._close_pipe()

    def _close_pipe(self) -> None:
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()

    def _complaint(self, what: str) -> str:
        line = telling_line(_tail(self.log))
        return f"{what}: {line}; see {self.log}" if line else f"{what}; see {self.log}"


def _tail(log: Path) -> str:
    try:
        with log.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL_BYTES))
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""


_CAUSE = re.compile(r"Caused by: |^Exception in thread|OutOfMemoryError|Address already in use|insufficient memory")
_ERROR = re.compile(r"\b(ERROR|FATAL|Error|Exception)\b|[a-z](Exception|Error):")


def telling_line(log: str) -> str:
    """The line of a Java server's log that says best why it failed: the last cause, else the first error, else the last line."""
    lines = [line.strip() for line in log.splitlines() if line.strip() and not line.startswith(("\tat ", "\t..."))]
    causes = [line for line in lines if _CAUSE.search(line)]
    errors = [line for line in lines if _ERROR.search(line)]
    chosen = causes[-1:] or errors[:1] or lines[-1:]
    return chosen[0].removeprefix("Caused by: ")[:_LINE_SHOWN] if chosen else ""
