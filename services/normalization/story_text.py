"""A story's text, cleaned: what is story in it, what stood around it, how it opened. Pure.

The order matters: characters are repaired before lines are told apart, teasers above a pasted story are dropped before its
headline is looked for, and the dateline is found before the head is read, for all above a dateline is head.
"""

from __future__ import annotations

from typing import NamedTuple

from services.normalization import cleanup, layout, page, repair
from services.normalization.cleanup import Line
from services.normalization.opening import Opening, take_opening
from services.normalization.parts import StoryParts
from services.normalization.phrases import fold, stands_alone


class StoryText(NamedTuple):
    """`title` may be empty, `body` is paragraphs; `opening` is None where the story has no dateline."""

    title: str
    body: list[str]
    head: page.Head
    cleaned: cleanup.Cleaned
    opening: Opening | None

    @property
    def lead(self) -> str:
        """The first paragraph as it stood, with its dateline: what a summary is taken from."""
        first = self.body[0] if self.body else ""
        if self.opening is None or not self.opening.lead:
            return first
        return f"{self.opening.lead.rstrip()} {first}"


def clean_text(parts: StoryParts, notes: list[str]) -> StoryText:
    """What is story in the text, and what stands around it; what was repaired or taken out is told in `notes`."""
    title = one_line(parts.title, notes) if parts.title else ""
    text = parts.body or ""
    if not parts.blocks:  # which are repaired one by one
        # Repaired first: what continuation bytes were read as are control characters in some charsets.
        text = repair.repaired(text, notes)
    text, stripped = layout.strip_invisible(text)
    if stripped:
        notes.append(f"{stripped} control or invisible characters taken out")
    lines = cleanup.coded(_paragraphs(parts, text, notes))
    cleaned, head = cleanup.Cleaned(), page.Head()
    pasted = parts.layout == "pasted"
    if pasted:
        lines = cleanup.drop_teasers_above(lines, cleaned)
    lines = _without_title(lines, title)
    opening = take_opening(lines, pasted=pasted)
    if pasted:
        head, lines = _headed(lines, opening)
    title = title or head.title or ""
    cleanup.clean(_without_title(lines, title), cleaned, is_page=parts.layout != "story")
    body = [line.text for line in cleaned.lines]
    notes += head.notes + cleaned.notes
    if not title and not body and parts.layout == "story" and lines:
        # What a provider files as a story is one, even if it is a list of the day's events that looks like teasers.
        body = [line.text for line in lines]
        notes.append("cleaning would have left nothing: the text is as it was filed")
    return StoryText(title, body, head, cleaned, opening)


def one_line(text: str, notes: list[str]) -> str:
    """A headline without control characters, repaired, in one line."""
    return layout.squeeze(layout.strip_invisible(repair.repaired(text, notes))[0])


def _headed(lines: list[Line], opening: Opening | None) -> tuple[page.Head, list[Line]]:
    """The head of a pasted text, and its other lines."""
    if opening is None:
        head = page.read_head(lines)
        return head, [line for place, line in enumerate(lines) if place >= head.start or line.code not in "HT"]
    above, story = lines[: opening.start], lines[opening.start :]
    head = page.read_head([*above, Line("", "P")])
    if head.title is None and head.section is not None:
        head.title, head.section = (
            head.section,
            None,
        )  # a wire's message has a headline, if of two words, and no section line
        head.notes.clear()
    return head, [line for line in above if line.code not in "HTP"] + story


def _paragraphs(parts: StoryParts, text: str, notes: list[str]) -> list[layout.Paragraph]:
    """The body's paragraphs: its blocks where markup told them, else what the text's layout tells."""
    if parts.blocks:
        whole = "\n".join([block.text for block in parts.blocks])
        if repair.is_healthy(whole) and layout.is_visible(whole):
            return [layout.Paragraph(block.text, True) for block in parts.blocks]
        return [
            layout.Paragraph(layout.strip_invisible(repair.repaired(block.text, notes))[0], True)
            for block in parts.blocks
        ]
    return layout.paragraphs(text, stands_alone) if text else []


def _without_title(lines: list[Line], title: str) -> list[Line]:
    """Senders often repeat the headline as the first line of the text."""
    if title and len(lines) > 1 and fold(lines[0].text) == fold(title):
        return lines[1:]
    return lines
