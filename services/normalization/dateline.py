"""'KIEV, Feb 8 (AMNA) -' in parts: place, date, agency, each as written; and which day its date means. Pure.

Forms, each of which agencies send: place, date, agency and dash in any choice that leaves no doubt ('OMAHA, Neb., Feb 26 -',
'BERLIN (dpa) -', 'NEW YORK, March 3, Reuter -', 'MOSCOW, January 21. /TASS/.', 'New Delhi, Feb 8 (PTI) The'), the agency before
the place ('(ANSA) - ROMA, 08 FEB -'), the agency alone ('(Reuters) -'), a byline before it ('By Ann Holm / PARIS, 22 mars -'),
and a well-known city alone ('ATHENS —').
"""

from __future__ import annotations

import re
from datetime import date, datetime
from functools import lru_cache
from typing import NamedTuple

from services.normalization import wording
from services.normalization.parts import GivenDate
from services.normalization.phrases import fold
from shared.events import Dateline

LONGEST = 140
"""Characters in which a dateline, with a byline before it, has ended."""
LONGEST_PLACE = 70
_YEARS_AROUND = (0, -1, 1)

_MONTH = r"[^\W\d_]{3,12}\.?"
_YEAR = r"(?:,?\s(?:de\s|del\s)?(?:19|20)\d\d)?"
_WEEKDAY = (
    r"(?:(?:(?:mon|tues|wednes|thurs|fri|satur|sun|mo|diens|donners|frei|sams|sonn)(?:day|tag)|mittwoch|(?:mon|tue|wed|thu|fri|sat|sun)\."
    r"|(?:lun|mar|mercre|jeu|vendre|same)di|dimanche|lunes|martes|mi[eé]rcoles|jueves|viernes|s[aá]bado|domingo|(?:lune|marte|mercole|giove"
    r"|vener)d[iì]|sabato|domenica|Δευτέρα|Τρίτη|Τετάρτη|Πέμπτη|Παρασκευή|Σάββατο|Κυριακή),?\s)?"
)
_DATE = (
    rf"(?P<date>(?i:{_WEEKDAY})(?:"
    rf"{_MONTH}\s\d{{1,2}}(?:st|nd|rd|th)?{_YEAR}|\d{{1,2}}(?:\.|er|º|st|nd|rd|th|η|ης)?\s(?:de\s|di\s)?{_MONTH}{_YEAR}"
    r"|\d{1,2}[./-]\d{1,2}[./-](?:(?:19|20)\d\d|\d\d)|(?:19|20)\d\d-\d\d-\d\d))(?![\d/])"
)
_PLACE = rf"(?P<place>[^\W\d_][^\d\n:;!?\"“”„«»()\[\]<>–—=*+]{{1,{LONGEST_PLACE}}}?)"
_BRACKETED = r"(?:\((?P<agency>[^()\n]{2,40})\)|/\s?(?P<slashed>[^/()\n]{2,30}?)\s?/)"
_BARE = r",?\s(?P<bare>[^\W\d_][\w.'-]{1,14})"
_DASH = r"(?P<dash>\s?[.,]?\s*(?:-{1,3}|[–—_]|:(?!\S))(?:\s+|$|(?<=\s-)(?=[^\W\d_])))"
_MARK = re.compile("[-(–—_/:]")
_TIGHT = r"\s?[.,]?\s*(?:-{1,3}|[–—_:])\s*"
"""Behind an agency in brackets no blank is needed: '(EFE).- Los'."""
_SINCE = r"(?:[,.]\s*|\s+)(?:le\s|den\s|στις\s|a\s)?"
_FORM = re.compile(
    rf"(?:\((?P<before>[^()\n]{{2,40}})\){_TIGHT})?{_PLACE}(?:{_SINCE}{_DATE})?"
    rf"(?:[\s,.]*{_BRACKETED}(?:{_TIGHT}|\.?\s+|\.?$)|(?(date)(?:{_BARE})?){_DASH}|(?(before)\.\s+|(?!)))"
)
_AGENCY_ALONE = re.compile(rf"\((?P<agency>[^()\n]{{2,40}})\)(?:{_TIGHT})(?=\S)")
_BYLINE = re.compile(
    r"(?i:by|von|par|por|di|του|της)\s(?P<names>[^\W\d_][^/:;!?\d\n]{2,60}?)\s*(?:/|\s[|–—-])\s*(?=[^\W\d_a-z])"
)
_AGENCIES = frozenset(fold(name).replace("_", " ") for name in wording.AGENCIES.split())
_CITIES = frozenset(fold(name.strip()) for name in wording.CITIES.replace("\n", " ").split(";"))
_DASHES = frozenset("-–—_:")
_EXCHANGES = frozenset({"nyse", "nasdaq", "amex", "lse", "otc", "tsx", "asx", "usd", "eur", "gbp"})
_SMALL = frozenset(
    [
        "and",
        "of",
        "the",
        "de",
        "la",
        "le",
        "les",
        "des",
        "du",
        "di",
        "da",
        "do",
        "dos",
        "das",
        "del",
        "della",
        "den",
        "der",
        "am",
        "an",
        "im",
        "bei",
        "upon",
        "on",
        "sur",
        "sous",
        "i",
        "y",
        "e",
        "et",
        "und",
        "και",
        "en",
        "al",
        "el",
        "ad",
        "d",
        "l",
        "von",
        "van",
        "à",
        "a.m.",
        "a.d.",
    ]
)
_NO_PLACE = frozenset(
    fold(word)
    for word in """
monday tuesday wednesday thursday friday saturday sunday montag dienstag mittwoch donnerstag freitag samstag sonntag lundi mardi
mercredi jeudi vendredi samedi dimanche lunes martes miércoles jueves viernes sábado domingo lunedì martedì mercoledì giovedì
venerdì sabato domenica δευτέρα τρίτη τετάρτη πέμπτη παρασκευή σάββατο κυριακή by von par por note correction update source
quelle published updated posted
""".split()  # noqa: SIM905 - a list of words reads best as words
)
_MONTHS = {
    start: number
    for number, starts in enumerate(
        (
            "jan ene gen ιαν", "feb fev φεβ", "mar mrz maer μαρ", "apr abr avr απρ", "may mai maj mei mag μαι", "jun juin giu ιουν",
            "jul juil lug ιουλ", "aug ago aou αυγ", "sep set σεπ", "oct okt ott out οκτ", "nov νοε", "dec dez dic des δεκ",
        ),
        1,
    )
    for start in starts.split()
}  # fmt: skip


