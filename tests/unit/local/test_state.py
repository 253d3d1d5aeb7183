"""The data folder: one run at a time, and the same servers over the same data."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from deploy.local.errors import LocalError
from deploy.local.state import DataFolder, State, new_cluster_id


def test_a_folder_in_use_names_the_run_that_uses_it(tmp_path: Path) -> None:
    first, second = DataFolder(tmp_path), DataFolder(tmp_path)
    first.claim()
    with pytest.raises(
        LocalError, match=rf"in use by another run of newswire \(pid {os.getpid()}\).*NEWSWIRE_DATA_DIR"
    ):
        second.claim()
    first.release()
    second.claim()
    second.release()


def test_the_cluster_keeps_its_id(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    first = folder.settle(brokers=1, nodes=1)
    assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_-]{21}", first.cluster_id)
    assert folder.settle(brokers=1, nodes=1) == first


def test_another_number_of_servers_is_refused_and_says_how_to_go_on(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    folder.settle(brokers=3, nodes=1)
    with pytest.raises(LocalError, match="NEWSWIRE_LOCAL__KAFKA_BROKERS=3"):
        folder.settle(brokers=1, nodes=1)
    with pytest.raises(LocalError, match="NEWSWIRE_LOCAL__ELASTICSEARCH_NODES=1"):
        folder.settle(brokers=3, nodes=3)


def test_a_server_that_is_not_started_now_keeps_its_number(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    folder.settle(brokers=0, nodes=3)
    assert folder.settle(brokers=1, nodes=0) == State(folder.read().cluster_id, 1, 3)


@pytest.mark.parametrize("junk", ["", "{", "[1]", '{"unheard": 1}'])
def test_an_unreadable_state_stops_the_start(tmp_path: Path, junk: str) -> None:
    (tmp_path / "local.json").write_text(junk)
    with pytest.raises(LocalError, match=r"local\.json"):
        DataFolder(tmp_path).settle(brokers=1, nodes=1)


def test_a_cluster_id_never_looks_like_an_option() -> None:
    assert not any(new_cluster_id().startswith("-") for _ in range(500))


def test_servers_of_a_killed_run_are_waited_for_and_then_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deploy.local.state._GOODBYE_S", 0.2)
    stubborn = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    folder = DataFolder(tmp_path)
    folder.remember_servers([stubborn.pid])
    assert folder.await_leftovers() == [stubborn.pid]
    assert not psutil.pid_exists(stubborn.pid)
    stubborn.wait()
    assert folder.await_leftovers() == []


def test_a_process_that_was_given_a_dead_servers_id_is_left_alone(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    me = psutil.Process()
    folder.write(State(servers={str(me.pid): me.create_time() - 60}))
    assert folder.await_leftovers() == []
