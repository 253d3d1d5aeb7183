"""NewsML-G2's contentSet: the same content in one or more renditions; the first with text is read. Pure.

XHTML and NITF are read before other XML, that before `inlineData`. Data (SportsML, events) is no text.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field

from services.normalization.formats.nitf import read_nitf
from services.normalization.markup import INLINE, blocks, html_blocks, image_references
from services.normalization.parts import Block, StoryParts
from services.normalization.xml import Element, attribute, child, children, descendants, local, text_at, text_of
from shared.events import Dateline, Image

_AROUND = frozenset({"header", "footer", "nav", "bild", "byline", "dat"})
"""What stands around the text: titles, codes and pages' own parts, and TT's pictures, byline and dateline."""
_MARKUP = frozenset({"html", "body", "div", "section", "article", "main", "p", "nitf", "pre", "table", "block"})
_TEXT_PARTS = ("p", "pre", "li", "td")
_FEW = 3
"""Lines of a kind that are no chance."""
_MAX_DATA = 8 * 1024 * 1024


@dataclass(slots=True)
class Content:
    """The text of an item and what stands in its own head; `text` is set text whose layout is still to be read."""

    blocks: list[Block] = field(default_factory=list)
    text: str | None = None
    title: str | None = None
    subheads: list[str] = field(default_factory=list)
    byline: list[str] = field(default_factory=list)
    dateline: Dateline | None = None
    summary: str | None = None
    images: list[Image] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    nested: StoryParts | None = None
    """All that an NITF document inside says of itself."""

    @property
    def empty(self) -> bool:
        """Whether it has no text."""
        return not self.blocks and not (self.text and self.text.strip())


def read_content(sets: list[Element]) -> Content:
    """The content of an item's contentSet elements (one, by the schema)."""
    renditions = [one for content_set in sets for one in children(content_set, "inlineXML", "inlineData")]
    best = Content()
    notes: list[str] = []
    for rendition in sorted(renditions, key=_order):
        found = _inline_xml(rendition) if local(rendition) == "inlineXML" else _inline_data(rendition)
        notes += found.notes
        if not found.empty:
            best = found
            break
        best = best if best.title else found
    best.notes = notes
    return best


def _order(rendition: Element) -> int:
    if local(rendition) == "inlineData":
        return 2
    return 0 if any(local(one).lower() in _MARKUP for one in rendition) else 1


def _inline_xml(rendition: Element) -> Content:
    roots = list(rendition)
    nitf = next((one for one in roots if local(one).lower() == "nitf"), None)
    if nitf is not None:
        return _nitf(nitf)
    content = Content()
    if roots and not _has_text(rendition, roots):
        content.notes.append("inline XML that is data, not text: not read")
        return content
    content.text = _set_text(rendition)
    if content.text is None:
        content.blocks = blocks(rendition, _AROUND) or blocks(rendition, _AROUND - {"header", "footer"})
    head = next((child(one, "head") for one in roots if local(one).lower() == "html"), None)
    content.title = text_at(head, "title")
    content.images = image_references(rendition)
    _swedish(rendition, content)
    return content


def _has_text(rendition: Element, roots: list[Element]) -> bool:
    """Whether it is markup of a text: known as such, or with paragraphs in it, or words and nothing else."""
    if any(local(one).lower() in _MARKUP for one in roots) or text_of(rendition) == " ".join(
        (rendition.text or "").split()
    ):
        return True
    return any(local(one).lower() in _TEXT_PARTS for one in rendition.iter())


def _set_text(rendition: Element) -> str | None:
    """Text set in lines as in a text file, with no markup but paragraphs or none: wires convert it as it is (Reuters does).

    Without paragraphs every line break may tell something; in one, line starts at the margin and indented ones together do.
    """
    body = next(descendants(rendition, "body"), rendition)
    kinds = {local(one).lower() for one in body.iter() if one is not body} - INLINE
    if kinds - {"p"}:
        return None
    if not kinds:
        text = "".join(str(part) for part in body.itertext()).strip("\r\n")
        return text if "\n" in text.strip() else None
    texts = ["".join(str(part) for part in one.itertext()) for one in children(body, "p")]
    return "\n\n".join(texts) if any(_is_set(text) for text in texts) else None


def _is_set(text: str) -> bool:
    lines = [line for line in text.split("\n")[1:] if line.strip()]
    indented = sum(line.startswith("  ") for line in lines)
    return indented >= _FEW and len(lines) - indented >= _FEW


def _swedish(rendition: Element, content: Content) -> None:
    """TT's own markup (ttnitf) has byline and pictures inside the text."""
    for one in descendants(rendition, "BYLINE"):
        if (words := text_of(one)) and words not in content.byline:
            content.byline.append(words)
    for one in descendants(rendition, "BILD"):
        if address := text_at(one, "BILDFIL"):
            caption, credit = text_at(one, "BILDTEXT"), text_at(one, "BILDSKAPARE")
            content.images.append(Image(url=address, caption=caption, credit=credit))


def _nitf(nitf: Element) -> Content:
    nested = read_nitf(nitf)
    return Content(
        blocks=nested.blocks,
        title=nested.title,
        subheads=nested.subheads,
        byline=nested.byline,
        dateline=nested.dateline,
        summary=nested.summary,
        images=nested.images,
        notes=nested.notes,
        nested=nested,
    )


def _inline_data(rendition: Element) -> Content:
    content = Content()
    data = "".join(str(part) for part in rendition.itertext())
    if "base64" in (attribute(rendition, "encoding") or attribute(rendition, "encodinguri") or "").lower():
        decoded = _base64(data)
        if decoded is None:
            content.notes.append("inline data in base64 that is no text: not read")
            return content
        data = decoded
    kind = (attribute(rendition, "contenttype") or "text/plain").lower()
    if "html" in kind or "xml" in kind:
        content.blocks = html_blocks(data)
    elif kind.startswith("text/"):
        content.text = data if data.strip() else None
    elif data.strip():
        content.notes.append("inline data that is no text: not read")
    return content


def _base64(data: str) -> str | None:
    if len(data) > _MAX_DATA:
        return None
    try:
        return base64.b64decode("".join(data.split()), validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return None
