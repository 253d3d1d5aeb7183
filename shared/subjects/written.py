"""The ways in which the IPTC's codes are written: qcodes, addresses, bare digits. Pure.

| written | scheme, code |
|---|---|
| `medtop:20000573`, `mediatopic:20000573` | medtop, 20000573 |
| `subj:15054000`, `iptc-subject:15054000`, `IptcSubjectCode:15054000` | iptc-subject, 15054000 |
| `http://cv.iptc.org/newscodes/mediatopic/20000573` (https, a trailing slash, `?lang=…`) | medtop, 20000573 |
| `urn:newsml:iptc.org:20010101:topicset.iptc-subjectcode:1#…15054000` (NewsML 1.x) | iptc-subject, 15054000 |
"""

from __future__ import annotations

import re
from typing import Final

from shared.subjects.table import MEDTOP, SUBJECT, subjects

_QCODE: Final = re.compile(r"([A-Za-z][\w.-]{1,40}):(\d{8})")
_ADDRESS: Final = re.compile(
    r"https?://cv\.iptc\.org/newscodes/(mediatopic|subjectcode)/?#?(\d{8})?/?(?:[?#].*)?", re.IGNORECASE
)
_URN: Final = re.compile(r"urn:(?:newsml|iptc)[^#]*?(media-?topic|subject-?code)[^#]*#?(?:\D*?(\d{8}))?", re.IGNORECASE)
_DIGITS: Final = re.compile(r"\d{8}")
_ALIASES: Final = {
    "medtop": MEDTOP,
    "mediatopic": MEDTOP,
    "mediatopics": MEDTOP,
    "iptc-mediatopic": MEDTOP,
    "iptcmediatopic": MEDTOP,
    "subj": SUBJECT,
    "subjectcode": SUBJECT,
    "subjectcodes": SUBJECT,
    "iptc-subject": SUBJECT,
    "iptcsubject": SUBJECT,
    "iptc-subjectcode": SUBJECT,
    "iptcsubjectcode": SUBJECT,
    "iptcsubjectcodes": SUBJECT,
}
_HINT: Final = re.compile("subj|subref|iptc|medtop|topic|newscode", re.IGNORECASE)
"""In the name of a provider's own scheme: one that goes by the IPTC's numbers (`sttsubj`, `…/spec/subref/1.0`)."""


def code_of(scheme: str | None, code: str | None) -> tuple[str, str] | None:
    """Scheme (`medtop` or `iptc-subject`) and eight digits, if that is how the IPTC's codes are written; else None.

    Bare digits need a scheme that says whose they are.
    """
    if not code:
        return None
    if not _DIGITS.fullmatch(code):
        return of_text(code) if _DIGITS.search(code) else None
    found = _scheme(scheme) if scheme else None
    return (found, code) if found else None


def code_under(scheme: str | None, code: str | None) -> tuple[str, str] | None:
    """The IPTC's code that a code of a provider's own scheme goes by: `sttsubj:06006008`; None if it is none of theirs.

    The scheme's name must hint at it, and the digits be in the IPTC's tables.
    """
    if not scheme or not code or not _DIGITS.fullmatch(code) or not _HINT.search(scheme):
        return None
    table = subjects()
    # The two schemes share the numbers of their seventeen tops, where either reading comes to the same.
    return next(((one, code) for one in (SUBJECT, MEDTOP) if table.knows(one, code)), None)


def of_text(text: str) -> tuple[str, str] | None:
    """Scheme and digits of a qcode, address or URN that names its scheme."""
    if qcode := _QCODE.fullmatch(text):
        known = _ALIASES.get(qcode[1].lower())
        return (known, qcode[2]) if known else None
    for form in (_ADDRESS, _URN):
        if (found := form.fullmatch(text)) and found[2]:
            return _vocabulary(found[1]), found[2]
    return None


def _scheme(written: str) -> str | None:
    if known := _ALIASES.get(written.lower()):
        return known
    found = _ADDRESS.fullmatch(written) or _URN.fullmatch(written)
    return _vocabulary(found[1]) if found else None


def _vocabulary(word: str) -> str:
    return MEDTOP if word.lower().startswith("media") else SUBJECT


def same_subject(written: str) -> list[str]:
    """All codes that mean what was written, itself among them: what a search for it has to look for.

    An English name of the IPTC's stands for its codes, a Subject Code also for the topic that took over from it, and a
    topic for the codes before it. What is neither comes back alone and as it was.
    """
    table = subjects()
    scheme, code = of_text(written) or (None, written)
    found = [code, written, *table.codes_named(written)]
    for one in tuple(found):
        if scheme != MEDTOP and (same := table.same_topic(one)):
            found.append(same)
        if scheme != SUBJECT and table.knows(MEDTOP, one):
            found += table.took_over_from(one)
    return list(dict.fromkeys(found))
