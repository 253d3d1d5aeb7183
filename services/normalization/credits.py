"""Who a story is from: credits ('Source: AMNA', '© 2024 AFP', '(mit dpa)') and makers ('Reporting by …; editing by …'). Pure."""

from __future__ import annotations

import re

from services.normalization import wording
from services.normalization.folding import Kind, Match, after, fold, phrases_in

_AGENCIES = frozenset(fold(name).replace("_", " ") for name in wording.AGENCIES.split())


SIGNS = _AGENCIES - {"sir", "sid", "map", "spa", "mena", "leta", "sta", "sinc", "pl", "aa", "cp", "ap", "tt", "pa"}
"""Agencies whose bare name at a text's end is a signature, and hardly a word."""
_WITH = re.compile(r"(?:with|mit|avec|con|com|με|und|and)\s+(?P<who>\S.{0,30})", re.IGNORECASE)
_CONTACT = re.compile(r"\(?[\w.+-]{2,40}@[\w-]+(?:\.[\w-]+)+[;,).\s\d+()-]*(?:Reuters Messaging.*)?$")


def reported(text: str, folded: str) -> Match | None:
    """Who reported, in brackets, where ordinary sentences may open so."""
    for phrase in _BRACKETED:
        if folded.startswith(phrase + " ") and _is_names(text[len(phrase) :]):
            return Match(Kind.REPORTING, text[len(phrase) :].strip(" :"))
    edited = _EDITED.search(folded)
    if edited and _is_names(text[: edited.start()]):
        return Match(Kind.REPORTING, text[: edited.start()].strip(" ,;"))
    return None


_EDITED = re.compile(r"[,;] (?:edite par|redigiert von|bearbeitet von|editado por|editing by|edicao de|επιμελεια)\b")


_YEARS = re.compile(r"^(?:\(c\)|©|&copy;|[\s,]|(?:19|20)\d\d(?:\s*[-–]\s*(?:19|20)?\d\d)?)+", re.IGNORECASE)
_RIGHTS = re.compile(
    r"[\s,.;|–-]*(?:all rights reserved|alle rechte vorbehalten|tous droits réservés|todos los derechos reservados|tutti i diritti riservati|todos os direitos reservados|με επιφύλαξη παντός δικαιώματος)\.?$",
    re.IGNORECASE,
)
_ALL_RIGHTS = re.compile(
    r"\.\s+(?=[^.]*(?:rights|reserved|prohibit|may not|droits|reproduction|derechos|prohibid|vorbehalten|nutzung|riservat|riproduzione|proibid|reservad|επιφύλαξη|απαγορ)).*$",
    re.IGNORECASE,
)
_YEAR_AT_END = re.compile(r"[\s,]+(?:19|20)\d\d$")
_BARE_CREDITS = ("(c)", "©", "copyright")


def _is_agencies(rest: str) -> bool:
    """'dpa und AFP'."""
    return all(fold(name) in _AGENCIES for name in re.split(r",\s*|\s+(?:und|and|et|y|e|και)\s+", rest))


_INFORMATION = ("inputs ", "with ", "mit ", "avec", "con ", "com ", "με ")


def credit(text: str, folded: str, length: int) -> Match | None:
    """The credit in a line that begins with a phrase of that `length`."""
    separated, rest = after(text, length)
    bare = folded[:length] in _BARE_CREDITS
    if bare:
        if separated and folded[:length] != "copyright":
            return None  # '(c) - such and such' is an entry of a list
        rest = _YEARS.sub("", _ALL_RIGHTS.sub("", rest))
        rest = _YEARS.sub("", rest[len("copyright") :]) if fold(rest).startswith("copyright ") else rest
    elif not separated and not folded.startswith(_INFORMATION):
        return None
    rest = _YEAR_AT_END.sub("", _RIGHTS.sub("", rest).strip(" .;,")) if bare else _RIGHTS.sub("", rest).strip(" .;,")
    is_law = folded[:length] == "copyright" and rest[:1].islower() and not rest.startswith("by ")
    if is_law or not rest or len(rest) > 80 or rest.count(" ") > 8:
        return None  # 'Copyright law is to be changed.'
    if separated or bare:
        return Match(Kind.CREDIT, rest)
    named = rest[:1].isupper() or _is_agencies(rest)
    if rest.count(" ") > 3 or not named or folded.endswith((".", ":")):
        return None  # 'Avec le président …', 'Con información …' in a sentence
    return Match(Kind.CREDIT, rest)


