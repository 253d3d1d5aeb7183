"""Bytes to an XML tree that can do no harm, and what every XML format asks of it: names, texts, paragraphs. Pure.

No document type is ever given to the parser: it is read here, refused if it declares an entity, and blanked. So nothing is
expanded, loaded or fetched, whatever a document says. Size, number of tags and depth are capped. Bytes are read as `decode`
reads them (byte order mark, charset declared outside, then in the XML declaration, UTF-8, detection), because wires declare
ISO-8859-1 over UTF-8. Comments and processing instructions are left out; prefixes play no part (`ns0:headline`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from html.entities import html5
from typing import Any, NamedTuple, cast

from lxml import etree
from lxml.etree import _Element

from services.normalization.decode import Decoded, codec_of, declared_charset, decode
from shared.errors import Refused, TooLarge

Element = _Element
"""The type of an element, for readers' signatures."""

MAX_BYTES = 8 * 1024 * 1024
"""The size ladder's item."""
MAX_TAGS = 400_000
"""Tags (starting, empty or ending) in a document: about 100 bytes of memory each, and no wire file has a tenth of it."""
MAX_DEPTH = 100
"""Elements inside each other; wire files have 10 to 20. libxml2 itself stops at 256."""

MAX_REPAIRS = 20_000
"""Forbidden characters and entities in a document, above which it is no XML."""

XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"

_DECLARATION = re.compile(r"\s*<\?xml\b[^>]{0,300}\?>", re.IGNORECASE)
_ENCODING = re.compile(r"encoding\s*=\s*[\"']([A-Za-z0-9_.:-]{2,40})[\"']", re.IGNORECASE)
_DOCTYPE = re.compile(r"<!DOCTYPE\b", re.IGNORECASE)
_IN_DOCTYPE = re.compile(r"\"[^\"]*\"|'[^']*'|[\[>]")
_IN_SUBSET = re.compile(
    r"\"[^\"]*\"|'[^']*'|<!--.*?(?:-->|\Z)|<\?.*?(?:\?>|\Z)|<!ENTITY|%|\]", re.DOTALL | re.IGNORECASE
)
"""What never ends is taken to the end of the text: left for the next try, it would be searched again from every start."""
_OUTSIDE_SUBSET = re.compile(
    r"<!ENTITY\s{1,20}%\s{1,20}[\w.-]{1,40}\s{1,20}(?:SYSTEM|PUBLIC\s{0,20}(?:\"[^\"]{0,500}\"|'[^']{0,500}'))\s{0,20}"
    r"(?:\"[^\"]{0,500}\"|'[^']{0,500}')\s{0,20}>|%[\w.-]{1,40};"
)
"""How NewsML 1.x names the definition of NITF outside the document: like the document type itself, never loaded."""
_ROOT = re.compile(r"<(?:[\w.-]+:)?([A-Za-z_][\w.-]*)")
_NOT_BREAKS = re.compile(r"[^\n]")
_TOO_DEEP = etree.XPath("boolean(" + "/*" * (MAX_DEPTH + 1) + ")")
_REPAIRABLE = re.compile(
    r"<!\[CDATA\[.*?(?:\]\]>|\Z)"
    r"|&(?:(?P<name>[A-Za-z][A-Za-z0-9]{0,40});|#(?P<dec>[0-9]{1,7});|#[xX](?P<hex>[0-9A-Fa-f]{1,6});)?",
    re.DOTALL,
)
_PREDEFINED = frozenset({"amp", "lt", "gt", "quot", "apos"})
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


class Parsed(NamedTuple):
    """The root element, and what there is to tell of the reading (charset, repairs)."""

    root: Element
    note: str | None


