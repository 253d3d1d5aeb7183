"""What `newswire dead-letters list`, `stats`, `show`, `replay` and `drop` do: ask Kafka, show, confirm, send."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

import typer

from cli.dead_letters.choice import Choice, names
from cli.dead_letters.shown import (
    calm_value,
    details,
    details_table,
    plan,
    stats,
    stats_table,
    survey_json,
    survey_table,
)
from cli.dead_letters.work import Replayed, Survey, chosen, drop, drops_in, replay, survey, where
from cli.output import complain, console, count, fail, print_json, say
from cli.quiet import log_to
from cli.topics import on_the_kafka_that_runs
from shared.errors import Misconfigured, Transient
from shared.kafka.client import AiokafkaPublisher, AiokafkaReader
from shared.kafka.letter import Drop, Letter
from shared.kafka.ports import Record
from shared.settings import Settings, load_settings

_T = TypeVar("_T")
MOST_SHOWN = 20


def list_letters(choice: Choice, *, limit: int, as_json: bool) -> None:
    """Count the letters of the choice by class, stage and feed, and name the newest."""
    found = _ask(lambda settings: _survey(settings, choice, limit))
    if as_json:
        print_json(survey_json(found))
    elif not found.total:
        say("No dead letters." if choice.is_all else "No such dead letter.")
    else:
        console().print(survey_table(found, letters=True))


def show(name: str, *, value: bool, as_json: bool) -> None:
    """One letter's facts, key and headers; with `value` the original bytes. Exit code 1 if there is none of that name."""
    found, dropped = _ask(lambda settings: _find(settings, Choice(ids=names([name]))))
    if not found:
        fail("no such dead letter; `newswire dead-letters list` names them", 1)
    if value:
        if len(found) > 1:
            fail(f"that names {count(len(found), 'dead letter')}: {', '.join(letter.id for letter, _ in found)}")
        mark = dropped.get(found[0][0].id)
        if mark is not None and mark.erased:
            fail(f"its article was erased by {mark.by}: {mark.why}; nobody is shown it", 1)
        _print_value(found[0][1].value)
        return
    told = [details(letter, record, dropped.get(letter.id)) for letter, record in found]
    if as_json:
        print_json(told)
        return
    for number, one in enumerate(told):
        if number:
            say()
        console().print(details_table(one))


def stats_of(choice: Choice, *, as_json: bool) -> None:
    """Count the letters of the choice by class, stage and feed, with the oldest of each; dropped ones beside."""
    found = _ask(lambda settings: _survey(settings, choice, 0))
    if as_json:
        print_json({"total": found.total, "dropped": found.dropped.total(), "groups": stats(found)})
    elif not found.groups and not found.dropped:
        say("No dead letters." if choice.is_all else "No such dead letter.")
    else:
        console().print(stats_table(found))


def drop_letters(choice: Choice, *, by: str, why: str, dry_run: bool, yes: bool) -> None:
    """Mark the letters of the choice as dropped. Exit code 0 done, 1 there is none, 2 no way through."""
    found = _ask(lambda settings: _survey(settings, choice, MOST_SHOWN))
    if not found.total:
        fail("no such dead letter that is not dropped yet", 1)
    console().print(survey_table(found, letters=True))
    if dry_run:
        raise SystemExit(0)
    if not yes:
        if not sys.stdin.isatty():
            fail("nobody there to ask: give --yes to drop them, or --dry-run to only look")
        if not typer.confirm(
            f"Drop {count(found.total, 'letter')}? They stay on the topic, and are replayed only by name.", err=True
        ):
            fail("nothing dropped", 1)
    progress = Replayed()
    try:
        _ask(lambda settings: _drop(settings, choice, found, progress, by, why))
    except (Transient, Misconfigured) as error:
        fail(f"{count(progress.sent, 'letter')} dropped, then: {error}")
    say(f"{count(progress.sent, 'letter')} dropped by {by}: {why}")


def erase_letters(settings: Settings, names_: Collection[str], *, by: str, why: str) -> int:
    """Mark the letters of an erased article, so that nobody is shown them or sends them back; returns how many.

    Args:
        settings: where Kafka is.
        names_: the article's id and the ids of its items.
        by: who erased it.
        why: for what reason.

    Raises:
        Transient, Misconfigured: Kafka took not all of it.
    """
    choice, progress = Choice(ids=frozenset(names_)), Replayed()

    async def work() -> None:
        found = await _survey(settings, choice, 0)
        await _drop(settings, choice, found, progress, by, why, erased=True)

    asyncio.run(work())
    return progress.sent


