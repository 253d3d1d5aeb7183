"""A page or wire story sent as plain text; what stands where is found out by `cleanup` and `page`."""

from __future__ import annotations

from services.normalization.decode import decode
from services.normalization.parts import StoryParts
from services.normalization.raw import RawStory
from shared.errors import Refused

NAME = "text"
_MARKUP = (b"<!doctype", b"<html", b"<?xml")


def sniff(head: bytes, content_type: str | None) -> float:
    """Any text/* type; without a type, anything without the zero bytes of a binary file."""
    start = head.lstrip()[:9].lower()
    if content_type is not None and content_type.startswith("text/"):
        return 0.2 if start.startswith(_MARKUP) or content_type == "text/html" else 0.9
    if content_type is None:
        return 0.1 if not _binary(head) else 0.0
    return 0.0


def _binary(head: bytes) -> bool:
    """Zero bytes or many controls, unless it is UTF-16."""
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return False
    zeros = head.count(0)
    if zeros:
        return not (head[1::2].count(0) * 4 > len(head) or head[0::2].count(0) * 4 > len(head))
    controls = sum(1 for byte in head if byte < 32 and byte not in (1, 2, 3, 5, 9, 10, 12, 13, 22, 25, 27, 30, 31))
    return controls * 20 > len(head)


def read(raw: RawStory) -> list[StoryParts]:
    """One story: the whole text.

    Raises:
        Refused: `undecodable`; `no-text` for a text of nothing but blanks.
    """
    decoded = decode(raw.value, raw.content_type)
    if not decoded.text.strip(" \t\r\n\x00\ufeff\u200b"):
        raise Refused("no-text", "a text of nothing but blanks")
    return [StoryParts(format=NAME, layout="pasted", body=decoded.text, notes=[decoded.note] if decoded.note else [])]
