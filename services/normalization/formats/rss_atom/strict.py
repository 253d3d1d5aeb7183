"""A well-formed feed from its XML tree. Pure.

An item's own elements stand in the item's own name space, whatever that is; those of other vocabularies are known by theirs,
so that a module's `description` is never taken for the item's.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator
from itertools import islice

from services.normalization.formats.rss_atom.model import Entry, Feed, Link, Moment, Text
from services.normalization.xml import Element, attribute, language_of, local, namespace, text_of
from shared.events import Image

_ENTRIES = frozenset({"item", "entry"})
_FEEDS = frozenset({"channel", "feed"})
_ATOM = frozenset({"http://www.w3.org/2005/atom", "http://purl.org/atom/ns#"})
_MODULES = {
    "http://purl.org/rss/1.0/modules/content/": "content",
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://purl.org/dc/elements/1.0/": "dc",
    "http://purl.org/dc/terms/": "dcterms",
    "http://search.yahoo.com/mrss/": "media",
    "http://search.yahoo.com/mrss": "media",
    "http://www.itunes.com/dtds/podcast-1.0.dtd": "itunes",
    "http://www.w3.org/1999/xhtml": "xhtml",
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#": "rdf",
    "http://www.w3.org/2005/atom": "atom",
    "http://purl.org/atom/ns#": "atom",
}
_PREFIXED = {
    "http://wordpress.org/export/": "wp_",
    "http://www.w3.org/2007/app": "app_",
    "http://purl.org/atom/app#": "app_",
}
"""Vocabularies whose members mean something for the story: exports of WordPress, Atom's publishing protocol."""
_MAX_EXTRA = 200
_MAX_BASE64 = 4 * 1024 * 1024


def read_feed(root: Element) -> Feed | None:
    """The feed in a tree; None if it holds none, and no entry."""
    holder = root if local(root).lower() in _FEEDS else next(_named(root, _FEEDS), None)
    entries = list(_named(root, _ENTRIES))
    if holder is None and not entries:
        return None
    feed = Feed(kind=_kind(root, holder, entries))
    if holder is not None:
        _read_head(holder, feed)
    feed.entries = [_read_entry(one) for one in entries]
    return feed


def _named(root: Element, names: frozenset[str]) -> Iterator[Element]:
    """Elements of these names in it, itself too, but none inside the text of an entry."""
    for one in root.iter("*"):
        if local(one).lower() in names and (namespace(one) or "").lower() != "http://www.w3.org/1999/xhtml":
            yield one


def _kind(root: Element, holder: Element | None, entries: list[Element]) -> str:
    first = entries[0] if entries else holder if holder is not None else root
    if _is_atom(first) or local(first).lower() in ("entry", "feed"):
        return "atom"
    return "cdf" if local(root).lower() == "channel" else "rss"


def _is_atom(element: Element) -> bool:
    return (namespace(element) or "").lower() in _ATOM


def _read_head(holder: Element, feed: Feed) -> None:
    own = namespace(holder)
    for one in holder:
        name = local(one).lower()
        vocabulary = "" if namespace(one) == own else _MODULES.get((namespace(one) or "").lower(), "other")
        if vocabulary in ("", "atom") and name == "link":
            link = _link(one)
            if link and link.rel == "alternate" and (feed.link is None or not vocabulary):
                feed.link = link
            elif link and link.rel == "self":
                feed.own = link
        elif vocabulary in ("", "dc") and name == "title":
            feed.title = feed.title or text_of(one)
        elif vocabulary in ("", "dc") and name == "language":
            feed.language = feed.language or text_of(one)
        elif name in ("copyright", "rights") and vocabulary in ("", "dc"):
            feed.rights = feed.rights or text_of(one)
        elif name == "author" and feed.kind == "atom":
            feed.authors += _names(one)
    feed.language = feed.language or language_of(holder)
    if feed.kind == "cdf" and (address := attribute(holder, "HREF")):
        feed.link = Link(address)


