"""Changes to the text of a feeds file that leave all else in it, comments included, as it is. Pure.

TOML offers more ways to write a table than are understood here. Each change is therefore checked by reading both texts: if
the new one does not say exactly what the old one said with the change, nothing is changed and a person is asked to.
"""

from __future__ import annotations

import copy
import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

from shared.errors import Misconfigured

_HEADER = re.compile(r"\s*\[")


def with_feed(text: str, feed_id: str, rules: Mapping[str, Any]) -> str:
    """The text with one more feed at its end; tables inside `rules` become tables of their own.

    Raises:
        Misconfigured: there is such a feed already, or the text cannot be added to.
    """
    said = _read(text)
    if feed_id in said.get("feeds", {}):
        raise Misconfigured(f"there is a feed {feed_id} already")
    wanted = copy.deepcopy(said)
    wanted.setdefault("feeds", {})[feed_id] = dict(rules)
    start = text.rstrip("\n") + "\n\n" if text.strip() else ""
    return _checked(start + _table(f"feeds.{_name(feed_id)}", rules), wanted, "add it")


def with_list(text: str, feed_id: str, name: str, values: Sequence[str]) -> str:
    """The text with the list `name` of a feed set to these values.

    Raises:
        Misconfigured: there is no such feed, or its table is written in a way that cannot be changed safely.
    """
    wanted = copy.deepcopy(_read(text))
    if feed_id not in wanted.get("feeds", {}):
        raise Misconfigured(f"there is no feed {feed_id}")
    wanted["feeds"][feed_id][name] = list(values)
    lines = text.splitlines(keepends=True)
    header = re.compile(rf"\s*\[\s*feeds\s*\.\s*(?:{re.escape(feed_id)}|\"{re.escape(feed_id)}\")\s*\]\s*(?:#.*)?")
    start = next((place + 1 for place, line in enumerate(lines) if header.fullmatch(line.rstrip("\r\n"))), None)
    by_hand = f"write {name} = {json.dumps(list(values))} into it"
    if start is None:
        raise _by_hand(by_hand)
    end = next((place for place in range(start, len(lines)) if _HEADER.match(lines[place])), len(lines))
    first, last = _value_span(lines, start, end, name)
    if first == start and not lines[start - 1].endswith("\n"):
        lines[start - 1] += "\n"
    fresh = f"{name} = [{', '.join(map(_string, values))}]\n"
    return _checked("".join((*lines[:first], fresh, *lines[last:])), wanted, by_hand)


def _value_span(lines: Sequence[str], start: int, end: int, name: str) -> tuple[int, int]:
    """The lines of `name = …`, which may be several; an empty span after the header where it is not there."""
    begins = re.compile(rf"\s*\"?{re.escape(name)}\"?\s*=")
    for first in range(start, end):
        if begins.match(lines[first]):
            for last in range(first + 1, len(lines) + 1):
                try:
                    tomllib.loads("".join(lines[first:last]))
                except tomllib.TOMLDecodeError:
                    continue
                return first, last
    return start, start


def _table(path: str, rules: Mapping[str, Any]) -> str:
    lines = [f"[{path}]\n"]
    lines += [f"{name} = {_value(value)}\n" for name, value in rules.items() if not isinstance(value, Mapping)]
    lines += [f"\n{_table(f'{path}.{name}', value)}" for name, value in rules.items() if isinstance(value, Mapping)]
    return "".join(lines)


def _value(value: Any) -> str:
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, Sequence):
        return f"[{', '.join(map(_value, value))}]"
    return json.dumps(value)


def _string(value: str) -> str:
    """A basic string; DEL is the one character that JSON lets stand and TOML does not."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _name(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else f'"{key}"'


def _read(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Misconfigured(f"no TOML: {error}") from None


def _checked(text: str, wanted: Mapping[str, Any], by_hand: str) -> str:
    try:
        if tomllib.loads(text) == wanted:
            return text
    except tomllib.TOMLDecodeError:
        pass
    raise _by_hand(by_hand)


def _by_hand(what: str) -> Misconfigured:
    return Misconfigured(f"the file is written in a way that newswire does not change by itself; {what} by hand")
