"""The options of `newswire feeds`; what they do is imported only when they are called."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    name="feeds",
    help="Who may send what: list feeds, check the feeds file, add a feed, make and take back keys.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

FeedId = Annotated[str, typer.Argument(metavar="FEED", help="Its id: lower-case letters, digits, . _ -")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON for scripts instead of a table.")]


@app.command("list")
def list_command(as_json: AsJson = False) -> None:
    """The feeds and their ways in; keys are told by the first digits of their hashes."""
    from cli.feeds import commands  # noqa: PLC0415 - see the module's docstring

    commands.list_feeds(as_json=as_json)


@app.command()
def check(
    file: Annotated[Path | None, typer.Argument(help="Another file than the one of the settings.")] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Do not look up the names of polled addresses.")] = False,
) -> None:
    """Is the feeds file good, and can each way in work from here? Exit code 1 if something must be mended.

    Example: newswire feeds check feeds.toml.new && mv feeds.toml.new .newswire/feeds.toml
    """
    from cli.feeds import commands  # noqa: PLC0415 - see the module's docstring

    commands.check(file, look_up=not offline)


@app.command()
def add(  # noqa: PLR0917 - typer calls it by name
    feed: FeedId,
    name: Annotated[str | None, typer.Option(help="What people call it.")] = None,
    provider: Annotated[str | None, typer.Option(help="Feeds of one provider share their stories' ids.")] = None,
    format_hint: Annotated[
        str | None, typer.Option("--format", help="What to read where the bytes leave it open, as in ninjs.")
    ] = None,
    zone: Annotated[str | None, typer.Option(help="For dates without one, as in Europe/Athens.")] = None,
    language: Annotated[str | None, typer.Option(help="Where the text is too short to tell, as in el.")] = None,
    rights: Annotated[str | None, typer.Option(help="Of stories that say nothing of theirs.")] = None,
    order_by: Annotated[
        str | None, typer.Option(help="What orders a story's versions: version, version-time or received.")
    ] = None,
    poll: Annotated[str | None, typer.Option(metavar="URL", help="Ask this address for news.")] = None,
    fetch_pages: Annotated[bool, typer.Option("--fetch-pages", help="Also fetch the page of each entry.")] = False,
    drop: Annotated[Path | None, typer.Option(metavar="FOLDER", help="Take files from this folder.")] = None,
    key: Annotated[
        bool | None, typer.Option("--key/--no-key", help="Make a key (default: unless it is polled or dropped).")
    ] = None,
    signing: Annotated[bool, typer.Option("--signing", help="Make a secret for signed pushes.")] = False,
) -> None:
    """Add a feed to the feeds file; running services see it within a second. Its key goes to standard output, this once.

    Examples: newswire feeds add harbour --zone Europe/Athens · newswire feeds add blog --poll https://example.org/feed
    """
    from cli.feeds import commands  # noqa: PLC0415 - see the module's docstring

    rules = {
        "name": name,
        "provider": provider,
        "format": format_hint,
        "zone": zone,
        "language": language,
        "rights": rights,
        "order_by": order_by,
        "poll": {"url": poll} | ({"fetch_pages": True} if fetch_pages else {}) if poll else None,
        "drop": {"folder": str(drop.absolute())} if drop else None,
    }
    if fetch_pages and not poll:
        raise typer.BadParameter("--fetch-pages goes with --poll")
    wants_key = not (poll or drop or signing) if key is None else key
    given = {rule: value for rule, value in rules.items() if value is not None}
    commands.add(feed, given, key=wants_key, signing=signing)


@app.command()
def key(
    feed: FeedId,
    signing: Annotated[bool, typer.Option("--signing", help="A secret for signed pushes instead of a key.")] = False,
    revoke: Annotated[
        str | None, typer.Option(metavar="START", help="Take back the one that starts so (see list) instead.")
    ] = None,
) -> None:
    """Make a key for a feed; it goes to standard output, this once, and only its hash is kept. Two are good at a time.

    To change keys without a gap: make one, give it to the sender, and take back the old one with --revoke.

    Examples: newswire feeds key harbour > key · newswire feeds key harbour --revoke 3f9a12cc
    """
    from cli.feeds import commands  # noqa: PLC0415 - see the module's docstring

    if revoke is None:
        commands.new_key(feed, signing=signing)
    else:
        commands.revoke(feed, revoke, signing=signing)


@app.command()
def lines(feed: FeedId, as_json: AsJson = False) -> None:
    """Which lines the feed repeats from story to story: by hash, and by their beginning once they were left out.

    `learn_lines = false` in the feed's table of the feeds file switches it off.

    Example: newswire feeds lines harbour
    """
    from cli.feeds.lines import lines as show  # noqa: PLC0415 - see the module's docstring

    show(feed, as_json=as_json)
