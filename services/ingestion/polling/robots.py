"""robots.txt (RFC 9309): may this page be fetched? Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote, unquote_to_bytes

PRODUCT: Final = "newswire"
"""The name that robots.txt files may address."""
MAX_BYTES: Final = 512 * 1024
"""RFC 9309 asks for 500 KiB at least; what comes after is not read."""
_MAX_RULES: Final = 5_000
_NAME = re.compile(r"[A-Za-z_-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Robots:
    """The rules that hold for newswire: (allow?, path pattern), and the pause that is asked for, in seconds."""

    rules: tuple[tuple[bool, str], ...] = ()
    delay_s: float = 0.0

    def allows(self, path: str) -> bool:
        """Whether that path with its query may be fetched: the longest matching rule decides, `allow` on a tie."""
        if path == "/robots.txt":
            return True
        path = _normal(path)
        best = (-1, True)
        for allow, pattern in self.rules:
            if len(pattern) >= best[0] and _matches(pattern, path):
                best = max(best, (len(pattern), allow))
        return best[1]


ALLOW_ALL: Final = Robots()
DISALLOW_ALL: Final = Robots(((False, "/"),))


@dataclass(slots=True)
class _Group:
    names: list[str] = field(default_factory=list)
    rules: list[tuple[bool, str]] = field(default_factory=list)
    delay_s: float = 0.0
    closed: bool = False


def parse_robots(raw: bytes) -> Robots:
    """The rules for newswire: its own groups if there are any, else those for '*'."""
    groups: list[_Group] = []
    for line in raw[:MAX_BYTES].decode("utf-8-sig", "replace").splitlines():
        name, _, value = line.partition("#")[0].partition(":")
        _take(groups, name.strip().lower(), value.strip())
    for wanted in (PRODUCT, "*"):
        chosen = [group for group in groups if wanted in group.names]
        if chosen:
            rules = tuple(rule for group in chosen for rule in group.rules)[:_MAX_RULES]
            return Robots(rules, max(group.delay_s for group in chosen))
    return ALLOW_ALL


def _take(groups: list[_Group], name: str, value: str) -> None:
    if name == "user-agent":
        if not groups or groups[-1].closed:
            groups.append(_Group())
        product = _NAME.match(value)
        groups[-1].names.append("*" if value.startswith("*") else product[0].lower() if product else "")
    elif groups and name in {"allow", "disallow"}:
        groups[-1].closed = True
        if value:
            groups[-1].rules.append((name == "allow", _normal(value)))
    elif groups and name == "crawl-delay":
        groups[-1].closed = True
        try:
            groups[-1].delay_s = min(max(float(value), 0.0), 60.0)
        except ValueError:
            return


def _normal(path: str) -> str:
    """One spelling of percent-encoding, so that rule and path compare."""
    return quote(unquote_to_bytes(path.replace("%2F", "%252F").replace("%2f", "%252F")), safe="/%?*$&=+:;,@!~'()[]#")


def _matches(pattern: str, path: str) -> bool:
    """Whether a pattern with `*` and a final `$` matches the beginning of a path; linear, never a regular expression."""
    anchored = pattern.endswith("$")
    first, *rest = (pattern[:-1] if anchored else pattern).split("*")
    if not path.startswith(first):
        return False
    at = len(first)
    if not rest:
        return not anchored or at == len(path)
    for piece in rest[:-1]:
        found = path.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    last = rest[-1]
    if anchored:
        return len(path) - len(last) >= at and path.endswith(last)
    return path.find(last, at) >= 0
