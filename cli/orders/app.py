"""`newswire withhold`, `release`, `kill` and `erase`: four commands that differ in the order alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

_ENDS = "Exit code 0 carried out, 1 sent and not carried out in time, 2 not sent."
_HELP = {
    "withhold": (
        "Hold an article back, whatever its provider sends, until `newswire release`. Earlier versions go with it.",
        "newswire withhold 6f5a… --reason 'lawyers look at it'",
    ),
    "release": (
        "End an operator's hold, or one for what the text says of itself; never a provider's own hold or embargo.",
        "newswire release 6f5a… --reason cleared",
    ),
    "kill": (
        "Take an article back for good: readers get 410 and a notice with your reason. Also one that has not come yet.",
        "newswire kill dpa157 --feed dpa --reason 'wrong person'",
    ),
    "erase": (
        "Kill an article and take its text out of index, history and dead letters (a legal demand), never to be taken again.",
        "newswire erase 6f5a… --reason 'court order 12/26' --yes",
    ),
}
"""By the order's name (`shared.events.Order`): what it does, and an example."""

Article = Annotated[
    str, typer.Argument(metavar="ID", help="An article id, a receipt, an item id; with --feed the provider's own id.")
]
Reason = Annotated[str, typer.Option(help="Why; it stays with the article, and a kill's is shown to readers.")]
OfFeed = Annotated[str | None, typer.Option("--feed", help="ID is this feed's provider's own (`provider_id`).")]
By = Annotated[str | None, typer.Option(help="Who orders it (default: the user of this machine).")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Wait = Annotated[float, typer.Option(help="Seconds to wait until it is carried out.", min=0)]
NoWait = Annotated[bool, typer.Option("--no-wait", help="Only send it.")]


def add_orders(app: typer.Typer, panel: str) -> None:
    """Add the commands to `app`, in that panel of its help."""
    for name, (what, example) in _HELP.items():
        text = f"{what}\n\n{_ENDS}\n\nExample: {example}"
        app.command(name, help=text, rich_help_panel=panel)(_command(name))


def _command(name: str) -> Callable[..., None]:
    def order(  # noqa: PLR0917 - typer calls it by name
        identity: Article,
        reason: Reason,
        feed: OfFeed = None,
        by: By = None,
        yes: Yes = False,
        wait: Wait = 30.0,
        no_wait: NoWait = False,
        url: Annotated[str | None, typer.Option(help="The search API (default: the one of the settings).")] = None,
        as_json: Annotated[bool, typer.Option("--json", help="JSON for scripts instead of a line.")] = False,
    ) -> None:
        from cli.orders.command import Asked, give  # noqa: PLC0415 - only when it is called
        from shared.events import Order  # noqa: PLC0415 - as above

        give(Asked(Order(name), identity, reason, by, feed, yes, 0.0 if no_wait else wait, url, as_json))

    return order
