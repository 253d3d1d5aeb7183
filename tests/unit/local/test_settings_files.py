"""What the servers are told: Kafka's properties and Elasticsearch's YAML."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
import yaml

from deploy.local import elasticsearch, kafka
from deploy.local.elasticsearch import NodeAddress
from deploy.local.errors import LocalError
from deploy.local.kafka import BrokerAddress

THREE_BROKERS = [BrokerAddress(number, 9091 + number, 9191 + number) for number in (1, 2, 3)]
THREE_NODES = [NodeAddress(number, 9199 + number, 9299 + number) for number in (1, 2, 3)]


def properties_of(text: str) -> dict[str, str]:
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    pairs = [line.split("=", 1) for line in lines]
    found = dict(pairs)
    assert len(found) == len(pairs), "a key twice"
    return found


def test_one_broker_needs_no_copies() -> None:
    settings = properties_of(kafka.properties(THREE_BROKERS[0], THREE_BROKERS[:1], Path("/data")))
    assert settings["listeners"] == "PLAINTEXT://127.0.0.1:9092,CONTROLLER://127.0.0.1:9192"
    assert settings["controller.quorum.voters"] == "1@127.0.0.1:9192"
    assert settings["offsets.topic.replication.factor"] == settings["transaction.state.log.min.isr"] == "1"
    assert settings["auto.create.topics.enable"] == "false"
    assert settings["log.dirs"] == "/data"


def test_three_brokers_vote_and_keep_copies_that_survive_one_loss() -> None:
    settings = properties_of(kafka.properties(THREE_BROKERS[1], THREE_BROKERS, Path("/data")))
    assert settings["node.id"] == "2"
    assert settings["controller.quorum.voters"] == "1@127.0.0.1:9192,2@127.0.0.1:9193,3@127.0.0.1:9194"
    assert settings["offsets.topic.replication.factor"] == "3"
    assert settings["transaction.state.log.min.isr"] == "2"


def test_brokers_take_the_largest_message_of_the_ladder() -> None:
    from shared.settings import SizeSettings

    settings = properties_of(kafka.properties(THREE_BROKERS[0], THREE_BROKERS[:1], Path("/data")))
    for limit in ("message.max.bytes", "replica.fetch.max.bytes"):
        assert int(settings[limit]) > SizeSettings().dead_letter_message


def test_a_path_that_properties_cannot_hold_is_escaped_or_refused() -> None:
    written = properties_of(kafka.properties(THREE_BROKERS[0], THREE_BROKERS[:1], Path("/δ/a b")))["log.dirs"]
    assert written == "/\\u03b4/a\\u0020b"
    with pytest.raises(LocalError, match=r"comma.*NEWSWIRE_DATA_DIR"):
        kafka.properties(THREE_BROKERS[0], THREE_BROKERS[:1], Path("/a,b"))


def test_one_node_forms_its_cluster_alone() -> None:
    settings = yaml.safe_load(elasticsearch.settings(THREE_NODES[0], THREE_NODES[:1], Path('/a "b": δ')))
    assert settings["discovery.type"] == "single-node"
    assert "discovery.seed_hosts" not in settings
    assert settings["path.data"] == '/a "b": δ/data'
    assert settings["http.port"] == 9200
    assert settings["action.auto_create_index"] is False
    assert settings["cluster.routing.allocation.disk.threshold_enabled"] is False
    assert settings["network.host"] == "127.0.0.1"


def test_three_nodes_know_each_other() -> None:
    settings = yaml.safe_load(elasticsearch.settings(THREE_NODES[2], THREE_NODES, Path("/data")))
    assert settings["discovery.seed_hosts"] == ["127.0.0.1:9300", "127.0.0.1:9301", "127.0.0.1:9302"]
    assert settings["cluster.initial_master_nodes"] == ["node-1", "node-2", "node-3"]
    assert settings["node.name"] == "node-3"
    assert "discovery.type" not in settings


def test_broker_ids_are_read_from_a_metadata_answer() -> None:
    def broker(node_id: int, host: bytes, rack: bytes | None) -> bytes:
        tail = struct.pack(">h", -1) if rack is None else struct.pack(">h", len(rack)) + rack
        return struct.pack(">ih", node_id, len(host)) + host + struct.pack(">i", 9092) + tail

    answer = struct.pack(">ii", 1, 2) + broker(1, b"127.0.0.1", None) + broker(7, b"h", b"rack-a") + b"\0" * 9
    assert kafka._broker_ids(answer) == {1, 7}
    with pytest.raises(struct.error):
        kafka._broker_ids(answer[:20])
