"""Bytes to text, and which way it was read. Pure.

Order: byte order mark, the declared charset if it decodes, UTF-16 by its zero bytes, UTF-8, a charset named in the first
bytes, detection. Labels are read as browsers read them (WHATWG Encoding): 'iso-8859-1' means windows-1252, and so on.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from charset_normalizer import from_bytes

from shared.errors import Refused

MAX_REPLACED = 0.01
"""Share of characters that could not be read, above which a text is no text."""

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_AS_BROWSERS_DO = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
    "iso8859-1": "cp1252",
    "ascii": "cp1252",
    "iso8859-9": "cp1254",
}
_NEVER = frozenset(
    {
        "utf-7", "idna", "punycode", "raw-unicode-escape", "unicode-escape", "undefined", "mbcs", "oem", "rot-13", "base64",
        "hex", "bz2", "zlib", "uu", "quopri",
    }
)  # fmt: skip
"""Codecs that are no charset of a text, or (UTF-7) one that hides markup."""
_CHARSET = re.compile(r"charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]{2,40})", re.IGNORECASE)
_INSIDE = re.compile(
    rb"(?:<meta[^>]{0,200}?charset|<\?xml[^>]{0,100}?encoding)\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]{2,40})", re.IGNORECASE
)
_WIDE = frozenset(
    {
        "big5", "big5hkscs", "cp932", "cp949", "cp950", "euc_jis_2004", "euc_jisx0213", "euc_jp", "euc_kr", "gb18030", "gb2312",
        "gbk", "johab", "shift_jis", "shift_jis_2004", "shift_jisx0213",
    }
)  # fmt: skip
"""Charsets of two bytes a character."""
_RUNS = re.compile(rb"[^\x00-\x7f]+[\x20-\x7e]{0,40}")


@dataclass(frozen=True, slots=True)
class Decoded:
    """A text, the charset it was read in, and how that was found (`bom`, `declared`, `utf-8`, `inside`, `detected`)."""

    text: str
    charset: str
    found: str

    @property
    def note(self) -> str | None:
        """A sentence for the article, unless it was plain UTF-8."""
        return None if self.found == "utf-8" else f"charset {self.charset} ({self.found})"


def declared_charset(content_type: str | None) -> str | None:
    """The charset in a content type, as its sender spelled it."""
    match = _CHARSET.search(content_type) if content_type else None
    return match[1] if match else None


def codec_of(label: str | None) -> str | None:
    """The codec a label means to a browser, or None for a label that means nothing."""
    if not label:
        return None
    try:
        name = codecs.lookup(label.strip()).name
    except (LookupError, ValueError):
        return None
    return None if name.replace("_", "-") in _NEVER else _AS_BROWSERS_DO.get(name, name)


def _try(raw: bytes, codec: str | None) -> str | None:
    if codec is None:
        return None
    try:
        text = raw.decode(codec)
    except (UnicodeError, LookupError, ValueError, AssertionError):
        return None
    return text if isinstance(text, str) else None


def decode(raw: bytes, content_type: str | None = None) -> Decoded:
    """Read `raw` as text.

    Raises:
        Refused: `undecodable`, when more than 1 % of the characters could not be read.
    """
    for mark, codec in _BOMS:
        if raw.startswith(mark):
            return _checked(raw[len(mark) :].decode(codec, "replace"), codec, "bom")
    declared = codec_of(declared_charset(content_type))
    if declared and declared != "utf-8" and (text := _try(raw, declared)) is not None and _credible(text, raw):
        return Decoded(text, declared, "declared")
    if (wide := _utf16(raw)) is not None:
        return _checked(raw.decode(wide, "replace"), wide, "detected")
    if (text := _try(raw, "utf-8")) is not None:
        return Decoded(text, "utf-8", "utf-8")
    return _damaged_or_other(raw)


def _credible(text: str, raw: bytes) -> bool:
    """Whether a declared single-byte charset may be true: bytes that are valid UTF-8 with non-ASCII hardly ever lie.

    Wires often declare ISO-8859-1 over UTF-8; any bytes decode as such, so decoding alone proves nothing.
    """
    return text.isascii() or _try(raw, "utf-8") is None


def _utf16(raw: bytes) -> str | None:
    """UTF-16 without a mark, by which half of the first 400 bytes holds the zeros."""
    head = raw[:400]
    if head.count(0) * 4 < len(head) or len(head) < 4:
        return None
    return "utf-16-le" if head[1::2].count(0) > head[0::2].count(0) else "utf-16-be"


def _damaged_or_other(raw: bytes) -> Decoded:
    """Bytes that are not UTF-8: damaged UTF-8 where its characters outnumber the damage, else another charset."""
    replaced = raw.decode("utf-8", "replace")
    bad = replaced.count("\ufffd")
    good = sum(1 for character in replaced if character > "\x7f") - bad
    if good >= bad:
        return _checked(replaced, "utf-8", "damaged")
    inside = _INSIDE.search(raw[:4096])
    named = codec_of(inside[1].decode("ascii")) if inside else None
    if named and named != "utf-8" and (text := _try(raw, named)) is not None:
        return Decoded(text, named, "inside")
    sample = b" ".join(_RUNS.findall(raw))[:6000]
    best = from_bytes(sample).best()
    detected = codec_of(best.encoding) if best else None
    if detected in _WIDE and not _dense(sample):
        detected = "cp1252"
    for codec in (detected, "cp1252"):
        if codec and codec != "utf-8":
            text = raw.decode(codec, "replace")
            if text.count("\ufffd") <= MAX_REPLACED * len(text):
                return _checked(text, codec, "detected")
    return _checked(replaced, "utf-8", "damaged")


def _dense(sample: bytes) -> bool:
    """Whether bytes outside ASCII stand together, as in two-byte charsets; accents and dashes stand alone among letters."""
    return sum(byte > 0x7F for byte in sample) * 4 >= len(sample)


def _checked(text: str, codec: str, found: str) -> Decoded:
    bad = text.count("\ufffd")
    if bad > MAX_REPLACED * len(text):
        raise Refused("undecodable", f"{bad} of {len(text)} characters could not be read as {codec}")
    return Decoded(text, codec, found)