def parse_xml(raw: bytes, content_type: str | None = None) -> Parsed:
    """Read a document. What XML forbids and everybody understands (`&nbsp;`, a bare `&`, control characters) is repaired.

    Raises:
        Refused: `undecodable`; `xml-entities` for a document type that declares entities; `too-deep`; `too-large`;
            `malformed-xml` with line and column, never with text.
    """
    if len(raw) > MAX_BYTES:
        raise TooLarge(f"XML of more than {MAX_BYTES} bytes")
    text, notes = read_text(raw, content_type)
    tags = text.count("<")
    if tags > MAX_TAGS:
        raise TooLarge(f"XML of more than {MAX_TAGS} tags")
    text = _without_doctype(text)
    try:
        root = _parsed(text)
    except etree.XMLSyntaxError as error:
        if _code(error) == etree.ErrorTypes.ERR_RESOURCE_LIMIT:
            raise Refused("too-deep", f"elements nested deeper than {MAX_DEPTH}, or a value over 10 MB") from None
        root, repair = _repaired(text, error)
        notes.append(repair)
    # A hundred elements inside each other are two hundred tags.
    if tags > 2 * MAX_DEPTH and too_deep(root):
        raise Refused("too-deep", f"elements nested deeper than {MAX_DEPTH}")
    return Parsed(root, "; ".join(notes) or None)


def read_text(raw: bytes, content_type: str | None) -> tuple[str, list[str]]:
    """The document without its XML declaration, which says nothing more once bytes are characters."""
    head = raw[:300].replace(b"\x00", b"").decode("latin-1").partition("?>")[0]
    declared = _ENCODING.search(head)
    label = declared_charset(content_type) or (declared[1] if declared else None)
    # Bytes tell better than a label whether they are UTF-16, and in which order.
    decoded = decode(raw, f"charset={label}" if label and not (codec_of(label) or "").startswith("utf-16") else None)
    if decoded.found == "detected" and not decoded.charset.startswith("utf-16"):
        decoded = _keeping_tags(raw, decoded)
    notes = [decoded.note] if decoded.note else []
    other = declared is not None and codec_of(declared[1]) not in ("utf-8", None)
    if declared and other and decoded.found == "utf-8" and not decoded.text.isascii():
        notes.append(f"charset utf-8, although it declares {declared[1]}")
    text = decoded.text.removeprefix("\ufeff")
    declaration = _DECLARATION.match(text)
    return (_blanked(text, 0, declaration.end()) if declaration else text), notes


def _keeping_tags(raw: bytes, decoded: Decoded) -> Decoded:
    """What was detected, unless it swallows tags, as a charset of two bytes a character does with Western text."""
    if decoded.text.count("<") == raw.count(b"<"):
        return decoded
    return Decoded(raw.decode("cp1252", "replace"), "cp1252", "detected")


def _blanked(text: str, start: int, end: int) -> str:
    """`text` with blanks for what stands between, line breaks kept, so that lines keep their numbers."""
    return text[:start] + _NOT_BREAKS.sub(" ", text[start:end]) + text[end:]


def _without_doctype(text: str) -> str:
    for start, end in _prolog(text)[0]:
        text = _blanked(text, start, end)
    return text


def _prolog(text: str) -> tuple[list[tuple[int, int]], int]:
    """Where document types stand before the root (one at most, in a document that is right), and where the root does."""
    found: list[tuple[int, int]] = []
    at = 0
    while True:
        while text[at : at + 1].isspace():
            at += 1
        if text.startswith("<?", at):
            at = _after(text, "?>", at)
        elif text.startswith("<!--", at):
            at = _after(text, "-->", at)
        elif _DOCTYPE.match(text, at):
            end = _doctype_end(text, at)
            found.append((at, end))
            at = end
        else:
            return found, at


def _after(text: str, mark: str, at: int) -> int:
    end = text.find(mark, at + len(mark))
    if end < 0:
        raise Refused("malformed-xml", f"what begins in {_place(text, at)} never ends")
    return end + len(mark)


