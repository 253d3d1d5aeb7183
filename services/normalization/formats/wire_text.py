"""What the text wires of the teleprinter age share: bytes to text, frames of control characters, lines to paragraphs. Pure.

Frame, in IPTC 7901 (fifth edition, 1995) and ANPA 1312 (1989) alike: SOH header STX text ETX trailer EOT, with padding of
SYN, DEL and NUL between messages. A file may hold several messages, may have lost any of the marks, and may write them
as `^A`, `^B`, `^C`, `^D`. Other control characters are typography: they are turned into blanks or left out here.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

from services.normalization.decode import codec_of, declared_charset, decode
from services.normalization.raw import RawStory

SOH, STX, ETX, EOT, SYN = "\x01", "\x02", "\x03", "\x04", "\x16"
MOSTLY_LATIN = 0.3
"""Share of bytes above 0x7F up to which bytes without a declaration are western; a Greek or Cyrillic text has more."""
WIDEST_WRAPPED = 100
MOST_MESSAGES = 1000

_BREAKS = re.compile("\r*\n|\r+")
_HIGH = bytes(range(0x80, 0x100))
_INNER_BRACES = re.compile(r"(?<=[A-Za-z])[{|}~](?=[A-Za-z])")
# ISO 646, national variants: the places of [ \ ] { | } ~ hold letters. German DIN 66003, Swedish/Finnish SEN 850200,
# Danish/Norwegian NS 4551.
_VARIANTS = {
    "de": str.maketrans("[\\]{|}~", "ÄÖÜäöüß"),
    "sv": str.maketrans("[\\]{|}", "ÄÖÅäöå"),
    "da": str.maketrans("[\\]{|}", "ÆØÅæøå"),
}
_VARIANT_OF = {"sv": "sv", "fi": "sv", "da": "da", "no": "da", "nb": "da", "nn": "da"}


def read_text(raw: RawStory) -> tuple[str, list[str]]:
    """The item as text with LF line breaks, and notes on how its bytes were read.

    Order: byte order mark, UTF-16, UTF-8, the declared charset, windows-1252 (ISO 8859-1 in its unused places) while most
    of the text is ASCII, detection. Pure 7-bit text with letters in the places of braces is a national variant.

    Raises:
        Refused: `undecodable`.
    """
    text, charset = _decoded(raw)
    notes = [f"charset {charset}"] if charset else []
    text = _one_break(text)
    if text.isascii() and len(_INNER_BRACES.findall(text)) >= 2:
        variant = _VARIANT_OF.get((raw.language or "de").partition("-")[0].lower(), "de")
        text = text.translate(_VARIANTS[variant])
        notes.append(f"national variant of ISO 646 ({variant}) read")
    return text.replace("\x00", ""), notes


def _one_break(text: str) -> str:
    """LF for CR LF, CR CR LF (teleprinters), CR and the line separators of other charsets."""
    text = text.replace("\r\n", "\n")
    if "\r" in text:
        text = _BREAKS.sub("\n", text)
    return text if text.isascii() else text.replace("\x85", "\n").replace("\u2028", "\n").replace("\u2029", "\n")


def _decoded(raw: RawStory) -> tuple[str, str | None]:
    value = raw.value
    if value.isascii() and b"\x00" not in value:
        return value.decode("ascii"), None
    if value[:3] == b"\xef\xbb\xbf" or value[:2] in (b"\xff\xfe", b"\xfe\xff") or value.count(0) * 4 >= len(value):
        decoded = decode(value, raw.content_type)
        return decoded.text, f"{decoded.charset} ({decoded.found})"
    try:
        return value.decode("utf-8"), None
    except UnicodeDecodeError:
        pass
    declared = codec_of(declared_charset(raw.content_type))
    high = len(value) - len(value.translate(None, _HIGH))
    if (declared in (None, "utf-8", "cp1252")) and high <= MOSTLY_LATIN * len(value) and not _damaged_utf8(value):
        return _western(value), "cp1252 (declared)" if declared == "cp1252" else "cp1252 (assumed)"
    decoded = decode(value, raw.content_type)
    return decoded.text, decoded.note and f"{decoded.charset} ({decoded.found})"


def _damaged_utf8(value: bytes) -> bool:
    replaced = value.decode("utf-8", "replace")
    bad = replaced.count("\ufffd")
    return len(replaced) - len(replaced.encode("ascii", "ignore")) > 2 * bad


def _western(value: bytes) -> str:
    try:
        return value.decode("cp1252")
    except UnicodeDecodeError:
        return "".join([bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in value])


@dataclass(frozen=True, slots=True)
class Frame:
    """One message: what stands before STX, between STX and ETX, and after ETX.

    `closed` says that an end of text was seen; without it the message may be cut off. `opened` that STX was.
    """

    header: str
    text: str
    trailer: str
    opened: bool
    closed: bool


_CARET_START = re.compile(r"\s*(?:\^V)*\^A(?=\S)")
_CARET_ETX = re.compile(r"(?m)^([ \t]*)\^C(?=[A-Z]{2,5}-|\d)")


def has_caret_frame(text: str) -> bool:
    """Whether the frame is written in visible characters, as `^A`."""
    return SOH not in text and _CARET_START.match(text) is not None


def from_carets(text: str) -> str:
    """Marks written as `^A` to `^D` as control characters; `^` before other text is ANPA's own line mark and stays."""
    text = re.sub(r"(?m)^(?:\^V)*\^A(?=\S)", SOH, text)
    text = re.sub(r"(?m)^(\x01\S{2,20}?)\^_", "\\1\x1f", text)
    text = re.sub(
        r"(?m)^([a-z] [a-z] ?)\^([ST])\^([QR])", lambda m: m[1] + chr(ord(m[2]) - 64) + chr(ord(m[3]) - 64), text
    )
    parts = text.split(SOH)
    parts = [re.sub(r"(?m)^\^B", STX, part, count=1) for part in parts]
    text = SOH.join([_CARET_ETX.sub("\\1\x03", part) for part in parts])
    return re.sub(r"(?m)(?:\^D|(?<=^)\^L)[ \t]*$", EOT, text)


