"""A page, a wire story or a release sent as plain text.

What comes in telegraph envelopes, as a bulletin, or with a release's lines above it is read by these conventions; of all
other text `cleanup` and `page` find out what stands where.
"""

from __future__ import annotations

import re

from services.normalization.decode import decode
from services.normalization.formats import html_page, text_bulletin, text_envelope, text_release
from services.normalization.parts import StoryParts
from services.normalization.raw import RawStory
from shared.errors import Refused
from shared.markup import kind_of

NAME = "text"
HEAD = 8192
"""Characters by which markup is told."""
_BREAKS = re.compile("\r\r?\n|\r")
_CONTROLS = bytes(byte for byte in range(32) if byte not in (1, 2, 3, 5, 9, 10, 12, 13, 22, 25, 27, 30, 31))
"""Control characters but for white space and those of text wires."""
_BLANKS = " \t\r\n\x00\ufeff\u200b"


def sniff(head: bytes, content_type: str | None) -> float:
    """Any text/* type; without a type, anything without the zero bytes of a binary file. Never XML or HTML."""
    if _is_markup(head):
        return 0.0
    if content_type is not None and content_type.startswith("text/"):
        return 0.2 if content_type == "text/html" else 0.9
    if content_type is None:
        return 0.1 if not _binary(head) else 0.0
    return 0.0


def _is_markup(head: bytes) -> bool:
    if head[:64].lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n")[:1] != b"<":
        return False
    return kind_of(head.replace(b"\x00", b"").lstrip(b"\xef\xbb\xbf\xff\xfe").decode("latin-1")) is not None


def _binary(head: bytes) -> bool:
    """Zero bytes or many controls, unless it is UTF-16."""
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return False
    zeros = head.count(0)
    if zeros:
        return not (head[1::2].count(0) * 4 > len(head) or head[0::2].count(0) * 4 > len(head))
    return (len(head) - len(head.translate(None, _CONTROLS))) * 20 > len(head)


def read(raw: RawStory) -> list[StoryParts]:
    """The stories in it: the whole text is one, but for envelopes, of which each is one.

    Raises:
        Refused: `undecodable`; `no-text` for a text, or envelopes, of nothing but blanks; `too-many-items`;
            `unknown-format` for XML, even where the feed's rules say that it sends text.
    """
    decoded = decode(raw.value, raw.content_type)
    if not decoded.text.strip(_BLANKS):
        raise Refused("no-text", "a text of nothing but blanks")
    kind = kind_of(decoded.text[:HEAD])
    if kind == "html":
        return html_page.read(raw)
    if kind == "xml":
        raise Refused("unknown-format", "XML of no format that this release reads, sent as text")
    notes = [decoded.note] if decoded.note else []
    text = _BREAKS.sub("\n", decoded.text) if "\r" in decoded.text else decoded.text
    messages = text_envelope.messages(text)
    if messages is not None:
        found = [_of_message(message, raw, notes) for message in messages]
        told = [parts for parts in found if parts.title or parts.body]
        if not told:
            raise Refused("no-text", f"none of its {len(found)} messages has text")
        return told
    lines = text.lstrip("\ufeff").split("\n")
    if text_bulletin.is_bulletin(lines):
        parts = StoryParts(format=NAME, notes=list(notes))
        text_bulletin.read_into(parts, lines)
    elif text_release.is_release(lines):
        parts = StoryParts(format=NAME, notes=list(notes))
        text_release.read_into(parts, lines, raw)
    else:
        return [StoryParts(format=NAME, layout="pasted", body=decoded.text, notes=notes)]
    if not (parts.title or parts.body):
        return [StoryParts(format=NAME, layout="pasted", body=decoded.text, notes=notes)]
    return [parts]


def _of_message(message: text_envelope.Message, raw: RawStory, notes: list[str]) -> StoryParts:
    parts = StoryParts(format=NAME, notes=list(notes))
    text_envelope.read_into(parts, message, raw)
    return parts
