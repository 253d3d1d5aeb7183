"""Names in drop folders and archives."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingestion.dropbox.names import family_of_name, is_story, shown, targets
from services.ingestion.media import Family


@pytest.mark.parametrize("name", [".hidden", "a.tmp", "a.PART", "a.xml.filepart", "a~", ".", "a.swp"])
def test_hidden_and_unfinished_files_are_left_alone(name):
    assert not is_story(name)


@pytest.mark.parametrize("name", ["a.xml", "A", "a b.txt", "tmp", "a.tmp.xml", "\udcff.xml"])
def test_others_are_stories(name):
    assert is_story(name)


def test_only_lines_are_told_by_the_name():
    assert family_of_name("a.NDJSON") is Family.NDJSON
    assert family_of_name("a.jsonl.gz") is Family.NDJSON
    assert family_of_name("a.json") is Family.BY_CONTENT


TOKEN = "0195a000-0000-7000-8000-000000000001"


@given(st.text(min_size=1, max_size=255).filter(lambda name: "/" not in name and "\0" not in name))
def test_every_target_fits_a_file_system_and_its_reason_too(name):
    try:
        size = len(os.fsencode(name))
    except UnicodeEncodeError:
        return
    for target in targets(name, TOKEN):
        assert len(os.fsencode(target + ".why.json")) <= 255
    if size <= 200:
        assert targets(name, TOKEN)[0] == name
    assert shown(name).isprintable()


def test_a_name_that_steers_a_terminal_is_written_out():
    assert shown("a\x1b[2J\n\udcff.xml") == "a\\x1b[2J\\n\\xff.xml"
