"""NITF's `body`: headline, byline, date line, abstract, text in blocks, pictures, what stands at its end. Pure."""

from __future__ import annotations

from copy import deepcopy

from services.normalization import layout
from services.normalization.markup import LONGEST_ADDRESS, blocks, image_references, paragraphs
from services.normalization.parts import Block, StoryParts
from services.normalization.wire import LONGEST, read_dateline_field, read_wire_date, unique
from services.normalization.xml import Element, Fields, attribute, child, children, descendants, text_at, text_of
from shared.events import Dateline, Image

_FOR_EDITORS = "note-to-editors"
_AROUND = frozenset({"body.head", "body.end", "byline", "distributor", _FOR_EDITORS})
_WITH_BREAKS_JOINED = _AROUND | {"br"}
_MOST_IMAGES = 100


def read_body(parts: StoryParts, body: Element) -> None:
    """Add what `body` (or, without one, the document itself) holds."""
    head = child(body, "body.head")
    if head is not None:
        _read_head(parts, head)
    content = child(body, "body.content")
    found = _text(parts, content if content is not None else body)
    end = child(body, "body.end")
    if end is not None:
        found += [Block("p", words) for one in children(end, "tagline") if (words := text_of(one))]
    parts.blocks = found
    parts.body = "\n\n".join(block.text for block in found) or None
    parts.images = _images(body)


def _read_head(parts: StoryParts, head: Element) -> None:
    fields = Fields(head)
    hedline = fields.child("hedline")
    if hedline is None:
        hedline = fields.child("headline")
    parts.title = text_at(hedline, "hl1") or _words_of(hedline)
    others = [text_of(one) for one in children(hedline, "hl2")] if hedline is not None else []
    parts.subheads = [words for words in unique(others) if words != parts.title]
    parts.byline = unique(name for one in fields.children("byline") for name in _byline(one))
    parts.dateline = next((line for one in fields.children("dateline") if (line := _dateline(one))), None)
    if parts.published is None:
        norm = next((attribute(one, "norm") for one in descendants(head, "story.date")), None)
        parts.published = read_wire_date(norm)
    parts.credit = next((words for one in fields.children("distributor") if (words := text_of(one))), None)
    abstract = fields.child("abstract")
    parts.summary = paragraphs(abstract) if abstract is not None else None
    parts.rights = "; ".join(unique([parts.rights, *(text_of(one) for one in fields.children("rights"))])) or None
    _add_notes(parts, [text_of(one) for one in fields.children("note")])


def _words_of(hedline: Element | None) -> str | None:
    """Words of a headline without its element `hl1`."""
    return text_of(hedline) if hedline is not None and not len(hedline) else None


def _add_notes(parts: StoryParts, notes: list[str | None]) -> None:
    parts.ednote = "\n".join(unique([parts.ednote, *notes])) or None


def _byline(byline: Element) -> list[str]:
    """The persons in it; else its words without the writer's title, or that title where it stands alone."""
    persons = [words for one in descendants(byline, "person") if (words := text_of(one))]
    if persons:
        return persons
    titles = [words for one in children(byline, "byttl") if (words := text_of(one))]
    own = [byline.text or ""]
    for one in byline:
        own.append("" if str(one.tag).rpartition("}")[2] in ("byttl", "virtloc") else text_of(one) or "")
        own.append(one.tail or "")
    words = " ".join(" ".join(own).split()).strip(" ,")
    return [words] if words else titles


def _dateline(dateline: Element) -> Dateline | None:
    """Its place and date by their elements, else read from its words."""
    place, date = text_at(dateline, "location"), text_at(dateline, "story.date")
    if place is None and date is None:
        return read_dateline_field(text_of(dateline))
    if place is None:
        place = " ".join((dateline.text or "").split()).strip(" ,-–—") or None
    return Dateline(place=place and place[:LONGEST], date=date and date[:LONGEST])


def _text(parts: StoryParts, content: Element) -> list[Block]:
    """The text in blocks: notes to editors are taken out of it, and lines that were wrapped by `br` are joined."""
    wrapped = _is_wrapped(content)
    notes = _notes(content)
    if wrapped or notes:
        # Not on the element itself, which may be part of another format's item.
        content = deepcopy(content)
        notes = _notes(content)
    _add_notes(parts, [text_of(one) for one in notes])
    for one in notes:
        one.tag = _FOR_EDITORS
    if not wrapped:
        return blocks(content, _AROUND)
    for one in descendants(content, "br"):
        one.tail = " " + (one.tail or "")
    return blocks(content, _WITH_BREAKS_JOINED)


def _notes(content: Element) -> list[Element]:
    """Notes to editors in the text, those inside another left out.

    By their class, or because they are not for publication (`npa`: non-publishable advisory).
    """
    found: list[Element] = []
    for one in descendants(content, "note"):
        meant = attribute(one, "noteclass") == "editorsnote" or attribute(one, "type") == "npa"
        if meant and not any(around in found[-1:] for around in one.iterancestors()):
            found.append(one)
    return found


def _is_wrapped(content: Element) -> bool:
    """Whether its `br` elements wrap lines at a column, as printers' terminals needed it, rather than end them."""
    lines: list[str] = []
    for one in descendants(content, "p"):
        if child(one, "br") is None:
            continue
        line = one.text or ""
        for part in one:
            if str(part.tag).rpartition("}")[2] == "br":
                lines.append(layout.squeeze(line))
                line = ""
            else:
                line += text_of(part) or ""
            line += part.tail or ""
        lines += [layout.squeeze(line), ""]
    return bool(lines) and layout.is_wrapped(lines)


def _images(body: Element) -> list[Image]:
    """Pictures by reference: of a `media` element the first, with its caption and producer, and those in running text."""
    found: dict[str, Image] = {}
    for media in descendants(body, "media"):
        if len(found) >= _MOST_IMAGES:
            break
        kind = (attribute(media, "media-type") or "image").lower()
        caption = "\n".join(unique(text_of(one) for one in children(media, "media-caption"))) or None
        credit = next((words for one in children(media, "media-producer") if (words := text_of(one))), None)
        for reference in children(media, "media-reference"):
            mime = (attribute(reference, "mime-type") or kind).lower()
            address = attribute(reference, "source") or attribute(reference, "data-location")
            if (
                address
                and len(address) <= LONGEST_ADDRESS
                and mime.startswith(("image", "photo", "graphic", "picture"))
            ):
                caption = caption or attribute(reference, "alternate-text")
                found.setdefault(address, Image(url=address, caption=caption, credit=credit))
                break
    for image in image_references(body):
        found.setdefault(image.url, image)
    return list(found.values())[:_MOST_IMAGES]