def _read_entry(element: Element) -> Entry:
    entry = Entry(id=attribute(element, "about"), language=language_of(element))
    own = namespace(element)
    if local(element) == "ITEM" and (address := attribute(element, "HREF")):
        entry.links.append(Link(address))
        if changed := attribute(element, "LASTMOD"):
            entry.updated = Moment(changed)
    for one in element:
        name = local(one).lower()
        space = namespace(one)
        vocabulary = "" if space == own else _MODULES.get((space or "").lower(), "other")
        reader = _READERS.get((vocabulary, name))
        if reader is not None:
            reader(entry, one)
        elif vocabulary == "other":
            _add_extra(entry, one)
    return entry


def _add_extra(entry: Entry, element: Element) -> None:
    """A member of another vocabulary, and those inside it."""
    for one in islice(element.iter("*"), _MAX_EXTRA):
        space = (namespace(one) or "").lower()
        prefix = next((prefix for start, prefix in _PREFIXED.items() if space.startswith(start)), "")
        if not len(one) and one.text and (words := one.text.strip()) and len(entry.extra) < _MAX_EXTRA:
            entry.extra.setdefault(prefix + local(one).lower(), words)


def _text(element: Element) -> Text:
    """Atom's three types, Atom 0.3's modes, and RSS's HTML as text or as markup."""
    kind, mode = (attribute(element, "type") or "").lower(), (attribute(element, "mode") or "").lower()
    text = Text(language=language_of(element), base=element.base)
    if mode == "base64" or ("/" in kind and not kind.startswith("text/") and "xml" not in kind):
        text.value = _decoded(element) if mode == "base64" or kind.startswith("text") else ""
        text.html = "html" in kind
    elif len(element):
        text.element = element
    else:
        text.value = element.text or ""
        plain = kind in ("text", "text/plain") or (not kind and not mode and _is_atom(element))
        text.html = "html" in kind or (not plain and (mode == "escaped" or not _is_atom(element)))
    return text


