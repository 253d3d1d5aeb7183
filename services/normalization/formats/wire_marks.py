"""Words that wires put before and beside a story: version marks, corrections, alerts, bylines, notes to editors. Pure.

A mark is a whole line ('1ST LEAD', 'REFILE', '(Zusammenfassung - neu: Zitate)'), a section of ANPA's keyword line
('1st Ld-Writethru'), or the beginning of a headline ('CORRECTED-…'). Words in a sentence are no marks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from shared.events import Dateline

MarkKind = Literal["version", "correction", "repeat", "alert", "genre", "kill", "hold", "advisory"]

_NUMBER = r"(?:\d{1,2}\s?(?:st|nd|rd|th)|\d{1,2}\.?|first|second|third|fourth|fifth|erste|zweite|dritte|vierte|premi[eè]re?|lead|ld)"
_VERSIONS = rf"""
(?:{_NUMBER}[\s-]{{0,2}})?(?:lead|ld|net|nl|add|take|update|optional)(?:[\s-]{{0,2}}\d{{1,2}})?(?:[\s-]{{1,3}}?(?:writethru|writethrough|a\d{{4}}))?
|(?:{_NUMBER}[\s-]{{0,2}})?(?:writethru|writethrough|roundup|zusammenfassung|fassung|neufassung|aktualisierung|sub|insert|synth[eè]se)
|update[\s-]?\d*|neu|new|nouveau|actualisation|actualizaci[oó]n|aggiornamento|av\.?\s?\d|adv(?:ance)?\s?\d{{0,2}}
"""
_WORDS: dict[MarkKind, str] = {
    "kill": r"(?:bulletin |mandatory )?kill(?:[ ,!-]+kill)*(?: mandatory)?|streichung(?:[ !]+streichung)*|annulation(?: annulation)*|annul[ée]e?"
    r"|anulaci[oó]n(?: anulaci[oó]n)*|anulad[ao]|annullamento|zur[üu]ckgezogen|r[üu]ckzug|eliminate|eliminaci[oó]n",
    "hold": r"(?:bulletin )?hold(?:[ ,!-]+hold)*|withhold|stopp(?: stopp)*|zur[üu]ckhalten|suspendre|retener",
    "correction": r"correction|corrections|corrected|corrects?|corrective|refile|refiled|berichtigung|berichtigt|korrektur|korrigiert"
    r"|(?:wiederholung\s+nach\s+)?korr(?:ektur)?|rectificatif|rectificaci[oó]n|correcti[fv]e?|correcci[oó]n|corrige|correzione|errata",
    "repeat": r"repeat(?:ing)?|rpt|repeats|wiederholung|wiederhlg|rappel|r[ée]p[ée]tition|repetici[oó]n|ripetizione|resend",
    "alert": r"extra|urgente?|bulletin|flash|eil(?:meldung)?|blitz(?:meldung)?|alerte?|breaking(?: news)?|ap\s?newsalert|newsalert|schnellmeldung"
    r"|vorrang|snap|last minute|\u00daltima hora",
    "genre": r"roundup|feature|news ?feature|analysis|analyse|preview|profile|background|hintergrund|interview|factbox|chronology|timeline"
    r"|reportage|portr[äa]it|portr[äa]t|korrespondentenbericht|kommentar|comment|review|recap|summary|papier d'angle|situation|lead-all"
    r"|(?:news )?digest|budget|advance|vorausmeldung|vorschau|stichwort|chronologie|dokumentation|umfrage|glosse",
    "advisory": r"advisory|advisories|achtung|achtung[ ,]+redaktion(?:en)?|hinweis(?: an die redaktion(?:en)?)?|editors?|attention(?: editors)?"
    r"|note (?:to|for) editors|avis|attention r[ée]dactions?|nota|aviso|avviso|in eigener sache|bitte beachten",
}  # fmt: skip
_KINDS: list[tuple[MarkKind, re.Pattern[str]]] = [
    *((kind, re.compile(words, re.IGNORECASE)) for kind, words in _WORDS.items()),
    ("version", re.compile(_VERSIONS, re.IGNORECASE | re.VERBOSE)),
]
LONGEST_MARK = 100
_TRIM = " \t=<>@+'`´\"*!.:;,-_"


@dataclass(frozen=True, slots=True)
class Mark:
    """A mark as it was written; `detail` is what follows a colon or dash in it ('neu: Zitate')."""

    kind: MarkKind
    words: str
    detail: str = ""


def mark_of(line: str) -> Mark | None:
    """The mark that `line` is, in full; None for any other line."""
    if len(line) > LONGEST_MARK:
        return None
    text = line.strip(_TRIM)
    inner = text[1:-1] if text[:1] in "([" and text[-1:] in ")]" else text
    enclosed = inner is not text
    words = " ".join(inner.strip(_TRIM).split())
    if not words:
        return None
    found = _kind_of(words)
    if found:
        return Mark(found, words)
    parted = _DETAILED.match(words)
    if parted is None or not (enclosed or parted["head"].isupper()):
        return None
    kind = _kind_of(parted["head"].strip(_TRIM))
    return Mark(kind, parted["head"].strip(_TRIM), parted["detail"].strip(_TRIM)) if kind else None


_DETAILED = re.compile(r"(?P<head>.{2,40}?)(?:\s*:|\s+[–—-]|\s+\d{4}\b)(?P<detail>.*)")
"""'Zusammenfassung 1430 - neu: Zitate' in parts."""


def _kind_of(words: str) -> MarkKind | None:
    for kind, pattern in _KINDS:
        if pattern.fullmatch(words):
            return kind
    return None


_CORRECTED = re.compile(
    r"\W*(?:CORRECTED|CORRECTION|CORRECTS|CORRECTIVE|REFILE|REFILING|BERICHTIGUNG|KORREKTUR|RECTIFICATIF|CORRECCI[OÓ]N|CORREZIONE)\b(?=\s*[-:,(\d/])"
)


def corrects(line: str | None) -> bool:
    """Whether a headline or a note begins with a correction's mark ('CORRECTED-…', 'Eds: Corrects spelling of…')."""
    if not line:
        return False
    text = re.sub(r"^\W*(?:Eds?\.?:|Ed Note:|Update:|EDITORS?:)\s*", "", line)
    noted = text is not line and re.match(
        r"(?:\w+\s){0,1}(?:corrects|correcting|corrected|berichtigt)\b", text, re.IGNORECASE
    )
    return bool(noted) or _CORRECTED.match(text) is not None