class Opening(NamedTuple):
    """What a paragraph opens with: `end` is where the story's own words begin; `sure` that nothing else can be meant."""

    dateline: Dateline
    end: int
    sure: bool
    byline: str | None = None


@lru_cache(maxsize=2048)
def month_of(word: str) -> int | None:
    """The month whose name, in the seven languages and their neighbours, begins like `word`."""
    low = fold(word)
    return _MONTHS.get(low[:4]) or _MONTHS.get(low[:3])


@lru_cache(maxsize=2048)
def is_agency(name: str) -> bool:
    """Whether `name` is a news agency's, as it signs: 'Reuters', 'dpa/tmn', 'ΑΠΕ-ΜΠΕ'."""
    return any(part in _AGENCIES for part in (fold(name).strip(" ."), re.split(r"[/ ]", fold(name).strip())[0]))


def read_dateline(paragraph: str) -> Dateline | None:
    """The dateline that a paragraph opens with, or None."""
    opening = read_opening(paragraph)
    return opening.dateline if opening else None


def read_opening(paragraph: str) -> Opening | None:
    """The dateline that a paragraph opens with, where its words end, and whether they are surely one; or None."""
    start = paragraph[:LONGEST]
    if not start[:1] or not _MARK.search(start):
        return None
    byline = None
    offset = len(start) - len(start.lstrip("*"))
    if "/" in start or " - " in start or "–" in start or "—" in start or "|" in start:
        signed = _BYLINE.match(start)
        if signed is not None:
            byline, offset = signed["names"].strip(), signed.end()
    match = _FORM.match(start, offset)
    opening = _judged(match, start) if match is not None else None
    if opening is None and start[:1] == "(":
        alone = _AGENCY_ALONE.match(start)
        if alone is not None and is_agency(alone["agency"]):
            opening = Opening(Dateline(agency=alone["agency"].strip()), alone.end(), sure=True)
    return opening._replace(byline=byline) if opening and byline else opening


