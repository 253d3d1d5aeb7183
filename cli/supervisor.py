"""Keeps the services of one `newswire up` running: starts, watches, restarts and stops them. Knows no server and no screen.

One thread uses it; what it has to say goes to `say`, one line each.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from cli.plan import Restarts, hopeless, how_it_ended
from cli.processes import Service
from cli.services import MODULES
from shared.errors import Misconfigured, NewswireError

Say = Callable[[str], None]
EXIT_MISCONFIGURED = 2
"""How a service ends when a person must mend something (shared/service.py; importing that would load uvicorn here)."""
KILL_AFTER_S = 10.0
"""After the time for a clean stop, how long until the whole session of a service is killed."""


class Gone(NewswireError):
    """A service cannot be kept up; the message says which, and its last words."""


class Supervisor:
    """The services of one run, front to back."""

    def __init__(self, services: Sequence[Service], say: Say, *, drain_s: float, on_change: Callable[[], None]) -> None:
        self.services = list(services)
        self._say = say
        self._drain_s = drain_s
        self._on_change = on_change
        self._restarts = {service.member.label: Restarts() for service in services}
        self._due: dict[str, float] = {}

    def start(self) -> None:
        """Start every process; they find Kafka and Elasticsearch by themselves once those are there."""
        for service in self.services:
            service.start()
        self._on_change()

    def tend(self) -> None:
        """Look at every process once: note who ended, start again whose pause is over.

        Raises:
            Misconfigured: a service says that a person must mend something, and it was never ready.
            Gone: a service ends again and again without ever being ready.
        """
        for service in self.services:
            label = service.member.label
            if label in self._due:
                if time.monotonic() >= self._due[label]:
                    del self._due[label]
                    service.start()
                    self._on_change()
            elif (code := service.ended()) is not None:
                self._ended(service, code)

    def _ended(self, service: Service, code: int) -> None:
        label, words = service.member.label, service.last_words()
        if code == EXIT_MISCONFIGURED and not service.ready_once:
            raise Misconfigured(words.removeprefix("newswire "))
        restarts = self._restarts[label]
        delay = restarts.delay(service.lived_s)
        if hopeless(restarts, service.ready_once):
            raise Gone(f"{label} {how_it_ended(code)} {restarts.in_row} times: {words} (its log: {service.log})")
        self._due[label] = time.monotonic() + delay
        self._say(f"{label} {how_it_ended(code)} ({words}); starting it again in {delay:.0f} s")

    def waiting_for(self) -> list[Service]:
        """The services that have not been ready yet."""
        return [service for service in self.services if not service.is_ready()]

    def stop(self) -> None:
        """Stop front to back: what came in through the door can still reach the index."""
        for name in MODULES:
            members = [service for service in self.services if service.member.service == name]
            for service in members:
                service.ask_to_stop()
            deadline = time.monotonic() + self._drain_s + KILL_AFTER_S
            for service in members:
                if not service.wait(max(0.0, deadline - time.monotonic())):
                    self._say(f"{service.member.label} did not stop in time; ending it by force")
                    service.kill()

    def kill(self) -> None:
        """End all at once."""
        for service in self.services:
            service.kill()
