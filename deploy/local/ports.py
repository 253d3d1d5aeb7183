"""TCP ports of this machine: finding a free one, and telling who holds one that is not.

Everything here means 127.0.0.1, where the embedded servers listen.
"""

from __future__ import annotations

import random
import socket
from pathlib import Path
from typing import NamedTuple

import psutil

from deploy.local.errors import LocalError

HOST = "127.0.0.1"
_LOW, _HIGH = 20_000, 32_000
"""Below Linux' range for outgoing connections (32768 and up), which could take a port between our look and the server's bind."""
_TRIES = 200
_COMMAND_SHOWN = 80
_handed_out: set[int] = set()


class _Server(NamedTuple):
    name: str
    argument: int
    """Which argument of its main names a file two levels below the data folder."""


_OURS = {
    "newswire.local.KafkaBroker": _Server("Kafka", 0),
    "newswire.local.ElasticsearchNode": _Server("Elasticsearch", 1),
}


def is_free(port: int) -> bool:
    """Whether a server could listen on this port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the servers do: a port in TIME_WAIT is free
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def free_port() -> int:
    """A free port; this process is never given the same one twice."""
    pick = random.SystemRandom()
    for _ in range(_TRIES):
        port = pick.randint(_LOW, _HIGH)
        if port not in _handed_out and is_free(port):
            _handed_out.add(port)
            return port
    raise LocalError(f"no free port between {_LOW} and {_HIGH}; stop some of the servers on this machine")


def require_free(port: int, *, what: str, setting: str) -> None:
    """Refuse to start `what` on a port that somebody holds.

    Raises:
        LocalError: the port is taken; the message names its holder and the setting that moves us away.
    """
    if not is_free(port):
        raise LocalError(
            f"port {port} for {what} is in use by {holder(port)}; stop that or set {setting} to a free port"
        )


def holder(port: int) -> str:
    """Who listens on the port: 'pid 4711 (java -cp …)', or what little the system tells of it."""
    try:
        connections = psutil.net_connections(kind="tcp")
    except psutil.Error:  # macOS tells this to root alone
        return "another program"
    for connection in connections:
        if (
            connection.status == psutil.CONN_LISTEN
            and connection.laddr
            and connection.laddr.port == port
            and connection.pid
        ):
            return f"pid {connection.pid} ({command_of(connection.pid)})"
    return "a program of another user"


def command_of(pid: int) -> str:
    """What a process runs, cut to fit a message; a server of another newswire is named by its data folder."""
    try:
        process = psutil.Process(pid)
        return describe(process.cmdline()) or process.name()
    except psutil.Error:
        return "command unknown"


def describe(command: list[str]) -> str:
    """A command line for a message, without the folder of its program."""
    if not command:
        return ""
    for main, what in _OURS.items():
        if main in command:
            folder = Path(command[command.index(main) + 1 + what.argument]).parents[1]
            return f"{what.name} of another newswire, data in {folder}"
    line = " ".join([Path(command[0]).name, *command[1:]])
    return line if len(line) <= _COMMAND_SHOWN else line[: _COMMAND_SHOWN - 1] + "…"
