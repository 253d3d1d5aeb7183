"""Which language a text is in: by its words, with the provider's tag as a hint. Pure, but for a model read once.

pycld2 on the title and the first characters; py3langid where that is not sure; the tag where the text is too short or
neither is sure. Languages that detectors cannot tell apart in a few lines (Norwegian, Serbo-Croatian, Malay) follow the tag.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import pycld2

PREFIX = 256
"""Characters of the body looked at; where these leave the first detector unsure, the second is asked."""
ENOUGH_LETTERS = 20
SURE = 0.85
"""Probability from which the second detector's word counts against a tag."""
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
    if len(sample) < 4 * ENOUGH_LETTERS and sum(map(str.isalpha, sample)) < ENOUGH_LETTERS:
        for letters, only in _SCRIPTS:
            if letters.search(sample):
                return only, True
        return None, False
    reliable, _, details = pycld2.detect(sample.encode(), isPlainText=True, bestEffort=False)
    name, share = details[0][1], details[0][2]
    code = None if name == "un" else base_tag(name)
    if reliable and code and share >= 70:
        return code, True
    second, probability = second_opinion().classify(sample)
    if probability >= SURE:
        return base_tag(second), True
    if code and code == base_tag(second):
        return code, True
    return (base_tag(second), False) if probability >= HALF_SURE else (code, False)


@lru_cache(maxsize=1)
def second_opinion() -> Any:
    """The py3langid model (100 MB, 0.6 s to load); pool processes load it before their first item."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # noqa: PLC0415 - costs 0.6 s: not for every importer

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