def frames(text: str, header_lines: int, start: re.Pattern[str]) -> list[Frame]:
    """The messages of a file. Where no SOH is left, `start` (matched at line starts) tells where one begins.

    `header_lines` says how many lines a header has where STX was lost.
    """
    if has_caret_frame(text):
        text = from_carets(text)
    if SOH in text:
        chunks = [chunk for chunk in text.split(SOH)[1:] if chunk.strip(_PADDING)]
    else:
        places = [match.start() for match in start.finditer(text)] or [0]
        chunks = [text[here:there] for here, there in pairwise([*places, len(text)])]
    return [_frame(chunk, header_lines) for chunk in chunks[:MOST_MESSAGES]]


_PADDING = " \t\n\x04\x16\x7f\x0c"
_TRAILING = re.compile(r"\x03(?=[ \t]*\n?[ \t]*(?:[A-Z]{2,5}-|\d\d))")


def _frame(chunk: str, header_lines: int) -> Frame:
    header, opened, rest = chunk.partition(STX)
    if not opened:
        lines = chunk.split("\n")
        first = next((place for place, line in enumerate(lines) if line.strip(_PADDING)), 0)
        header, rest = "\n".join(lines[: first + header_lines]), "\n".join(lines[first + header_lines :])
    end = _TRAILING.search(rest)
    place = end.start() if end else rest.find(ETX)
    closed = place >= 0
    text, trailer = (rest[:place], rest[place + 1 :]) if closed else (rest, "")
    return Frame(header, text.partition(EOT)[0], trailer.partition(EOT)[0].strip(_PADDING), bool(opened), closed)


# Typography. SCD (0x0C) to ECD (0x0B) frames a typesetter's instruction; KW (0x18) takes back the word before it.
_INSTRUCTION = re.compile("\x0c[^\n\x0b\x0c]{0,60}\x0b")
_KILLED_WORD = re.compile("[ ]?[^\\s\x18]{1,60}\x18")
_AS_BLANKS = (
    ("\x10 ", " "),
    ("\x10", " "),
    ("\x1e", " "),
    ("\x1f", "   "),
    ("\xa0", " "),
    ("\x0b", " "),
    ("\x0c", " "),
    ("\u202f", " "),
)
"""TTS space band, RS and US (a table's columns), no-break spaces, and what is left of instructions."""
_DROPPED = re.compile("\x1b[\\[(][0-9;]*[A-Za-z]?|[\x00-\x07\x0e-\x1d\x7f-\x9f]")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\xa0\u202f]")


def printable(text: str) -> str:
    """`text` without typography: space bands and column breaks as blanks, fonts, bells and padding gone.

    HT and LF stay, and BS (a table line's mark) stays for `paragraphs` to see.
    """
    if _CONTROL.search(text) is None:
        return text
    if "\x0b" in text:
        text = _INSTRUCTION.sub("", text)
    if "\x18" in text:
        text = _KILLED_WORD.sub("", text)
    for sign, blank in _AS_BLANKS:
        if sign in text:
            text = text.replace(sign, blank)
    return _DROPPED.sub("", text)


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph in one line, or a table's lines with LF between."""

    text: str
    table: bool = False


