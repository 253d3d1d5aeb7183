"""The `newswire` command: every subcommand with its help. What they do is imported only when they are called."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cli.dead_letters.app import app as dead_letters
from cli.feeds.app import app as feeds
from cli.orders.app import add_orders
from shared import __version__
from shared.errors import NewswireError

app = typer.Typer(
    name="newswire",
    help="Wire feeds in, one clean searchable story out.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Settings are environment variables: NEWSWIRE_DATA_DIR, NEWSWIRE_KAFKA__BOOTSTRAP_SERVERS, … "
    "(docs/settings.md).",
)
RUN, USE, SERVICES = "Run it on this machine", "Use it", "One service alone (what containers run)"

app.add_typer(dead_letters, rich_help_panel=USE)
app.add_typer(feeds, rich_help_panel=USE)
add_orders(app, USE)

Feed = Annotated[str, typer.Option(help="The feed to push as.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON for scripts instead of a table.")]


class Sort(StrEnum):
    """Orders of search results."""

    RELEVANCE = "relevance"
    NEWEST = "newest"
    OLDEST = "oldest"


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"newswire {__version__}")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Wire feeds in, one clean searchable story out."""


@app.command(rich_help_panel=RUN)
def up(
    detach: Annotated[bool, typer.Option("--detach", help="Run in the background; `newswire down` stops it.")] = False,
    workers: Annotated[
        list[str] | None, typer.Option("--workers", help="Replicas of a service, as in normalization=2; repeatable.")
    ] = None,
    no_samples: Annotated[bool, typer.Option("--no-samples", help="Do not push the bundled sample stories.")] = False,
) -> None:
    """Start Kafka, Elasticsearch and the four services on this machine; Ctrl-C stops all, front to back.

    NEWSWIRE_KAFKA__BOOTSTRAP_SERVERS or NEWSWIRE_ELASTICSEARCH__URL in the environment mean: use that one, start none.

    Example: newswire up --detach --workers normalization=2 --workers indexing=2
    """
    from cli import up as command  # noqa: PLC0415 - see the module's docstring

    options = command.Options(tuple(workers or ()), not no_samples)
    (command.up_detached if detach else command.up)(options)


@app.command(rich_help_panel=RUN)
def down(
    force: Annotated[bool, typer.Option("--force", help="End it at once, without a clean stop.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Say nothing if nothing runs.")] = False,
) -> None:
    """Stop what `newswire up` started on this data folder; the data stays."""
    from cli.up import down as run  # noqa: PLC0415 - see the module's docstring

    run(force=force, quiet=quiet)


@app.command(rich_help_panel=RUN)
def status(
    as_json: AsJson = False,
    seconds: Annotated[float, typer.Option(help="How long to watch for the rates.", min=0.1, max=60)] = 1.0,
) -> None:
    """Health, lag, rates and dead letters of every service. Exit code 1 if one of them is not ready."""
    from cli.status import status as run  # noqa: PLC0415 - see the module's docstring

    run(as_json=as_json, seconds=seconds)


@app.command(rich_help_panel=RUN)
def topics(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what they should look like.")] = False,
    local_key: Annotated[
        bool, typer.Option("--local-key", help="Also make the feed `local` and its key, in DATA_DIR (for containers).")
    ] = False,
) -> None:
    """Make the Kafka topics that are missing; never changes one that exists, but tells where it differs."""
    from cli.topics import topics as run  # noqa: PLC0415 - see the module's docstring

    run(dry_run=dry_run, local_key=local_key)


@app.command(rich_help_panel=USE)
def push(  # noqa: PLR0917 - typer calls it by name
    paths: Annotated[list[str], typer.Argument(metavar="FILE|FOLDER|-…", help="What to push; - reads standard input.")],
    feed: Feed = "local",
    key: Annotated[str | None, typer.Option(envvar=[], help="The feed's key; better by --key-file.")] = None,
    key_file: Annotated[Path | None, typer.Option(help="A file with the key (default: DATA_DIR/local.key).")] = None,
    url: Annotated[str | None, typer.Option(help="The front door (default: the one of the settings).")] = None,
    patience: Annotated[float, typer.Option(help="Seconds to keep trying while the door is busy.", min=0)] = 120.0,
) -> None:
    """Push stories through the front door: .json .ndjson .jsonl .txt .html .xml, told by suffix, else by content.

    NDJSON, and a JSON list of stories, go in batches of 100. Exit code 0 all taken, 1 something refused, 2 no way through.

    Examples: newswire push stories/ page.html · zcat big.ndjson.gz | newswire push -
    """
    from cli.push import push as run  # noqa: PLC0415 - see the module's docstring

    run(paths, feed=feed, key=key, key_file=key_file, url=url, patience_s=patience)


