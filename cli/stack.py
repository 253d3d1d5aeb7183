"""One whole run on this machine: embedded servers, topics, services. Composition of `newswire up`."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from cli.addresses import given
from cli.plan import Member, Restarts
from cli.processes import Service
from cli.runfile import Place, Run, write_run
from cli.supervisor import Supervisor
from deploy.local.ports import require_free
from deploy.local.process import ServerProcess
from deploy.local.progress import default_progress
from deploy.local.servers import LocalServers
from shared.errors import NewswireError, Unavailable
from shared.kafka.topics import ensure_topics
from shared.settings import Settings

Say = Callable[[str], None]
TEND_S = 0.2
TOPICS_PATIENCE_S = 60.0
"""How long a Kafka that is not ours may take to answer before `up` gives up."""


def child_environment(
    environment: Mapping[str, str], data_dir: Path, bootstrap_servers: str, elasticsearch_url: str
) -> dict[str, str]:
    """What the services get: everything we got, the servers' addresses, and a data folder that no `cd` can change."""
    ours = {
        "NEWSWIRE_DATA_DIR": str(data_dir),
        "NEWSWIRE_KAFKA__BOOTSTRAP_SERVERS": bootstrap_servers,
        "NEWSWIRE_ELASTICSEARCH__URL": elasticsearch_url,
        "PYTHONUNBUFFERED": "1",
    }
    return {name: value for name, value in environment.items() if name.upper() not in ours} | ours


