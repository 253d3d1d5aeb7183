"""The set phrases around stories, in seven languages: credits, pointers to other stories, newsletters, share lines. Pure.

Compared without accents and case (a Greek heading in capitals has no accents). A phrase counts only at a line's start.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from services.normalization import wording


class Kind(StrEnum):
    """What a line is, if it is no part of a story."""

    CREDIT = "credit"
    RELATED = "related"
    LIST = "list"
    """Heading of a list of other stories."""
    NEWSLETTER = "newsletter"
    NOISE = "noise"
    """Share, follow, cookie and advertising lines, picture credits."""
    TRAILER = "trailer"
    """An agency's sign-off."""
    REPORTING = "reporting"
    """'Reporting by …; editing by …'."""


@dataclass(frozen=True, slots=True)
class Match:
    """A line of that kind; `rest` is what follows the phrase: the agency, the title, the names."""

    kind: Kind
    rest: str = ""


class _Fold(dict[int, str]):
    """Character to its base letter in lower case, always one for one, so that places in the text stay the same."""

    def __missing__(self, code: int) -> str:
        base = unicodedata.normalize("NFD", chr(code))[0].lower()[:1]
        self[code] = folded = "σ" if base == "ς" else base
        return folded


_FOLD = _Fold()


def fold(text: str) -> str:
    """`text` without case and accents, of the same length."""
    return text.lower() if text.isascii() else text.translate(_FOLD)


def _phrases(text: str) -> list[str]:
    return [fold(phrase.strip()) for phrase in text.replace("\n", " ").split(";") if phrase.strip()]


_AROUND_WORDS = ":.,;!|…\"'“”«»„—–"


def _first_word(folded: str) -> str:
    """What a line of the table is found by: all up to the first blank or colon."""
    return folded.partition(" ")[0].partition(":")[0].strip(_AROUND_WORDS)


def _by_first_word() -> dict[str, list[tuple[str, Kind]]]:
    table: dict[str, list[tuple[str, Kind]]] = {}
    groups = (
        (wording.TRAILER, Kind.TRAILER), (wording.LIST, Kind.LIST), (wording.RELATED, Kind.RELATED), (wording.CREDIT, Kind.CREDIT),
        (wording.NEWSLETTER, Kind.NEWSLETTER), (wording.NOISE, Kind.NOISE), (wording.REPORTING, Kind.REPORTING),
    )  # fmt: skip
    for text, kind in groups:
        for phrase in _phrases(text):
            table.setdefault(_first_word(phrase), []).append((phrase, kind))
    for entries in table.values():
        entries.sort(key=lambda entry: -len(entry[0]))
    return table


_TABLE = _by_first_word()

LONGEST = 240
"""Characters: a longer line is prose, whatever it starts with."""
_BULLETS = " \t•●▪‣►▶→➤»>*–—|·"
_SEPARATOR = re.compile(r"\s*(?:[:：|>»→►▶]|[–—-](?=\s))+\s*")
_ASKS = re.compile(
    r"subscri|sign up|join|regist|inscri|iscri|suscri|abonn|assin|anmeld|melden|receb|recib|recev|ricev|εγγραφ|λαβετε|free|gratis|kostenlos"
)
_CONSENT = re.compile(
    r"\b(?:(?:we|our|site|website|wir|website|nous|sito|sitio)\b.{0,40}\b(?:use|uses|using|verwend\w+|nutz\w+|utilis\w+|utiliz\w+|usa)\b"
    r"|usamos|utilizamos|usiamo|utilizziamo|χρησιμοποι\w+|accept|consent|akzeptier\w+|accept\w+|acept\w+|accett\w+|aceit\w+"
    r"|settings|policy|einstellungen|politique|politica|πολιτικη)"
)
_SHARES = re.compile(
    r"(?:(?:facebook|twitter|x|whatsapp|linkedin|telegram|viber|pinterest|e-?mail|messenger|reddit|print|copy link|share|instagram"
    r"|youtube|tiktok|rss|google news)[\s|,/·•-]*){2,}"
)
_SHARE_WORDS = frozenset(
    "facebook twitter x whatsapp linkedin telegram viber pinterest email e-mail messenger reddit print copy share instagram".split()  # noqa: SIM905 - a list of words reads best as words
)
_READING_WORDS = frozenset({"reading", "lesezeit", "tempo", "temps", "tiempo", "χρονοσ"})
_READING_TIME = re.compile(
    r"(?:\d{1,2}\s*(?:['’′]|min\.?|mins|minutes?|minuten|λεπτα|minutos|minuti)\s*(?:read|lesezeit|de lecture|de lectura|di lettura|de leitura|αναγνωση[σς]?)\.?|(?:reading time|lesezeit|tempo di lettura|temps de lecture|tiempo de lectura|tempo de leitura|χρονος αναγνωσησ)\s*:?\s*\d{1,2}.{0,12})"
)


