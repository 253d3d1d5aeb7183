"""Server processes: what a failed start says, and that stop always ends."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.local.errors import LocalError
from deploy.local.process import Launch, ServerProcess, telling_line

ELASTICSEARCH_LOG = """\
[2026-11-24T10:34:54,775][INFO ][o.e.n.Node] initialized
[2026-11-24T10:34:55,096][ERROR][o.e.b.Elasticsearch] fatal exception while booting
org.elasticsearch.bootstrap.StartupException: BindHttpException[Failed to bind to 127.0.0.1:9200]
\tat org.elasticsearch.node.Node.start(Node.java:12)
Caused by: java.net.BindException: Address already in use
\tat java.base/sun.nio.ch.Net.bind0(Native Method)
\t... 17 more
[2026-11-24T10:34:55,688][INFO ][o.e.n.Node] stopped
"""


@pytest.mark.parametrize(
    ("log", "line"),
    [
        (ELASTICSEARCH_LOG, "java.net.BindException: Address already in use"),
        ("one\nERROR first thing wrong\nERROR then this\nend", "ERROR first thing wrong"),
        (
            'Exception in thread "main" java.lang.IllegalArgumentException: unknown setting\n\tat x.Error(y)\nbye',
            'Exception in thread "main" java.lang.IllegalArgumentException: unknown setting',
        ),
        ("quiet\nstopped here\n\n", "stopped here"),
        ("", ""),
    ],
)
def test_the_most_telling_line(log: str, line: str) -> None:
    assert telling_line(log) == line


def test_a_telling_line_has_an_end() -> None:
    assert len(telling_line("ERROR " + "x" * 5000)) == 300


def server(tmp_path: Path, code: str, answers: Callable[[], bool] = lambda: False) -> ServerProcess:
    return ServerProcess(
        Launch(
            name="thing-1",
            command=[sys.executable, "-c", code],
            environment={},
            folder=tmp_path / "thing-1",
            log=tmp_path / "logs" / "thing-1.log",
            answers=answers,
        )
    )


def test_a_start_that_fails_names_the_log_and_its_reason(tmp_path: Path) -> None:
    thing = server(tmp_path, "raise ValueError('the disk is on fire')")
    with pytest.raises(
        LocalError, match=r"thing-1 ended while it started: ValueError: the disk is on fire; see .*logs/thing-1\.log"
    ):
        thing.start(10)
    thing.stop()


def test_a_start_that_hangs_has_an_end(tmp_path: Path) -> None:
    thing = server(tmp_path, "import time; print('still warming up', flush=True); time.sleep(60)")
    with pytest.raises(LocalError, match="not ready in time"):
        thing.start(0.5)
    thing.kill()
    assert not thing.running


def test_what_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    code = (
        f"import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); open({str(ready)!r}, 'w'); time.sleep(60)"
    )
    thing = server(tmp_path, code, ready.exists)
    thing.start(10)
    begin = time.monotonic()
    thing.stop(timeout_s=0.3)
    assert not thing.running
    assert time.monotonic() - begin < 5


def test_a_restart_keeps_the_log_of_the_start_before(tmp_path: Path) -> None:
    thing = server(tmp_path, "import os; print(os.getpid())", answers=lambda: True)
    pids = []
    for _ in range(2):
        thing.start(10)
        pids.append(thing.pid)
        thing.wait_gone(time.monotonic() + 10)
    assert thing.log.read_text().strip() == str(pids[1])
    assert thing.log.with_suffix(".log.old").read_text().strip() == str(pids[0])


def test_java_options_of_the_environment_do_not_reach_the_servers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", "-Xmx1g")
    monkeypatch.setenv("KEPT", "yes")
    thing = server(tmp_path, "import os; print(os.environ.get('JAVA_TOOL_OPTIONS'), os.environ['KEPT'])")
    thing.launch()
    thing.wait_gone(time.monotonic() + 10)
    assert thing.log.read_text() == "None yes\n"


def test_a_program_that_this_machine_cannot_run_is_one_line(tmp_path: Path) -> None:
    program = tmp_path / "java"
    program.write_bytes(b"\x7fELF of another world")
    program.chmod(0o755)
    thing = ServerProcess(Launch("thing-1", [str(program)], {}, tmp_path, tmp_path / "log", lambda: False))
    with pytest.raises(LocalError, match=r"cannot run .*java for thing-1"):
        thing.start(1)
