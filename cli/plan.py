"""What `newswire up` starts, restarts and stops, as pure decisions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cli.addresses import address
from cli.services import MODULES, SHARES_PORT
from shared.errors import Misconfigured
from shared.settings import Settings

MAX_REPLICAS = 32


@dataclass(frozen=True, slots=True)
class Member:
    """One process of one service. `environment` holds the variables in which it differs from its supervisor."""

    service: str
    number: int
    port: int
    host: str
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """Its name on the screen and of its log file: the second replica of indexing is `indexing-2`."""
        return self.service if self.number == 1 else f"{self.service}-{self.number}"

    @property
    def url(self) -> str:
        """Where it answers."""
        return address(self.host, self.port)

    def log(self, folder: Path) -> Path:
        """Its log file."""
        return folder / f"{self.label}.log"


def parse_workers(values: Sequence[str]) -> dict[str, int]:
    """`["normalization=2"]` → `{"normalization": 2}`.

    Raises:
        Misconfigured: not `service=number`, no such service, or a number out of 1..32.
    """
    counts: dict[str, int] = {}
    for value in values:
        name, _, number = value.partition("=")
        if name not in MODULES:
            raise Misconfigured(f"--workers {value}: no service of that name; there are {', '.join(MODULES)}")
        if not (number.isascii() and number.isdigit()) or not 1 <= int(number) <= MAX_REPLICAS:
            raise Misconfigured(f"--workers {value}: say how many, 1 to {MAX_REPLICAS}, as in --workers {name}=2")
        counts[name] = int(number)
    return counts


def plan_members(settings: Settings, workers: Mapping[str, int], free_port: Callable[[], int]) -> list[Member]:
    """Every process to start, front to back. Replicas of the HTTP services share their port, the others get free ones."""
    members = []
    for name in MODULES:
        own = getattr(settings, name)
        count = workers.get(name, 1)
        for number in range(1, count + 1):
            environment = {}
            port = own.port
            if count > 1 and name in SHARES_PORT:
                environment[f"NEWSWIRE_{name.upper()}__REUSE_PORT"] = "true"
            elif number > 1:
                port = free_port()
                environment[f"NEWSWIRE_{name.upper()}__PORT"] = str(port)
            members.append(Member(name, number, port, own.host, environment))
    return members


@dataclass
class Restarts:
    """When a process that ended is started again: 1 s, 2 s, 4 s … 30 s; a minute without an end starts over."""

    first_s: float = 1.0
    longest_s: float = 30.0
    calm_s: float = 60.0
    in_row: int = 0

    def delay(self, lived_s: float) -> float:
        """Seconds to wait before the next start, after a life of `lived_s` seconds."""
        self.in_row = 1 if lived_s >= self.calm_s else self.in_row + 1
        return min(self.first_s * 2.0 ** (self.in_row - 1), self.longest_s)


GIVE_UP_AFTER = 3
"""Ends in a row before a service was ever ready, after which `up` gives up: the cause will not go away by itself."""


def hopeless(restarts: Restarts, ready_once: bool) -> bool:
    """Whether starting again is pointless."""
    return not ready_once and restarts.in_row >= GIVE_UP_AFTER


def how_it_ended(code: int) -> str:
    """A process' return code in words."""
    return f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
