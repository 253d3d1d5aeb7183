"""The embedded Kafka brokers: their settings, their command line, and whether they answer.

Each process is broker and controller in one. Its metadata log remembers node ids, never addresses, so ports may differ from
start to start; the number of brokers may not (`state.py` holds it).
"""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass
from pathlib import Path
from string import Template

from deploy.local.build import TEMPLATES, Built
from deploy.local.errors import LocalError
from deploy.local.ports import HOST
from deploy.local.process import Launch

_MAIN = "newswire.local.KafkaBroker"
_METADATA, _VERSION = 3, 1
_ANSWER_S = 2.0
_LOG_LEVELS = {"defaultLogLevel": "warn", "showDateTime": "true", "dateTimeFormat": "yyyy-MM-dd'T'HH:mm:ss.SSSXXX"}


@dataclass(frozen=True)
class BrokerAddress:
    """Where one broker listens: for clients, and for the other controllers."""

    node_id: int
    port: int
    controller_port: int


def properties(broker: BrokerAddress, cluster: list[BrokerAddress], data: Path) -> str:
    """The broker's `server.properties`."""
    copies = min(3, len(cluster))
    return Template((TEMPLATES / "kafka.properties").read_text("utf-8")).substitute(
        node_id=broker.node_id,
        port=broker.port,
        controller_port=broker.controller_port,
        voters=",".join(f"{one.node_id}@{HOST}:{one.controller_port}" for one in cluster),
        data=_escaped(data),
        replication=copies,
        min_isr=max(1, copies - 1),
    )


def _escaped(path: Path) -> str:
    """A path as a value of a Java properties file, which is Latin-1 with escapes; Kafka splits it at commas."""
    if "," in str(path):
        raise LocalError(f"Kafka cannot keep data in {path}: its path has a comma; set NEWSWIRE_DATA_DIR")
    plain = str(path).replace("\\", "\\\\")
    units = plain.encode("utf-16-be")
    codes = [int.from_bytes(units[at : at + 2]) for at in range(0, len(units), 2)]
    return "".join(chr(code) if 0x20 < code < 0x7F else f"\\u{code:04x}" for code in codes)


def launch(
    broker: BrokerAddress, cluster: list[BrokerAddress], *, cluster_id: str, built: Built, data_dir: Path, heap_mb: int
) -> Launch:
    """How to run one broker with its data in `data_dir/kafka-N`."""
    name = f"kafka-{broker.node_id}"
    folder = data_dir / name
    folder.mkdir(parents=True, exist_ok=True)
    settings = folder / "server.properties"
    settings.write_text(properties(broker, cluster, folder / "log"), "utf-8")
    command = [str(built.java), *built.jvm_flags("kafka", heap_mb)]
    command += [f"-Dorg.slf4j.simpleLogger.{key}={value}" for key, value in _LOG_LEVELS.items()]
    command += [_MAIN, str(settings), cluster_id]
    return Launch(
        name=name,
        command=command,
        environment={"CLASSPATH": built.kafka_classpath},
        folder=folder,
        log=data_dir / "logs" / f"{name}.log",
        answers=lambda: broker.node_id in alive_brokers(broker.port),
    )


def alive_brokers(port: int) -> set[int]:
    """Ids of the brokers that the broker at this port sees alive; empty when it does not answer.

    A Metadata request for no topic: unlike a bare connection it is answered only by a broker that serves, and a broker is
    named in it only once the controller lets it lead partitions.
    """
    body = struct.pack(">hhih", _METADATA, _VERSION, 1, -1) + struct.pack(">i", 0)
    try:
        with socket.create_connection((HOST, port), timeout=_ANSWER_S) as connection:
            connection.sendall(struct.pack(">i", len(body)) + body)
            with connection.makefile("rb") as stream:
                (size,) = struct.unpack(">i", stream.read(4))
                return _broker_ids(stream.read(size))
    except (OSError, struct.error):
        return set()


def _broker_ids(answer: bytes) -> set[int]:
    """Broker ids of a Metadata answer, version 1: correlation id, then (id, host, port, rack) for each broker."""
    _, count = struct.unpack_from(">ii", answer)
    ids, at = set(), 8
    for _ in range(count):
        node_id, host = struct.unpack_from(">ih", answer, at)
        at += 6 + host + 4
        (rack,) = struct.unpack_from(">h", answer, at)
        at += 2 + max(rack, 0)
        ids.add(node_id)
    return ids
