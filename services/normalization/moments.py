"""Lines of a page that are nothing but a date: 'Updated: 8 February 2022, 14:05', '8 Φεβρουαρίου 2022'. Pure.

Month names of many languages by their first letters; a day and month in figures only where their order is certain.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from services.normalization.dates import read_date
from services.normalization.parts import GivenDate
from services.normalization.phrases import fold

_LABEL = re.compile(
    r"(?:published|updated|posted|last updated|last modified|date|on|δημοσιευση|δημοσιευθηκε|δημοσιευτηκε|ενημερωση|ημερομηνια"
    r"|veroffentlicht|aktualisiert|stand|publie le|publie|mis a jour le|mis a jour|publicado el|publicado em|publicado"
    r"|actualizado|atualizado em|atualizado|pubblicato il|pubblicato|aggiornato il|aggiornato|am|le|il|el)\b\s*:?\s*"
)
_WEEKDAY = r"(?:[^\W\d_]{2,14}\.?[,،]?\s+)?"
_CLOCK = (
    r"(?:[\s,،|·•@–-]*(?:at|um|a|a las|alle|as|στις|ore|h|в|o|kl\.?|saat)?\s*(?P<hour>\d{1,2})[:.h](?P<minute>\d{2})(?:[:.](?P<second>\d{2}))?"
    r"\s*(?P<half>a\.?m\.?|p\.?m\.?|π\.?μ\.?|μ\.?μ\.?|ص|م)?(?:\s*(?:uhr|h|[a-z]{3,4}))?)?"
)
_FORMS = tuple(
    re.compile(_WEEKDAY + form + _CLOCK)
    for form in (
        r"(?P<day>\d{1,2})\.?(?:er|st|nd|rd|th|η|ησ|a|o)?\s+(?:de\s+)?(?P<name>[^\W\d_]{3,12})\.?,?\s+(?:de\s+|del\s+)?(?P<year>\d{4})(?:\s+(?:г|р|r)\.?)?",
        r"(?P<name>[^\W\d_]{3,12})\.?\s+(?P<day>\d{1,2})(?:st|nd|rd|th)?,?\s+(?P<year>\d{4})",
        r"(?P<day>\d{1,2})[./-](?P<month>\d{1,2})[./-](?P<year>\d{4}|\d{2})",
        r"(?P<year>\d{4})[./-](?P<month>\d{1,2})[./-](?P<day>\d{1,2})t?",
        r"(?P<year>\d{4})\s?[年년]\s?(?P<month>\d{1,2})\s?[月월]\s?(?P<day>\d{1,2})\s?[日일]",
    )
)
_NAMES = (
    "jan ene gen ιαν янв січ sty led oca يناير", "feb fev φεβ фев лют lut úno şub فبراير",
    "mar μαρ мар бер maa mrt bře مارس", "apr abr avr απρ апр кві kwi dub nis أبريل ابريل",
    "may mai mag μαι мая май тра maj mei kvě مايو", "jun juin giu ιουν июн чер cze haz يونيو",
    "jul juil lug ιουλ июл лип lip tem يوليو", "aug ago aou αυγ авг сер sie srp ağu أغسطس",
    "sep set σεπ сен вер wrz zář eyl سبتمبر", "oct okt out ott οκτ окт жов paź říj eki أكتوبر",
    "nov νοε ноя kas نوفمبر", "dec dez dic δεκ дек гру gru ara ديسمبر",
)  # fmt: skip
"""First letters of the months' names, by month. Left out where two languages disagree: 'lis' is October or November."""
_MONTHS = {fold(prefix)[:4]: number for number, prefixes in enumerate(_NAMES, 1) for prefix in prefixes.split()}
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


def read_moment(text: str, *, day_first: bool | None = None) -> GivenDate | None:
    """The date of such a line.

    Where day and month could be either way round, `day_first` decides; its value is None where nobody knows.
    """
    match = _match(text)
    if match is None:
        return read_date(text)
    found = match.groupdict()
    year = int(found["year"]) if len(found["year"]) == 4 else _century(int(found["year"]))
    day, month = int(found["day"]), _month(match) if found.get("name") else int(found["month"])
    first_figure_is_year = match.start("year") < match.start("day")
    slashed = "/" in match[0] and not found.get("name")
    if slashed and not first_figure_is_year:
        if is_ambiguous_pair(day, month):
            if day_first is None:
                return GivenDate(text, None, "day")
            day, month = (day, month) if day_first else (month or 0, day)
        elif month is not None and month > 12:
            day, month = month, day
    hour = _hour(int(found["hour"] or 0), (found["half"] or "").replace(".", ""))
    late = timedelta(days=1) if hour == 24 and not int(found["minute"] or 0) else timedelta()
    try:
        clock = (0 if late else hour, int(found["minute"] or 0), int(found["second"] or 0))
        value = datetime(year, month or 0, day, *clock)  # noqa: DTZ001 - local until `dates` gives it a zone
        value += late
    except (ValueError, OverflowError):
        return GivenDate(text, None, "day")
    return GivenDate(text, value, "second" if found["second"] else "minute" if found["hour"] else "day")


def _century(year: int) -> int:
    """The year that two figures mean: none more than a few years ahead (as POSIX has it: 69 to 99 are of the last century)."""
    return year + (1900 if year >= 69 else 2000)


def _hour(hour: int, half: str) -> int:
    """The hour of the day; `half` is 'am', 'pm' or their Greek and Arabic likes, or empty."""
    if half in ("pm", "μμ", "م") and hour < 12:
        return hour + 12
    return 0 if half in ("am", "πμ", "ص") and hour == 12 else hour


def is_ambiguous_pair(day: int, month: int | None) -> bool:
    """Whether two figures could be a day and a month as well as a month and a day."""
    return month is not None and 1 <= day <= 12 and 1 <= month <= 12 and day != month


def is_ambiguous(text: str) -> bool:
    """Whether the line's day and month could be either way round ('03/04/2022')."""
    match = _match(text)
    found = match.groupdict() if match else {}
    if match is None or not found.get("month") or "/" not in match[0] or match.start("year") < match.start("day"):
        return False
    return is_ambiguous_pair(int(found["day"]), int(found["month"]))
