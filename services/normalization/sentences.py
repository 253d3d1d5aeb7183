"""Where sentences end, well enough to cut a title or a summary. Pure."""

from __future__ import annotations

import re

LONGEST_TITLE = 160
LONGEST_SUMMARY = 300

_END = re.compile(r"([^\s.]*)(?:[.!?…]+|(?<=[α-ωά-ώ]);)[”\"'»’)\]]*\s+(?=[¿¡\"“«„'‘(]*([^\s\"“«„'‘(¿¡]))")
_ABBREVIATIONS = frozenset(
    """
mr mrs ms dr st jr sr sc bn vs no nr prof gen gov sen rep col lt sgt capt hon rev feb jan mar apr jun jul aug sept sep oct nov
dec inc corp co ltd dept est fig art mme mlle sig sra ing av κ κα δρ αρ ca abs min std tel etc
""".split()  # noqa: SIM905 - a list of words reads best as words
)


def _ends(text: str, limit: int | None = None) -> list[int]:
    """Places behind the sentences that end in `text` before its own end."""
    found = []
    for match in _END.finditer(text, 0, len(text) if limit is None else limit):
        word, following = match[1], match[2]
        if following.islower():
            continue
        is_stop = text[match.end(1) : match.end(1) + 1] == "."
        if is_stop and (word.lower() in _ABBREVIATIONS or (len(word) == 1 and word.isalpha())):
            continue
        found.append(match.end())
    return found


def first_sentence(paragraph: str) -> str:
    """The first sentence as a title, cut at a word with '…' where it is longer than a title may be."""
    ends = _ends(paragraph, 2 * LONGEST_TITLE)
    sentence = paragraph[: ends[0]].rstrip() if ends else paragraph
    return sentence if len(sentence) <= LONGEST_TITLE else cut_at_word(sentence, LONGEST_TITLE)


def summary_of(paragraph: str) -> str:
    """The first paragraph, cut after a sentence if it is long, else at a word."""
    if len(paragraph) <= LONGEST_SUMMARY:
        return paragraph
    fitting = [end for end in _ends(paragraph, LONGEST_SUMMARY + 2) if end <= LONGEST_SUMMARY + 1]
    return paragraph[: fitting[-1]].rstrip() if fitting else cut_at_word(paragraph, LONGEST_SUMMARY)


def cut_at_word(text: str, length: int) -> str:
    """At most `length` characters, ending at a word with '…'."""
    room = text[: length - 1]
    at_word = room if text[length - 1 : length] == " " else room.rpartition(" ")[0]
    return (at_word or room).rstrip(" ,;:–—-") + "…"
