"""Which language a text is in: by its words, with the provider's tag as a hint. Pure, but for a model read once.

pycld2 on the title and the first characters; py3langid where that is not sure, or the text is a headline alone, weighed by how
much news there is in a language; the tag where the text is too short or neither is sure. Languages that detectors cannot tell
apart in a few lines (Norwegian, Serbo-Croatian, Malay) follow the tag; those that only their spelling tells apart are told by it
(`dialects`).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import pycld2

from services.normalization.dialects import by_spelling

PREFIX = 256
"""Characters of the body looked at; where these leave the first detector unsure, the second is asked."""
ENOUGH_LETTERS = 20
FEWEST_LETTERS = 9
"""Of which a language is guessed where there is no tag to go by."""
HEADLINE = 120
"""Letters up to which both detectors are asked."""
SURE = 0.85
"""Probability from which the second detector's word counts against a tag."""
OUTWEIGHS = 0.75
"""And from which it counts against a first one that is sure."""
HALF_SURE = 0.5

_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
"""What pycld2 raises on."""
_TO_639_1 = {
    "ara": "ar", "bul": "bg", "ces": "cs", "chi": "zh", "cze": "cs", "dan": "da", "deu": "de", "dut": "nl", "ell": "el",
    "eng": "en", "est": "et", "eus": "eu", "fas": "fa", "fin": "fi", "fra": "fr", "fre": "fr", "ger": "de", "gre": "el",
    "heb": "he", "hin": "hi", "hrv": "hr", "hun": "hu", "hye": "hy", "ind": "id", "ita": "it", "iw": "he", "in": "id",
    "jpn": "ja", "jw": "jv", "kor": "ko", "lav": "lv", "lit": "lt", "may": "ms", "msa": "ms", "nld": "nl", "nno": "nn",
    "nob": "nb", "nor": "no", "per": "fa", "pol": "pl", "por": "pt", "ron": "ro", "rum": "ro", "rus": "ru", "slk": "sk",
    "slo": "sk", "slv": "sl", "spa": "es", "sqi": "sq", "srp": "sr", "swa": "sw", "swe": "sv", "tha": "th", "tur": "tr",
    "ukr": "uk", "vie": "vi", "zho": "zh",
}  # fmt: skip
_FAMILIES = ({"no", "nb", "nn"}, {"hr", "sr", "bs", "sh", "me"}, {"id", "ms"})
_SCRIPTS = ((re.compile("[\u0370-\u03ff\u1f00-\u1fff]"), "el"), (re.compile("[\u0590-\u05ff]"), "he"))
"""Scripts that one language alone has, for texts too short to be counted."""


@lru_cache(maxsize=1024)
def base_tag(tag: str | None) -> str | None:
    """The ISO 639-1 code in a language tag ('el-GR', 'ell' → 'el'); None for none, 'und' and nonsense."""
    if not tag:
        return None
    primary = re.split(r"[-_]", tag.strip().lower(), maxsplit=1)[0]
    code = _TO_639_1.get(primary, primary)
    return code if re.fullmatch("[a-z]{2,3}", code) and code not in ("und", "mul", "zxx", "mis") else None


def detect(title: str | None, body: str | None, tag: str | None = None) -> tuple[str | None, str | None]:
    """The language (ISO 639-1) and, where text and tag disagree, a note on it."""
    hint = base_tag(tag)
    sample = f"{title or ''} . {(body or '')[:PREFIX]}".replace("\n", " ")
    if not sample.isprintable():
        sample = _UNFIT.sub(" ", sample)
    if sample.isupper():
        sample = sample.lower()  # both detectors are trained on ordinary spelling
    found, sure = _by_text(sample)
    if found is None or found == hint or _same_family(found, hint):
        return hint or found, None
    if hint is None:
        return found, None
    if not sure:
        return hint, f"language {hint} by its tag, the text alone looks like {found}"
    return found, f"language {found} by the text, its tag says {hint}"


def _same_family(found: str, hint: str | None) -> bool:
    return hint is not None and any(found in family and hint in family for family in _FAMILIES)


def _by_text(sample: str) -> tuple[str | None, bool]:
    """Language and whether the text alone is enough to be sure of it."""
    letters = ENOUGH_LETTERS if len(sample) >= 4 * ENOUGH_LETTERS else sum(map(str.isalpha, sample))
    if letters < ENOUGH_LETTERS:
        for script, only in _SCRIPTS:
            if script.search(sample):
                return only, True
        if letters < FEWEST_LETTERS:
            return None, False
    reliable, _, details = pycld2.detect(sample.encode(), isPlainText=True, bestEffort=False)
    name, share = details[0][1], details[0][2]
    code = None if name == "un" else base_tag(name)
    if letters < ENOUGH_LETTERS or len(sample) < HEADLINE or not (reliable and code and share >= 70):
        return _weighed(sample, code, reliable=reliable and share >= 70 and letters >= ENOUGH_LETTERS)
    return by_spelling(code, sample), True


def _weighed(sample: str, first: str | None, *, reliable: bool) -> tuple[str | None, bool]:
    """What both detectors say together of a text that is short, or of which the first (`reliable` or not) is not sure."""
    second, probability = _second(sample)
    if first == second:
        return by_spelling(second, sample), True
    if reliable and first is not None and (probability < OUTWEIGHS or second not in _NEWS):
        return by_spelling(first, sample), True
    return by_spelling(second, sample), probability >= SURE


_NEWS = frozenset(
    """
en de fr es it pt el nl ru ar zh ja ko tr pl uk sv da no fi cs hu ro bg hr sr he fa hi id vi th sw
""".split()  # noqa: SIM905 - a list of words reads best as words
)
_SELDOM = frozenset(
    """
la jv mg sco ms eo vo an oc wa lb lij ltg vec ext gcf gcr gug hbo grc se sa qu fy br cy ga gd ht af zxx nso kik ace bcl dz gom fo fuv
guw kab uzs crh ary arz tl st co nn gl ku sn
""".split()  # noqa: SIM905 - a list of words reads best as words
)
_MARKS = re.compile(r"<[^<>]{0,40}>|[\d,.$%/]+")
"""Share symbols and figures are in no language."""


def _weight(code: str) -> float:
    """How much news there is in a language, roughly, beside English."""
    if code == "en":
        return 1.0
    return 0.35 if code in _NEWS else 0.02 if code in _SELDOM else 0.1


def _second(sample: str) -> tuple[str | None, float]:
    """The second detector's word, weighed by `_weight`, and its probability among its likeliest."""
    words = _MARKS.sub(" ", sample)
    code, probability = second_opinion().classify(words)
    if probability >= SURE and code in _NEWS:
        return code, probability
    ranked = second_opinion().rank(words)[:12]
    weighed = [(code, probability * _weight(code)) for code, probability in ranked]
    best, weight = max(weighed, key=lambda one: one[1])
    total = sum(one[1] for one in weighed)
    return (base_tag(best), weight / total) if total else (None, 0.0)


@lru_cache(maxsize=1)
def second_opinion() -> Any:
    """The py3langid model (100 MB, 0.6 s to load); pool processes load it before their first item."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # noqa: PLC0415 - costs 0.6 s: not for every importer

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
