"""`newswire up`, as a person lives with it: first start, Ctrl-C, second start, kill -9. Servers of its own."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import psutil
import pytest

from deploy.local.ports import free_port, is_free
from tests.harness import ROOT, wait_until

PORTS = {
    "NEWSWIRE_INGESTION__PORT": "ingestion",
    "NEWSWIRE_NORMALIZATION__PORT": "normalization",
    "NEWSWIRE_INDEXING__PORT": "indexing",
    "NEWSWIRE_SEARCH__PORT": "search",
    "NEWSWIRE_LOCAL__KAFKA_PORT": "kafka",
    "NEWSWIRE_LOCAL__ELASTICSEARCH_PORT": "elasticsearch",
}


class Here:
    """A data folder with ports of its own, and what is run on it."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self.out = folder / "up.out"
        self.ports = {name: free_port() for name in PORTS.values()}
        self.environment = {
            **os.environ,
            **{variable: str(self.ports[name]) for variable, name in PORTS.items()},
            "NEWSWIRE_DATA_DIR": str(self.data),
            "NEWSWIRE_LOCAL__ELASTICSEARCH_HEAP_MB": "512",
            "PYTHONPATH": str(ROOT),
        }
        self.process: subprocess.Popen[bytes] | None = None

    def newswire(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-P", "-m", "cli", *arguments]
        environment = {**self.environment, **more}
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)

    def up(self, *arguments: str) -> float:
        """Start it and wait until it has said all it has to say; seconds until all four were ready."""
        with self.out.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", "cli", "up", *arguments],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

        def done() -> bool:
            assert self.process.poll() is None, self.said()
            return "Ctrl-C stops everything" in self.said()

        wait_until(done, 90, "newswire up to be ready", every=0.2)
        return float(re.search(r"Ready after ([\d.]+) s", self.said())[1])

    def said(self) -> str:
        return self.out.read_text("utf-8", errors="replace")

    def family(self) -> list[psutil.Process]:
        """Everything that the run has started: services, servers, and their helpers."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def interrupt(self) -> int:
        """Ctrl-C as a terminal does it: to the whole foreground group."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(60)

    def all_ports_free(self) -> bool:
        return all(is_free(port) for port in self.ports.values())

    def total(self, **parameters: str) -> int:
        answer = httpx2.get(f"http://127.0.0.1:{self.ports['search']}/v1/search", params=parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()["total"]


@pytest.fixture
def here(tmp_path):
    running = Here(tmp_path)
    yield running
    if running.process and running.process.poll() is None:
        running.process.kill()
        running.process.wait()


def gone(processes: list[psutil.Process]) -> bool:
    return not any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in processes)


@pytest.mark.servers
@pytest.mark.timeout(300)
def test_first_start_ctrl_c_second_start_and_kill(here):
    here.up()
    found = here.total()
    assert found >= 14, here.said()
    assert_the_samples_were_shown(here)
    assert_a_second_one_is_refused(here)
    assert_status_tells(here)
    assert_a_killed_service_comes_back(here)

    family = here.family()
    assert here.interrupt() == 0, here.said()
    assert "Stopping" in here.said()
    assert "Traceback" not in here.said()
    assert gone(family)
    assert here.all_ports_free()

    # 7 to 10 s by itself; the bound leaves room for a machine that does other things as well.
    assert here.up("--workers", "normalization=2") < 60, here.said()
    assert here.total() == found, "the data was kept, and no sample went in twice"
    assert "Pushed" not in here.said()
    assert len([one for one in status(here)["services"] if one["service"] == "normalization"]) == 2

    assert_kill_9_leaves_nothing(here)


def assert_the_samples_were_shown(here: Here) -> None:
    said = here.said()
    assert re.search(r"Pushed \d+ sample stories", said)
    assert "refused" not in said
    assert "newswire search harbour" in said
    assert "CORRECTED: Storm closes four northern ports" in said
    assert "Storm closes three northern ports" not in said
    assert f"http://127.0.0.1:{here.ports['search']}/" in said
    assert "curl -H" in said


def assert_a_second_one_is_refused(here: Here) -> None:
    second = here.newswire("up")
    assert second.returncode == 2
    assert f"already runs on {here.data} (pid {here.process.pid})" in second.stderr
    assert second.stderr.count("\n") == 1
    elsewhere = here.newswire("up", NEWSWIRE_DATA_DIR=str(here.data.parent / "other"))
    assert elsewhere.returncode == 2
    assert re.search(rf"port {here.ports['ingestion']} .*in use by pid \d+", elsewhere.stderr)
    assert "NEWSWIRE_INGESTION__PORT" in elsewhere.stderr