def _place(text: str, at: int) -> str:
    return f"line {text.count(chr(10), 0, at) + 1}, column {at - text.rfind(chr(10), 0, at)}"


def _doctype_end(text: str, start: int) -> int:
    at = start
    while token := _IN_DOCTYPE.search(text, at):
        at = token.end()
        if token[0] == ">":
            return at
        if token[0] == "[":
            at = _subset_end(text, at)
    raise Refused("malformed-xml", f"the document type in {_place(text, start)} never ends")


def _subset_end(text: str, start: int) -> int:
    at = start
    while token := _IN_SUBSET.search(text, at):
        at = token.end()
        if token[0] == "]":
            return at
        if outside := _OUTSIDE_SUBSET.match(text, token.start()):
            at = outside.end()
        elif token[0] == "%" or token[0].upper() == "<!ENTITY":
            raise Refused("xml-entities", f"the document type declares or uses entities, {_place(text, token.start())}")
    raise Refused("malformed-xml", f"the document type's declarations in {_place(text, start)} never end")


@cache
def _parser() -> etree.XMLParser:
    """One for all documents: making it costs a third of what it takes to read one of 5 KB."""
    return etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        collect_ids=False,
    )


def _parsed(text: str) -> Element:
    return etree.fromstring(text.encode("utf-8", "replace"), _parser())


class _Hopeless(Exception):
    """More to repair than a document may need."""


def _repaired(text: str, error: etree.XMLSyntaxError) -> tuple[Element, str]:
    try:
        mended, repairs = _mended(text)
        if repairs:
            return _parsed(mended), f"{repairs} characters or entities repaired that XML forbids"
    except _Hopeless:
        pass
    except etree.XMLSyntaxError as second:
        error = second
    line, column = error.position
    # The log goes on from one document to the next, and the message quotes names: only the kind of the last error is told.
    kinds = [entry.type_name for entry in cast("Iterable[Any]", error.error_log) if entry.type == _code(error)]
    kind = kinds[-1] if kinds else "not well-formed"
    words = kind.removeprefix("ERR_").replace("_", " ").lower()
    raise Refused("malformed-xml", f"{words}, line {line}, column {column}") from None


def _mended(text: str) -> tuple[str, int]:
    """`text` as XML allows it, and how many places were changed."""
    repairs = 0

    def right(match: re.Match[str]) -> str:
        nonlocal repairs
        instead = _right(match)
        repairs += instead != match[0]
        if repairs > MAX_REPAIRS:
            raise _Hopeless
        return instead

    mended, forbidden = _FORBIDDEN.subn("", _REPAIRABLE.sub(right, text))
    if forbidden > MAX_REPAIRS:
        raise _Hopeless
    return mended, repairs + forbidden


def _code(error: etree.XMLSyntaxError) -> int:
    code: int = getattr(error, "code", 0)
    return code


def _right(match: re.Match[str]) -> str:
    """What stands for this entity, character reference or bare `&` in XML."""
    if match[0].startswith("<"):
        return match[0]
    name, dec, hexa = match.group("name", "dec", "hex")
    if name:
        if name in _PREDEFINED:
            return match[0]
        meant = html5.get(f"{name};")
        return _escaped(meant) if meant else f"&amp;{name};"
    if dec or hexa:
        code = int(dec) if dec else int(hexa, 16)
        allowed = code in (9, 10, 13) or 32 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or 0x10000 <= code <= 0x10FFFF
        return match[0] if allowed else ""
    return "&amp;"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


def too_deep(root: Element) -> bool:
    """Whether elements in it are nested deeper than `MAX_DEPTH`."""
    return bool(_TOO_DEEP(root))


@lru_cache(maxsize=4)
def root_name(head: bytes) -> str | None:
    """The local name of the root element by a document's first bytes, for `sniff`; None if they are no XML.

    Every format asks it of the same bytes, one after the other.
    """
    text = _head(head)
    try:
        at = _prolog(text)[1]
    except Refused:
        return None
    root = _ROOT.match(text, at)
    return root[1] if root else None