@lru_cache(maxsize=16384)
def _entries(word: str) -> tuple[str, list[tuple[str, Kind]]]:
    """A line's first word, up to its first blank, as the table has it, and the phrases that begin with it.

    Words come again and again, and hardly one line in a hundred begins like a set phrase.
    """
    first = _first_word(fold(word))
    return first, _TABLE.get(first, [])


_BULLET_MARKS = frozenset(_BULLETS)


def stands_alone(line: str) -> bool:
    """Whether a line of wrapped text is a set phrase, to be kept apart from the lines around it."""
    text = line.lstrip(_BULLETS) or line if line[0] in _BULLET_MARKS else line
    return bool(_entries(text.partition(" ")[0])[1]) and kind_of(line) is not None


def kind_of(line: str) -> Match | None:
    """What kind of set phrase the line is, or None for what may be a story's own."""
    if len(line) > LONGEST:
        return None
    text = line.lstrip(_BULLETS) or line if line[0] in _BULLET_MARKS else line
    if text[0] in "([/" and text[-1] in ")]/" and (bracketed := _bracketed(text[1:-1].strip())):
        return bracketed
    folded = fold(text)
    word, entries = _entries(text.partition(" ")[0])
    for phrase, kind in entries:
        if folded.startswith(phrase) and not folded[len(phrase) : len(phrase) + 1].isalnum():
            match = _READERS[kind](text, folded, len(phrase))
            if match is not None:
                return match
    return _elsewhere(folded, word)


_AGENCIES = frozenset(fold(name).replace("_", " ") for name in wording.AGENCIES.split())


def _bracketed(text: str) -> Match | None:
    """'(Source: AMNA)' says what 'Source: AMNA' says, and so does a bare '(AFP)'."""
    if fold(text) in _AGENCIES:
        return Match(Kind.CREDIT, text)
    match = kind_of(text) if text else None
    return match if match is not None and match.kind in (Kind.CREDIT, Kind.RELATED, Kind.TRAILER) else None


def _elsewhere(folded: str, word: str) -> Match | None:
    """Lines known by a word inside them."""
    if len(folded) <= 200 and _talks_of_newsletter(folded) and _ASKS.search(folded):
        return Match(Kind.NEWSLETTER)
    if "cookie" in folded and _CONSENT.search(folded):
        return Match(Kind.NOISE)
    if word in _SHARE_WORDS and _SHARES.fullmatch(folded):
        return Match(Kind.NOISE)
    if len(folded) <= 60 and (word[:1].isdigit() or word in _READING_WORDS) and _READING_TIME.fullmatch(folded):
        return Match(Kind.NOISE)
    return None


def _talks_of_newsletter(folded: str) -> bool:
    if "newsletter" in folded or "inbox" in folded or "postfach" in folded or "boleti" in folded:
        return True
    return not folded.isascii() and "ενημερωτικο δελτιο" in folded


def _after(text: str, length: int) -> tuple[bool, str]:
    """Whether a separator follows the phrase, and what follows it."""
    rest = text[length:]
    separator = _SEPARATOR.match(rest)
    return bool(separator), (rest[separator.end() :] if separator else rest).strip()


def _is_sentence(rest: str, words: int) -> bool:
    return rest.endswith((".", "!", "?")) and rest.count(" ") >= words


_YEARS = re.compile(r"^(?:\(c\)|©|&copy;|[\s,]|(?:19|20)\d\d(?:\s*[-–]\s*(?:19|20)?\d\d)?)+", re.IGNORECASE)
_RIGHTS = re.compile(
    r"[\s,.;|–-]*(?:all rights reserved|alle rechte vorbehalten|tous droits réservés|todos los derechos reservados|tutti i diritti riservati|todos os direitos reservados|με επιφύλαξη παντός δικαιώματος)\.?$",
    re.IGNORECASE,
)
_BARE_CREDITS = ("(c)", "©", "copyright")
_INFORMATION = ("with ", "mit ", "avec", "con ", "com ", "με ")


