"""Which format reads an item: every format says how sure it is of it, the surest one reads it.

A content type is a hint and no more: wires send XML as text/plain and pages as octet-stream. What starts like JSON or
markup outweighs a type that says otherwise; absent types and `application/octet-stream` count for nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from services.normalization.formats import (
    anpa_1312,
    cp_jimi,
    html_page,
    iptc_7901,
    json_feed,
    news_sitemap,
    newsml_1,
    newsml_g2,
    ninjs,
    nitf,
    plain_json,
    ritzau,
    rss_atom,
    solita,
    text,
)
from services.normalization.parts import StoryParts
from services.normalization.raw import RawStory
from services.normalization.xml import declares_entities
from shared.errors import Refused

HEAD = 4096
"""Bytes that a format is shown."""
LONG_HEAD = 64 * 1024
"""The same of markup in which these say nothing: a comment, or what all formats share, may stand before what tells it."""
LIKELY = 0.5
"""Above it a format that the feed's rules name is taken at once."""
SURE = 0.95
"""From here on the bytes have said what they are, whatever the feed's rules name."""
_BLANK = b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n"


class Format(Protocol):
    """One wire format."""

    NAME: str

    def sniff(self, head: bytes, content_type: str | None) -> float:
        """How sure this format is, from 0 (not mine) to 1, by the first bytes and the bare content type."""

    def read(self, raw: RawStory) -> list[StoryParts]:
        """The stories in it, at least one.

        Raises:
            Refused: it is damaged, or no story.
        """


FORMATS: list[Format] = [
    json_feed,
    ninjs,
    plain_json,
    newsml_g2,
    newsml_1,
    nitf,
    ritzau,
    cp_jimi,
    solita,
    iptc_7901,
    anpa_1312,
    rss_atom.RSS,
    rss_atom.ATOM,
    news_sitemap,
    html_page,
    text,
]


def bare_type(content_type: str | None) -> str | None:
    """'Text/HTML; charset=x' → 'text/html'; None for types that say nothing."""
    bare = (content_type or "").partition(";")[0].strip().lower()
    return None if bare in ("", "application/octet-stream", "binary/octet-stream", "application/x-unknown") else bare


def detect(raw: RawStory, formats: Sequence[Format] | None = None) -> Format:
    """The format that reads `raw`: by its bytes, or by the feed's hint where they leave it open.

    Raises:
        Refused: `unknown-format`; `xml-entities` for XML that is told from no format because of them.
    """
    head, content_type = raw.value[:HEAD], bare_type(raw.content_type)
    known = FORMATS if formats is None else formats
    hinted = next((one for one in known if raw.format_hint == one.NAME), None) if raw.format_hint else None
    if hinted is not None and hinted.sniff(head, content_type) > LIKELY:
        return hinted
    best, confidence = _surest(known, head, content_type)
    if (confidence < LIKELY or best is text) and len(raw.value) > HEAD and head.lstrip(_BLANK)[:1] == b"<":
        head = raw.value[:LONG_HEAD]
        best, confidence = _surest(known, head, content_type)
    if hinted is not None and confidence < SURE:
        return hinted
    if best is None:
        raise declares_entities(head) or Refused(
            "unknown-format", "its first bytes are of no format that this release reads"
        )
    return best


def _surest(known: Sequence[Format], head: bytes, content_type: str | None) -> tuple[Format | None, float]:
    best, confidence = None, 0.0
    for one in known:
        sure = one.sniff(head, content_type)
        if sure > confidence:
            best, confidence = one, sure
            if sure >= 1:
                break
    return best, confidence
