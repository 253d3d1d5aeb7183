"""NewsML-G2's edNote: for editors, never part of the text; some of it for the provider's customers alone. Pure.

Wires mark what must not be passed on in three ways: a role ('sttnote:private', dpa's contacts), `@pubconstraint`, or a
class inside marked-up notes (dpa's 'np-nonpublic').
"""

from __future__ import annotations

from services.normalization.formats.newsml_g2 import codes
from services.normalization.markup import blocks
from services.normalization.xml import XML_LANG, Element, attribute, children, local

_PRIVATE = ("private", "nonpublic", "non-public", "internal", "confidential")


def read_ednotes(meta: Element, language: str | None) -> tuple[str | None, str | None]:
    """The note for all, and the part that must not be passed on; a line each, each line once."""
    public: dict[str, None] = {}
    private: dict[str, None] = {}
    wanted = codes.primary(language)
    # Some write the name in lower case.
    notes = list(children(meta, "edNote", "ednote"))
    own = [one for one in notes if codes.primary(str(one.get(XML_LANG) or "")) in ("", wanted)]
    for note in own or notes:
        _read(note, public, private, hidden=_is_private(note))
    return ("\n".join(line for line in public if line not in private) or None), ("\n".join(private) or None)


def _is_private(element: Element) -> bool:
    said = " ".join(
        (
            codes.role(element),
            (attribute(element, "pubconstraint") or attribute(element, "pubconstrainturi") or "").lower(),
            (attribute(element, "class") or "").lower(),
        )
    )
    return any(word in said for word in _PRIVATE)


def _read(element: Element, public: dict[str, None], private: dict[str, None], *, hidden: bool) -> None:
    """Lines of `element`; its sections and paragraphs are entered, for each may say that it is not for the public."""
    if any(_is_private(one) for one in element.iter() if one is not element):
        for one in element:
            _read(one, public, private, hidden=hidden or _is_private(one))
        return
    into = private if hidden else public
    if local(element) == "header" and not hidden:
        return
    for block in blocks(element):
        into.setdefault(block.text)
