"""Zones that a date or a page names otherwise than by an offset: 'CEST', and the country a site is of. Pure.

Abbreviations only where they mean one offset: IST and BST do not. Countries only where one clock goes in all (or nearly all)
of them; source: the zone table of the IANA time zone database.
"""

from __future__ import annotations

import re
from datetime import timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

_HOURS: Final[dict[str, float]] = {
    "Z": 0, "UTC": 0, "GMT": 0, "WET": 0, "WEST": 1, "CET": 1, "MEZ": 1, "CEST": 2, "MESZ": 2, "EET": 2, "SAST": 2, "EEST": 3,
    "MSK": 3, "TRT": 3, "PKT": 5, "WIB": 7, "HKT": 8, "SGT": 8, "JST": 9, "KST": 9, "AEST": 10, "ACST": 9.5, "ACDT": 10.5,
    "AEDT": 11, "AWST": 8, "NZST": 12, "NZDT": 13, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8,
    "PDT": -7, "AST": -4, "ADT": -3, "NST": -3.5, "BRT": -3, "ART": -3, "AKST": -9, "AKDT": -8, "HST": -10,
}  # fmt: skip
"""Hours from UTC; EST to PDT are North American, as in RFC 5322."""
_COUNTRIES: Final[dict[str, str]] = {
    "al": "Europe/Tirane", "at": "Europe/Vienna", "az": "Asia/Baku", "ba": "Europe/Sarajevo", "bd": "Asia/Dhaka",
    "be": "Europe/Brussels", "bg": "Europe/Sofia", "by": "Europe/Minsk", "ch": "Europe/Zurich", "cn": "Asia/Shanghai",
    "co": "America/Bogota", "cr": "America/Costa_Rica", "cu": "America/Havana", "cy": "Asia/Nicosia", "cz": "Europe/Prague",
    "de": "Europe/Berlin", "dk": "Europe/Copenhagen", "do": "America/Santo_Domingo", "dz": "Africa/Algiers",
    "ee": "Europe/Tallinn", "eg": "Africa/Cairo", "es": "Europe/Madrid", "fi": "Europe/Helsinki", "fr": "Europe/Paris",
    "ge": "Asia/Tbilisi", "gh": "Africa/Accra", "gr": "Europe/Athens", "gt": "America/Guatemala", "hk": "Asia/Hong_Kong",
    "hr": "Europe/Zagreb", "hu": "Europe/Budapest", "ie": "Europe/Dublin", "il": "Asia/Jerusalem", "in": "Asia/Kolkata",
    "iq": "Asia/Baghdad", "ir": "Asia/Tehran", "is": "Atlantic/Reykjavik", "it": "Europe/Rome", "jo": "Asia/Amman",
    "jp": "Asia/Tokyo", "ke": "Africa/Nairobi", "kr": "Asia/Seoul", "kw": "Asia/Kuwait", "lb": "Asia/Beirut",
    "li": "Europe/Vaduz", "lk": "Asia/Colombo", "lt": "Europe/Vilnius", "lu": "Europe/Luxembourg", "lv": "Europe/Riga",
    "ma": "Africa/Casablanca", "mk": "Europe/Skopje", "mt": "Europe/Malta", "my": "Asia/Kuala_Lumpur", "na": "Africa/Windhoek",
    "ng": "Africa/Lagos", "nl": "Europe/Amsterdam", "no": "Europe/Oslo", "np": "Asia/Kathmandu", "pe": "America/Lima",
    "ph": "Asia/Manila", "pk": "Asia/Karachi", "pl": "Europe/Warsaw", "py": "America/Asuncion", "qa": "Asia/Qatar",
    "ro": "Europe/Bucharest", "rs": "Europe/Belgrade", "sa": "Asia/Riyadh", "se": "Europe/Stockholm", "sg": "Asia/Singapore",
    "si": "Europe/Ljubljana", "sk": "Europe/Bratislava", "sv": "America/El_Salvador", "th": "Asia/Bangkok",
    "tn": "Africa/Tunis", "tr": "Europe/Istanbul", "tw": "Asia/Taipei", "tz": "Africa/Dar_es_Salaam", "ua": "Europe/Kyiv",
    "ug": "Africa/Kampala", "uk": "Europe/London", "uy": "America/Montevideo", "ve": "America/Caracas",
    "vn": "Asia/Ho_Chi_Minh", "za": "Africa/Johannesburg", "zm": "Africa/Lusaka", "zw": "Africa/Harare",
}  # fmt: skip
_OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)?")
MONTH_FIRST: Final = frozenset({"us", "gov", "edu", "mil"})


def abbreviated(name: str) -> tzinfo | None:
    """The zone that an abbreviation means, or None."""
    hours = _HOURS.get(name.upper())
    return None if hours is None else timezone(timedelta(hours=hours))


@lru_cache(maxsize=256)
def zone_named(name: str | None) -> tzinfo | None:
    """The zone of that IANA name or offset ('+02:00'), or None if there is none."""
    if not name:
        return None
    if offset := _OFFSET.fullmatch(name):
        minutes = int(offset[2]) * 60 + int(offset[3] or 0)
        return timezone(timedelta(minutes=minutes if offset[1] == "+" else -minutes)) if minutes < 24 * 60 else None
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None


def of_country(host: str | None) -> str | None:
    """The IANA name of the one zone of the country whose domain a host is in, or None."""
    return _COUNTRIES.get((host or "").rstrip(".").rpartition(".")[2].lower())


def is_day_first(language: str | None, host: str | None = None) -> bool | None:
    """Whether 03/04 is the third of April to readers of that language (a tag) and country; None where nobody knows.

    All but the United States, the Philippines and those who write the year first put the day first; 'en' alone may be either.
    """
    parts = re.split(r"[-_]", (language or "").strip().lower())
    domain = (host or "").rstrip(".").rpartition(".")[2].lower()
    if domain in MONTH_FIRST or "us" in parts[1:] or "ph" in parts[1:]:
        return False
    if parts[0] and parts[0] != "en":
        return None if parts[0] in ("ja", "zh", "ko", "hu", "lt", "mn") else True
    with_country = len(parts) > 1 and len(parts[1]) == 2
    return True if with_country or (domain in _COUNTRIES and domain != "ph") else None
