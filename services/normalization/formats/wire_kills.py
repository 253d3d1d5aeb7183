"""Kills and holds in words: 'Please kill item dpa 157', 'Bitte streichen Sie dpa 157', 'Kill BC-Rocket, a0577'. Pure.

A text wire has no field for it: one message takes back another by the number that its service gave it. Numbers begin anew
every day, so the day belongs to the id (`service + sequence + UTC day`). What names no number takes nothing back here; it
is told in a note.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

from services.normalization.formats.wire_dates import month_and_day

RESET = 20
"""UTC hour from which services in Europe and America begin their numbers anew."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sent a message, as far as numbers go.

    `letters` and `number` are the header's service letters and sequence; `agency` and `agency_number` the agency's own
    running number ('dpa 1003'), by which its texts name items; `hour` is the UTC hour of sending, if it is known; `zoned` says that
    the feed's zone is.
    """

    letters: str
    number: str | None
    day: date
    hour: int | None = None
    agency: str | None = None
    agency_number: str | None = None
    zoned: bool = False

    @property
    def own_id(self) -> str | None:
        """The message's id: by the agency's number where it has one, else by the header's. None without a number."""
        if self.agency and self.agency_number:
            return _agency_id(self.letters, self.agency, self.agency_number, self.day)
        return _sequence_id(self.letters, self.number, self.day) if self.number else None

    def targets(self, letters: str | None, number: str, day: date | None) -> list[str]:
        """The ids of the items that a text may mean by `letters number`, the likeliest first; none of another service.

        A number of today's may be yesterday's, too: which of them there was, its owner knows.
        """
        first = self.target(letters, number, day)
        if first is None:
            return []
        if day is not None or not first.endswith(self.day.isoformat()):
            return [first]
        before = self.target(letters, number, self.day - timedelta(days=1))
        return [first, before] if before else [first]

    def target(self, letters: str | None, number: str, day: date | None) -> str | None:
        """The id of the item that a text calls `letters number`; None if those letters are no service of this sender."""
        by_agency = bool(self.agency and self.agency_number)
        if letters is None:
            letters = self.agency if by_agency else self.letters
        low = (letters or "").lower()
        if by_agency and low == (self.agency or "").lower():
            when = day or self._day_of(number, self.agency_number)
            return _agency_id(self.letters, letters or "", number, when)
        if by_agency or (low != self.letters.lower() and not self._is_anpa(letters, number)):
            return None
        when = day or self._day_of(number, self.number if low == self.letters.lower() else None)
        return _sequence_id(letters or "", number, when)

    def _is_anpa(self, letters: str | None, number: str) -> bool:
        return len(self.letters) == 1 and len(letters or "") == 1 and len(number) == 4

    def _day_of(self, number: str, own: str | None) -> date:
        """A number above the sender's own was given before the numbers began anew: yesterday, or today if that is past."""
        if own is not None and int(number) > int(own) and (self.hour is None or self.hour < RESET):
            return self.day - timedelta(days=1)
        return self.day


def _agency_id(letters: str, agency: str, number: str, day: date) -> str:
    return f"{letters}:{agency.lower()}{int(number):04d}:{day.isoformat()}"


def _sequence_id(letters: str, number: str, day: date) -> str:
    return f"{letters}{int(number):04d}:{day.isoformat()}"


_KILL = re.compile(
    r"\b(?:kill(?:ed)?|withdraw(?:n|s)?|delete[ds]?|cancel(?:led|ed|s)?|eliminate|retract(?:ed)?|streichen|gestrichen|l(?:ö|oe)schen"
    r"|zur(?:ü|ue)ck(?:gezogen|ziehen|zuziehen)|annul(?:er|ez|(?:é|e)e?)|anul(?:ar|en|ad[ao])|annull(?:are|ata))\b",
    re.IGNORECASE,
)
_HOLD = re.compile(
    r"\b(?:hold|withhold|do not use|not to be used|stop use|zur(?:ü|ue)ck(?:halten|gestellt|zuhalten)|nicht (?:zu )?verwenden|sperren|gesperrt"
    r"|retenir|suspendre|retener|no utilizar)\b",
    re.IGNORECASE,
)
_ASKED = re.compile(r"\b(?:please|bitte|pri(?:è|e)re|merci|por favor|si prega|editors?|redaktion(?:en)?|mandatory)\b|^\W*(?:kill|hold|withhold|withdraw|delete)\b", re.IGNORECASE)  # fmt: skip
_JOINER = r"\s*(?:,|/|\+|&|and|und|et|y|e|sowie)\s*"
_ITEM = re.compile(
    r"(?:\b(?:item|story|items|stories|meldung(?:en)?|nr\.?|no\.?|number|nummer|num(?:é|e)ro|n(?:ú|u)mero)\s+#?(?P<bare>\d{1,6})\b"
    r"|\b(?P<letters>[A-Za-z]{1,6})[ \t\xa0-]?(?P<number>\d{1,6})\b)"
    rf"(?P<more>(?:{_JOINER}\d{{2,6}}\b(?=\s*(?:[.,;:)/&\"»]|$|and|und|et|bitte|streichen|zur)))*)",
    re.IGNORECASE,
)
_DATED = re.compile(r"[^.\n]{0,40}?\b(?:vom|of|from|dated|sent|du|del|de)\s+(?P<date>[^.\n]{0,4}[^\d\n]{0,12}\d{1,2}\.?\s?[^\W\d_]{3,10}|[^\W\d_]{3,10}\.?\s\d{1,2})")  # fmt: skip
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[\W\d]*[A-ZÄÖÜ])|\n+")


@dataclass(slots=True)
class Reference:
    """Ids that a text takes back and holds; `alternatives` are the others that one of these may mean."""

    kills: list[str]
    holds: list[str]
    alternatives: dict[str, list[str]] = field(default_factory=dict)


def references(text: str, sender: Sender, marked: str | None) -> Reference:
    """The items that `text` kills or holds.

    `marked` is 'kill' or 'hold' where the whole message is one (KILL KILL KILL): then every item named counts, unless its
    sentence says the other. Else a sentence must ask for it ('Please kill …').
    """
    found = Reference([], [])
    for sentence in _SENTENCE.split(text):
        kill, hold = _KILL.search(sentence), _HOLD.search(sentence)
        if not marked and not ((kill or hold) and _ASKED.search(sentence)):
            continue
        into = found.kills if kill or (marked == "kill" and not hold) else found.holds
        for target, *others in _items(sentence, sender):
            if target != sender.own_id and target not in found.kills and target not in found.holds:
                into.append(target)
                if others:
                    found.alternatives[target] = others
    return found


def _items(sentence: str, sender: Sender) -> Iterator[list[str]]:
    for match in _ITEM.finditer(sentence):
        numbers = [match["number"] or match["bare"], *re.findall(r"\d+", match["more"] or "")]
        told = _DATED.match(sentence, match.end())
        day = _day(told["date"], sender.day) if told else None
        for number in numbers:
            if targets := sender.targets(match["letters"], number, day):
                yield targets


def _day(text: str, near: date) -> date | None:
    found = month_and_day(text)
    if found is None:
        return None
    try:
        day = date(near.year, *found)
        return day if day <= near + timedelta(days=1) else date(near.year - 1, *found)
    except ValueError:
        return None
