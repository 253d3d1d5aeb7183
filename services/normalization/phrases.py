"""The set phrases around stories, in seven languages: credits, pointers to other stories, newsletters, share lines. Pure.

Compared without accents and case (a Greek heading in capitals has no accents). A phrase counts only at a line's start.
"""

from __future__ import annotations

import re
from functools import lru_cache

from services.normalization import wording
from services.normalization.asks import FIRST_WORDS, asked
from services.normalization.credits import contributed, credit, in_brackets, reporting, sign_off
from services.normalization.folding import Kind, Match, after, fold, phrases_in

__all__ = ["LONGEST", "Kind", "Match", "fold", "kind_of", "stands_alone"]

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
        for phrase in phrases_in(text):
            table.setdefault(_first_word(phrase), []).append((phrase, kind))
    for entries in table.values():
        entries.sort(key=lambda entry: -len(entry[0]))
    return table


_TABLE = _by_first_word()

LONGEST = 240
"""Characters: a longer line is prose, whatever it starts with."""
_BULLETS = " \t•●▪‣►▶→➤»>*–—|·"
_ASKS = re.compile(
    r"subscri|sign up|join|regist|inscri|iscri|suscri|abonn|assin|anmeld|melden|receb|recib|recev|ricev|εγγραφ|λαβετε|free|gratis|kostenlos|bestell|γραφτειτε"
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
    r"(?:\d{1,2}\s*(?:['’′]|min\.?|mins|minutes?|minuten|λεπτα|minutos|minuti)\s*(?:read|lesezeit|de lecture|de lectura|di lettura|de leitura|αναγνωση[σς]?)\.?|(?:reading time|lesezeit|tempo di lettura|temps de lecture|tiempo de lectura|tempo de leitura|χρονοσ αναγνωσησ)\s*:?\s*\d{1,2}.{0,12})"
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
    if (
        text[0] in "([/"
        and text.rstrip(" .")[-1:] in (")", "]", "/")
        and (bracketed := _bracketed(text.rstrip(" .")[1:-1].strip()))
    ):
        return bracketed
    folded = fold(text)
    word, entries = _entries(text.partition(" ")[0])
    for phrase, kind in entries:
        if folded.startswith(phrase) and not folded[len(phrase) : len(phrase) + 1].isalnum():
            match = _READERS[kind](text, folded, len(phrase))
            if match is not None:
                return match
    return _elsewhere(text, folded, word)


_IN_BRACKETS = frozenset({Kind.CREDIT, Kind.RELATED, Kind.TRAILER, Kind.NOISE, Kind.REPORTING})


def _bracketed(text: str) -> Match | None:
    """'(Source: AMNA)' says what 'Source: AMNA' says; some lines are known only in their brackets."""
    if not text:
        return None
    match = in_brackets(text, fold(text)) or kind_of(text)
    return match if match is not None and match.kind in _IN_BRACKETS else None


def _elsewhere(text: str, folded: str, word: str) -> Match | None:
    """Lines known by a word inside them, or as a whole."""
    length = len(folded)
    if length <= LONGEST_WHOLE and (match := _whole(text, folded, word)):
        return match
    if length <= 200 and _talks_of_newsletter(folded) and _ASKS.search(folded):
        return Match(Kind.NEWSLETTER)
    if ("cookie" in folded and _CONSENT.search(folded)) or (word in _SHARE_WORDS and _SHARES.fullmatch(folded)):
        return Match(Kind.NOISE)
    if "contributed" in folded and (match := contributed(folded)):
        return match
    return asked(text, folded) if word in FIRST_WORDS else None


def _whole(text: str, folded: str, word: str) -> Match | None:
    """Short lines known as a whole."""
    phrase = folded.strip(_AROUND)
    if phrase in _EXACT and (" " in phrase or not (text[-1] == "." or text[0].islower())):
        return Match(Kind.NOISE)  # but not the 'share.' that a sentence ends with
    timed = (word[:1].isdigit() or word in _READING_WORDS) and _READING_TIME.fullmatch(folded)
    if timed:
        return Match(Kind.NOISE)
    return sign_off(text, folded) if len(text) <= LONGEST_SIGN_OFF else None


LONGEST_WHOLE = 60
LONGEST_SIGN_OFF = 35
_AROUND = " .:!…()[]0123456789|»>→"
_EXACT = frozenset(phrase.strip(_AROUND) for phrase in phrases_in(wording.EXACT))


def _talks_of_newsletter(folded: str) -> bool:
    if "newsletter" in folded or "inbox" in folded or "postfach" in folded or "boleti" in folded:
        return True
    return not folded.isascii() and "ενημερωτικο δελτιο" in folded


def _is_sentence(rest: str, words: int) -> bool:
    return rest.endswith((".", "!", "?")) and rest.count(" ") >= words


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
    separated, rest = after(text, length)
    bare = rest.strip(" .…:!")
    if not bare:
        return Match(Kind.RELATED)
    if separated:
        return Match(Kind.RELATED, rest)
    if folded[:length] in _WEAK or _is_sentence(rest, 0) or not (rest[0].isupper() or rest[0] in "“\"'«„‘"):
        return None
    return Match(Kind.RELATED, rest)


def _list(text: str, folded: str, length: int) -> Match | None:
    separated, rest = after(text, length)
    if not rest.strip(" .…:!()0123456789"):
        return Match(Kind.LIST)
    if separated and folded[:length] in ("tags", "ετικετεσ", "etiquetas", "schlagworter", "mots-cles"):
        return Match(Kind.NOISE, rest)
    short = len(text) <= 45 and not text.endswith((".", "!", "?", ","))
    return Match(Kind.LIST) if folded[:length] == "more from" and short else None


def _newsletter(text: str, folded: str, length: int) -> Match | None:
    rest = text[length:].strip()
    if not rest.strip(" .:!") or (len(text) <= 60 and (text.isupper() or not _is_sentence(text, 2))):
        return Match(Kind.NEWSLETTER) if "newsletter" in folded or not rest else _elsewhere(text, folded, "")
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
    separated, rest = after(text, length)
    phrase = folded[:length]
    if not rest.strip(" .:!…()0123456789"):
        return Match(Kind.NOISE)
    if "cookie" in phrase or phrase.startswith(("this site", "questo sito", "este si", "ce site", "αυτος ο")):
        return Match(Kind.NOISE) if "cookie" in folded else None
    if phrase.startswith(_NAMES):
        separated = separated or phrase.endswith((" by", " caption"))
        return Match(Kind.NOISE) if separated and len(text) <= 100 and not _is_sentence(rest, 4) else None
    several_words = " " in phrase or "-" in phrase or (separated and phrase in _WITH_TITLE)
    return Match(Kind.NOISE) if several_words and len(text) <= 90 and not _is_sentence(rest, 6) else None


def _trailer(text: str, folded: str, length: int) -> Match | None:
    if text[length:].strip(" .()-/<>\"'"):
        return None
    return Match(Kind.TRAILER, "Reuters" if folded.startswith("reuter") else "")


_READERS = {
    Kind.CREDIT: credit,
    Kind.RELATED: _related,
    Kind.LIST: _list,
    Kind.NEWSLETTER: _newsletter,
    Kind.NOISE: _noise,
    Kind.TRAILER: _trailer,
    Kind.REPORTING: reporting,
}
