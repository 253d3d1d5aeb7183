"""What runs inside a pool process: a chunk of records to ready-made bytes. No Kafka here, and no logs."""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import sys
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson

from services.normalization import language
from services.normalization.feed_lines import Sighting
from services.normalization.normalize import normalize_each
from services.normalization.raw import raw_story
from shared.errors import Refused, TooLarge
from shared.events import ARTICLE_NORMALIZED, Article, Event, Headers, now, structured

PR_SET_PDEATHSIG = 1

Item = tuple[Headers, bytes | None]


class Outcome(NamedTuple):
    """What became of one record: messages (key, value) in order, and a class and a reason if not all of it is in them.

    `received` is when the front door took it (seconds since 1970, 0 if unknown), `seconds` what it took here.
    """

    messages: tuple[tuple[bytes, bytes], ...]
    code: str | None
    reason: str | None
    format: str
    received: float
    seconds: float
    sightings: tuple[Sighting, ...] = ()
    """What the record's stories tell of the lines that their feed repeats."""


def prepare(parent: int) -> None:
    """Start of a pool process: end with the parent, whatever ends it; read the models before the first item."""
    _end_with(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    language.second_opinion()
    # The models stay as they are, and an item leaves no cycles behind: collect seldom, and never walk the models.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def _end_with(parent: int) -> None:
    """On Linux the kernel kills this process when its parent dies; elsewhere it ends once its pipe is closed."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)  # it died before the kernel had been asked


def run_chunk(items: Sequence[Item], item_seconds: float, largest: int) -> list[Outcome]:
    """Outcomes of the first items, in order: all of them, or as many as were begun within half of `item_seconds`.

    So a chunk of slow items comes back in parts, and only a single item can take longer than the pool allows. One that takes
    more than `item_seconds` of the processor's time ends its process, by the kernel's hand: no code of the item can hold
    that up. `largest` is the size of a message (bytes, key and value) that Kafka still takes.
    """
    started = begun = time.perf_counter()
    outcomes: list[Outcome] = []
    try:
        for headers, value in items:
            if outcomes and begun - started > item_seconds / 2:
                break
            signal.setitimer(signal.ITIMER_PROF, item_seconds)  # SIGPROF, which nobody handles here, ends a process
            outcome = _one(headers, value, largest)
            ended = time.perf_counter()
            outcomes.append(outcome._replace(seconds=ended - begun))
            begun = ended
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    return outcomes


def _one(headers: Headers, value: bytes | None, largest: int) -> Outcome:
    received = 0.0
    try:
        raw = raw_story(headers, value)
        received = raw.received.timestamp()
        articles, refusals = normalize_each(raw, now())
        messages = tuple([event(article) for article in articles])
        _check_size(messages, largest)
    except Refused as refused:
        return Outcome((), refused.code, refused.reason, "refused", received, 0.0)
    format_name = articles[0].format if articles else "refused"
    sightings = tuple(raw.lines.sightings) if raw.lines else ()
    if refusals:
        first = refusals[0]
        more = f" (and {len(refusals) - 1} more)" if len(refusals) > 1 else ""
        return Outcome(messages, first.code, first.reason + more, format_name, received, 0.0, sightings)
    return Outcome(messages, None, None, format_name, received, 0.0, sightings)


def _check_size(messages: Sequence[tuple[bytes, bytes]], largest: int) -> None:
    size = max([len(key) + len(value) for key, value in messages], default=0)
    if size > largest:
        raise TooLarge(f"{size} bytes once normalized, the limit is {largest}")


def event(article: Article) -> tuple[bytes, bytes]:
    """Key and value of the article's event; the same version has the same event id, however often it is made."""
    subject = str(article.article_id)
    identity = f"{subject}:{article.ext_version}:{article.source_hash}"
    data = orjson.dumps(_said(article), default=_said, option=orjson.OPT_UTC_Z)
    return subject.encode(), structured(ARTICLE_NORMALIZED, identity, subject, article.received, data)


def _said(model: Any) -> dict[str, Any]:
    """What a model says, of an article or a part of one: `model_dump_json(exclude_none=True)` has the same bytes in twice the time."""
    if not isinstance(model, Event):
        raise TypeError
    return {name: value for name, value in model.__dict__.items() if value is not None}
