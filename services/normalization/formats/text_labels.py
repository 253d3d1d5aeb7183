"""Lines of a text that say one thing under its name: 'Headline: …', 'EMBARGOED UNTIL …', 'Source: …', a date alone. Pure.

The names are those that press offices and agencies write over and under their texts, in seven languages and the Nordic
ones. A name counts only where it stands at a line's start with a colon; what it says goes to that field, as written.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from services.normalization.dates import read_date, zone_named
from services.normalization.formats.wire_dates import embargo_of, zone_of
from services.normalization.formats.wire_marks import mark_of
from services.normalization.moments import is_moment, read_moment
from services.normalization.parts import GivenDate, StoryParts
from services.normalization.phrases import fold
from services.normalization.raw import RawStory
from services.normalization.wire import read_dateline_field, read_urgency, read_version, unique
from shared.events import Related, Topic

LONGEST = 240
"""Characters of a label with what it says; a longer line is prose."""

_LINE = re.compile(r"(?P<name>[^\W\d_][^:\n]{0,28}?)\s*:(?!//)\s*(?P<value>.*)")
_COMMA = re.compile(r"\s*[,;|]\s*")
_NO_EMBARGO = frozenset({"none", "no", "n/a", "-", "nil", "keine", "aucun", "ninguno", "nessuno", "nenhum", "καμια"})
_ADDRESS = re.compile(r"<?(https?://[^\s<>]{4,2000})>?")
_ISO = re.compile(r"\d{4}-\d\d-\d\d")
_ZONE = re.compile(r"\b([A-Z]{2,5})\W*$")
_SUBJECT = re.compile(r"\d{8}")
_NAMES = {
    "title": "headline; head; title; subject; re; betreff; titel; überschrift; titre; título; titular; titolo; τίτλος; θέμα; rubrik; otsikko; tittel; overskrift",
    "subhead": "subhead; subheadline; sub-headline; subtitle; deck; untertitel; unterzeile; sous-titre; subtítulo; sottotitolo; υπότιτλος",
    "slugline": "slug; slugline; keyword line; stichwort",
    "byline": "byline; by; author; authors; reporter; autor; autorin; auteur; autore; συντάκτης; von; par; por",
    "dateline": "dateline; place; location; ort; lieu; lugar; luogo; τόπος",
    "published": "date; published; publication date; release date; released; issued; date of issue; sent; datum; fecha; data; ημερομηνία; dato; päivämäärä",
    "updated": "updated; last updated; revised; aktualisiert; mis à jour; actualizado; aggiornato; ενημέρωση",
    "embargo": "embargo; embargoed; embargoed until; embargo until; under embargo until; hold until; release time; sperrfrist; sous embargo",
    "expires": "expires; expiry; valid until; gültig bis",
    "source": "source; agency; issued by; organisation; organization; company; quelle; fuente; fonte; πηγή; kilde; källa; lähde; absender; émetteur",
    "credit": "credit; credits; creditline; credit line",
    "rights": "copyright; rights; usage terms",
    "status": "status; pubstatus",
    "version": "version; revision; update no; update number",
    "id": "id; item id; story id; article id; release id; guid; release no; release number",
    "urgency": "urgency; priority; priorität; urgence",
    "language": "language; lang; sprache; langue; idioma; lingua; γλώσσα",
    "section": "section; desk; category; department; ressort; rubrique; sección; sezione; κατηγορία",
    "keywords": "keywords; keyword; tags; topics; schlagwörter; schlagworte; mots-clés; mots clés; palabras clave; parole chiave; λέξεις-κλειδιά",
    "subject code": "subject code; subject codes; iptc; iptc code; media topic",
    "ednote": "note to editors; notes to editors; editors' note; editor's note; editors note; ed note; ednote; eds; editors; attention; attn; att; achtung redaktionen; an die redaktionen; aux rédactions; προς συντάκτες; προς",
    "link": "link; url; web; website; internet",
}  # fmt: skip
_FIELDS = {fold(name.strip()): field for field, names in _NAMES.items() for name in names.split(";")}
_TELLING = frozenset(
    {"title", "slugline", "dateline", "embargo", "id", "status", "urgency", "version", "keywords", "published"}
)
"""Fields that a line over a story names, and hardly a line of one."""


class Label(NamedTuple):
    """A labelled line: which field it is of, its name as written, and what it says."""

    field: str
    name: str
    value: str

    @property
    def is_telling(self) -> bool:
        """Whether its name stands over stories and hardly in them."""
        return self.field in _TELLING


def label_of(line: str) -> Label | None:
    """What a line says under a known name; None for any other line."""
    if len(line) > LONGEST or ":" not in line:
        return None
    match = _LINE.fullmatch(line)
    field = _FIELDS.get(fold(match["name"])) if match else None
    return Label(field, match["name"], match["value"].strip()) if match and field else None


def date_of(text: str) -> GivenDate | None:
    """A date in any notation that is read here; None if `text` is none."""
    date = read_date(text)
    if (date is None or date.value is None) and is_moment(text):
        date = read_moment(text)
    if date and date.value and date.value.tzinfo is None and date.precision != "day":
        zone = zone_of(match[1]) if (match := _ZONE.search(text)) else None
        date = replace(date, value=date.value.replace(tzinfo=zone)) if zone else date
    return date


def take(label: Label, parts: StoryParts, raw: RawStory) -> None:
    """Put what a label says into its field; the first of a name counts, and a bad value is a note."""
    if label.field == "embargo":
        _embargo(label, parts, raw)
    elif label.value:
        _TAKERS[label.field](label.value, parts)


def take_embargo(line: str, parts: StoryParts, raw: RawStory) -> bool:
    """Whether a line speaks of an embargo; it then holds the story, and the line is kept as a note to editors."""
    given = embargo_of(line, raw.received.date(), zoned=zone_named(raw.zone) is not None)
    if given is None:
        return False
    parts.embargoed = True
    if parts.embargoed_until is None or parts.embargoed_until.value is None:
        parts.embargoed_until = given
    add_note(parts, line)
    if given.value is None:
        parts.notes.append("embargo without a readable end: held")
    return True


def add_note(parts: StoryParts, *lines: str) -> None:
    """Add lines to the note to editors, each once."""
    parts.ednote = "\n".join(unique([*(parts.ednote or "").split("\n"), *lines])) or None


def _embargo(label: Label, parts: StoryParts, raw: RawStory) -> None:
    """An embargo's end in ISO 8601, else as wires write it, with their zones; unreadable ones hold."""
    if fold(label.value.strip(" .")) in _NO_EMBARGO:
        return
    date = read_date(label.value) if _ISO.match(label.value) else None
    if date is not None and date.value is not None:
        parts.embargoed, parts.embargoed_until = True, date
    elif not take_embargo(f"{label.name}: {label.value}", parts, raw) and not take_embargo(
        f"embargo: {label.value}", parts, raw
    ):
        parts.embargoed = True
        parts.notes.append("embargo without a readable end: held")


