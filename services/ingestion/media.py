"""What a Content-Type header promises of a body. Pure."""

from __future__ import annotations

import re
from encodings.aliases import aliases
from enum import StrEnum
from typing import Final

from shared.problems import problem


class Family(StrEnum):
    """How a body is looked at."""

    JSON = "json"
    NDJSON = "ndjson"
    XML = "xml"
    HTML = "html"
    TEXT = "text"
    BY_CONTENT = "by-content"


_TYPE = re.compile(r"\s*([a-z0-9!#$&^_.+-]{1,100})/([a-z0-9!#$&^_.+-]{1,100})\s*(?:;(.*))?", re.ASCII | re.DOTALL)
_CHARSET = re.compile(r"(?:^|;)\s*charset\s*=\s*(\"[^\"]*\"|[^;\s]*)", re.ASCII)

_NAMED: Final = {
    "application/json": Family.JSON,
    "text/json": Family.JSON,
    "application/x-ndjson": Family.NDJSON,
    "application/ndjson": Family.NDJSON,
    "application/jsonl": Family.NDJSON,
    "application/x-jsonlines": Family.NDJSON,
    "application/xml": Family.XML,
    "text/xml": Family.XML,
    "application/xhtml+xml": Family.HTML,
    "text/html": Family.HTML,
    "application/octet-stream": Family.BY_CONTENT,
}

_UTF8: Final = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})
# Names of Python's codecs that do not make text of bytes, and UTF-7, which hides markup from every check.
_NO_CHARSETS: Final = frozenset({
    "base64_codec", "bz2_codec", "hex_codec", "quopri_codec", "rot_13", "uu_codec", "zlib_codec", "utf_7", "mbcs",
    "tactis",
})  # fmt: skip
_CHARSETS: Final = (
    (frozenset(aliases) | frozenset(aliases.values()))
    - {name for name, codec in aliases.items() if codec in _NO_CHARSETS}
    - _NO_CHARSETS
)


def family_of(content_type: str | None) -> Family:
    """How to look at a body of that content type; none at all means 'by content'.

    Raises:
        Problem: 415, the type or the charset is not taken.
    """
    if content_type is None or not content_type.strip():
        return Family.BY_CONTENT
    match = _TYPE.fullmatch(content_type.lower())
    if match is None:
        raise problem("unsupported-media-type", "the Content-Type cannot be read")
    family = _family(match[1], match[2])
    charset = _CHARSET.search(match[3] or "")
    if charset:
        _check_charset(charset[1].strip('"'), family)
    return family


def _family(kind: str, subtype: str) -> Family:
    named = _NAMED.get(f"{kind}/{subtype}")
    if named:
        return named
    if subtype.endswith("+json"):
        return Family.JSON
    if subtype.endswith("+xml") and kind in {"application", "text"}:
        return Family.XML
    if kind == "text":
        return Family.TEXT
    raise problem("unsupported-media-type", "JSON, NDJSON, XML, text, or application/octet-stream")


def _check_charset(name: str, family: Family) -> None:
    if family in {Family.JSON, Family.NDJSON}:
        if name not in _UTF8:
            raise problem("unsupported-charset", "JSON is UTF-8")
    elif name.replace("-", "_").replace(" ", "_") not in _CHARSETS:
        raise problem("unsupported-charset", "the charset is none that newswire reads")