def status(here: Here) -> dict:
    answer = here.newswire("status", "--json", "--seconds", "0.2")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return json.loads(answer.stdout)


def assert_status_tells(here: Here) -> None:
    report = status(here)
    assert report["ready"] is True
    assert report["run"] == {"pid": here.process.pid, "state": "ready"}
    assert {one["name"] for one in report["services"]} == {"ingestion", "normalization", "indexing", "search"}
    assert {one["group"] for one in report["lag"]} == {"normalization", "indexing"}
    assert report["dead_letters"]["since_start"] == 0
    assert here.newswire("topics").stdout.endswith("All topics are there.\n")


def assert_a_killed_service_comes_back(here: Here) -> None:
    before = next(one for one in status(here)["services"] if one["name"] == "search")
    os.kill(before["pid"], signal.SIGKILL)

    def back() -> bool:
        now = json.loads(here.newswire("status", "--json", "--seconds", "0.1").stdout)
        search = next(one for one in now["services"] if one["name"] == "search")
        return search["ready"] and search["pid"] != before["pid"]

    wait_until(back, 40, "search to be started again")
    assert "search was killed by signal 9" in here.said()


def assert_kill_9_leaves_nothing(here: Here) -> None:
    family = here.family()
    assert len(family) >= 7  # five services, Kafka, Elasticsearch
    os.kill(here.process.pid, signal.SIGKILL)
    here.process.wait()
    wait_until(lambda: gone(family) and here.all_ports_free(), 40, "services and servers to end by themselves")
    assert "a killed run had left its note" in here.newswire("down").stdout
    assert here.newswire("status", "--seconds", "0.1").returncode == 1


def test_a_port_in_use_is_one_line_that_says_by_whom_and_what_to_do(here):
    with socket.create_server(("127.0.0.1", here.ports["search"])):
        answer = here.newswire("up")
    assert answer.returncode == 2
    assert re.search(
        rf"^newswire: port {here.ports['search']} for search is in use by pid {os.getpid()} \(", answer.stderr
    )
    assert "NEWSWIRE_SEARCH__PORT" in answer.stderr
    assert answer.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("NEWSWIRE_SEARCH__PORT", "eighty", "NEWSWIRE_SEARCH__PORT"),
        ("NEWSWIRE_NOSUCH", "1", "NEWSWIRE_NOSUCH is not a setting"),
        ("NEWSWIRE_DATA_DIR", "/dev/null/data", "NEWSWIRE_DATA_DIR"),
    ],
)
def test_settings_that_cannot_be_used_are_one_line(here, variable, value, told):
    answer = here.newswire("up", **{variable: value})
    assert answer.returncode == 2
    assert told in answer.stderr
    assert answer.stderr.count("\n") == 1


STUBBORN = """
import os, pathlib, signal, subprocess, sys, time

def main(settings):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    helper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    pathlib.Path("{pids}").write_text(f"{os.getpid()} {helper.pid} ")
    time.sleep(600)
"""
SUPERVISOR = """
import os, pathlib, time
from cli.plan import Member
from cli.processes import Service

service = Service(Member("search", 1, 1, "127.0.0.1"), os.environ, pathlib.Path("{logs}"))
service.start()
time.sleep(600)
"""


@pytest.fixture
def stubborn(tmp_path):
    """A supervisor of one service that does not listen to SIGTERM and has a helper; yields it and these two."""
    code, pids = tmp_path / "code", tmp_path / "pids"
    package = code / "services" / "search"
    package.mkdir(parents=True)
    for folder in (package, package.parent):
        (folder / "__init__.py").touch()
    (package / "app.py").write_text(STUBBORN.replace("{pids}", str(pids)))
    for name in ("cli", "shared", "deploy"):
        (code / name).symlink_to(ROOT / name)
    supervisor = SUPERVISOR.replace("{logs}", str(tmp_path))
    environment = {**os.environ, "PYTHONPATH": str(code)}
    family: list[psutil.Process] = []
    with subprocess.Popen([sys.executable, "-P", "-c", supervisor], env=environment) as process:
        try:
            wait_until(lambda: pids.exists() and pids.read_text().endswith(" "), 20, "the service to start")
            family += [psutil.Process(int(pid)) for pid in pids.read_text().split()]
            yield process, family
        finally:
            process.kill()
            for left in family:
                with contextlib.suppress(psutil.NoSuchProcess):
                    left.kill()


def test_a_stubborn_service_and_its_helper_end_with_a_killed_supervisor(stubborn):
    process, family = stubborn
    began = time.monotonic()
    process.kill()
    wait_until(lambda: gone(family), 15, "the service and its helper to end")
    assert time.monotonic() - began > 3, "it was given time for a clean stop"
