"""Language of every story whose language is known: title and body, title alone, and what it costs; pycld2 alone beside it.

No tag is given: what is measured is the text. Nigerian Pidgin is counted in the first row only, for pycld2 does not list it
and a headline seldom has two words that are no English. A page's language is its publisher's, and was looked up by eye.
"""

from __future__ import annotations

import gzip
import json
import re
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import pycld2

from services.normalization.language import base_tag, detect, second_opinion
from tests.fidelity.table import Row, each

MASAKHA: Final = {
    "amh": "am", "eng": "en", "fra": "fr", "hau": "ha", "ibo": "ig", "lin": "ln", "lug": "lg", "orm": "om", "pcm": "pcm", "run": "rn",
    "sna": "sn", "som": "so", "swa": "sw", "tir": "ti", "xho": "xh", "yor": "yo",
}  # fmt: skip
COUNTRIES: Final = {
    "at": "de", "au": "en", "be": "en", "ca": "en", "ch": "de", "cn": "zh", "cz": "cs", "de": "de", "es": "es", "fr": "fr", "gl": "da",
    "il": "de", "ind": "en", "it": "it", "jp": "ja", "lb": "ar", "li": "de", "lu": "de", "na": "en", "no": "no", "pl": "pl", "py": "de",
    "ru": "ru", "se": "sv", "tr": "tr", "tz": "en", "ua": "ru", "uk": "en", "us": "en", "za": "en",
}  # fmt: skip
PUBLISHERS: Final = {
    "MallorcaMagazin": "de", "MallorcaZeitung": "de", "TheJapanNews": "en", "EyethuNews": "zu", "Isolezwe": "zu",
    "IsolezweLesiXhosa": "xh",
}  # fmt: skip
UNLISTED: Final = frozenset({"pcm"})
SAME: Final = {"nb": "no", "nn": "no"}
GOAL_TEXT, GOAL_TITLE, GOAL_US = 0.99, 0.98, 100
_TAGS = re.compile("<[^>]+>")


class Text(NamedTuple):
    """A story whose language is known."""

    language: str
    title: str
    body: str


def texts(corpora: Path) -> Iterator[Text]:
    """All of them."""
    for row in _lines(corpora / "reuters/reuters.ndjson.gz"):
        if row["title"] and row["body"]:
            yield Text("en", row["title"], row["body"])
    for row in _lines(corpora / "modern/wikinews-en.ndjson.gz"):
        yield Text("en", row["title"], row["text"])
    for part in (1, 2):
        for row in _lines(corpora / f"modern/masakhanews-{part}.ndjson.gz"):
            yield Text(MASAKHA[row["language"]], row["title"] or "", row["text"] or "")
    for row in _lines(corpora / "clusters/articles.ndjson.gz"):
        if row["text"] and row["title"]:
            yield Text("en", row["title"], row["text"])
    for row in _lines(corpora / "modern/greek-liberal.ndjson.gz"):
        yield Text("el", row["title"], _TAGS.sub(" ", row["html"] or ""))
    for row in _lines(corpora / "news-pages/expected.ndjson.gz"):
        yield Text(PUBLISHERS.get(row["publisher"]) or COUNTRIES[row["country"]], row["title"], row["text"])


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="\n") as lines:
        yield from (json.loads(line) for line in lines)


def by_pycld2(title: str, body: str) -> str | None:
    """pycld2 alone, as its README calls it."""
    text = f"{title} . {body[:1000]}"
    printable = "".join(character if character.isprintable() else " " for character in text)
    found = base_tag(pycld2.detect(printable.encode(), bestEffort=True)[2][0][1])
    return None if found == "un" else found


def right(known: Iterable[Text], *, bodies: bool) -> tuple[float, float, list[tuple[Text, str | None]]]:
    """Share of ours that is right, of pycld2's, and ours that are wrong."""
    known = list(known)
    wrong: list[tuple[Text, str | None]] = []
    theirs = 0
    for text in each(known, "language"):
        body = text.body if bodies else ""
        found, _ = detect(text.title, body or None)
        if SAME.get(found or "", found) != text.language:
            wrong.append((text, found))
        theirs += by_pycld2(text.title, body) == text.language
    return 1 - len(wrong) / len(known), theirs / len(known), wrong


def rows(corpora: Path) -> Iterable[Row]:
    """Title and body, titles, Greek, cost."""
    second_opinion()
    known = list(texts(corpora))
    ours, theirs, _ = right(known, bodies=True)
    yield Row(
        f"language: title and body ({len(known)})",
        f"{ours:.4f}",
        f"{theirs:.4f} pycld2",
        f">= {GOAL_TEXT}",
        ours >= GOAL_TEXT,
    )
    titled = [text for text in known if text.language not in UNLISTED and len(text.title) > 1]
    ours, theirs, _ = right(titled, bodies=False)
    yield Row(
        f"language: title alone ({len(titled)})",
        f"{ours:.4f}",
        f"{theirs:.4f} pycld2",
        f">= {GOAL_TITLE}",
        ours >= GOAL_TITLE,
    )
    greek = [text for text in known if text.language == "el"]
    both = min(right(greek, bodies=True)[0], right(greek, bodies=False)[0])
    yield Row("language: Greek, either way", f"{both:.4f}", "-", ">= 1.0", both >= 1)
    started = time.process_time()
    for text in known:
        detect(text.title, text.body)
    spent = (time.process_time() - started) / len(known) * 1e6
    yield Row("language: CPU a story", f"{spent:.0f} us", "-", f"<= {GOAL_US} us", spent <= GOAL_US)