_GAP = re.compile(r"\S(?: {3,}|\t)\s*\S")
_BULLETS = "-*•·"
_BULLET = re.compile(rf"(?:--|[{_BULLETS}]) \S")
_RULED = "_*=#~.-"
_RULE = re.compile(rf"[\s{_RULED}]*")
_WIDE = re.compile(r"[ \t]{2,}")
_AFTER_HYPHEN = frozenset({"and", "or", "to", "und", "oder", "bis", "et", "ou", "y", "o", "e"})
"""'short- and long-term': here the hyphen ends a word, and no line break split one."""


@dataclass(frozen=True, slots=True)
class _Line:
    """A line with what is asked of it: its text, its indent in blanks, whether it has columns."""

    text: str
    indent: int
    table: bool
    mark: str
    """The character that it begins with."""


def _seen(line: str) -> _Line:
    mark = line[:1]
    table = mark == "\x08"
    text = line.replace("\x08", "").strip() if table else line.strip()
    columns = table or (("   " in text or "\t" in text) and _GAP.search(text) is not None)
    if not columns and ";" in text:
        columns = text.count(";") >= 3 and ". " not in text
    return _Line(text, len(line) - len(line.lstrip(" ")) if mark == " " else 0, columns, mark)


def paragraphs(lines: list[str]) -> list[Paragraph]:
    """Lines of printable text to paragraphs.

    A paragraph begins after a blank line, at a TAB, at a deeper indent than usual, at a bullet or a heading ('## …'), and
    after a line too long to be wrapped. Lines with columns, and blocks whose lines end where none was full, are tables.
    """
    seen = [_seen(line) for line in lines]
    width = max([len(line.text) for line in seen if len(line.text) <= WIDEST_WRAPPED], default=0)
    base = _base_indent(seen)
    found: list[Paragraph] = []
    block: list[_Line] = []
    after_blank = True
    for line in seen:
        if block and (not line.text or _begins(line, block, base)):
            _close(found, block, width, joins=not after_blank)
            after_blank = False
            block = []
        if line.text:
            block.append(line)
        else:
            after_blank = True
    if block:
        _close(found, block, width, joins=not after_blank)
    return found


def _base_indent(lines: list[_Line]) -> int:
    """The smallest indent that a fifth of the lines have: paragraphs may begin as often as they go on."""
    indents = Counter([line.indent for line in lines if line.text])
    often = [indent for indent, count in indents.items() if count * 5 >= indents.total()]
    return min(often, default=0)


def _begins(line: _Line, block: list[_Line], base: int) -> bool:
    """Whether `line` begins a paragraph after the lines in `block`."""
    before = block[-1]
    if line.mark in "\t\x08" or before.text[0] == "#" or line.mark == "#" or len(before.text) > WIDEST_WRAPPED:
        return True
    if line.table != before.table or (line.text[0] in _BULLETS and _BULLET.match(line.text)):
        return True
    if line.indent <= base:
        return False
    goes_on = _BULLET.match(block[0].text) is not None and (line.indent <= 4 or line.indent > block[0].indent)
    quoted = line.indent == before.indent and line.text[0].islower()
    return not goes_on and not quoted


def _close(found: list[Paragraph], block: list[_Line], width: int, *, joins: bool) -> None:
    """Add a block as a paragraph; a table's lines go to the table before them unless a blank line stands between."""
    lines = [line.text for line in block]
    if lines[0][0] in _RULED and all(_RULE.fullmatch(line) for line in lines):
        return
    if not block[0].table and (len(lines) == 1 or not _is_list(lines, width)):
        found.append(Paragraph(join_lines(lines)))
        return
    text = "\n".join(lines)
    if "  " in text or "\t" in text:
        text = _WIDE.sub("  ", text)
    if joins and found and found[-1].table:
        found[-1] = Paragraph(f"{found[-1].text}\n{text}", table=True)
    else:
        found.append(Paragraph(text, table=True))


def _is_list(lines: list[str], width: int) -> bool:
    """Whether most lines ended although the next word had room: results, lists, verse."""
    hard = 0
    for line, after in pairwise(lines):
        first = after.partition(" ")[0]
        if len(line) + 1 + len(first) <= width * 0.75 and not after[0].islower() and line[-1] not in ",-":
            hard += 1
    return hard * 2 > len(lines) - 1


def join_lines(lines: list[str]) -> str:
    """Wrapped lines as one. A hyphen at a line's end stays, without a blank behind it, where the word goes on."""
    if len(lines) == 1:
        return " ".join(lines[0].split())
    text = ""
    for line in filter(None, (" ".join(one.split()) for one in lines)):
        broken = text[-1:] == "-" and text[-2:-1].isalpha() and line[0].isalpha()
        glued = broken and line.partition(" ")[0] not in _AFTER_HYPHEN
        text += line if glued or not text else " " + line
    return text
