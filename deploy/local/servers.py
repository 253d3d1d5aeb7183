"""Real Kafka and Elasticsearch on this machine, started and stopped as one.

servers = LocalServers(settings.local, settings.data_dir)
servers.start()     # blocks until both answer
servers.stop()      # data stays in the data folder
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from pathlib import Path
from types import TracebackType
from typing import Self

from deploy.local import elasticsearch, kafka, pins
from deploy.local.build import Built, build
from deploy.local.download import default_cache_dir, ensure_artifacts
from deploy.local.elasticsearch import NodeAddress
from deploy.local.errors import LocalError
from deploy.local.kafka import BrokerAddress
from deploy.local.machine import java, require_room
from deploy.local.ports import HOST, free_port, require_free
from deploy.local.process import STOP_S, ServerProcess
from deploy.local.progress import Progress, Silent
from deploy.local.quickstart import prune, with_quick_starts
from deploy.local.state import DataFolder, State
from shared.settings import LocalSettings

__all__ = ["LocalError", "LocalServers"]

_DATA_ROOM = 500_000_000
"""Bytes that must be free where the data goes, or Kafka and Elasticsearch fail in ways that are hard to read."""


class LocalServers:
    """N Kafka brokers and M Elasticsearch nodes with their data in one folder."""

    def __init__(
        self,
        local: LocalSettings,
        data_dir: Path,
        *,
        kafka: bool = True,
        elasticsearch: bool = True,
        progress: Progress | None = None,
    ) -> None:
        self._local = local
        self._folder = DataFolder(data_dir.absolute())
        self._progress = progress or Silent()
        self._want_brokers = local.kafka_brokers if kafka else 0
        self._want_nodes = local.elasticsearch_nodes if elasticsearch else 0
        self._broker_addresses: list[BrokerAddress] = []
        self._node_addresses: list[NodeAddress] = []
        self.brokers: list[ServerProcess] = []
        """The Kafka processes, once started."""
        self.nodes: list[ServerProcess] = []
        """The Elasticsearch processes, once started."""

    @property
    def bootstrap_servers(self) -> str:
        """Every broker, `host:port,host:port`; empty without Kafka."""
        return ",".join(f"{HOST}:{broker.port}" for broker in self._broker_addresses)

    @property
    def elasticsearch_url(self) -> str:
        """The first node; empty without Elasticsearch."""
        return self.elasticsearch_urls[0] if self._node_addresses else ""

    @property
    def elasticsearch_urls(self) -> list[str]:
        """Every node."""
        return [f"http://{HOST}:{node.http_port}" for node in self._node_addresses]

    @property
    def servers(self) -> list[ServerProcess]:
        """All processes."""
        return [*self.brokers, *self.nodes]

    def start(self) -> None:
        """Start everything and return once all of it answers; whatever fails, nothing is left running.

        Raises:
            LocalError: it cannot be had; one line that says what to do.
        """
        runtime = java()
        self._folder.claim()
        try:
            self._prepare(runtime)
            self._launch_all()
        except BaseException:  # Ctrl-C while it starts included
            self.stop()
            raise

    def stop(self) -> None:
        """Stop everything, at the same time; kill what does not stop within 20 s. The data stays."""
        for server in self.servers:
            server.terminate()
        deadline = time.monotonic() + STOP_S
        for server in self.servers:
            server.wait_gone(deadline)
        self._folder.release()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _prepare(self, runtime: Path) -> None:
        """Everything that can fail for a reason of this machine, before a server starts."""
        if leftovers := self._folder.await_leftovers():
            self._progress.say(f"Servers of a run that was killed have ended (pid {', '.join(map(str, leftovers))})")
        require_room(self._folder.path, _DATA_ROOM, what="the data", setting="NEWSWIRE_DATA_DIR")
        state = self._folder.settle(brokers=self._want_brokers, nodes=self._want_nodes)
        self._take_ports()
        built = prepare(self._local, self._progress, runtime)
        self._make_servers(state, built)

    def _take_ports(self) -> None:
        if self._want_brokers:
            require_free(self._local.kafka_port, what="Kafka", setting="NEWSWIRE_LOCAL__KAFKA_PORT")
        if self._want_nodes:
            require_free(
                self._local.elasticsearch_port, what="Elasticsearch", setting="NEWSWIRE_LOCAL__ELASTICSEARCH_PORT"
            )
        self._broker_addresses = [
            BrokerAddress(number, self._local.kafka_port if number == 1 else free_port(), free_port())
            for number in range(1, self._want_brokers + 1)
        ]
        self._node_addresses = [
            NodeAddress(number, self._local.elasticsearch_port if number == 1 else free_port(), free_port())
            for number in range(1, self._want_nodes + 1)
        ]

    def _make_servers(self, state: State, built: Built) -> None:
        self.brokers = [
            ServerProcess(
                kafka.launch(
                    broker,
                    self._broker_addresses,
                    cluster_id=state.cluster_id,
                    built=built,
                    data_dir=self._folder.path,
                    heap_mb=self._local.kafka_heap_mb,
                ),
                self._remember,
            )
            for broker in self._broker_addresses
        ]
        self.nodes = [
            ServerProcess(
                elasticsearch.launch(
                    node,
                    self._node_addresses,
                    built=built,
                    data_dir=self._folder.path,
                    heap_mb=self._local.elasticsearch_heap_mb,
                ),
                self._remember,
            )
            for node in self._node_addresses
        ]

    def _launch_all(self) -> None:
        for server in self.servers:
            server.launch()
        self._await_all(self.servers)

    def _remember(self) -> None:
        self._folder.remember_servers(server.pid for server in self.servers if server.running)

    def _await_all(self, servers: Sequence[ServerProcess]) -> None:
        deadline = time.monotonic() + self._local.start_timeout_s
        with ThreadPoolExecutor(max(1, len(servers)), thread_name_prefix="await") as pool:
            waiting = [pool.submit(server.wait_ready, deadline) for server in servers]
            try:
                for job in wait(waiting, return_when=FIRST_EXCEPTION).done:
                    job.result()
            except BaseException:  # Ctrl-C included; there is no point in waiting for the others
                for server in servers:
                    server.kill()
                raise


def prepare(local: LocalSettings, progress: Progress, runtime: Path | None = None) -> Built:
    """Download and compile what is not cached yet; what `make run` and the tests do first."""
    parts = pins.load()
    cache = (local.cache_dir or default_cache_dir()).absolute()
    jars = ensure_artifacts(pins.all_jars(parts), cache, progress)
    built = build(parts, jars, cache, runtime or java(), progress)
    for folder in ("built", "aot"):
        prune(cache / folder)
    return with_quick_starts(built, cache, progress)
