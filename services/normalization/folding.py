"""Text without case and accents, and what a set phrase is: the ground on which `phrases` and its readers stand. Pure."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a line is, if it is no part of a story."""

    CREDIT = "credit"
    RELATED = "related"
    LIST = "list"
    """Heading of a list of other stories."""
    NEWSLETTER = "newsletter"
    NOISE = "noise"
    """Share, follow, cookie and advertising lines, picture credits."""
    TRAILER = "trailer"
    """An agency's sign-off."""
    REPORTING = "reporting"
    """'Reporting by …; editing by …'."""


@dataclass(frozen=True, slots=True)
class Match:
    """A line of that kind; `rest` is what follows the phrase: the agency, the title, the names."""

    kind: Kind
    rest: str = ""


class _Fold(dict[int, str]):
    """Character to its base letter in lower case, always one for one, so that places in the text stay the same."""

    def __missing__(self, code: int) -> str:
        base = unicodedata.normalize("NFD", chr(code))[0].lower()[:1]
        self[code] = folded = "σ" if base == "ς" else base
        return folded


_FOLD = _Fold()


def fold(text: str) -> str:
    """`text` without case and accents, of the same length."""
    return text.lower() if text.isascii() else text.translate(_FOLD)


def phrases_in(text: str) -> list[str]:
    """The folded phrases of a text of `wording`."""
    return [fold(phrase.strip()) for phrase in text.replace("\n", " ").split(";") if phrase.strip()]


_SEPARATOR = re.compile(r"\s*(?:[:：|>»→►▶]|[–—-](?=\s))+\s*")


def after(text: str, length: int) -> tuple[bool, str]:
    """Whether a separator follows the phrase, and what follows it."""
    rest = text[length:]
    separator = _SEPARATOR.match(rest)
    return bool(separator), (rest[separator.end() :] if separator else rest).strip()