_BRACKETED = sorted(phrases_in(wording.BRACKETED), key=len, reverse=True)
_NO_AUTHORS = frozenset(phrases_in(wording.NO_AUTHORS))
_SMALL = frozenset(
    """
in and from at of by with for to on the editing writing additional reporting edited translated compiled graphics und von aus in bei der
die das redigiert geschrieben bearbeitet mit et de par à en la le les du rédigé édité écrit y por el los editado escrito español desde
a cura di da e redazione redazioni em edição reportagem do dos no na της του και στην στη στο από επιμέλεια bureau newsroom
""".split()  # noqa: SIM905 - a list of words reads best as words
)
_WORD = re.compile(r"[^\W\d_][\w'’.-]*")


def _is_names(text: str) -> bool:
    """Whether nothing but names, places and the small words between them stands in `text`."""
    words = _WORD.findall(text)
    return 0 < len(words) <= 40 and all(word[0].isupper() or word.lower().strip(".") in _SMALL for word in words)


def reporting(text: str, folded: str, length: int) -> Match | None:
    """The makers in such a line; nothing but names may follow."""
    phrase, rest = folded[:length], text[length:]
    if phrase in _BRACKETED and not rest.lstrip().startswith(":"):
        return None
    if not _is_names(rest):
        return None
    return Match(Kind.REPORTING, "" if phrase in _NO_AUTHORS else rest.strip(" ():"))


def in_brackets(text: str, folded: str) -> Match | None:
    """What stands in brackets and can only be a credit or a maker's note there: '(AFP)', '(mit dpa)', '(By Ann Holm)'."""
    if folded in _AGENCIES:
        return Match(Kind.CREDIT, text)
    if (match := _WITH.fullmatch(text)) and fold(match["who"]) in _AGENCIES:
        return Match(Kind.CREDIT, match["who"])
    if _CONTACT.match(text):
        return Match(Kind.TRAILER)
    return reported(text, folded)


_INITIALS = re.compile(
    r"(?:\(?schluss\)?\s*)?[a-z]{2,4}(?:\s?/{1,2}\s?[a-z]{2,4}){1,5}\.?|\(?schluss\)?(?:\s[a-z]{2,4})?"
)
_ENDED = re.compile(r"(?P<who>[^\W\d_][\w-]*)(?:\s?/\s?|\s)(?:fim|fin|fine|ende|end)\.?")
_MARKS = re.compile(r"(?P<who>[^\W\d_]{3,5})(?:\s[a-z0-9]{2,4}){2,8}")
_CONTRIBUTED = re.compile(r".{3,120}\bcontributed (?:to this (?:report|story|article)|reporting)\b.{0,60}")
_AT_END = re.compile(r"(?:\s*\((?P<in>[^()]{2,20})\)\.?|(?<=[.!?”»\"])\s(?P<bare>[^\W\d_]{3,8})\.?)$")


def sign_off(text: str, folded: str) -> Match | None:
    """A line by which agencies close a story: initials ('ah/jb'), 'Lusa/Fim', 'dpa abc yyzz a3 ab', a rule."""
    if not (text[0].isalnum() or any(map(str.isalnum, folded))):
        return Match(Kind.TRAILER)
    if folded in SIGNS:
        return Match(Kind.TRAILER, text)
    match = _ENDED.fullmatch(folded) or (_MARKS.fullmatch(folded) if text[0].islower() else None)
    if match is not None and match["who"] in _AGENCIES:
        return Match(Kind.TRAILER, text[: match.end("who")])
    return Match(Kind.TRAILER) if _INITIALS.fullmatch(folded) else None


def contributed(folded: str) -> Match | None:
    """A line that names who else worked on it: 'Ann Holm in Athens contributed to this report.' and the like."""
    return Match(Kind.REPORTING) if _CONTRIBUTED.fullmatch(folded) else None


def signed_at_end(text: str) -> tuple[str, str] | None:
    """A last paragraph without the agency's mark at its end ('… venerdì. (ANSA).'), and the agency; None if it has none."""
    match = _AT_END.search(text, max(len(text) - 30, 0))
    name = (match["in"] or match["bare"]) if match else None
    if match is None or name is None or fold(name) not in _AGENCIES or (match["bare"] and fold(name) not in SIGNS):
        return None
    return text[: match.start()], name
