"""The supervisor over processes that only pretend; its decisions, not its signals."""

from __future__ import annotations

import pytest

from cli import supervisor as module
from cli.plan import Member
from cli.supervisor import Gone, Supervisor
from shared.errors import Misconfigured


class Fake:
    def __init__(self, service: str, journal: list[str], number: int = 1) -> None:
        self.member = Member(service, number, 1, "127.0.0.1")
        self.journal, self.code, self.starts, self.ready_once, self.lived_s = journal, None, 0, False, 0.1
        self.log, self.stubborn = f"{self.member.label}.log", False

    def start(self):
        self.starts += 1
        self.code = None

    def ended(self):
        return self.code

    def is_ready(self):
        return self.ready_once

    def last_words(self):
        return f"newswire {self.member.service}: the last word"

    def ask_to_stop(self):
        self.journal.append(f"ask {self.member.label}")

    def wait(self, _seconds):
        self.journal.append(f"wait {self.member.label}")
        return not self.stubborn

    def kill(self):
        self.journal.append(f"kill {self.member.label}")


@pytest.fixture
def clock(monkeypatch):
    time = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: time[0])
    return time


@pytest.fixture
def rig(clock):
    journal: list[str] = []
    said: list[str] = []
    fakes = [Fake(name, journal) for name in ("search", "indexing", "normalization", "ingestion")]
    fakes.append(Fake("normalization", journal, 2))
    changes: list[int] = []
    made = Supervisor(fakes, said.append, drain_s=30, on_change=lambda: changes.append(1))  # type: ignore[arg-type]
    made.start()
    return made, {one.member.label: one for one in fakes}, said, journal, clock


def test_all_are_started_and_nothing_is_said_while_they_run(rig):
    made, fakes, said, _, _ = rig
    made.tend()
    assert [one.starts for one in fakes.values()] == [1] * 5
    assert said == []


def test_one_that_ended_is_started_again_after_its_pause_and_not_before(rig):
    made, fakes, said, _, clock = rig
    fakes["indexing"].ready_once = True
    fakes["indexing"].code = -9
    made.tend()
    assert "indexing was killed by signal 9" in said[0]
    assert "starting it again in 1 s" in said[0]
    clock[0] += 0.9
    made.tend()
    assert fakes["indexing"].starts == 1
    clock[0] += 0.2
    made.tend()
    assert fakes["indexing"].starts == 2
    assert len(said) == 1


def test_one_that_was_ready_is_never_given_up(rig):
    made, fakes, _, _, clock = rig
    fakes["search"].ready_once = True
    for _ in range(20):
        fakes["search"].code = 1
        made.tend()
        clock[0] += 31
        made.tend()
    assert fakes["search"].starts == 21


def test_one_that_never_is_ready_is_given_up_with_its_last_words(rig):
    made, fakes, _, _, clock = rig
    for _ in range(2):
        fakes["search"].code = 1
        made.tend()
        clock[0] += 31
        made.tend()
    fakes["search"].code = 1
    with pytest.raises(Gone, match=r"search ended with code 1 3 times: .*the last word.*search\.log"):
        made.tend()


def test_wrong_settings_end_the_start_at_once(rig):
    made, fakes, _, _, _ = rig
    fakes["ingestion"].code = module.EXIT_MISCONFIGURED
    with pytest.raises(Misconfigured, match=r"^ingestion: the last word$"):
        made.tend()


def test_wrong_settings_of_one_that_was_ready_are_tried_again(rig):
    made, fakes, said, _, _ = rig
    fakes["ingestion"].ready_once = True
    fakes["ingestion"].code = module.EXIT_MISCONFIGURED
    made.tend()
    assert "starting it again" in said[0]


def test_the_exit_code_is_that_of_the_services():
    from shared.service import EXIT_MISCONFIGURED

    assert module.EXIT_MISCONFIGURED == EXIT_MISCONFIGURED


def test_it_stops_front_to_back_each_service_wholly_before_the_next(rig):
    made, _, _, journal, _ = rig
    made.stop()
    assert journal == [
        "ask ingestion",
        "wait ingestion",
        "ask normalization",
        "ask normalization-2",
        "wait normalization",
        "wait normalization-2",
        "ask indexing",
        "wait indexing",
        "ask search",
        "wait search",
    ]


def test_one_that_does_not_stop_is_killed_and_the_rest_still_stops(rig):
    made, fakes, said, journal, _ = rig
    fakes["indexing"].stubborn = True
    made.stop()
    assert journal[-4:] == ["wait indexing", "kill indexing", "ask search", "wait search"]
    assert said == ["indexing did not stop in time; ending it by force"]


def test_who_is_not_ready_is_known(rig):
    made, fakes, _, _, _ = rig
    for name in ("search", "ingestion", "normalization", "normalization-2"):
        fakes[name].ready_once = True
    assert [one.member.label for one in made.waiting_for()] == ["indexing"]
