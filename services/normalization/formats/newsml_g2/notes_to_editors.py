"""NewsML-G2's edNote: for editors, never part of the text; some of it for the provider's customers alone. Pure.

Wires mark what must not be passed on in three ways: a role ('sttnote:private', dpa's contacts), `@pubconstraint`, or a
class inside marked-up notes (dpa's 'np-nonpublic').
"""

from __future__ import annotations

from services.normalization.formats.newsml_g2 import codes
from services.normalization.markup import blocks
from services.normalization.xml import XML_LANG, Element, children, local

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
        _read(note, public, private)
    return ("\n".join(line for line in public if line not in private) or None), ("\n".join(private) or None)


def _is_private(element: Element) -> bool:
    said = element.get("class", "") + codes.role(element)
    said += element.get("pubconstraint") or element.get("pubconstrainturi") or ""
    return bool(said) and any(word in said.lower() for word in _PRIVATE)


def _read(note: Element, public: dict[str, None], private: dict[str, None]) -> None:
    """The lines of a note; where sections or paragraphs of it are private, its parts one by one."""
    hidden = [one for one in note.iter() if _is_private(one)]
    if note in hidden or not hidden:
        _lines(note, private if hidden else public)
        return
    around = {above for one in hidden for above in one.iterancestors()}
    _parts(note, set(hidden), around, public, private)


def _parts(
    element: Element, hidden: set[Element], around: set[Element], public: dict[str, None], private: dict[str, None]
) -> None:
    for one in element:
        if one in hidden:
            _lines(one, private)
        elif one in around:
            _parts(one, hidden, around, public, private)
        elif local(one) != "header":  # 'Notizblock', a title for the box
            _lines(one, public)


def _lines(element: Element, into: dict[str, None]) -> None:
    for block in blocks(element):
        into.setdefault(block.text)
