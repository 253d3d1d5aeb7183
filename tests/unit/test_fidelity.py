"""The frame of `make fidelity`: what its exit status means."""

from __future__ import annotations

import sys
import types

import pytest

from tests.fidelity import __main__ as command
from tests.fidelity.table import Row, each, missed

REACHED = Row("title", "0.91", "0.78", "≥ 0.90", holds=True)
MISSED = Row("day", "0.98", "0.97", "≥ 0.985", holds=False)
TOLD = Row("µs a page", "900", "14000", "", holds=False)


@pytest.fixture
def run(monkeypatch, tmp_path):
    def go(rows, *arguments, corpora=tmp_path):
        task = types.ModuleType("tests.fidelity.madeup")
        task.rows = rows
        monkeypatch.setitem(sys.modules, "tests.fidelity.madeup", task)
        monkeypatch.setattr(command, "TASKS", ("madeup",))
        monkeypatch.setattr(sys, "argv", ["fidelity", *arguments])
        if corpora is None:
            monkeypatch.delenv("NEWSWIRE_CORPORA", raising=False)
        else:
            monkeypatch.setenv("NEWSWIRE_CORPORA", str(corpora))
        return command.main()

    return go


def test_all_reached_is_zero(run, capsys):
    assert run(lambda _: [REACHED, TOLD]) == 0
    assert "≥ 0.90" in capsys.readouterr().out


def test_one_missed_is_one(run, capsys):
    assert run(lambda _: [REACHED, MISSED]) == 1
    assert "NO" in capsys.readouterr().out


def test_material_that_is_missing_is_not_passed_over(run, capsys):
    def rows(corpora):
        return [Row("x", str((corpora / "gone").read_bytes()), "", "", holds=True)]

    assert run(rows) == 1
    assert "gone is missing" in capsys.readouterr().out


def test_nothing_to_measure_is_two(run, tmp_path):
    assert run(lambda _: [REACHED], corpora=None) == 2
    assert run(lambda _: [REACHED], corpora=tmp_path / "none") == 2


def test_a_task_that_is_none_is_refused(run):
    with pytest.raises(SystemExit):
        run(lambda _: [REACHED], "--only", "nonsense")


def test_a_row_without_a_goal_only_informs():
    assert missed([TOLD, MISSED]) == [MISSED]


def test_the_bar_hands_on_everything():
    assert list(each(range(5), "pages")) == [0, 1, 2, 3, 4]
