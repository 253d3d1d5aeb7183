"""The embedded Elasticsearch nodes: their settings, their command line, and whether they answer."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from pathlib import Path
from string import Template

from deploy.local.build import TEMPLATES, Built
from deploy.local.ports import HOST
from deploy.local.process import Launch

_MAIN = "newswire.local.ElasticsearchNode"
_ANSWER_S = 5.0


@dataclass(frozen=True)
class NodeAddress:
    """Where one node listens: for clients, and for the other nodes."""

    number: int
    http_port: int
    transport_port: int

    @property
    def name(self) -> str:
        """Its name in the cluster."""
        return f"node-{self.number}"


def settings(node: NodeAddress, cluster: list[NodeAddress], folder: Path) -> str:
    """The node's `elasticsearch.yml`."""
    return Template((TEMPLATES / "elasticsearch.yml").read_text("utf-8")).substitute(
        name=node.name,
        data=json.dumps(str(folder / "data")),  # a JSON string is a YAML string
        logs=json.dumps(str(folder / "logs")),
        http_port=node.http_port,
        transport_port=node.transport_port,
        discovery=_discovery(cluster),
    )


def _discovery(cluster: list[NodeAddress]) -> str:
    if len(cluster) == 1:
        return "discovery.type: single-node"
    seeds = json.dumps([f"{HOST}:{node.transport_port}" for node in cluster])
    # Read at the very first start alone; a cluster that has formed ignores it.
    first = json.dumps([node.name for node in cluster])
    return f"discovery.seed_hosts: {seeds}\ncluster.initial_master_nodes: {first}"


def launch(node: NodeAddress, cluster: list[NodeAddress], *, built: Built, data_dir: Path, heap_mb: int) -> Launch:
    """How to run one node with its data in `data_dir/elasticsearch-N`."""
    name = f"elasticsearch-{node.number}"
    folder = data_dir / name
    config = folder / "config"
    config.mkdir(parents=True, exist_ok=True)
    (config / "elasticsearch.yml").write_text(settings(node, cluster, folder), "utf-8")
    (config / "log4j2.properties").write_text((TEMPLATES / "log4j2.properties").read_text("utf-8"), "utf-8")
    command = [str(built.java), *built.jvm_flags("elasticsearch", heap_mb)]
    command += [f"-XX:MaxDirectMemorySize={max(64, heap_mb // 2)}m", "--enable-native-access=ALL-UNNAMED"]
    command += ["-Djava.locale.providers=CLDR,SPI"]  # SPI: `java/newswire/local/ThaiWords.java`
    command += ["-Djava.awt.headless=true", "-Dlog4j2.disable.jmx=true", "-Dlog4j.shutdownHookEnabled=false"]
    command += [_MAIN, str(built.home), str(config)]
    return Launch(
        name=name,
        command=command,
        environment={"CLASSPATH": built.elasticsearch_classpath},
        folder=folder,
        log=data_dir / "logs" / f"{name}.log",
        answers=lambda: is_healthy(node.http_port, nodes=len(cluster)),
    )


def is_healthy(port: int, *, nodes: int) -> bool:
    """Whether the node answers that its cluster has a quorum of its nodes and every primary shard (yellow or green)."""
    connection = http.client.HTTPConnection(HOST, port, timeout=_ANSWER_S)
    try:
        connection.request("GET", "/_cluster/health?timeout=0s")
        answer = connection.getresponse()
        health = json.loads(answer.read())
    except (OSError, http.client.HTTPException, ValueError):
        return False
    finally:
        connection.close()
    return (
        answer.status == 200
        and health.get("status") in {"green", "yellow"}
        and health.get("number_of_nodes", 0) > nodes // 2
    )