# Bylines.
_BY = re.compile(
    r"\W*(?:By|BY|Von|VON|Por|POR|Par|PAR|Di|Door|Text|Av|Af)(?:\s*:)?\s+(?=[\w\"'])(?P<names>.{2,150})", re.DOTALL
)
_ROLE = re.compile(
    r"\b(?:writers?|correspondents?|editors?|reporters?|columnists?|analysts?|staff|bureau|journalists?|critics?|producers?|news service"
    r"|associated press|the canadian press|mitarbeiter|redakteur\w*|korrespondent\w*)\b|^(?:AP|dpa|AFP|Reuters|UPI)\b",
    re.IGNORECASE,
)


def byline_of(line: str, agency: str | None = None) -> list[str]:
    """The names in 'By Jane Doe and John Roe, dpa'; empty for a line that is no byline. The agency's name goes."""
    match = _BY.fullmatch(line.strip(" \t=<@+"))
    if match is None or line.rstrip(" =<@+")[-1:] in ".?!":
        return []
    text = " ".join(match["names"].split())
    tail = rf"|{re.escape(agency)}" if agency else ""
    text = re.sub(rf"\s*[,(]\s*(?:dpa|AP|AFP|Reuters|UPI|ATS|APA|Kyodo{tail})\)?$", "", text, flags=re.IGNORECASE)
    if not text or (text[0].islower() and not _ROLE.search(text)):
        return []
    names = re.split(r",\s+|\s+(?:and|und|et|y|e|en|og|och|&)\s+", text)
    kept = [name.strip(" ,") for name in names]
    return [name for name in kept if name and name.count(" ") <= 6][:20]


def is_role(line: str) -> bool:
    """Whether a line under a byline tells the writer's role ('AP Sports Writer')."""
    return len(line) <= 60 and _ROLE.search(line.strip(" =<@+")) is not None


# Datelines.
_PLACE = r"(?P<place>[^\W\d_a-zß][^\d()\n:;!?\"«»]{1,60}?)"
_DATE = r"(?P<date>[^\W\d_]{3,10}\.?\s\d{1,2}|\d{1,2}\.?\s[^\W\d_]{3,10}\.?)"
_DATELINES = (
    re.compile(
        rf"{_PLACE}(?:,\s{_DATE})?,?\s*\((?P<agency>[^\W\d_][\w./& -]{{1,24}})\)(?:\s*(?:--?|–|—|_)\s+|\.\s+|\s+)(?=\S)"
    ),
    re.compile(rf"{_PLACE},\s{_DATE}\s(?P<agency>[^\W\d_][\w/]{{1,14}})\s(?:--?|–|—|_)\s+(?=\S)"),
    re.compile(
        rf"(?P<place>[^\W\d_a-zß]{{2}}[^\d()\n:;a-z]{{1,40}}(?:,\s[^\W\d_.]{{2,15}}\.?)?)(?:,\s{_DATE})?\s(?:_|--|–|—)\s+(?=\S)"
    ),
)


