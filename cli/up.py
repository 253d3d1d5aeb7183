"""`newswire up` and `newswire down`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cli import showcase
from cli.addresses import door_url, search_url
from cli.door import Door
from cli.finder import Finder
from cli.interrupts import Interrupted, Interrupts
from cli.output import console, count, fail, say
from cli.plan import parse_workers, plan_members
from cli.processes import importing_us, python_module
from cli.quiet import log_to
from cli.results import results_table
from cli.runfile import Run, await_leftovers, claim, read_run, remove_note, running
from cli.stack import Stack
from deploy.local.ports import free_port
from shared.errors import NewswireError
from shared.local_feed import ensure_local_key
from shared.settings import Settings, load_settings

SEARCHABLE_S = 60.0
DOWN_S = 120.0


@dataclass(frozen=True)
class Options:
    """What `newswire up` was asked for."""

    workers: Sequence[str] = ()
    samples: bool = True


def up(options: Options) -> None:
    """Run everything in the foreground until Ctrl-C."""
    settings = load_settings()
    workers = parse_workers(options.workers)
    data_dir = settings.data_dir.resolve()
    with claim(data_dir) as stale:
        if stale:
            say("The last run on this folder was killed; going on from its data.")
            await_leftovers(stale)
        log_to(data_dir / "logs" / "up.log")
        stack = Stack(settings, plan_members(settings, workers, free_port), say)
        stack.require_ports()
        interrupts = Interrupts(stack.kill)
        with interrupts.handled():
            try:
                _run(stack, settings, options)
            except Interrupted:
                _stop(stack)
            except BaseException:
                interrupts.stopping()
                stack.stop()
                raise


def _run(stack: Stack, settings: Settings, options: Options) -> None:
    say(f"Starting newswire; data and logs in {_short(stack.data_dir)}")
    key = ensure_local_key(stack.data_dir).read_text("utf-8").strip()
    stack.start()
    say(f"Ready after {stack.elapsed_s:.1f} s.")
    if options.samples:
        _show_samples(stack, settings, key)
    _show_addresses(stack, settings)
    stack.write_note("ready")
    while True:
        stack.wait(lambda: False, 3600)


def _show_samples(stack: Stack, settings: Settings, key: str) -> None:
    """Push the samples, unless this folder has them, and show a search. Trouble here is told and stops nothing."""
    finder = Finder(search_url(settings))
    try:
        if not showcase.pushed_before(stack.data_dir):
            door = Door(door_url(settings), "local", key, patience_s=30)
            tally = showcase.push_samples(door, stack.data_dir)
            say(
                f"Pushed {count(tally.accepted + tally.duplicate, 'sample story', 'sample stories')} through the front door."
            )
            for place, why in tally.reasons:
                say(f"  refused: {Path(place).name}: {why}")
        parameters = {"q": showcase.QUERY, "from": showcase.SINCE, "to": showcase.UNTIL, "size": "5"}
        stack.wait(lambda: finder.total(parameters) >= showcase.HITS, SEARCHABLE_S)
        answer = finder.search(parameters)
    except NewswireError as error:
        say(f"The samples could not be shown: {error}")
        return
    say(f"\n$ newswire search {showcase.QUERY} --from {showcase.SINCE} --to {showcase.UNTIL}")
    console().print(results_table(answer))


def _show_addresses(stack: Stack, settings: Settings) -> None:
    door = door_url(settings)
    search = search_url(settings)
    key_file = _short(stack.data_dir / "local.key")
    say(f"""
Page           {search}/
Search API     {search}/v1/search?q={showcase.QUERY}&from={showcase.SINCE}
Front door     {door}/v1/feeds/local/items
Kafka          {stack.kafka}
Elasticsearch  {stack.elasticsearch}

Push a story of your own:
  curl -H "Authorization: Bearer $(cat {key_file})" -H "Content-Type: application/json" \\
    -d '{{"title": "First light", "body": "Hello from my own feed.", "language": "en"}}' {door}/v1/feeds/local/items

Ctrl-C stops everything; the data stays.""")


def _stop(stack: Stack) -> None:
    say("\nStopping: ingestion, normalization, indexing, search, then Elasticsearch and Kafka (Ctrl-C again: at once)")
    began = time.monotonic()
    stack.stop()
    say(f"Stopped in {time.monotonic() - began:.1f} s.")


def _short(path: Path) -> str:
    """A path as a person would type it from here."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def up_detached(options: Options) -> None:
    """Start `newswire up` in the background and return once it is ready."""
    settings = load_settings()
    parse_workers(options.workers)
    data_dir = settings.data_dir.resolve()
    if run := running(data_dir):
        fail(f"newswire already runs on {data_dir} (pid {run.pid}): stop it with `newswire down`")
    with claim(data_dir):
        pass  # the folder can be written, and nobody holds it
    log = data_dir / "logs" / "up.out"
    arguments = [f"--workers={value}" for value in options.workers]
    arguments += [] if options.samples else ["--no-samples"]
    with log.open("wb") as out:
        process = subprocess.Popen(  # noqa: S603 - this very Python and a module of ours
            python_module("cli", "up", *arguments),
            env=importing_us(os.environ),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _follow(process, data_dir, log)
    except KeyboardInterrupt:
        process.send_signal(signal.SIGTERM)
        fail("stopped while it started", 130)


def _follow(process: subprocess.Popen[bytes], data_dir: Path, log: Path) -> None:
    """Show what the background run says until it is ready."""
    with log.open("rb") as lines:
        while True:
            code = process.poll()
            run = read_run(data_dir)
            ready = bool(run and run.pid == process.pid and run.state == "ready")
            sys.stdout.write(
                lines.read().decode(errors="replace").replace("Ctrl-C stops everything; the data stays.\n", "")
            )
            sys.stdout.flush()
            if code is not None:
                raise SystemExit(code or 1)
            if ready:
                say(f"newswire runs in the background (pid {process.pid}): `newswire status`, `newswire down`.")
                return
            time.sleep(0.1)


def down(*, force: bool, quiet: bool) -> None:
    """Stop the run on this data folder, front to back."""
    data_dir = load_settings().data_dir.resolve()
    run = running(data_dir)
    if run is None:
        stale = read_run(data_dir) is not None
        if stale:
            remove_note(data_dir)
        if not quiet:
            say(f"Nothing runs on {_short(data_dir)}{' (a killed run had left its note)' if stale else ''}.")
        return
    os.kill(run.pid, signal.SIGKILL if force else signal.SIGTERM)
    say(f"Stopping newswire (pid {run.pid}) …")
    if not _await_end(run, DOWN_S):
        fail(f"pid {run.pid} has not stopped within {DOWN_S:.0f} s; `newswire down --force` ends it at once", 1)
    if force:
        remove_note(data_dir)
    say("Stopped; the data stays." if not force else "Ended by force; services and servers end by themselves.")


def _await_end(run: Run, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while run.alive():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True
