"""Lines of a page that are nothing but a date: 'Updated: 8 February 2022, 14:05', '8 Φεβρουαρίου 2022'. Pure.

Month names of seven languages by their first letters; a day and month in figures only where their order is certain.
"""

from __future__ import annotations

import re
from datetime import datetime

from services.normalization.dates import read_date
from services.normalization.parts import GivenDate
from services.normalization.phrases import fold

_LABEL = re.compile(
    r"(?:published|updated|posted|last updated|last modified|date|on|δημοσιευση|δημοσιευθηκε|δημοσιευτηκε|ενημερωση|ημερομηνια"
    r"|veroffentlicht|aktualisiert|stand|publie le|publie|mis a jour le|mis a jour|publicado el|publicado em|publicado"
    r"|actualizado|atualizado em|atualizado|pubblicato il|pubblicato|aggiornato il|aggiornato|am|le|il|el)\b\s*:?\s*"
)
_WEEKDAY = r"(?:[^\W\d_]{2,14}\.?,?\s+)?"
_CLOCK = (
    r"(?:[\s,|·•@–-]*(?:at|um|a|a las|alle|as|στις|ore|h)?\s*(?P<hour>\d{1,2})[:.h](?P<minute>\d{2})(?:[:.](?P<second>\d{2}))?"
    r"\s*(?P<half>a\.?m\.?|p\.?m\.?|π\.?μ\.?|μ\.?μ\.?)?(?:\s*(?:uhr|h|[a-z]{3,4}))?)?"
)
_FORMS = tuple(
    re.compile(_WEEKDAY + form + _CLOCK)
    for form in (
        r"(?P<day>\d{1,2})\.?(?:er|st|nd|rd|th|η|ησ|a|o)?\s+(?:de\s+)?(?P<name>[^\W\d_]{3,12})\.?,?\s+(?:de\s+)?(?P<year>\d{4})",
        r"(?P<name>[^\W\d_]{3,12})\.?\s+(?P<day>\d{1,2})(?:st|nd|rd|th)?,?\s+(?P<year>\d{4})",
        r"(?P<day>\d{1,2})[./-](?P<month>\d{1,2})[./-](?P<year>\d{4}|\d{2})",
        r"(?P<year>\d{4})[./-](?P<month>\d{1,2})[./-](?P<day>\d{1,2})t?",
    )
)
_MONTHS = {
    prefix: number
    for number, prefixes in enumerate(
        (
            "jan ene gen ιαν", "feb fev φεβ", "mar μαρ", "apr abr avr απρ", "may mai mag μαι", "jun juin giu ιουν",
            "jul juil lug ιουλ", "aug ago aou αυγ", "sep set σεπ", "oct okt out ott οκτ", "nov νοε", "dec dez dic δεκ",
        ),
        1,
    )
    for prefix in prefixes.split()
}  # fmt: skip
LONGEST = 80


def _match(text: str) -> re.Match[str] | None:
    if len(text) > LONGEST or not any(character.isdigit() for character in text):
        return None
    folded = fold(text).strip(" .|·•–-")
    label = _LABEL.match(folded)
    for start in (folded[label.end() :] if label else folded, folded):
        for form in _FORMS:
            match = form.fullmatch(start)
            if match is not None and ("name" not in match.groupdict() or _month(match) is not None):
                return match
    return None


def _month(match: re.Match[str]) -> int | None:
    name = match["name"]
    return _MONTHS.get(name[:4]) or _MONTHS.get(name[:3])


def is_moment(text: str) -> bool:
    """Whether the line is a date, with or without a time and a word for it, and nothing else."""
    return _match(text) is not None or ((date := read_date(text)) is not None and date.value is not None)


def read_moment(text: str) -> GivenDate | None:
    """The date of such a line. Its value is None where day and month could be either way round."""
    match = _match(text)
    if match is None:
        return read_date(text)
    found = match.groupdict()
    year = int(found["year"]) + (0 if len(found["year"]) == 4 else 2000)
    day, month = int(found["day"]), _month(match) if found.get("name") else int(found["month"])
    first_figure_is_year = match.start("year") < match.start("day")
    slashed = "/" in match[0] and not found.get("name")
    if slashed and not first_figure_is_year:
        if day <= 12 and month is not None and month <= 12 and day != month:
            return GivenDate(text, None, "day")
        if month is not None and month > 12:
            day, month = month, day
    hour = int(found["hour"] or 0)
    if found["half"] in ("pm", "p.m", "p.m.", "μμ", "μ.μ", "μ.μ.") and hour < 12:
        hour += 12
    try:
        value = datetime(year, month or 0, day, hour, int(found["minute"] or 0), int(found["second"] or 0))  # noqa: DTZ001 - local until `dates` gives it a zone
    except ValueError:
        return GivenDate(text, None, "day")
    return GivenDate(text, value, "second" if found["second"] else "minute" if found["hour"] else "day")
