"""Text that a sender damaged: UTF-8 read as another charset ('Î‘Î¸Î®Î½Î±'), entities escaped twice. Pure.

Healthy text is never looked at twice: a repair is tried only where the text holds what damage leaves behind.
"""

from __future__ import annotations

import html
import re

MOJIBAKE = "text read in a wrong charset by its sender repaired"
ENTITIES = "HTML entities in plain text resolved"

# What UTF-8's lead bytes look like in windows-1252 and ISO 8859-1, -1253, -1251 and Mac Roman, with what their continuation bytes do.
_NEXT = "[\u0080-\u00bf\u0152-\u0178\u0192\u02c6\u02dc\u2013-\u2122]"
_BY_LEAD = (
    (("â€", "âˆ’", "â‚¬", "ï»¿", "ï¿½", "â\u0080", "â\u0082", "вЂ", "β€", "‚Äô", "‚Äú", "√©", "√¥"), None),
    (("Ã", "Â"), re.compile(f"Ã{_NEXT}|Â[\u0080-\u00bf]")),
    (("Î", "Ï", "Ð", "Ñ", "Ø", "Ù", "×"), re.compile(f"(?:[ÎÏÐÑØÙ×]{_NEXT} ?){{3}}")),
    (("ã", "å", "æ", "ç", "à", "ì", "ë", "ê"), re.compile(f"(?:[ãåäæçèéàìëêí]{_NEXT}{_NEXT}){{2}}")),
    (("Ξ",), re.compile("(?:[ΞΟ][\u0080-\u00bf\u0192\u0384-\u0386\u2013-\u2122ΈΉΊΌΎΏΐ] ?){3}")),
    (("Р",), re.compile("(?:[РС][\u00a0-\u00bfЂЃѓЉЊЌЋЏђљњќћџЎўЈҐЁЄЇІіґёєјЅѕї\u2013-\u2122] ?){3}")),
)
_ENTITY = re.compile(
    r"&(?:amp;)*(?:#\d{2,7}|#[xX][0-9A-Fa-f]{2,6}|amp|quot|apos|lt|gt|nbsp|ndash|mdash|hellip|euro|pound|copy|reg|deg|middot|bull|laquo|raquo"
    r"|[lr][sd]quo|[bs]dquo|sbquo|shy|iexcl|iquest|[AEIOUaeiouYy](?:acute|grave|circ|uml|tilde|ring)|[NnAaOo]tilde|[Cc]cedil|szlig"
    r"|[AaOo](?:Elig|elig|slash)|[a-z]{2,7}tonos|alpha|beta|gamma|delta|epsilon|omega);"
)
LONGEST = 300_000
"""Characters: a story is shorter, and what is longer would take too long."""
DEEPEST = 4
"""Times an entity may have been escaped."""


def repaired(text: str, notes: list[str]) -> str:
    """`text` without the damage that can be undone for certain; each kind of repair is told in `notes` once."""
    if "&" in text and ";" in text and _ENTITY.search(text):
        text = _told(_unescaped(text), text, ENTITIES, notes)
    if not text.isascii() and len(text) <= LONGEST and _suspect(text):
        text = _told(_decoded_again(text), text, MOJIBAKE, notes)
    return text


def is_healthy(text: str) -> bool:
    """Whether neither `text` nor any part of it has anything to repair; False where that is not certain."""
    if "&" in text and ";" in text:
        return False
    return text.isascii() or (len(text) <= LONGEST and not _suspect(text))


def _suspect(text: str) -> bool:
    """Whether it holds what damage leaves; what damage begins with is looked for first, which is many times faster."""
    for leads, pattern in _BY_LEAD:
        for lead in leads:
            if lead in text and (pattern is None or pattern.search(text)):
                return True
    return False


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
