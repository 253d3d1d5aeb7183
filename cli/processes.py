"""One running service process: start it, ask it, stop it. The plan says which; the supervisor says when."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import orjson

from cli.ask import fetch
from cli.plan import Member
from cli.runfile import CHILD

PROBE_S = 2.0
KEPT_LOG_BYTES = 20_000_000
"""A log larger than this is set aside as `.1` when its service starts, so that a folder never fills by itself."""
TAIL_BYTES = 16_384


def answers(url: str) -> bool:
    """Whether that address answers 200 now."""
    return fetch(url, PROBE_S)[0] == 200


def set_aside(log: Path, limit: int = KEPT_LOG_BYTES) -> None:
    """Rotate a log that has grown: one older part is kept."""
    with contextlib.suppress(FileNotFoundError):
        if log.stat().st_size > limit:
            log.replace(log.with_suffix(".log.1"))


def last_words(text: str) -> str:
    """What the last line of a log says, in one short line: the event of a JSON line, or the line itself."""
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        return "it left no word"
    try:
        entry = orjson.loads(lines[-1])
    except orjson.JSONDecodeError:
        return lines[-1].strip()[:300]
    if not isinstance(entry, dict):
        return lines[-1].strip()[:300]
    words = [str(entry[key]) for key in ("event", "error", "reason", "why") if entry.get(key)]
    return ": ".join(words)[:300] or lines[-1][:300]


def python_module(module: str, *arguments: str) -> list[str]:
    """The command line of a module of ours; `-P`: a folder `shared` or `cli` where we were started is not ours."""
    return [sys.executable, "-P", "-m", module, *arguments]


def importing_us(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment in which a Python finds the very code that runs here, installed or not."""
    root = str(Path(__file__).absolute().parents[1])
    return {**environment, "PYTHONPATH": os.pathsep.join(filter(None, (root, environment.get("PYTHONPATH"))))}


class Service:
    """A member of the plan as a process, in a session of its own: the terminal's Ctrl-C does not reach it."""

    def __init__(self, member: Member, environment: Mapping[str, str], logs: Path) -> None:
        self.member = member
        self.log = member.log(logs)
        self.ready_once = False
        self._environment = {**environment, **member.environment}
        self._process: subprocess.Popen[bytes] | None = None
        self._log_from = 0
        self._began = 0.0
        self._swept = False

    @property
    def pid(self) -> int:
        """Its process, 0 while there is none."""
        return self._process.pid if self._process else 0

    @property
    def lived_s(self) -> float:
        """Seconds since it was started last."""
        return time.monotonic() - self._began

    def start(self) -> None:
        """Start it; its output goes to its log."""
        set_aside(self.log)
        with self.log.open("ab") as log:
            self._log_from = log.tell()
            self._swept = False
            self._began = time.monotonic()
            self._process = subprocess.Popen(  # noqa: S603 - this very Python and a module of ours
                python_module(CHILD, self.member.service),
                stdin=subprocess.PIPE,  # the lifeline, see cli/child.py; close-on-exec, so no other child holds it
                stdout=log,
                stderr=subprocess.STDOUT,
                env=importing_us(self._environment),
                start_new_session=True,
            )

    def ended(self) -> int | None:
        """Its return code once it has ended, else None. Helpers that it may have left are ended with it."""
        if self._process is None:
            return None
        code = self._process.poll()
        if code is not None and not self._swept:
            self._sweep()
        return code

    def is_ready(self) -> bool:
        """Whether its `/readyz` says yes; remembered."""
        if not self.ready_once and self.ended() is None:
            self.ready_once = answers(f"{self.member.url}/readyz")
        return self.ready_once

    def last_words(self) -> str:
        """The end of what it logged since its last start."""
        with contextlib.suppress(OSError), self.log.open("rb") as log:
            size = log.seek(0, os.SEEK_END)
            log.seek(max(self._log_from, size - TAIL_BYTES))
            return last_words(log.read().decode(errors="replace"))
        return "it left no word"

    def ask_to_stop(self) -> None:
        """SIGTERM: finish what is in flight and end."""
        if self._process and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)

    def wait(self, seconds: float) -> bool:
        """Whether it ended within that time."""
        if self._process is None:
            return True
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        return self.ended() is not None

    def kill(self) -> None:
        """End it and its helpers now."""
        if self._process:
            if self._process.poll() is None:
                self._sweep()
            self._process.wait(10)

    def _sweep(self) -> None:
        """Kill what is left of its session (helper processes it may have had), and let go of the lifeline."""
        self._swept = True
        if self._process:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
            if self._process.stdin:
                self._process.stdin.close()
