"""Practising starts: once, never in the way, and never again where it does not work. The servers are small Python programs."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from deploy.local import quickstart
from deploy.local.build import Built
from deploy.local.locks import FileLock
from deploy.local.process import Launch, ServerProcess
from deploy.local.progress import Silent
from deploy.local.quickstart import prune, with_quick_starts

WRITES = (
    "import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: (open(sys.argv[1], 'w').close(), sys.exit()))\n"
)
READY = "open(sys.argv[1] + '.ready', 'w').close(); time.sleep(60)"


@pytest.fixture
def built(tmp_path: Path) -> Built:
    (tmp_path / "jre" / "bin").mkdir(parents=True)
    (tmp_path / "jre" / "release").write_text("25")
    (tmp_path / "a.jar").write_text("a")
    jar = str(tmp_path / "a.jar")
    return Built(tmp_path / "jre" / "bin" / "java", jar, jar, tmp_path / "home", tmp_path)


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    path = tmp_path / "cache"
    path.mkdir()
    return path


class Practice:
    """Stands in for `_servers`: programs that write what they were told to when they are stopped."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, code: str = WRITES + READY) -> None:
        self.code, self.runs = code, 0
        self.began = threading.Event()
        monkeypatch.setattr(quickstart, "_servers", self.servers)

    def servers(self, built: Built, data_dir: Path) -> list[ServerProcess]:
        self.runs += 1
        servers = []
        for name in ("kafka", "elasticsearch"):
            target = Path(built.options[name][0].removeprefix("-XX:AOTCacheOutput="))
            ready = Path(f"{target}.ready")
            command = [sys.executable, "-c", self.code, str(target)]
            log = data_dir / f"{name}.log"
            servers.append(ServerProcess(Launch(name, command, {}, data_dir, log, ready.exists), self.began.set))
        return servers


def test_practised_once_and_used_ever_after(built: Built, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    practice = Practice(monkeypatch)
    first = with_quick_starts(built, cache, Silent())
    again = with_quick_starts(built, cache, Silent())
    assert practice.runs == 1
    assert first == again
    option = first.options["kafka"][0]
    assert option.startswith(f"-XX:AOTCache={cache}/aot/")
    assert option.endswith("/kafka.aot")
    assert option in first.jvm_flags("kafka", 100)
    assert [path.name for path in cache.joinpath("aot").iterdir()] == [Path(option).parent.name], "nothing else is left"


def test_another_jar_is_another_practice(built: Built, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    practice = Practice(monkeypatch)
    with_quick_starts(built, cache, Silent())
    os.utime(built.kafka_classpath, (1, 1))
    with_quick_starts(built, cache, Silent())
    assert practice.runs == 2


def test_a_practice_that_fails_costs_nothing_and_is_not_repeated(
    built: Built, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    practice = Practice(monkeypatch, "raise SystemExit(3)")
    assert with_quick_starts(built, cache, Silent()) == built
    assert with_quick_starts(built, cache, Silent()) == built
    assert practice.runs == 1


def test_while_another_run_practises_this_one_just_starts(
    built: Built, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    practice = Practice(monkeypatch)
    with FileLock(cache / "aot.lock"):
        assert with_quick_starts(built, cache, Silent()) == built
    assert practice.runs == 0


def test_ctrl_c_ends_the_practice_at_once_and_leaves_nothing(
    built: Built, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    practice = Practice(monkeypatch, WRITES + "time.sleep(60)")  # never ready
    main = threading.main_thread().ident
    assert main is not None
    threading.Thread(
        target=lambda: (practice.began.wait(10), time.sleep(0.2), signal.pthread_kill(main, signal.SIGINT))
    ).start()
    begin = time.monotonic()
    # What a shell starts in the background ignores Ctrl-C, and so would these tests.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            with_quick_starts(built, cache, Silent())
    finally:
        signal.signal(signal.SIGINT, before)
    assert time.monotonic() - begin < 10
    assert list(cache.joinpath("aot").iterdir()) == []


def test_what_lay_unused_for_a_month_is_cleared_away(tmp_path: Path) -> None:
    for name, age_days in (("old", 31), ("new", 29)):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (time.time() - age_days * 86_400,) * 2)
    prune(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["new"]
    prune(tmp_path / "not there")