def _decoded(element: Element) -> str:
    given = (element.text or "")[:_MAX_BASE64]
    try:
        return base64.b64decode("".join(given.split()), validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return ""


def _link(element: Element) -> Link | None:
    """Atom's by its attributes, RSS's by its text."""
    href = attribute(element, "href") or text_of(element)
    if not href:
        return None
    rel = (attribute(element, "rel") or "alternate").lower().rpartition("/")[2]
    kind = (attribute(element, "type") or "").lower()
    return Link(href, rel, kind, attribute(element, "title"), element.base)


def _names(element: Element) -> list[str]:
    """Atom's persons by their names, all others as written."""
    named = [words for one in element if local(one).lower() == "name" and (words := text_of(one))]
    if named or len(element):
        return named
    words = text_of(element)
    return [words] if words else []


def _add_title(entry: Entry, element: Element) -> None:
    entry.title = entry.title or _text(element)


def _add_id(entry: Entry, element: Element) -> None:
    entry.id = text_of(element) or entry.id
    if (
        local(element).lower() == "guid"
        and (attribute(element, "isPermaLink") or "true").lower() != "false"
        and entry.id
    ):
        entry.links.append(Link(entry.id, "guid"))


def _add_link(entry: Entry, element: Element) -> None:
    if link := _link(element):
        entry.links.append(link)


def _add_enclosure(entry: Entry, element: Element) -> None:
    if address := attribute(element, "url"):
        entry.links.append(Link(address, "enclosure", (attribute(element, "type") or "").lower(), base=element.base))


def _add_summary(entry: Entry, element: Element) -> None:
    entry.summary = entry.summary or _text(element)


def _add_content(entry: Entry, element: Element) -> None:
    entry.contents.append(_text(element))


def _add_encoded(entry: Entry, element: Element) -> None:
    entry.contents.append(
        Text(element.text or "", html=True, element=element if len(element) else None, base=element.base)
    )


def _add_authors(entry: Entry, element: Element) -> None:
    entry.authors += _names(element)


def _add_category(entry: Entry, element: Element) -> None:
    term, label = attribute(element, "term") or text_of(element), attribute(element, "label")
    scheme = attribute(element, "scheme") or attribute(element, "domain")
    if term or label:
        entry.categories.append((term or "", scheme, label))


def _add_keywords(entry: Entry, element: Element) -> None:
    entry.keywords += (text_of(element) or "").split(",")


def _add_source(entry: Entry, element: Element) -> None:
    titles = [words for one in element if local(one).lower() == "title" and (words := text_of(one))]
    entry.source = entry.source or (titles[0] if titles else None if len(element) else text_of(element))


def _add_media(entry: Entry, element: Element) -> None:
    """media:content with its caption and credit; what is not a picture is left out."""
    for one in element:
        if local(one).lower() in ("content", "thumbnail"):
            _add_media(entry, one)
    inside = {local(one).lower(): one for one in element}
    address, kind = attribute(element, "url"), attribute(element, "type") or attribute(element, "medium") or ""
    if address and (kind.startswith("image") or local(element).lower() == "thumbnail" or not kind):
        caption = text_of(inside.get("description")) or text_of(inside.get("title"))
        entry.images.append(Image(url=address, caption=caption, credit=text_of(inside.get("credit"))))


def _add_picture(entry: Entry, element: Element) -> None:
    if address := attribute(element, "href") or text_of(element):
        entry.images.append(Image(url=address))


def _date(name: str) -> Callable[[Entry, Element], None]:
    def read(entry: Entry, element: Element) -> None:
        if (words := text_of(element)) and getattr(entry, name) is None:
            setattr(entry, name, Moment(words))

    return read


def _words(name: str) -> Callable[[Entry, Element], None]:
    def read(entry: Entry, element: Element) -> None:
        if (words := text_of(element)) and getattr(entry, name) is None:
            setattr(entry, name, words)

    return read


_ITEM: dict[str, Callable[[Entry, Element], None]] = {
    "title": _add_title,
    "id": _add_id,
    "guid": _add_id,
    "link": _add_link,
    "enclosure": _add_enclosure,
    "description": _add_summary,
    "abstract": _add_summary,
    "summary": _add_summary,
    "content": _add_content,
    "author": _add_authors,
    "category": _add_category,
    "source": _add_source,
    "pubdate": _date("published"),
    "published": _date("published"),
    "issued": _date("published"),
    "created": _date("dated"),
    "updated": _date("updated"),
    "modified": _date("updated"),
    "expirationdate": _date("expires"),
    "rights": _words("rights"),
    "copyright": _words("rights"),
}
_READERS: dict[tuple[str, str], Callable[[Entry, Element], None]] = (
    {("", name): reader for name, reader in _ITEM.items()}
    | {
        ("atom", name): _ITEM[name]
        for name in ("link", "author", "summary", "content", "published", "updated", "category")
    }
    | {
        ("content", "encoded"): _add_encoded,
        ("xhtml", "body"): _add_content,
        ("xhtml", "div"): _add_content,
        ("dc", "creator"): _add_authors,
        ("dc", "contributor"): lambda entry, element: None if entry.authors else _add_authors(entry, element),
        ("dc", "date"): _date("dated"),
        ("dc", "subject"): _add_category,
        ("dc", "publisher"): _words("publisher"),
        ("dc", "source"): _words("source"),
        ("dc", "rights"): _words("rights"),
        ("dc", "language"): _words("language"),
        ("dc", "title"): _add_title,
        ("dc", "description"): _add_summary,
        ("dcterms", "created"): _date("dated"),
        ("dcterms", "issued"): _date("published"),
        ("dcterms", "modified"): _date("updated"),
        ("dcterms", "valid"): _date("expires"),
        ("media", "content"): _add_media,
        ("media", "group"): _add_media,
        ("media", "thumbnail"): _add_media,
        ("media", "keywords"): _add_keywords,
        ("itunes", "keywords"): _add_keywords,
        ("itunes", "author"): lambda entry, element: None if entry.authors else _add_authors(entry, element),
        ("itunes", "summary"): _add_summary,
        ("itunes", "image"): _add_picture,
    }
)
