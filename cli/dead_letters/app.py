"""The options of `newswire dead-letters`; what they do is imported only when they are called."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from cli.dead_letters.choice import Choice

app = typer.Typer(
    name="dead-letters",
    help="What could not be handled: list it, count it, look at one, send it back, mark it as done with.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

Feeds = Annotated[list[str] | None, typer.Option("--feed", help="Only of this feed; repeatable.")]
Classes = Annotated[list[str] | None, typer.Option("--class", help="Only of this class, as in too-large; repeatable.")]
Stages = Annotated[
    list[str] | None, typer.Option("--stage", help="Only of ingestion, normalization or indexing; repeatable.")
]
Since = Annotated[
    str | None, typer.Option(help="Buried since: 2h, 3d, 2025-03-01, 2025-03-01T08:00Z.", metavar="MOMENT")
]
Until = Annotated[str | None, typer.Option(help="Buried before.", metavar="MOMENT")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON for scripts instead of a table.")]


@app.command("list")
def list_command(  # noqa: PLR0917 - typer calls it by name
    feed: Feeds = None,
    code: Classes = None,
    stage: Stages = None,
    since: Since = None,
    until: Until = None,
    limit: Annotated[int, typer.Option(min=0, max=100_000, help="How many of the newest to name.")] = 50,
    as_json: AsJson = False,
) -> None:
    """How many there are by class, stage and feed, and the newest of them with their reasons.

    Example: newswire dead-letters list --feed harbour --since 2h
    """
    from cli.dead_letters import commands  # noqa: PLC0415 - see the module's docstring

    commands.list_letters(_choice(feed, code, stage, since, until), limit=limit, as_json=as_json)


@app.command()
def stats(  # noqa: PLR0917 - typer calls it by name
    feed: Feeds = None,
    code: Classes = None,
    stage: Stages = None,
    since: Since = None,
    until: Until = None,
    as_json: AsJson = False,
) -> None:
    """How many there are by class, stage and feed, how old the oldest is, and how many were dropped.

    Example: newswire dead-letters stats --since 7d
    """
    from cli.dead_letters import commands  # noqa: PLC0415 - see the module's docstring

    commands.stats_of(_choice(feed, code, stage, since, until), as_json=as_json)


@app.command()
def drop(  # noqa: PLR0917 - typer calls it by name
    reason: Annotated[str, typer.Option("--reason", help="Why nothing more is to be done about them; kept with each.")],
    ids: Annotated[
        list[str] | None, typer.Argument(metavar="[ID]…", help="These only: 3:17, a receipt, an item id.")
    ] = None,
    feed: Feeds = None,
    code: Classes = None,
    stage: Stages = None,
    since: Since = None,
    until: Until = None,
    by: Annotated[str | None, typer.Option(help="Who says so; default: this user on this machine.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say which they are.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Mark letters as done with: `list` and `replay` pass over them from then on. Their bytes stay as long as any letter's.

    One that is named outright (replay 3:17) is sent all the same.

    Example: newswire dead-letters drop --feed harbour --class not-news --reason "pictures, by agreement"
    """
    from cli.dead_letters import commands  # noqa: PLC0415 - see the module's docstring
    from cli.output import fail  # noqa: PLC0415
    from cli.who import said, whoever  # noqa: PLC0415

    choice = _choice(feed, code, stage, since, until, ids)
    if choice.is_all:
        fail("say which: ids, --feed, --class, --stage, --since or --until")
    commands.drop_letters(choice, by=said(by or whoever()), why=said(reason), dry_run=dry_run, yes=yes)


@app.command()
def show(
    name: Annotated[str, typer.Argument(metavar="ID", help="Its id in the list (3:17), a receipt, an item id.")],
    value: Annotated[
        bool, typer.Option("--value", help="The original bytes instead; this is the story, embargoed or not.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Everything about one, except the story itself, which --value writes out.

    Example: newswire dead-letters show 3:17 --value > story.xml
    """
    from cli.dead_letters import commands  # noqa: PLC0415 - see the module's docstring

    commands.show(name, value=value, as_json=as_json)


@app.command()
def replay(  # noqa: PLR0917 - typer calls it by name
    ids: Annotated[
        list[str] | None, typer.Argument(metavar="[ID]…", help="These only: 3:17, a receipt, an item id.")
    ] = None,
    feed: Feeds = None,
    code: Classes = None,
    stage: Stages = None,
    since: Since = None,
    until: Until = None,
    everything: Annotated[bool, typer.Option("--all", help="All that there are.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be sent where.")] = False,
    rate: Annotated[float, typer.Option(min=0.1, max=100_000, help="Records a second, at most.")] = 100.0,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Send letters back to the topic that they came from, as they were: same key, bytes, headers and time of receipt.

    What is already stored is not stored twice, so sending too much does no harm. What fails again is a new dead letter.

    Example: newswire dead-letters replay --class timeout --since 2025-03-01T08:00Z --dry-run
    """
    from cli.dead_letters import commands  # noqa: PLC0415 - see the module's docstring
    from cli.output import fail  # noqa: PLC0415

    choice = _choice(feed, code, stage, since, until, ids)
    if choice.is_all and not everything:
        fail("say which: ids, --feed, --class, --stage, --since, --until, or --all")
    if everything and not choice.is_all:
        fail("--all and a choice contradict each other")
    commands.send_back(choice, dry_run=dry_run, rate=rate, yes=yes, as_json=as_json)


def _choice(  # noqa: PLR0917 - the options in their order
    feed: list[str] | None,
    code: list[str] | None,
    stage: list[str] | None,
    since: str | None,
    until: str | None,
    ids: list[str] | None = None,
) -> Choice:
    from cli.dead_letters.choice import Choice, names  # noqa: PLC0415 - see the module's docstring
    from cli.moments import moment  # noqa: PLC0415

    now = datetime.now(UTC)
    return Choice(
        feeds=frozenset(feed or ()),
        codes=frozenset(code or ()),
        stages=frozenset(stage or ()),
        since=moment(since, now) if since else None,
        until=moment(until, now) if until else None,
        ids=names(ids or ()),
    )
