"""Names of authors out of what a page says of them: 'By Anna Lindqvist and Tom Reyes, Reuters'. Pure.

Organizations are kept, for many bylines are agencies; what is an address, a number or a date is no name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from services.normalization import wording
from services.normalization.headline import letters, plain
from services.normalization.moments import is_moment
from services.normalization.phrases import fold

MOST: Final = 20
LONGEST: Final = 100

_BY = re.compile(
    r"^\s*(?:(?:written|text|texte|texto|testo|words|reported|story|posted|published|reporting|analysis)\s+)?"
    r"(?:by|von|par|por|di|de|door|af|av|nga|του|της|από)[\s:]+"
    r"|^\s*(?:text|texte|texto|testo|authors?|autor(?:en|es)?|autore|auteur|reporter|tekst|forfatter|journalist|penulis|oleh|yazar"
    r"|ρεπορτάζ|επιμέλεια|κείμενο|συντάκτης|автор(?:ы|и)?|редактор|текст|作者|記者|记者|责编|责任编辑|編輯|编辑|文)\s*[:：/／]\s*",
    re.IGNORECASE,
)
_BREAKS = re.compile(r"\s*[,;|/&•·、，]\s*(?:(?:and|und|og|och|και|et|y|e)\s+)?|\s+(?:and|und|og|och|και)\s+")
_AND_OR_PART = re.compile(r"\s+(?:y|e|et)\s+")
"""'And' between names, but also inside them: José Ortega y Gasset, Eça de Queiroz e Silva."""
_INITIALS = re.compile(r"\s*\((?:[a-zäöüß]{2,5}\.?|[A-Z]{2,3})\)$")
_AGENCIES = frozenset(fold(name) for name in wording.AGENCIES.split())
_NAME = re.compile(r"(?:[^\W\d_][\w.'’\-]*\s+){1,5}[^\W\d_][\w.'’\-]*")
_PARTICLES = frozenset(
    [
        "de",
        "da",
        "do",
        "dos",
        "das",
        "del",
        "della",
        "delle",
        "di",
        "du",
        "des",
        "la",
        "le",
        "el",
        "al",
        "bin",
        "ibn",
        "ben",
        "van",
        "von",
        "der",
        "den",
        "ter",
        "ten",
        "zu",
        "zur",
        "af",
        "av",
        "i",
        "y",
        "e",
        "et",
        "und",
        "und’",
        "bint",
    ]
)
"""Small words inside a person's name; any other small one makes a line a phrase."""
_NO_NAMES = frozenset(
    """
correspondent correspondents reporter editor editors director columnist contributor producer redakteur redakteurin journalist
follow published posted updated posts popular read more min minutes mins view editorial print share comments opinion archive
chief deputy senior
""".split()  # noqa: SIM905 - a list of words reads best as words
)
"""Words of offices and of buttons: a line with one of them is no name."""
_ADDRESS = re.compile(r"(?:https?:/{1,2}|www\.)\S*", re.IGNORECASE)
_READING_TIME = re.compile(r"\d+\s*min(?:s|utes?|uten|uti|utos)?\b.*", re.IGNORECASE)
_HAN = re.compile(
    r"[（(【\[]?\s*(?:责任编辑|责编|编辑|編輯|作者|记者|記者)\s*[：:]\s*(?P<names>[\u4e00-\u9fff·、，, ]{2,40}?)\s*[）)】\]]?"
)
"""A Chinese line of who wrote or edited: '(责编：牛镛、岳弘彬)'."""


def names(given: Iterable[str]) -> list[str]:
    """The names in what was given, each once, in order."""
    found: dict[str, str] = {}
    for text in given:
        for name in _parted(plain(text)):
            found.setdefault(name.casefold(), name)
    return list(found.values())[:MOST]


def persons(given: Iterable[str]) -> list[str]:
    """Of the names in lines of a page only those that look like a person's, or are an agency's."""
    return [name for name in names(given) if _is_agency(name) or _is_person(name)]


def _is_person(name: str) -> bool:
    """Whether a name is one by its look: two to six words with capitals, but for particles, and none of an office."""
    if not _NAME.fullmatch(name) or not name[0].isupper():
        return False
    words = name.split()
    if any(word.casefold().strip(".") in _NO_NAMES or word.endswith(("'s", "’s")) for word in words):
        return False
    return all(
        word[0].isupper() or word in _PARTICLES or not word[0].islower() or "’" in word[:3] or "'" in word[:3]
        for word in words
    )


def signed(line: str) -> list[str]:
    """The persons in a line that is a byline by its first word ('Von Magdalena Huber und Tobias Reiter'), else none."""
    if len(line) > LONGEST:
        return []
    if han := _HAN.fullmatch(line):
        return [name for name in re.split(r"[、，, ]+", han["names"]) if len(name) >= 2]
    return persons([line]) if _BY.match(line) else []


def without_site(found: list[str], sites: Iterable[str]) -> list[str]:
    """The names that are not the site's own, 'n-tv' for n-tv.de."""
    own = {letters(site) for site in sites}
    return [name for name in found if letters(name) not in own]


def _parted(text: str) -> Iterator[str]:
    if text.lower().startswith(("http://", "https://", "www.", "@")) or "@" in text:
        return
    text = _ADDRESS.sub(" ", text) if "/" in text or "www" in text else text
    several = any(mark in text for mark in ",;|•") or len(text) > 30
    for part in _BREAKS.split(text) if several else [text]:
        for one in _joined(part) if several else [part]:
            name = _INITIALS.sub("", _BY.sub("", one)).strip(" .·•-–—:")
            if name and len(name) <= LONGEST and any(map(str.isalpha, name)) and not _is_no_name(name):
                yield name


def _is_no_name(text: str) -> bool:
    """Whether a part of a byline is a date, or how long the text takes to read."""
    return _READING_TIME.fullmatch(text) is not None or is_moment(text)


def _joined(text: str) -> Iterator[str]:
    """The names that `y`, `e` and `et` stand between: each has a given name and a family name, or is an agency's."""
    begins = 0
    for found in _AND_OR_PART.finditer(text):
        before, after = text[begins : found.start()], text[found.end() :]
        following = _AND_OR_PART.split(after, maxsplit=1)[0]
        if " " in _BY.sub("", before).strip() and (" " in following.strip() or _is_agency(following)):
            yield before
            begins = found.end()
    yield text[begins:]


def _is_agency(name: str) -> bool:
    return fold(name.strip(" .")) in _AGENCIES
