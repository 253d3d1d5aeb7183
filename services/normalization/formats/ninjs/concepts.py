"""Subjects, persons and places of an item: `scheme` and `code` in 1.x, `uri` and `literal` in 2.x and 3.x. Pure."""

from __future__ import annotations

import re

from services.normalization.formats.ninjs.fields import Fields
from shared.events import Topic

_VOCABULARIES = {"mediatopic": "medtop", "subjectcode": "iptc-subject", "medtop": "medtop", "subj": "iptc-subject"}
"""Last part of IPTC's addresses, and the aliases in qcodes → the scheme's name in all formats."""
_IPTC = re.compile(r"https?://cv\.iptc\.org/newscodes/([a-z0-9-]+)/?([^/?#]*)", re.IGNORECASE)
_QCODE = re.compile(r"([A-Za-z][\w.-]{0,30}):(\S+)")
_MEDIA_TOPIC = re.compile(r"20[01]\d{5}")
_SUBJECT_CODE = re.compile(r"(?:0[1-9]|1[0-7])\d{6}")
_CORRECTIONS = frozenset({"correction", "corrected", "sig:correction"})

_SUBJECTS = ("subject", "subjects")
_ENTITIES = ("person", "people", "organisation", "organisations", "event", "events", "object", "objects")


def topics(item: Fields) -> list[Topic]:
    """Subjects, then persons, organisations, events and things, each once; signals are no topics."""
    found: dict[tuple[str | None, str | None], Topic] = {}
    for one in item.objects(*_SUBJECTS) + item.objects(*_ENTITIES):
        topic = _topic(one)
        if topic is None or topic.scheme == "sig":
            continue
        key = (topic.scheme, topic.code) if topic.code else (None, topic.name)
        if key not in found or (found[key].name is None and topic.name):
            found[key] = topic
    return list(found.values())


def _topic(concept: Fields) -> Topic | None:
    name = concept.words("name")
    scheme, code = _code(concept)
    if code is None:
        return Topic(name=name) if name else None
    return Topic(scheme=scheme, code=code, name=name)


def _code(concept: Fields) -> tuple[str | None, str | None]:
    code, scheme = concept.words("code", "qcode", "literal"), concept.words("scheme")
    uri = concept.words("uri")
    if scheme is None and uri:
        return _of_uri(uri, code)
    if scheme is None and code and (qcode := _QCODE.fullmatch(code)) and not qcode[2].startswith("//"):
        return _VOCABULARIES.get(qcode[1].lower(), qcode[1]), qcode[2]
    if scheme is None and code:
        return _bare(code), code
    if scheme and (iptc := _IPTC.match(scheme)):
        return _VOCABULARIES.get(iptc[1].lower(), iptc[1].lower()), code
    return (_VOCABULARIES.get(scheme.lower(), scheme) if scheme else None), code


def _of_uri(uri: str, literal: str | None) -> tuple[str | None, str | None]:
    """'http://cv.iptc.org/newscodes/mediatopic/20000344' → medtop, 20000344; others are split at the last slash."""
    iptc = _IPTC.match(uri)
    if iptc and iptc[2]:
        return _VOCABULARIES.get(iptc[1].lower(), iptc[1].lower()), iptc[2]
    if literal and uri.endswith(literal) and len(uri) > len(literal):
        return uri[: -len(literal)].rstrip("/#:") or None, literal
    scheme, slash, code = uri.rpartition("/")
    return (scheme, code) if slash and code and not literal else (None, literal or uri)


def _bare(code: str) -> str | None:
    """Superdesk writes IPTC's own codes without naming their scheme; their eight digits tell which it is."""
    if _MEDIA_TOPIC.fullmatch(code):
        return "medtop"
    return "iptc-subject" if _SUBJECT_CODE.fullmatch(code) else None


def is_correction(item: Fields) -> bool:
    """`sig:correction` among signals or subjects, or AP's editorial type 'Correction'."""
    for one in item.objects("signal", "signals", "subject", "subjects"):
        scheme, code = _code(one)
        if scheme in (None, "sig", "signal") and (code or one.words("name") or "").lower() in _CORRECTIONS:
            return True
    return any((one.words("name") or "").lower() in _CORRECTIONS for one in item.objects("editorialtypes"))


def places(item: Fields) -> list[str]:
    """Names of the places it is about, each once."""
    names = (one.words("name", "literal", "code") for one in item.objects("place", "places"))
    return list(dict.fromkeys(name for name in names if name))


def codes_of(item: Fields, *names: str) -> list[str]:
    """Codes or names in these fields as written."""
    found = (one.words("qcode", "code", "literal", "name", "uri") for one in item.objects(*names))
    return [word for word in found if word]
