"""Which text field, and which Elasticsearch analyzer, a language gets. Pure.

Text is indexed once: `{"title": {"en": "…"}}`. The key of the inner object names the language's field; each key has one
analyzer, out of Elasticsearch's own `analysis-common` module, so that an embedded and a stock Elasticsearch agree.
Languages that share an analyzer share a field (`zh`, `ja`, `ko` → `cjk`); what has none goes to `und`.

Accents: in English wires they come with foreign names and are typed by some desks and not by others ('café', 'Malmö',
'Erdoğan'), so the English field folds them, and so does `und`; both define their analyzer (`mapping.py`). Greek and
German fold by themselves, and the light stemmers of French, Spanish, Italian and Portuguese do for words of five letters
and more. Elsewhere an accent is spelling, which writer and searcher share, and folding it would merge different words
('año', 'ano'; 'får', 'far'); so the other fields are Elasticsearch's own analyzers, unchanged, and no text is indexed twice.
"""

from __future__ import annotations

from typing import Final

UNDETERMINED: Final = "und"
UNDETERMINED_ANALYZER: Final = "newswire_und"
ENGLISH_ANALYZER: Final = "newswire_en"

TEXT_FIELDS: Final[dict[str, str]] = {
    "ar": "arabic",
    "bg": "bulgarian",
    "bn": "bengali",
    "ca": "catalan",
    "cjk": "cjk",
    "ckb": "sorani",
    "cs": "czech",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": ENGLISH_ANALYZER,
    "es": "spanish",
    "et": "estonian",
    "eu": "basque",
    "fa": "persian",
    "fi": "finnish",
    "fr": "french",
    "ga": "irish",
    "gl": "galician",
    "hi": "hindi",
    "hu": "hungarian",
    "hy": "armenian",
    "id": "indonesian",
    "it": "italian",
    "lt": "lithuanian",
    "lv": "latvian",
    "nl": "dutch",
    "no": "norwegian",
    "pt": "portuguese",
    "pt_br": "brazilian",
    "ro": "romanian",
    "ru": "russian",
    "sr": "serbian",
    "sv": "swedish",
    "th": "thai",
    "tr": "turkish",
    UNDETERMINED: UNDETERMINED_ANALYZER,
}
"""Key of the text field → name of its analyzer."""

_ALIASES: Final[dict[str, str]] = {
    # Chinese, Japanese and Korean are cut into pairs of characters by one analyzer.
    "zh": "cjk",
    "ja": "cjk",
    "ko": "cjk",
    "yue": "cjk",
    "pt_br": "pt_br",
    # Bokmål and Nynorsk: the norwegian analyzer stems both written forms.
    "nb": "no",
    "nn": "no",
    # Retired or three-letter codes still seen on wires.
    "in": "id",
    "ku": "ckb",
}


def text_field(language: str | None) -> str:
    """Key of the text field for a language tag (BCP 47, any case, `-` or `_`): `en-GB` → `en`, `pt-BR` → `pt_br`.

    `und` for None, and for a language without an analyzer.
    """
    if not language:
        return UNDETERMINED
    tag = language.strip().lower().replace("-", "_")
    primary, _, region = tag.partition("_")
    if primary == "pt" and "br" in region.split("_"):
        return "pt_br"
    key = _ALIASES.get(primary, primary)
    return key if key in TEXT_FIELDS else UNDETERMINED
