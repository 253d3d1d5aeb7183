"""The door and normalization know the same formats, though neither imports the other."""

from __future__ import annotations

from typing import get_args

from services.ingestion import sniff
from services.normalization.formats import registry
from shared.feeds import FormatHint

READERS = {reader.NAME for reader in registry.FORMATS}
BY_ANOTHER_NAME = {"plain": "plain-json"}


def test_what_the_door_lets_through_has_a_reader_and_every_reader_is_let_in():
    let_through = {BY_ANOTHER_NAME.get(name, name) for name, readable in sniff.FORMATS.items() if readable}
    assert let_through == READERS


def test_a_feed_can_name_the_readers_and_nothing_else():
    assert set(get_args(FormatHint)) <= READERS
