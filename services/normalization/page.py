"""The head of a page that was sent as plain text: section, headline, byline, date line, before the first paragraph. Pure."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from services.normalization.cleanup import Line
from services.normalization.moments import is_moment, read_moment
from services.normalization.parts import GivenDate
from services.normalization.phrases import fold

LONGEST_SECTION = 45

_BYLINE = re.compile(
    r"^(?:by|von|par|por|di|του|της|από|(?:ρεπορτάζ|επιμέλεια|κείμενο|text|texte|texto|testo|author|autor|auteur|autore)\s*:)\s+"
    r"(?P<names>[^\W\d_][^.:;!?…]{2,100})$",
    re.IGNORECASE,
)
_NAME = re.compile(r"^(?:[^\W\d_][\w.'’-]*\s+){0,4}[^\W\d_][\w.'’-]*$")
_CRUMBS = re.compile(r"\s+[>›»/→]\s+")
_SECTIONS = frozenset(
    fold(word)
    for word in """
world news politics economy business sport sports culture opinion society science health technology tech europe international
national local finance markets energy environment travel lifestyle defence defense asia africa
κόσμος διεθνή πολιτική οικονομία επιχειρήσεις αθλητικά αθλητισμός πολιτισμός κοινωνία επιστήμη υγεία τεχνολογία ευρώπη ελλάδα
απόψεις ενέργεια περιβάλλον άμυνα επικαιρότητα ειδήσεις τουρισμός
politik wirtschaft ausland inland kultur gesellschaft wissen wissenschaft panorama feuilleton meinung welt gesundheit finanzen
technik reise netzwelt regional verteidigung umwelt
politique économie monde société sciences santé planète idées france entreprises technologies
política economía mundo internacional nacional sociedad deportes cultura ciencia salud tecnología opinión españa
economia mondo esteri cronaca politica società scienza salute tecnologia ambiente italia interni
país desporto esportes sociedade saúde ciência tecnologia opinião brasil portugal
""".split()  # noqa: SIM905 - a list of words reads best as words
)


@dataclass(slots=True)
class Head:
    """What stood before the first paragraph; `start` is where the story's own lines begin."""

    start: int = 0
    section: str | None = None
    title: str | None = None
    subheads: list[str] = field(default_factory=list)
    byline: list[str] = field(default_factory=list)
    published: GivenDate | None = None
    notes: list[str] = field(default_factory=list)


def read_head(lines: list[Line]) -> Head:
    """Read the lines before the first paragraph; lines with set phrases are left where they are."""
    head = Head()
    end = next((place for place, line in enumerate(lines) if line.code in "PT"), len(lines))
    if end == len(lines):
        return _all_short(lines)
    if end + 1 < len(lines) and lines[end].code == "T" and "P" not in "".join(line.code for line in lines[end:]):
        return head
    candidates = [line for line in lines[:end] if line.code == "H" and not _fact(head, line.text)]
    head.start = end
    _take_repeats(head, candidates)
    _take_section(head, candidates)
    _take_title(head, candidates)
    return head


def _all_short(lines: list[Line]) -> Head:
    """A text without any prose: a first line set apart is its headline, all else its text."""
    own = [place for place, line in enumerate(lines) if line.code == "H"]
    if len(own) >= 2 and own[0] == 0 and lines[1].blank_before:
        return Head(start=1, title=lines[0].text)
    return Head()


def _fact(head: Head, text: str) -> bool:
    """Take byline, date line and breadcrumbs."""
    match = _BYLINE.match(text)
    if match and (names := names_in(match["names"])):
        head.byline = head.byline or names
        return True
    if is_moment(text):
        head.published = head.published or read_moment(text)
        return True
    crumbs = _CRUMBS.split(text)
    if len(crumbs) >= 2 and all(0 < len(crumb) <= 30 for crumb in crumbs) and len(text) <= 100:
        head.section = head.section or crumbs[-1]
        return True
    return False


def names_in(text: str) -> list[str]:
    """Names joined by commas and 'and' in seven languages; empty if they do not look like names."""
    parts = re.split(r"\s*[,/|&·]\s*|\s+(?:and|und|et|y|e|και)\s+", text.strip())
    names = [" ".join(part.split()) for part in parts if part.strip()]
    capital = all(name[0].isupper() and any(word[0].isupper() for word in name.split()) for name in names)
    return names if names and capital and all(_NAME.match(name) for name in names) else []


def _take_repeats(head: Head, candidates: list[Line]) -> None:
    """A line said twice before the story, kept once: a short one names the section, a long one is the headline."""
    counts = Counter(fold(line.text) for line in candidates)
    for line in list(candidates):
        if counts[fold(line.text)] < 2 or line not in candidates:
            continue
        candidates[:] = [one for one in candidates if fold(one.text) != fold(line.text)]
        if line.text.count(" ") <= 3 and len(line.text) <= LONGEST_SECTION and head.section is None:
            head.section = line.text
            head.notes.append("section line at the top taken out of the body")
        elif head.title is None:
            head.title = line.text


def _take_section(head: Head, candidates: list[Line]) -> None:
    """The first line is a section where it is a section's name, or in capitals and too short for a headline."""
    if head.section is not None or not candidates:
        return
    text = candidates[0].text
    words = text.count(" ") + 1
    named = all(fold(word.strip(",&-")) in _SECTIONS for word in text.split() if len(word) > 3)
    headline_follows = len(candidates) > 1 or head.title is not None
    kicker = text.isupper() and len(text) <= LONGEST_SECTION and (words <= 2 or (words <= 4 and headline_follows))
    if kicker or (named and words <= 4):
        head.section = text
        head.notes.append("section line at the top taken out of the body")
        del candidates[0]


def _take_title(head: Head, candidates: list[Line]) -> None:
    """The first line of three words or more; menu entries are shorter. A further one is a subhead."""
    if head.title is None:
        long = [line for line in candidates if line.text.count(" ") >= 2] or candidates[-1:]
        if not long:
            return
        head.title = long[0].text
        candidates[:] = candidates[candidates.index(long[0]) + 1 :]
    head.subheads = [line.text for line in candidates if line.text.count(" ") >= 3][:3]
