"""What the data folder remembers of the embedded servers, and who uses it now.

data_dir/local.lock       the run that uses the folder (pid); given up by the kernel when that run ends, however
data_dir/local.json       the Kafka cluster's id, how many servers the data is spread over, the servers last started
"""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import psutil

from deploy.local.errors import LocalError
from deploy.local.locks import FileLock, Held

_GOODBYE_S = 25.0
"""Longer than the servers give themselves once their starter is gone (`Supervised.java`)."""


@dataclass(frozen=True)
class State:
    """`local.json`."""

    cluster_id: str = ""
    kafka_brokers: int = 0
    """0: no Kafka has kept data here yet."""
    elasticsearch_nodes: int = 0
    servers: dict[str, float] = field(default_factory=dict)
    """Process ids (as text) of the servers last started, and when each began (seconds since 1970)."""


class DataFolder:
    """The data folder while one run uses it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = FileLock(path / "local.lock")
        self._file = path / "local.json"

    def claim(self) -> None:
        """Take the folder for this run.

        Raises:
            LocalError: another run uses it.
        """
        try:
            self._lock.acquire()
        except Held as held:
            who = f"pid {held.pid}" if held.pid else "another process"
            raise LocalError(
                f"the data folder {self.path} is in use by another run of newswire ({who}); stop it or set NEWSWIRE_DATA_DIR"
            ) from None
        except OSError as error:
            raise LocalError(
                f"cannot write to {self.path}: {error.strerror}; set NEWSWIRE_DATA_DIR to a folder of yours"
            ) from error

    def release(self) -> None:
        """Give it up."""
        self._lock.release()

    def read(self) -> State:
        """What is remembered; nothing for a fresh folder.

        Raises:
            LocalError: the file is there and cannot be read: starting anyway could put a second cluster over the data.
        """
        try:
            found = json.loads(self._file.read_text("utf-8"))
            return State(**found)
        except FileNotFoundError:
            return State()
        except (OSError, ValueError, TypeError) as error:
            raise LocalError(
                f"{self._file} cannot be read ({error}); restore it, or move {self.path} away to begin afresh"
            ) from None

    def write(self, state: State) -> None:
        """Remember, all or nothing."""
        temporary = self._file.with_suffix(".tmp")
        temporary.write_text(json.dumps(asdict(state), indent=1) + "\n", "utf-8")
        temporary.replace(self._file)

    def settle(self, *, brokers: int, nodes: int) -> State:
        """The state for this start: as remembered, with what it starts for the first time (0: not started) filled in.

        Raises:
            LocalError: the data is spread over another number of servers.
        """
        state = self.read()
        _refuse_change(self.path, "Kafka brokers", state.kafka_brokers, brokers, "NEWSWIRE_LOCAL__KAFKA_BROKERS")
        _refuse_change(
            self.path, "Elasticsearch nodes", state.elasticsearch_nodes, nodes, "NEWSWIRE_LOCAL__ELASTICSEARCH_NODES"
        )
        settled = replace(
            state,
            cluster_id=state.cluster_id or new_cluster_id(),
            kafka_brokers=state.kafka_brokers or brokers,
            elasticsearch_nodes=state.elasticsearch_nodes or nodes,
        )
        self.write(settled)
        return settled

    def remember_servers(self, pids: Iterable[int]) -> None:
        """Write down which processes work on this data now, for a next start after a kill -9."""
        servers = {}
        for pid in pids:
            with suppress(psutil.NoSuchProcess):
                servers[str(pid)] = psutil.Process(pid).create_time()
        self.write(replace(self.read(), servers=servers))

    def await_leftovers(self) -> list[int]:
        """Wait for servers of a killed run to finish their goodbye, then kill what is left; returns their pids."""
        leftovers = [
            process for pid, began in self.read().servers.items() if (process := _still_there(int(pid), began))
        ]
        if leftovers:
            _, stubborn = psutil.wait_procs(leftovers, timeout=_GOODBYE_S)
            for process in stubborn:
                with suppress(psutil.NoSuchProcess):
                    process.kill()
            psutil.wait_procs(stubborn, timeout=5)
        return [process.pid for process in leftovers]


def _still_there(pid: int, began: float) -> psutil.Process | None:
    """The process, if it is the same one and not another that was given its id."""
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        if abs(process.create_time() - began) < 1 and process.status() != psutil.STATUS_ZOMBIE:
            return process
    return None


def _refuse_change(folder: Path, what: str, had: int, wanted: int, setting: str) -> None:
    if had and wanted and had != wanted:
        raise LocalError(
            f"the data in {folder} is that of {had} {what}, not {wanted}; set {setting}={had}, or NEWSWIRE_DATA_DIR to a fresh folder"
        )


def new_cluster_id() -> str:
    """A Kafka cluster id: 16 random bytes in URL-safe base64 that does not begin with a dash."""
    while True:
        text = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        if not text.startswith("-"):
            return text
