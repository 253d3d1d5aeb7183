"""A page's tree: how it is parsed, and what its readers ask of an element. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from lxml import etree
from lxml.etree import _Element

_OUTSIDE = frozenset({"nav", "aside", "footer"})


def named(tree: _Element, path: str) -> list[_Element]:
    """Elements that an XPath finds by their names, at most forty."""
    return cast("list[_Element]", tree.xpath(path))[:40]


def parsed(text: str) -> _Element | None:
    """The tree of a page's text; None if there is nothing in it. The parser itself nests no deeper than 255 elements."""
    if not text.strip():
        return None
    parser = etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, no_network=True)
    try:
        return cast("_Element | None", etree.fromstring(text.replace("\0", "").encode("utf-8", "replace"), parser))
    except (etree.ParserError, etree.XMLSyntaxError):
        return None


def text_of(element: _Element) -> str:
    """The words in an element, in one line."""
    return " ".join("".join(cast("Iterator[str]", element.itertext())).split())


def is_crumb(element: _Element) -> bool:
    """Whether an element is in a breadcrumb: in a `nav`, or in something called one."""
    for one in (element, *element.iterancestors()):
        if one.tag == "nav" or "crumb" in f"{one.get('class')} {one.get('id')}".lower():
            return True
        if one.tag == "body":
            break
    return False


def is_outside(element: _Element) -> bool:
    """Whether an element stands beside the page's content: in its menus, at its side or foot."""
    return any(one.tag in _OUTSIDE for one in element.iterancestors())