async def _drop(  # noqa: PLR0917 - two callers
    settings: Settings, choice: Choice, found: Survey, progress: Replayed, by: str, why: str, *, erased: bool = False
) -> None:
    async with AiokafkaReader(settings) as reader, _publisher(settings) as publisher:
        await drop(reader, publisher, found, choice, progress, by=by, why=why, at=datetime.now(UTC), erased=erased)


def send_back(choice: Choice, *, dry_run: bool, rate: float, yes: bool, as_json: bool) -> None:
    """Send the letters of the choice back to their topics. Exit code 0 all sent, 1 some cannot be, 2 no way through."""
    found = _ask(lambda settings: _survey(settings, choice, MOST_SHOWN))
    if not found.total:
        fail("no such dead letter" if choice.ids else "no dead letter is meant by that", 1)
    if not as_json:
        console().print(survey_table(found, letters=False))
        say(plan(found))
    if dry_run:
        if as_json:
            print_json(survey_json(found))
        raise SystemExit(0)
    if not found.to_send:
        fail("none of them can be sent back", 1)
    if not yes:
        _confirm(found)
    progress = Replayed()
    trouble = _send(choice, found, progress, rate)
    if as_json:
        print_json({"sent": progress.sent, "refused": progress.refused, "stuck": found.stuck})
    else:
        for line in progress.refused[:MOST_SHOWN]:
            complain(f"Kafka takes this one no more: {line}")
        say(f"{count(progress.sent, 'story', 'stories')} sent back, {len(progress.refused) + found.stuck:,} left")
    if trouble:
        fail(f"{trouble}; the same command again sends all of them again, and nothing arrives twice")
    raise SystemExit(1 if progress.refused or found.stuck else 0)


def _confirm(found: Survey) -> None:
    if not sys.stdin.isatty():
        fail("nobody there to ask: give --yes to send them, or --dry-run to only look")
    if not typer.confirm(f"Send {count(found.to_send, 'record')} back?", err=True):
        fail("nothing sent", 1)


def _send(choice: Choice, found: Survey, progress: Replayed, rate: float) -> str | None:
    """Send; returns what went wrong, if anything did."""
    with _bar(found.to_send) as advance:
        try:
            _ask(lambda settings: _replay(settings, choice, found, progress, rate=rate, advance=advance))
        except (Transient, Misconfigured) as error:
            return str(error)
        except KeyboardInterrupt:
            return "stopped"
    return None


def _ask(work: Callable[[Settings], Coroutine[Any, Any, _T]]) -> _T:
    settings = on_the_kafka_that_runs(load_settings())
    log_to(None)  # a broker that is away is told in one line of ours
    return asyncio.run(work(settings))


async def _survey(settings: Settings, choice: Choice, limit: int) -> Survey:
    async with AiokafkaReader(settings) as reader:
        return await survey(reader, choice, limit)


async def _find(settings: Settings, choice: Choice) -> tuple[list[tuple[Letter, Record]], Mapping[str, Drop]]:
    """The letters, and what of the topic was dropped since the oldest of them."""
    async with AiokafkaReader(settings) as reader:
        found = [pair async for pair in chosen(reader, await where(reader, choice), choice)]
        if not found:
            return found, {}
        oldest = min(letter.at for letter, _ in found)
        return found, await drops_in(reader, await where(reader, Choice(since=oldest)))


@contextlib.asynccontextmanager
async def _publisher(settings: Settings) -> AsyncIterator[AiokafkaPublisher]:
    publisher = AiokafkaPublisher(settings)
    try:
        await publisher.start()
        yield publisher
    finally:
        await publisher.stop()


async def _replay(
    settings: Settings,
    choice: Choice,
    found: Survey,
    progress: Replayed,
    *,
    rate: float,
    advance: Callable[[int], None],
) -> None:
    async with AiokafkaReader(settings) as reader, _publisher(settings) as publisher:
        await replay(reader, publisher, found.spans, choice, progress, rate=rate, drops=found.drops, advance=advance)


def _print_value(value: bytes | None) -> None:
    """The bytes as they are for a file or a pipe; for a terminal, what would steer it is written out."""
    if value is None:
        complain("its value is null")
    elif sys.stdout.isatty():
        say(calm_value(value))
    else:
        sys.stdout.buffer.write(value)
        sys.stdout.buffer.flush()


@contextlib.contextmanager
def _bar(total: int) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal, nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415 - scripts need no bar

    columns = (TextColumn("sending back"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console(stderr=True), transient=True) as bar:
        task = bar.add_task("sending back", total=total)
        yield lambda number: bar.update(task, advance=number)