def _credit(text: str, folded: str, length: int) -> Match | None:
    separated, rest = _after(text, length)
    bare = folded[:length] in _BARE_CREDITS
    if bare:
        if separated and folded[:length] != "copyright":
            return None  # '(c) - such and such' is an entry of a list
        rest = _YEARS.sub("", rest)
    elif not separated and not folded.startswith(_INFORMATION):
        return None
    rest = _RIGHTS.sub("", rest).strip(" .;,")
    if not rest or len(rest) > 80 or rest.count(" ") > 8:
        return None
    if not separated and not bare and (rest.count(" ") > 3 or not rest[:1].isupper() or folded.endswith((".", ":"))):
        return None  # 'Avec le président …', 'Con información …' in a sentence
    return Match(Kind.CREDIT, rest)


_WEAK = {
    fold(word)
    for word in (
        "related",
        "recommended",
        "περισσότερα",
        "zum thema",
        "hintergrund",
        "à lire",
        "must read",
        "weiterlesen",
    )
}
_WEAK |= {
    fold(word)
    for word in ("learn more", "find out more", "full story", "read on", "más información", "ver más", "saiba mais")
}


def _related(text: str, folded: str, length: int) -> Match | None:
    separated, rest = _after(text, length)
    bare = rest.strip(" .…:!")
    if not bare:
        return Match(Kind.RELATED)
    if separated:
        return Match(Kind.RELATED, rest)
    if folded[:length] in _WEAK or _is_sentence(rest, 0) or not (rest[0].isupper() or rest[0] in "“\"'«„‘"):
        return None
    return Match(Kind.RELATED, rest)


def _list(text: str, folded: str, length: int) -> Match | None:
    separated, rest = _after(text, length)
    if not rest.strip(" .…:!()0123456789"):
        return Match(Kind.LIST)
    if separated and folded[:length] in ("tags", "ετικετεσ", "etiquetas", "schlagworter", "mots-cles"):
        return Match(Kind.NOISE, rest)
    short = len(text) <= 45 and not text.endswith((".", "!", "?", ","))
    return Match(Kind.LIST) if folded[:length] == "more from" and short else None


def _newsletter(text: str, folded: str, length: int) -> Match | None:
    rest = text[length:].strip()
    if not rest.strip(" .:!") or (len(text) <= 60 and (text.isupper() or not _is_sentence(text, 2))):
        return Match(Kind.NEWSLETTER) if "newsletter" in folded or not rest else _elsewhere(folded, "")
    return None


_WITH_TITLE = (
    "share",
    "watch",
    "video",
    "sponsored",
    "advertisement",
    "anzeige",
    "publicidad",
    "pubblicita",
    "publicite",
)
_NAMES = (
    "photo",
    "foto",
    "image",
    "picture",
    "φωτο",
    "bild",
    "credit photo",
    "credits photo",
    "imagen",
    "immagine",
    "imagem",
    "file photo",
)


def _noise(text: str, folded: str, length: int) -> Match | None:
    separated, rest = _after(text, length)
    phrase = folded[:length]
    if not rest.strip(" .:!…()0123456789"):
        return Match(Kind.NOISE)
    if "cookie" in phrase or phrase.startswith(("this site", "questo sito", "este si", "ce site", "αυτος ο")):
        return Match(Kind.NOISE) if "cookie" in folded else None
    if phrase.startswith(_NAMES):
        return Match(Kind.NOISE) if separated and len(text) <= 100 and not _is_sentence(rest, 4) else None
    several_words = " " in phrase or "-" in phrase or (separated and phrase in _WITH_TITLE)
    return Match(Kind.NOISE) if several_words and len(text) <= 90 and not _is_sentence(rest, 6) else None


def _trailer(text: str, folded: str, length: int) -> Match | None:
    if text[length:].strip(" .()-/<>\"'"):
        return None
    return Match(Kind.TRAILER, "Reuters" if folded.startswith("reuter") else "")


def _reporting(text: str, folded: str, length: int) -> Match | None:
    if folded[:length] == "(by" and not text.endswith(")"):
        return None
    return Match(Kind.REPORTING, text[length:].strip(" ()"))


_READERS = {
    Kind.CREDIT: _credit,
    Kind.RELATED: _related,
    Kind.LIST: _list,
    Kind.NEWSLETTER: _newsletter,
    Kind.NOISE: _noise,
    Kind.TRAILER: _trailer,
    Kind.REPORTING: _reporting,
}
