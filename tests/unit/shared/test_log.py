"""Log lines: one JSON object each, bounded, and never an exception's own words."""

from __future__ import annotations

import io
import logging
import sys

import orjson
import pytest
import structlog

from shared.log import MAX_VALUE, configure_logs, get_logger
from shared.settings import LogSettings

SECRET = "the-embargoed-words"


@pytest.fixture
def lines(monkeypatch):
    written, root = io.StringIO(), logging.getLogger()
    kept = root.handlers[:], root.level
    monkeypatch.setattr(sys, "stdout", written)
    configure_logs("test", LogSettings())
    yield lambda: [orjson.loads(line) for line in written.getvalue().splitlines()]
    root.handlers[:], root.level = kept
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def fails():
    try:
        {}[SECRET]
    except KeyError as error:
        raise ValueError(f"cannot use {SECRET!r}") from error


def test_an_exceptions_place_is_told_and_its_words_are_not(lines):
    try:
        fails()
    except ValueError as error:
        get_logger().exception("it failed")
        get_logger().error("it failed", exc_info=error)
        logging.getLogger("asyncio").critical("it failed", exc_info=error)
        logging.getLogger("uvicorn.error").exception("it failed")
    found = lines()
    assert len(found) == 4
    for line in found:
        assert SECRET not in str(line)
        assert line["event"] == "it failed"
        first, second = line["exception"].split(" < ")
        assert first.startswith("ValueError at test_log.py:")
        assert second.startswith("KeyError at test_log.py:")
        assert line["frames"][-1].endswith(" fails")


def test_no_exception_is_no_matter(lines):
    get_logger().error("x", exc_info=None)
    get_logger().error("x", exc_info=False)
    get_logger().error("x", exc_info=True)
    assert all("exception" not in line for line in lines())


def test_no_value_grows_without_bound(lines):
    get_logger().info("x" * 5000, exception="y" * 5000)
    (line,) = lines()
    assert len(line["event"]) == len(line["exception"]) == MAX_VALUE + 1