def _head(head: bytes) -> str:
    """A document's first bytes as characters, in whatever encoding: names of elements are ASCII."""
    return head.replace(b"\x00", b"").lstrip(b"\xef\xbb\xbf\xff\xfe").decode("latin-1")


def declares_entities(head: bytes) -> Refused | None:
    """Why a document by whose first bytes no format is told is none that is read: its document type declares entities."""
    try:
        _prolog(_head(head))
    except Refused as refused:
        return refused if refused.code == "xml-entities" else None
    return None


def local(element: Element) -> str:
    """Its name without name space."""
    return str(element.tag).rpartition("}")[2]


def namespace(element: Element) -> str | None:
    """Its name space, if it has one."""
    name = str(element.tag)
    return name[1:].partition("}")[0] if name[:1] == "{" else None


@cache
def _anywhere(names: tuple[str, ...]) -> tuple[str, ...]:
    """'This local name, in whatever name space or none', as lxml spells it."""
    return tuple(f"{{*}}{name}" for name in names)


def children(element: Element, *names: str) -> Iterator[Element]:
    """Its children of these local names (all, without names), in order."""
    return element.iterchildren(*_anywhere(names))


def child(element: Element | None, *path: str) -> Element | None:
    """The first child of that local name, and its first child of the next name, and so on."""
    for name in path:
        if element is None:
            return None
        element = next(element.iterchildren("{*}" + name), None)
    return element


class Fields:
    """An element's children by local name, read in one pass, for a parent that is asked for many; without one, no children.

    It tells what `child`, `children` and `text_at` told when it was made: not for trees that are still changed.
    """

    __slots__ = ("_named", "element")

    def __init__(self, element: Element | None) -> None:
        self.element = element
        self._named: dict[str, list[Element]] = {}
        if element is not None:
            named = self._named
            for one in element.iterchildren("*"):
                name = one.tag.rpartition("}")[2]
                if name in named:
                    named[name].append(one)
                else:
                    named[name] = [one]

    def child(self, name: str) -> Element | None:
        """As `child`, for one name."""
        found = self._named.get(name)
        return found[0] if found else None

    def children(self, name: str) -> list[Element]:
        """As `children`, for one name; the list is not to be changed."""
        return self._named.get(name, _NO_CHILDREN)

    def text_at(self, name: str) -> str | None:
        """As `text_at`, for one name."""
        found = self._named.get(name)
        return text_of(found[0]) if found else None


_NO_CHILDREN: list[Element] = []


def descendants(element: Element, *names: str) -> Iterator[Element]:
    """All elements of these local names in it, itself too, in document order."""
    return element.iter(*_anywhere(names))


def attribute(element: Element | None, name: str) -> str | None:
    """Its attribute of that local name without blanks around it, None if absent or empty."""
    if element is None:
        return None
    value: str | bytes | None = element.get(name)
    if value is None:
        for key in element.keys():  # noqa: SIM118 - an element's own iteration is that of its children
            if key[:1] == "{" and str(key).rpartition("}")[2] == name:
                value = element.get(key)
                break
        else:
            return None
    return str(value).strip() or None


def text_of(element: Element | None) -> str | None:
    """All text in it in one line, None if there is none."""
    if element is None:
        return None
    if len(element):
        return " ".join("".join(cast("Iterator[str]", element.itertext())).split()) or None
    return " ".join((element.text or "").split()) or None


def text_at(element: Element | None, *path: str) -> str | None:
    """`text_of` the element at `path` (see `child`)."""
    return text_of(child(element, *path))


def language_of(element: Element | None) -> str | None:
    """The nearest `xml:lang`, its own or an ancestor's."""
    while element is not None:
        if given := str(element.get(XML_LANG) or "").strip():
            return given
        element = element.getparent()
    return None
