"""What cleaning must never do to a story's own text, and what it repairs: whole corpora, not samples.

Healthy texts that a repair changed, lines of stories that a rule took for boilerplate, words whose hyphen was lost; against
that, damage done here (UTF-8 read as another charset) that was undone.
"""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from services.normalization import layout, repair
from services.normalization.credits import signed_at_end
from services.normalization.parts import StoryParts
from services.normalization.phrases import Kind, kind_of, stands_alone
from services.normalization.story_text import clean_text
from tests.fidelity.table import Row, each

CHARSETS: Final = ("cp1252", "latin-1")
GOAL_REPAIRED: Final = 0.98
GOAL_LOST: Final = 0.0005
"""People keep a 'Read more: …' line now and then."""
LONGEST: Final = 600
"""Characters of a text that are damaged and repaired again."""


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="\n") as lines:
        yield from (json.loads(line) for line in lines)


def healthy(corpora: Path) -> Iterator[tuple[str, str]]:
    """Title and text of stories that nobody damaged; the Greek feeds hold entities and are left out."""
    for row in _lines(corpora / "reuters/reuters.ndjson.gz"):
        yield row["title"] or "", (row["dateline"] or "") + (row["body"] or row.get("text") or "")
    for name in ("wikinews-en", "masakhanews-1", "masakhanews-2"):
        for row in _lines(corpora / f"modern/{name}.ndjson.gz"):
            yield row["title"] or "", row["text"] or ""
    for row in _lines(corpora / "clusters/articles.ndjson.gz"):
        yield row["title"] or "", row["text"] or ""


def pages(corpora: Path) -> list[dict[str, Any]]:
    """What people say is the text of a page."""
    return list(_lines(corpora / "news-pages/expected.ndjson.gz"))


def dropped(title: str, text: str) -> list[str]:
    """Paragraphs of a story as filed that cleaning took out, but for its dateline."""
    cleaned = clean_text(StoryParts(format="text", title=title, body=text), [])
    kept = Counter(cleaned.body)
    lead = cleaned.opening.lead.strip() if cleaned.opening else None
    gone = []
    for paragraph in layout.paragraphs(layout.strip_invisible(text)[0], stands_alone):
        if kept[paragraph.text]:
            kept[paragraph.text] -= 1
        elif (signed := signed_at_end(paragraph.text)) and kept[signed[0]]:
            kept[signed[0]] -= 1  # its agency's mark was taken off
        elif not (lead and paragraph.text.startswith(lead)):
            gone.append(paragraph.text)
    return gone


def is_sign_off(line: str) -> bool:
    """Whether the line is an agency's sign-off."""
    match = kind_of(line)
    return match is not None and match.kind is Kind.TRAILER


def damaged(text: str, charset: str) -> str:
    """UTF-8 as a program shows it that takes it for `charset`."""
    return "".join(bytes([byte]).decode(charset, "ignore") or chr(byte) for byte in text.encode())


def rows(corpora: Path) -> Iterable[Row]:
    """Repairs of healthy text, lines lost, damage undone."""
    texts = [text for pair in healthy(corpora) for text in pair if text]
    changed = sum(repair.repaired(text, []) != text for text in each(texts, "healthy texts"))
    yield Row(f"hygiene: healthy texts changed by a repair ({len(texts)})", str(changed), "-", "0", changed == 0)
    stories = [row for row in _lines(corpora / "reuters/reuters.ndjson.gz") if row["title"] and row["body"]]
    lost = sum(
        not is_sign_off(line)
        for row in each(stories, "Reuters lines")
        for line in dropped(row["title"], (row["dateline"] or "") + row["body"])
    )
    yield Row("hygiene: lines lost of Reuters stories, sign-offs and datelines aside", str(lost), "-", "0", lost == 0)
    known = pages(corpora)
    lost = sum(len(dropped(row["title"] or "", row["text"] or "")) for row in each(known, "page lines"))
    total = sum((row["text"] or "").count("\n\n") + 1 for row in known)
    share = lost / total
    yield Row(
        f"hygiene: lost of {total} paragraphs that people say are pages' text",
        f"{share:.4f}",
        "-",
        f"<= {GOAL_LOST}",
        share <= GOAL_LOST,
    )
    samples = [text for row in known if not (text := (row["text"] or "")[:LONGEST].strip()).isascii()]
    tries = [(text, charset) for text in samples for charset in CHARSETS]
    undone = sum(repair.repaired(damaged(text, charset), []) == text for text, charset in each(tries, "damage"))
    share = undone / len(tries)
    yield Row(
        f"hygiene: wrong charset undone ({len(tries)})",
        f"{share:.3f}",
        "-",
        f">= {GOAL_REPAIRED}",
        share >= GOAL_REPAIRED,
    )