def dateline_as_written(paragraph: str) -> tuple[Dateline | None, str]:
    """The dateline that a paragraph opens with, and its words; None and '' where it opens with none."""
    start = paragraph[:110]
    for form in _DATELINES:
        match = form.match(start)
        if match and match["place"].count(" ") <= 6:
            found = match.groupdict()
            place = found["place"].strip(" ,")
            return Dateline(place=place, date=found.get("date"), agency=found.get("agency")), match[0].strip()
    return None, ""


def dateline_of(paragraph: str) -> Dateline | None:
    """'Geneva (dpa) - ', 'SAITAMA, Japan, Dec. 9 Kyodo - ', 'ATLANTA (AP) _ ', 'Paris (ats afp) ' in parts."""
    return dateline_as_written(paragraph)[0]


# Notes to editors.
_EDNOTE = re.compile(
    r"\W*(?:Eds?(?:itors?)?\s?\.?\s?:|EDITORS?['’]?S?\s+NOTES?\b|EDITORS?\s?[:,_]|Notes?\s+(?:to|for)\s+editors?\b|Ed(?:itor['’]s)?\s+note\b\s?[:_-]"
    r"|ATTENTION\s*[:,_]?\s*EDITORS?|Achtung,?\s+(?:an\s+die\s+)?Redaktion(?:en)?\b|(?:Redaktionelle[rs]?\s+)?Hinweise?\s+(?:an|f(?:ü|ue)r)\s+(?:die\s+)?Redaktion(?:en)?\b"
    r"|Redaktionelle[rs]?\s+Hinweise?\s?:|NOTE\s+AUX\s+R(?:É|E)DACTIONS?|NOTA\s+(?:A\s+LOS|PARA)\s+EDITORES|NOTA\s+AI\s+REDATTORI|With AP (?:Photo|Graphic)s?\b)",
    re.IGNORECASE,
)
_PRIVATE = re.compile(
    r"\W*(?:The\s+following\s+(?:information|text|lines?)\s+(?:is|are)\s+not\s+(?:intended\s+)?for\s+publication"
    r"|Not\s+(?:intended\s+)?for\s+publication|(?:Die\s+)?(?:folgende[nr]?|nachfolgende[nr]?)\s+Informationen\s+sind\s+nicht\s+(?:zur|f(?:ü|ue)r\s+die)\s+Ver(?:ö|oe)ffentlichung"
    r"|Nicht\s+zur\s+Ver(?:ö|oe)ffentlichung|(?:Les\s+informations\s+suivantes\s+)?ne\s+sont\s+pas\s+destin(?:é|e)es\s+(?:à|a)\s+(?:la\s+)?publication"
    r"|Esta\s+informaci(?:ó|o)n\s+no\s+es\s+para\s+publicar)",
    re.IGNORECASE,
)
_NOTEBOOK = re.compile(r"#\s*(?:Notebook|Notizblock|Notes|Redaktionelle\s+Hinweise)\s*", re.IGNORECASE)
_OPENS_ONLY = re.compile(r"[^:_]{3,60}[:_]?\W*")


def is_ednote(paragraph: str) -> bool:
    """Whether a paragraph is a note to editors by its first words."""
    return _EDNOTE.match(paragraph) is not None


@dataclass(slots=True)
class Noted:
    """A body without its notes to editors, those, and what is `private`: not for publication, by its own word."""

    body: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    private: list[str] = field(default_factory=list)


def split_notes(paragraphs: list[str]) -> Noted:
    """Take notes to editors out of a body: single paragraphs, a heading with its list, and all from a closing block on.

    A closing block is for editors until it says that what follows is not for publication.
    """
    result = Noted()
    heading = False
    for place, text in enumerate(paragraphs):
        if _NOTEBOOK.fullmatch(text) or _PRIVATE.match(text):
            closing = paragraphs[place:]
            hidden = next((at for at, line in enumerate(closing) if _PRIVATE.match(line)), len(closing))
            result.notes += closing[:hidden]
            result.private = closing[hidden:]
            break
        if is_ednote(text):
            result.notes.append(text)
            heading = _OPENS_ONLY.fullmatch(text) is not None and _EDNOTE.fullmatch(text.rstrip(" :_#")) is not None
        elif heading and (text[:2] in ("- ", "* ") or result.notes[-1].rstrip()[-1:] in ":_"):
            result.notes.append(text)
        else:
            heading = False
            result.body.append(text)
    return result