def _once(field: str) -> Callable[[str, StoryParts], None]:
    def set_once(value: str, parts: StoryParts) -> None:
        if getattr(parts, field) is None:
            setattr(parts, field, value)

    return set_once


def _dated(field: str) -> Callable[[str, StoryParts], None]:
    def set_date(value: str, parts: StoryParts) -> None:
        date = date_of(value)
        if date is None or date.value is None:
            parts.notes.append(f"{field} unreadable")
        elif getattr(parts, field) is None:
            setattr(parts, field, date)

    return set_date


def _updated(value: str, parts: StoryParts) -> None:
    _dated("updated")(value, parts)
    parts.version_time = parts.version_time or parts.updated


def _status(value: str, parts: StoryParts) -> None:
    """A word of the status that stories have, else a mark ('2nd Update', 'CORRECTION')."""
    mark = mark_of(value)
    if mark is None or mark.kind in ("kill", "hold"):
        parts.status = parts.status or {"kill": "killed", "hold": "withheld"}.get(mark.kind if mark else "", value)
        return
    parts.correction = parts.correction or mark.kind == "correction"
    parts.version = parts.version or (value if mark.kind in ("version", "correction", "repeat") else None)
    parts.keywords += [value] if mark.kind in ("alert", "genre") else []


def _urgency(value: str, parts: StoryParts) -> None:
    if parts.urgency is None:
        parts.urgency = read_urgency(value, parts.notes)


def _codes(value: str, parts: StoryParts) -> None:
    for code in _COMMA.split(value):
        if code:
            parts.topics.append(Topic(scheme="iptc-subject" if _SUBJECT.fullmatch(code) else None, code=code))


def take_link(value: str, parts: StoryParts) -> None:
    """An address that a release names; it need not be the release's own, so it is no identity."""
    for found in _ADDRESS.findall(value):
        address = found.rstrip(".,;)]")
        if all(one.url != address for one in parts.related):
            parts.related.append(Related(url=address))
            parts.given.setdefault("link", []).append(address)


def _dateline(value: str, parts: StoryParts) -> None:
    parts.dateline = parts.dateline or read_dateline_field(value)


def _version(value: str, parts: StoryParts) -> None:
    parts.version = read_version(value, parts.notes) or parts.version


_TAKERS: dict[str, Callable[[str, StoryParts], None]] = {
    "title": _once("title"),
    "subhead": lambda value, parts: parts.subheads.append(value),
    "slugline": _once("slugline"),
    "byline": lambda value, parts: parts.byline.append(value),
    "dateline": _dateline,
    "published": _dated("published"),
    "updated": _updated,
    "expires": _dated("expires"),
    "source": _once("source"),
    "credit": _once("credit"),
    "rights": _once("rights"),
    "status": _status,
    "version": _version,
    "id": _once("provider_id"),
    "urgency": _urgency,
    "language": _once("language"),
    "section": _once("section"),
    "keywords": lambda value, parts: parts.keywords.extend(unique(_COMMA.split(value))),
    "subject code": _codes,
    "ednote": lambda value, parts: add_note(parts, value),
    "link": take_link,
}