@app.command(rich_help_panel=USE)
def search(  # noqa: PLR0917 - typer calls it by name
    query: Annotated[str | None, typer.Argument(help='Words, "phrases", AND OR NOT, -word; "" finds all.')] = None,
    since: Annotated[
        str | None, typer.Option("--from", help="Published since: 2025, 2025-03, 2025-03-01T08:00Z.")
    ] = None,
    until: Annotated[str | None, typer.Option("--to", help="Published until; a whole period counts whole.")] = None,
    language: Annotated[str | None, typer.Option(help="As in en, el.")] = None,
    source: Annotated[str | None, typer.Option()] = None,
    section: Annotated[str | None, typer.Option()] = None,
    sort: Annotated[Sort | None, typer.Option(help="(default: relevance with words, else newest)")] = None,
    size: Annotated[int | None, typer.Option(min=1, max=100, help="How many to show (default: 20).")] = None,
    cursor: Annotated[str | None, typer.Option(help="Go on after the last page (its `next`).")] = None,
    url: Annotated[str | None, typer.Option(help="The search API (default: the one of the settings).")] = None,
    as_json: AsJson = False,
) -> None:
    """Search by keyword and date. With no argument and no option at all it RUNS THE SEARCH SERVICE, as containers do.

    Examples: newswire search harbour --from 2025-03 · newswire search "" --section sport --sort oldest
    """
    parameters = {
        "q": query,
        "from": since,
        "to": until,
        "language": language,
        "source": source,
        "section": section,
        "sort": sort,
        "size": size,
        "cursor": cursor,
    }
    given = {name: str(value) for name, value in parameters.items() if value is not None}
    if not given and not as_json and url is None:
        if sys.stdout.isatty():
            typer.echo(
                'Running the search service. To search, give words: newswire search harbour (or "" for all)', err=True
            )
        _serve("search")
        return
    from cli.search import search as run  # noqa: PLC0415 - see the module's docstring

    run(given, url=url, as_json=as_json)


@app.command(rich_help_panel=USE)
def trace(
    identity: Annotated[str, typer.Argument(metavar="ID", help="A receipt, an item id or an article id.")],
    url: Annotated[str | None, typer.Option(help="The search API (default: the one of the settings).")] = None,
    as_json: AsJson = False,
) -> None:
    """Where is my story? Its way from the front door to the index, or why it is not there."""
    from cli.trace import trace as run  # noqa: PLC0415 - see the module's docstring

    run(identity, url=url, as_json=as_json)


@app.command(rich_help_panel=USE)
def conformance(  # noqa: PLR0917 - typer calls it by name
    paths: Annotated[list[str], typer.Argument(metavar="FILE|FOLDER…", help="Wire files, of any format and suffix.")],
    feed_zone: Annotated[
        str | None, typer.Option(help="Zone of dates that give none, as in Europe/Athens (default: UTC).")
    ] = None,
    content_type: Annotated[
        str | None, typer.Option(help="The type that it would be sent with (default: none; the content tells).")
    ] = None,
    language: Annotated[str | None, typer.Option(help="The feed's language, as in el, where items give none.")] = None,
    facts: Annotated[bool, typer.Option("--facts", help="Only what the provider said, as written.")] = False,
    private: Annotated[bool, typer.Option("--private", help="Private notes to editors too.")] = False,
    as_json: AsJson = False,
) -> None:
    """What newswire understands of each item, field by field, with warnings. Needs no server and sends nothing.

    Exit code 0 all can be taken, 1 a file or an item in it is refused.

    Example: newswire conformance samples/ --feed-zone Europe/Athens
    """
    from cli.conformance.command import conformance as run  # noqa: PLC0415 - see the module's docstring
    from cli.conformance.reading import Sender  # noqa: PLC0415

    sender = Sender(content_type=content_type, zone=feed_zone, language=language)
    run(paths, sender, as_json_=as_json, facts=facts, private=private)


@app.command(rich_help_panel=USE)
def audit(
    patience: Annotated[
        float, typer.Option(help="Seconds to wait for what is under way before it counts as lost.", min=0)
    ] = 60.0,
    receipts: Annotated[
        bool, typer.Option("--receipts/--no-receipts", help="Whether to look for every acknowledged item.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Prove over the whole index that nothing is lost, doubled, gone back or open that must not be.

    Reads every article and its history, and every acknowledged item that Kafka still keeps. Changes nothing. Exit code 0
    every promise holds, 1 one is broken, 2 it could not be looked at.

    Example: newswire audit --json
    """
    from cli.audit.command import audit as run  # noqa: PLC0415 - see the module's docstring

    run(patience_s=patience, receipts=receipts, as_json=as_json)


@app.command(rich_help_panel=SERVICES)
def ingestion() -> None:
    """Run the front door: authenticates a feed and takes its stories."""
    _serve("ingestion")


@app.command(rich_help_panel=SERVICES)
def normalization() -> None:
    """Run a worker that makes articles of stories in any format."""
    _serve("normalization")


@app.command(rich_help_panel=SERVICES)
def indexing() -> None:
    """Run a worker that writes articles to Elasticsearch."""
    _serve("indexing")


def _serve(name: str) -> None:
    from cli.services import serve  # noqa: PLC0415 - see the module's docstring

    serve(name)


def main() -> None:
    """Run the command; every error of ours ends as one line and exit code 2."""
    try:
        app()
    except NewswireError as error:
        sys.stderr.write(f"newswire: {error}\n")
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:  # `newswire search … | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
