"""NewsML-G2's ways to name a concept: qcode, uri, literal, names in languages and roles. Pure.

A qcode is `alias:code`. What an alias stands for is told by catalogs on the web, which are not fetched: IPTC's aliases and
the addresses of its vocabularies are known here, all others are kept as written.
"""

from __future__ import annotations

from services.normalization.xml import XML_LANG, Element, attribute, children, text_of
from shared.events import Topic

_VOCABULARIES = {
    "mediatopic": "medtop",
    "subjectcode": "subj",
    "pubstatusg2": "stat",
    "newsitemnature": "ninat",
    "conceptnature": "cpnat",
    "signal": "sig",
    "itemrelation": "irel",
    "newsprovider": "nprov",
    "genre": "genre",
}
"""Last part of http://cv.iptc.org/newscodes/…/ → the alias that IPTC recommends for it."""
_CV = "cv.iptc.org/newscodes/"
_SCHEMES = {"subj": "iptc-subject", "subjectcode": "iptc-subject", "mediatopic": "medtop"}
"""Aliases whose topics go by one name in all formats."""
_PLAIN_ROLES = frozenset({"", "display", "full"})


def split(qcode: str) -> tuple[str | None, str]:
    """'medtop:20000350' → ('medtop', '20000350'); no scheme where there is no colon."""
    scheme, colon, code = qcode.partition(":")
    return (scheme, code) if colon and scheme and code else (None, qcode)


def of_uri(uri: str) -> tuple[str | None, str]:
    """An address of IPTC's vocabularies as scheme and code; any other address as a code of no scheme."""
    _, known, rest = uri.partition(_CV)
    vocabulary, slash, code = rest.strip("/").partition("/")
    if known and slash and code:
        return _VOCABULARIES.get(vocabulary, vocabulary), code
    return None, uri


def concept(element: Element | None, name: str = "") -> tuple[str | None, str] | None:
    """Scheme and code of an element, by `qcode`, `uri` or `literal` (`typeuri`, … with a name); None if it has none."""
    if qcode := attribute(element, name or "qcode"):
        return split(qcode)
    if uri := attribute(element, f"{name}uri"):
        return of_uri(uri)
    if not name and (literal := attribute(element, "literal")):
        return None, literal
    return None


def written(element: Element | None) -> str | None:
    """The concept as written, in one word: 'stat:usable'; a uri of IPTC's in its short form."""
    found = concept(element)
    if found is None:
        return None
    return f"{found[0]}:{found[1]}" if found[0] else found[1]


def code(element: Element | None) -> str:
    """The code alone in lower case, '' if there is none: 'ninat:text' and 'icls:text' → 'text'."""
    found = concept(element)
    return found[1].lower() if found else ""


def role(element: Element) -> str:
    """The code of its role in lower case, '' if it has none."""
    found = concept(element, "role")
    return found[1].lower() if found else ""


def primary(tag: str | None) -> str:
    """'en-GB' → 'en'."""
    return (tag or "").replace("_", "-").partition("-")[0].lower()


def chosen(elements: list[Element], language: str | None) -> Element | None:
    """The one of several wordings in the item's language, else without a language, else the first."""
    if len(elements) < 2:
        return elements[0] if elements else None
    wanted = primary(language)
    return min(elements, key=lambda one: _distance(str(one.get(XML_LANG) or ""), wanted))


def _distance(tag: str, wanted: str) -> int:
    if not tag:
        return 1
    return 0 if wanted and primary(tag) == wanted else 2


def name_of(element: Element | None, language: str | None) -> str | None:
    """What a concept is called: for display and in the item's language, if it has such a name."""
    if element is None:
        return None
    names = [one for one in children(element, "name") if text_of(one)]
    plain = [one for one in names if role(one) in _PLAIN_ROLES]
    return text_of(chosen(plain or names, language))


def party(element: Element | None, language: str | None) -> str | None:
    """A person or organisation in words: name, else literal, else uri, else the code."""
    if element is None:
        return None
    named = name_of(element, language) or attribute(element, "literal") or attribute(element, "uri")
    if named:
        return named
    found = concept(element)
    return found[1] if found else text_of(element)


def topic(element: Element, language: str | None) -> Topic | None:
    """A subject with scheme, code and name, as far as it has them."""
    found, name = concept(element), name_of(element, language)
    if found is None:
        return Topic(name=name) if name else None
    scheme, value = found
    if scheme is None and attribute(element, "literal") == value and name in (value, None):
        return Topic(name=value)
    return Topic(scheme=_SCHEMES.get(scheme or "", scheme), code=value, name=name)
