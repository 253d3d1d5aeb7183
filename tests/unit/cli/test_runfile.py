from __future__ import annotations

import os
from dataclasses import replace

import pytest

from cli.runfile import Place, Run, claim, note_path, read_run, running, write_run
from shared.errors import Misconfigured


def test_a_note_is_read_as_it_was_written(tmp_path):
    run = replace(Run.here(), state="ready", kafka="k:1", places=[Place("search", "search", "http://x:1", 7, "log")])
    write_run(tmp_path, run)
    assert read_run(tmp_path) == run
    assert running(tmp_path) == run


def test_no_note_nothing_runs(tmp_path):
    assert running(tmp_path) is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1}', '{"places": 3}'])
def test_a_torn_note_counts_for_nothing(tmp_path, text):
    note_path(tmp_path).write_text(text)
    assert read_run(tmp_path) is None


def test_another_process_with_the_same_number_is_not_the_run(tmp_path):
    write_run(tmp_path, replace(Run.here(), started=Run.here().started - 100))
    assert running(tmp_path) is None
    assert read_run(tmp_path) is not None


def test_a_process_that_is_gone_is_not_the_run(tmp_path):
    write_run(tmp_path, replace(Run.here(), pid=2**22 + 1))
    assert running(tmp_path) is None


def test_a_folder_is_held_once_and_free_again_afterwards(tmp_path):
    with claim(tmp_path / "data") as stale:
        assert stale is None
        write_run(tmp_path / "data", Run.here())
        with pytest.raises(Misconfigured, match=rf"pid {os.getpid()}.*newswire down"), claim(tmp_path / "data"):
            pass
    assert not note_path(tmp_path / "data").exists()
    with claim(tmp_path / "data") as stale:
        assert stale is None


def test_what_a_killed_run_left_is_handed_over_and_removed(tmp_path):
    left = replace(Run.here(), pid=2**22 + 1)
    write_run(tmp_path, left)
    with claim(tmp_path) as stale:
        assert stale == left
        assert not note_path(tmp_path).exists()


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(Misconfigured, match="NEWSWIRE_DATA_DIR"), claim(tmp_path / "file" / "data"):
        pass
