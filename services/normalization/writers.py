"""Bylines of wires as names: the word before them ('By', 'Von', 'Par', 'Του') is the line's, not the name's. Pure.

Every format's names come through here once, and its reader leaves them as they were written (pages: `bylines`). In English the
word cannot begin a name; in other languages it may ('Von Miller', 'Di Stefano'), so that two words of a name must follow, and
in small letters 'von', 'di' and 'de' are parts of names themselves.
"""

from __future__ import annotations

import re

_LABEL = re.compile(
    r"[\W_]*(?:by|text|texte|texto|testo|words|story|report|reporter|author|autor|autora|auteur|autore|ρεπορτάζ|κείμενο|επιμέλεια|συντάκτης)\s*:\s*(?=\w)"
    r"|[\W_]*(?:(?:reported|written|compiled|(?:re)?writing|reporting)\s+by|by)\s+(?=[^\W\d_]|[\"'“‘])",
    re.IGNORECASE,
)
_OTHER = re.compile(
    r"[\W_]*(?:Von|VON|Par|PAR|par|Por|POR|por|Di|DI|Door|DOOR|door|Av|AV|av|Af|AF|af|Från|Skrevet\s+av|Tekst|Του|του|ΤΟΥ|Της|της|ΤΗΣ|Των|των|ΤΩΝ|Από|από|ΑΠΟ)"
    r"(?:\s+(?:τον|την|τους))?\s*:?\s+(?=[^\W\d_]\S*\s+[^\W\d_])"
)
_AROUND = " \t\n\xa0,;:|-–—_/"


def clean_names(given: list[str]) -> list[str]:
    """The names without what stands before and around them, each once, in order."""
    return list(dict.fromkeys(name for one in given if (name := clean_name(one))))


def clean_name(given: str) -> str:
    """'By JANE ROE' → 'JANE ROE', 'Von Max Muster' → 'Max Muster'; '' if nothing is left."""
    text = " ".join(given.split())
    match = _LABEL.match(text) or _OTHER.match(text)
    return (text[match.end() :] if match else text).strip(_AROUND)
