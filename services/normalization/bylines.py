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
    r"^\s*(?:(?:written|text|texte|texto|testo|words|reported|story)\s+)?(?:by|von|par|por|di|de|door|af|av|του|της|από)[\s:]+"
    r"|^\s*(?:text|texte|texto|testo|author|autor|autore|auteur|ρεπορτάζ|επιμέλεια|κείμενο)\s*:\s*",
    re.IGNORECASE,
)
_BREAKS = re.compile(r"\s*[,;|/&•·]\s*|\s+(?:and|und|og|och|και)\s+")
_AND_OR_PART = re.compile(r"\s+(?:y|e|et)\s+")
"""'And' between names, but also inside them: José Ortega y Gasset, Eça de Queiroz e Silva."""
_INITIALS = re.compile(r"\s*\((?:[a-zäöüß]{2,5}\.?|[A-Z]{2,3})\)$")
_AGENCIES = frozenset(fold(name) for name in wording.AGENCIES.split())
_NAME = re.compile(r"(?:[^\W\d_][\w.'’\-]*\s+){1,5}[^\W\d_][\w.'’\-]*")


def names(given: Iterable[str]) -> list[str]:
    """The names in what was given, each once, in order."""
    found: dict[str, str] = {}
    for text in given:
        for name in _parted(plain(text)):
            found.setdefault(name.casefold(), name)
    return list(found.values())[:MOST]


def persons(given: Iterable[str]) -> list[str]:
    """Of the names in lines of a page only those that look like a person's, or are an agency's."""
    return [
        name
        for name in names(given)
        if _is_agency(name)
        or (_NAME.fullmatch(name) and name[0].isupper() and name == name.strip() and not name.isupper())
    ]


def signed(line: str) -> list[str]:
    """The persons in a line that is a byline by its first word ('Von Magdalena Huber und Tobias Reiter'), else none."""
    return persons([line]) if len(line) <= LONGEST and _BY.match(line) else []


def without_site(found: list[str], sites: Iterable[str]) -> list[str]:
    """The names that are not the site's own, 'n-tv' for n-tv.de."""
    own = {letters(site) for site in sites}
    return [name for name in found if letters(name) not in own]


def _parted(text: str) -> Iterator[str]:
    if text.lower().startswith(("http://", "https://", "www.", "@")) or "@" in text:
        return
    several = any(mark in text for mark in ",;|•") or len(text) > 30
    for part in _BREAKS.split(text) if several else [text]:
        for one in _joined(part) if several else [part]:
            name = _INITIALS.sub("", _BY.sub("", one)).strip(" .·•-–—:")
            if name and len(name) <= LONGEST and any(map(str.isalpha, name)) and not is_moment(name):
                yield name


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
