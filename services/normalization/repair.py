"""Text that a sender damaged: UTF-8 read as another charset ('Î‘Î¸Î®Î½Î±'), entities escaped twice. Pure.

Healthy text is never looked at twice: a repair is tried only where the text holds what damage leaves behind.
"""

from __future__ import annotations

import html
import re

MOJIBAKE = "text read in a wrong charset by its sender repaired"
ENTITIES = "HTML entities in plain text resolved"

# What the lead bytes of UTF-8 look like in windows-1252, -1253, -1251, ISO 8859-1 and Mac Roman, with what continuation bytes do.
_SUSPECT = re.compile(
    "â€|Ã[\u0080-\u00bf\u0152-\u0178\u2013-\u2122\u0192\u02c6\u02dc]|Â[\u00a0-\u00bf]|ï»¿|ï¿½|â‚¬|âˆ’"
    "|(?:[ÎÏ][\u0080-\u00bf\u0152-\u0178\u0192\u02c6\u02dc\u2013-\u2122]){3}"
    "|(?:[ÐÑ][\u0080-\u00bf\u0152-\u0178\u0192\u02c6\u02dc\u2013-\u2122]){3}"
    "|(?:[ΞΟ][\u0080-\u00bf\u0192\u0384-\u0386\u2013-\u2122ΈΉΊΌΎΏΐ]){3}|(?:[РС][\u00a0-\u00bfЂЃѓЉЊЌЋЏђљњќћџЎўЈҐЁЄЇІіґёєјЅѕї\u2013-\u2122]){3}"
    "|вЂ|β€|‚Äô|‚Äú|√©|√¥"
)
_LEAD = re.compile("[âÃÂïÎÏÐÑΞΟРСвβ‚√]")
"""What damage begins with: found many times faster than the damage itself, in texts that have none."""
_ENTITY = re.compile(
    r"&(?:amp;)*(?:#\d{2,7}|#[xX][0-9A-Fa-f]{2,6}|amp|quot|apos|lt|gt|nbsp|ndash|mdash|hellip|euro|pound|copy|reg|deg|middot|bull|laquo|raquo"
    r"|[lr][sd]quo|[bs]dquo|sbquo|shy|iexcl|iquest|[AEIOUaeiouYy](?:acute|grave|circ|uml|tilde|ring)|[NnAaOo]tilde|[Cc]cedil|szlig"
    r"|[AaOo](?:Elig|elig|slash)|[a-z]{2,7}tonos|alpha|beta|gamma|delta|epsilon|omega);"
)
DEEPEST = 4
"""Times an entity may have been escaped."""


def repaired(text: str, notes: list[str]) -> str:
    """`text` without the damage that can be undone for certain; each kind of repair is told in `notes` once."""
    if "&" in text and ";" in text and _ENTITY.search(text):
        text = _told(_unescaped(text), text, ENTITIES, notes)
    if not text.isascii() and any(_SUSPECT.match(text, lead.start()) for lead in _LEAD.finditer(text)):
        text = _told(_decoded_again(text), text, MOJIBAKE, notes)
    return text


def _told(after: str, before: str, note: str, notes: list[str]) -> str:
    if after != before and note not in notes:
        notes.append(note)
    return after


def _unescaped(text: str) -> str:
    for _ in range(DEEPEST):
        if not _ENTITY.search(text):
            break
        text = _ENTITY.sub(lambda match: html.unescape(match[0]), text)
    return text


def _decoded_again(text: str) -> str:
    import ftfy  # noqa: PLC0415 - some milliseconds to load, for the few texts that need it

    return ftfy.fix_encoding(text)
