"""Dead letters for a person and for scripts. The story itself is never shown here: where and why, not what."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any, Final

from rich.console import Group as Stack
from rich.table import Table
from rich.text import Text

from cli.dead_letters.work import Survey
from cli.output import count
from shared.events import rfc3339
from shared.kafka.letter import Drop, Letter
from shared.kafka.ports import Record

LONGEST: Final = 300
"""Characters of a header or a key that are shown."""


def calm(text: str, limit: int | None = LONGEST) -> str:
    """Text from outside, safe for a terminal: control and format characters written out, cut at `limit`."""
    shown = "".join(_visible(character) for character in (text if limit is None else text[: limit + 1]))
    return shown if limit is None or len(text) <= limit else shown[:limit] + "…"


def _visible(character: str) -> str:
    if unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}:
        return character.encode("unicode_escape").decode()
    return character


def calm_value(value: bytes) -> str:
    """A story's bytes for a terminal: lines stay lines, everything else that steers a terminal is written out."""
    lines = value.decode("utf-8", "backslashreplace").split("\n")
    return "\n".join("\t".join(calm(part, None) for part in line.split("\t")) for line in lines)


def survey_table(found: Survey, *, letters: bool) -> Stack:
    """How many there are of each kind, and the newest of them if `letters`."""
    parts: list[Any] = [_groups(found)]
    if letters and found.newest:
        parts += [Text(), _newest(found)]
        if found.total > len(found.newest):
            parts.append(Text(f"… and {found.total - len(found.newest):,} older; --limit shows more", style="dim"))
    return Stack(*parts)


def _groups(found: Survey) -> Table:
    table = _table("letters", "class", "stage", "feed")
    for (code, stage, feed), number in found.groups.most_common():
        table.add_row(f"{number:,}", calm(code), calm(stage), calm(feed))
    return table


def _newest(found: Survey) -> Table:
    table = _table("id", "at (UTC)", "feed", "class", "stage")
    table.add_column("item", no_wrap=True)
    table.add_column("reason")
    for letter in found.newest:
        at = rfc3339(letter.at)[:19].replace("T", " ")
        told = [letter.feed or "-", letter.code, letter.stage or "-", letter.item or letter.article or "-"]
        table.add_row(letter.id, at, *map(calm, told), calm(letter.reason or "-"))
    return table


def _table(*columns: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for column in columns:
        table.add_column(column, no_wrap=True)
    return table


def stats_table(found: Survey) -> Table:
    """How many there are of each kind and how old the oldest is; dropped ones in a column of their own."""
    table = _table("letters", "dropped", "oldest (UTC)", "class", "stage", "feed")
    for row in stats(found):
        at = row["oldest"][:19].replace("T", " ") if row["oldest"] else "-"
        table.add_row(
            f"{row['letters']:,}", f"{row['dropped']:,}", at, *(calm(row[name]) for name in ("class", "stage", "feed"))
        )
    return table


def stats(found: Survey) -> list[dict[str, Any]]:
    """The same for scripts: the most letters first."""
    groups = sorted(found.groups | found.dropped, key=lambda group: (-found.groups[group], group))
    return [
        {
            "class": code,
            "stage": stage,
            "feed": feed,
            "letters": found.groups[code, stage, feed],
            "oldest": rfc3339(at) if (at := found.oldest.get((code, stage, feed))) else None,
            "dropped": found.dropped[code, stage, feed],
        }
        for code, stage, feed in groups
    ]


def plan(found: Survey) -> str:
    """What a replay would do, in one line."""
    ways = ", ".join(f"{number:,} to {topic}" for topic, number in sorted(found.origins.items()))
    line = f"{count(found.total, 'dead letter')}: {ways or 'nothing to send back'}"
    if repeats := found.total - found.to_send - found.stuck:
        line += f"; {repeats:,} are repeats of the same record and go once"
    if found.stuck:
        line += f"; {found.stuck:,} name no topic that they could go back to"
    if left := found.dropped.total():
        line += f"; {left:,} dropped ones stay"
    return line


def survey_json(found: Survey) -> dict[str, Any]:
    """The same for scripts."""
    return {
        "total": found.total,
        "replayable": found.to_send,
        "groups": [
            {"class": code, "stage": stage, "feed": feed, "letters": number}
            for (code, stage, feed), number in found.groups.most_common()
        ],
        "letters": [facts(letter) for letter in found.newest],
    }


def facts(letter: Letter) -> dict[str, Any]:
    """One letter for scripts, under the names that traces use."""
    return {
        "id": letter.id,
        "class": letter.code,
        "reason": letter.reason,
        "stage": letter.stage,
        "feed": letter.feed,
        "receipt": letter.receipt,
        "item": letter.item,
        "article_id": letter.article,
        "received": letter.received,
        "at": rfc3339(letter.at),
        "attempts": letter.attempts,
        "topic": letter.topic,
        "partition": letter.partition,
        "offset": letter.offset,
        "version": letter.version,
        "bytes": letter.size,
    }


def details(letter: Letter, record: Record, dropped: Drop | None = None) -> dict[str, Any]:
    """One letter with its key and all of its headers, each bounded, and who dropped it."""
    headers: Mapping[str, str] = {
        calm(name): calm(value[: 4 * LONGEST].decode(errors="replace")) for name, value in record.headers
    }
    key = None if record.key is None else calm(record.key[: 4 * LONGEST].decode(errors="replace"))
    told = facts(letter)
    if dropped is not None:
        told |= {"dropped": rfc3339(dropped.at), "dropped_by": dropped.by, "dropped_why": dropped.why}
    return told | {"key": key, "headers": headers}


def details_table(told: Mapping[str, Any]) -> Table:
    """One letter for a person."""
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in told.items():
        if name != "headers" and value is not None:
            table.add_row(name, calm(str(value), 2 * LONGEST))
    for name, value in told["headers"].items():
        if not name.startswith("dlq-"):  # these are the facts above
            table.add_row(f"header {name}", value)
    return table