def _judged(match: re.Match[str], start: str) -> Opening | None:
    """What the form found, if a place stands where it expects one."""
    place, day, bare = match["place"].strip(" ,"), match["date"], match["bare"]
    if "," in place and start[match.end("place") : match.end("place") + 1] == ".":
        place += "."  # 'CHICAGO, Ill. (AP)'
    agency = bare or match["agency"] or match["slashed"] or match["before"]
    known = agency is not None and is_agency(agency)
    if (
        (day is not None and _month_and_day(day) is None)
        or (bare is not None and (day is None or not (known or bare.isupper())))
        or (agency is not None and fold(agency) in _EXCHANGES)
        or not _is_place(place)
    ):
        return None
    dateline = Dateline(place=place, date=day, agency=agency.strip() if agency else None)
    dashed = match[0].rstrip()[-1:] in _DASHES or match["before"] is not None
    if day is not None:
        return Opening(dateline, match.end(), sure=True) if dashed or agency else None
    if agency is not None:
        likely = known or _in_small_letters(agency) or (place.split(",")[0].isupper() and agency.isupper())
        return Opening(dateline, match.end(), sure=known) if dashed and likely else None
    if match[0].rstrip()[-1:] == ":" or not _opens(start[match.end() :]):
        return None
    city, comma, country = place.partition(", ")
    placed = fold(place) in _CITIES or (comma and city.isupper() and len(city) > 3 and not country.isupper())
    return Opening(dateline, match.end(), sure=False) if placed else None


def _opens(rest: str) -> bool:
    return rest[:1].isupper() or rest[:1] in "“\"«‘'"


def _in_small_letters(agency: str | None) -> bool:
    """'dpa', 'lw': an agency's mark, where a share's would be in capitals."""
    return agency is not None and agency.isalpha() and agency.islower() and len(agency) <= 5


@lru_cache(maxsize=2048)
def _is_place(place: str) -> bool:
    """Whether every word is written as a place's name has it, and there are not too many."""
    parts = re.split(r",\s*|/", place)
    if len(parts) > 4 or len(place) < 2 or fold(parts[0].split()[0] if parts[0].split() else "") in _NO_PLACE:
        return False
    for part in parts:
        words = part.split()
        if not words or len(words) > 6:
            return False
        if any(not (word[0].isupper() or word.lower() in _SMALL or word[1:2] in "'’") for word in words):
            return False
    return True


@lru_cache(maxsize=2048)
def _month_and_day(text: str) -> tuple[int, int, int | None] | None:
    """(month, day, year or None) of a dateline's date. Figures alone are read day first: the others write names."""
    if figures := re.fullmatch(r"(?:\D*\s)?(\d{1,4})[./-](\d{1,2})[./-](\d{2,4})", text):
        first, middle, last = (int(part) for part in figures.groups())
        year, day = (first, last) if first > 31 else (last, first)
        if middle > 12 >= day:
            middle, day = day, middle
        return (middle, day, year if year > 99 else year + 2000) if 1 <= middle <= 12 and 1 <= day <= 31 else None
    month = next((found for word in re.findall(r"[^\W\d_]{3,}", text) if (found := month_of(word))), None)
    numbers = [int(number) for number in re.findall(r"\d+", text)]
    if month is None or not numbers or not 1 <= numbers[0] <= 31:
        return None
    return month, numbers[0], numbers[1] if len(numbers) > 1 and numbers[1] > 99 else None


def has_year(dateline: Dateline) -> bool:
    """Whether its date says the year."""
    found = _month_and_day(dateline.date) if dateline.date else None
    return found is not None and found[2] is not None


def day_of(dateline: Dateline, near: datetime) -> GivenDate | None:
    """The day that the dateline's date means: where it names no year, the one that puts it nearest to `near`."""
    return _day_near(dateline.date, near.date()) if dateline.date else None


@lru_cache(maxsize=2048)
def _day_near(text: str, near: date) -> GivenDate | None:
    """The same of the words of a date; most stories of a day have the same ones."""
    found = _month_and_day(text)
    if found is None:
        return None
    month, day, year = found
    days = []
    for candidate in [year] if year else [near.year + more for more in _YEARS_AROUND]:
        try:
            days.append(date(candidate, month, day))
        except ValueError:
            continue
    if not days:
        return GivenDate(text, None, "day")
    nearest = min(days, key=lambda one: abs((one - near).days))
    return GivenDate(text, datetime(nearest.year, nearest.month, nearest.day), "day")  # noqa: DTZ001 - local until `dates` gives it a zone