class Stack:
    """Servers and services of one run. `start` returns when all are ready; `stop` goes front to back."""

    def __init__(self, settings: Settings, members: list[Member], say: Say) -> None:
        self.data_dir = settings.data_dir.resolve()
        self.logs = self.data_dir / "logs"
        self.run = Run.here()
        self._settings = settings
        self._members = members
        self._say = say
        self._began = time.monotonic()
        self._own_kafka = not given(os.environ, "NEWSWIRE_KAFKA__BOOTSTRAP_SERVERS")
        self._own_elasticsearch = not given(os.environ, "NEWSWIRE_ELASTICSEARCH__URL")
        self._servers = LocalServers(
            settings.local,
            self.data_dir,
            kafka=self._own_kafka,
            elasticsearch=self._own_elasticsearch,
            progress=default_progress(),
        )
        self._server_restarts: dict[str, Restarts] = {}
        self._server_due: dict[str, float] = {}
        self._server_began: dict[str, float] = {}
        self._services: Supervisor | None = None
        self._beside_error: Exception | None = None
        self._given_up = threading.Event()

    @property
    def elapsed_s(self) -> float:
        """Seconds since this run began."""
        return time.monotonic() - self._began

    @property
    def kafka(self) -> str:
        """The Kafka in use, as `host:port,…`."""
        return self._servers.bootstrap_servers if self._own_kafka else self._settings.kafka.bootstrap_servers

    @property
    def elasticsearch(self) -> str:
        """The Elasticsearch in use, as an address."""
        return self._servers.elasticsearch_url if self._own_elasticsearch else self._settings.elasticsearch.url

    def require_ports(self) -> None:
        """Refuse before anything is started, if a port of a service is taken.

        Raises:
            LocalError: it is; the message names who holds it and the setting that moves us away.
        """
        for member in self._members:
            require_free(member.port, what=member.service, setting=f"NEWSWIRE_{member.service.upper()}__PORT")

    def start(self) -> None:
        """Start everything, at the same time as far as it can be, and return once all services are ready.

        Raises:
            NewswireError: it cannot be had; one line that says what to do. `stop` is still to be called.
        """
        write_run(self.data_dir, self.run)
        beside = threading.Thread(target=self._start_beside, name="beside", daemon=True)
        beside.start()
        try:
            self._servers.start()
        except BaseException:
            self._given_up.set()
            beside.join()
            raise
        for server in self._servers.servers:
            self._tell_ready(server.name, "")
        beside.join()
        if self._beside_error:
            raise self._beside_error
        self._await_ready()

    def _start_beside(self) -> None:
        """While the servers come up: the services, which wait for them by themselves, then the topics."""
        try:
            while not self._launched():
                if self._given_up.wait(0.02):
                    return
            self._start_services()
            self._make_topics()
        except Exception as error:
            self._beside_error = error

    def _launched(self) -> bool:
        """Whether every server process that is ours has been launched: downloads are done, addresses are known."""
        if not (self._own_kafka or self._own_elasticsearch):
            return True
        servers = self._servers.servers
        return bool(servers) and all(server.running for server in servers)

    def _start_services(self) -> None:
        environment = child_environment(os.environ, self.data_dir, self.kafka, self.elasticsearch)
        services = [Service(member, environment, self.logs) for member in self._members]
        self._services = Supervisor(
            services, self._say, drain_s=self._settings.runtime.drain_s, on_change=self.write_note
        )
        self._services.start()

    def _make_topics(self) -> None:
        kafka = self._settings.kafka.model_copy(update={"bootstrap_servers": self.kafka})
        settings = self._settings.model_copy(update={"kafka": kafka})
        deadline = time.monotonic() + (self._settings.local.start_timeout_s if self._own_kafka else TOPICS_PATIENCE_S)
        while not self._given_up.is_set():
            try:
                report = asyncio.run(ensure_topics(settings))
            except Unavailable:
                if time.monotonic() > deadline:
                    raise
                self._given_up.wait(0.2)
            else:
                for line in report.drift:
                    self._say(f"topic {line}")
                return

    def write_note(self, state: str | None = None) -> None:
        """Bring the note in the data folder up to date: processes, addresses, and `state` if it changes."""
        places = [
            Place(one.member.label, one.member.service, one.member.url, one.pid, str(one.log))
            for one in (self._services.services if self._services else [])
        ]
        self.run = replace(
            self.run,
            state=state or self.run.state,
            kafka=self.kafka,
            elasticsearch=self.elasticsearch,
            places=places,
        )
        write_run(self.data_dir, self.run)

    def _tell_ready(self, name: str, url: str) -> None:
        self._say(f"  {name:<16} ready after {self.elapsed_s:4.1f} s  {url}".rstrip())

    def _await_ready(self) -> None:
        assert self._services is not None  # noqa: S101 - made by `_start_beside`, which has ended without an error
        told: set[str] = set()
        deadline = time.monotonic() + self._settings.local.start_timeout_s
        while True:
            self.tend()
            waiting = self._services.waiting_for()
            for one in self._services.services:
                if one not in waiting and one.member.label not in told:
                    told.add(one.member.label)
                    self._tell_ready(one.member.label, one.member.url)
            if not waiting:
                return
            if time.monotonic() > deadline:
                first = waiting[0]
                raise NotReady(
                    f"{first.member.label} is not ready after {self._settings.local.start_timeout_s:.0f} s: "
                    f"{first.last_words()} (its log: {first.log})"
                )
            time.sleep(0.05)

    def tend(self) -> None:
        """Look after every process once; whatever has ended is started again, with pauses that grow."""
        if self._services:
            self._services.tend()
        for server in self._servers.servers:
            self._tend_server(server)

    def _tend_server(self, server: ServerProcess) -> None:
        if server.name in self._server_due:
            if time.monotonic() >= self._server_due[server.name]:
                del self._server_due[server.name]
                server.launch()
                self._server_began[server.name] = time.monotonic()
        elif not server.running:
            lived = time.monotonic() - self._server_began.get(server.name, self._began)
            delay = self._server_restarts.setdefault(server.name, Restarts()).delay(lived)
            self._server_due[server.name] = time.monotonic() + delay
            self._say(f"{server.name} has ended; starting it again in {delay:.0f} s (its log: {server.log})")

    def wait(self, check: Callable[[], bool], seconds: float) -> bool:
        """Look after everything until `check` says yes; False if it does not within that time."""
        deadline = time.monotonic() + seconds
        while not check():
            if time.monotonic() > deadline:
                return False
            self.tend()
            time.sleep(TEND_S)
        return True

    def stop(self) -> None:
        """Stop front to back: services in the order of the way of a story, then the servers. The data stays."""
        self._given_up.set()
        if self._services:
            self._services.stop()
        self._servers.stop()

    def kill(self) -> None:
        """End everything at once; what was in flight is done again at the next start."""
        if self._services:
            self._services.kill()
        for server in self._servers.servers:
            server.kill()


class NotReady(NewswireError):
    """A service did not become ready in time."""
