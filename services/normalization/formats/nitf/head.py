"""NITF's `head`: vendor `meta` elements, subjects, keywords, places, source, rights, notes to editors. Pure."""

from __future__ import annotations

import re
from functools import cached_property

from services.normalization.wire import unique
from services.normalization.xml import Element, Fields, attribute, children, text_of
from shared.events import Topic

_SUBJECT = re.compile(r"\d{8}")
_CATEGORIES = ("anpa-category", "category", "categoria")
_SEPARATORS = re.compile(r"\s*[,;]\s*")
_PLAIN_PROPERTIES = frozenset({"", "current"})
_PLACE = ("sublocation", "city", "county-dist", "region", "state-prov", "state", "country", "iso-cc")
_MOST = 200
"""Entries of a list; more of them are no work of an editor."""


class Head:
    """The head of one document; every part of it may be missing."""

    def __init__(self, head: Element | None) -> None:
        self.fields = Fields(head)
        self.docdata = Fields(self.fields.child("docdata"))
        pubdata = self.fields.child("pubdata")
        self.pubdata = pubdata if pubdata is not None else self.docdata.child("pubdata")
        self.title = self.fields.text_at("title")

    @cached_property
    def metas(self) -> dict[str, str]:
        """`meta` elements by name in lower case; of several the first with content."""
        found: dict[str, str] = {}
        for one in self.fields.children("meta"):
            name, content = attribute(one, "name"), attribute(one, "content")
            if name and content:
                found.setdefault(name.lower(), content)
        return found

    def meta(self, *names: str) -> str | None:
        """The first of these `meta` elements."""
        return next((self.metas[name] for name in names if name in self.metas), None)

    def topics(self) -> list[Topic]:
        """Subjects of `tobject`, its properties as genres, classifiers, organisations and persons, categories."""
        found = [topic for one in self._tobject("tobject.subject") if (topic := _subject(one))]
        found += [
            Topic(scheme="genre", name=name)
            for one in self._tobject("tobject.property")
            if (name := attribute(one, "tobject.property.type")) and name.lower() not in _PLAIN_PROPERTIES
        ]
        for content in self.docdata.children("identified-content"):
            found += [topic for one in children(content, *_IDENTIFIED) if (topic := _identified(one))]
        if category := self.meta(*_CATEGORIES):
            found.append(Topic(scheme="category", code=category[:100]))
        distinct: dict[tuple[str | None, ...], Topic] = {(one.scheme, one.code, one.name): one for one in found}
        return list(distinct.values())[:_MOST]

    def _tobject(self, name: str) -> list[Element]:
        return [one for subject in self.fields.children("tobject") for one in children(subject, name)]

    def keywords(self) -> list[str]:
        """Key list, names of series and fixture, scope, and keywords in `meta` elements."""
        keys = [
            attribute(one, "key") for each in self.docdata.children("key-list") for one in children(each, "keyword")
        ]
        keys += [attribute(one, "series.name") for one in self.docdata.children("series")]
        keys += [attribute(one, "fix-id") for one in self.docdata.children("fixture")]
        keys += [attribute(one, "scope") for one in self.docdata.children("doc-scope")]
        if listed := self.meta("keywords", "keyword", "news_keywords", "palabras-clave"):
            keys += _SEPARATORS.split(listed)
        return unique(keys)[:_MOST]

    def places(self) -> list[str]:
        """Where the story's events took place, and the places that it names: the narrower first, codes as written."""
        elements = list(self.docdata.children("evloc"))
        elements += [one for each in self.docdata.children("identified-content") for one in children(each, "location")]
        return unique(name for one in elements for name in places_of(one))[:_MOST]

    def source(self) -> str | None:
        """Who registered the story's id, else who delivered it first."""
        registered = next((name for one in self.docdata.children("doc-id") if (name := attribute(one, "regsrc"))), None)
        sent = [one for each in self.docdata.children("del-list") for one in children(each, "from-src")]
        delivered = next((name for one in sent if (name := attribute(one, "src-name"))), None)
        return registered or delivered or self.meta("aap-source", "ntbkilde", "source", "fuente")

    def rights(self) -> str | None:
        """Copyright and rights in one line, as far as they are given."""
        said: list[str | None] = [
            " ".join(unique([attribute(one, "year"), attribute(one, "holder")]))
            for one in self.docdata.children("doc.copyright")
        ]
        for one in self.docdata.children("doc.rights"):
            said += [attribute(one, name) for name in ("owner", "type", "limitations", "geography")]
            said.append(text_of(one))
        return "; ".join(unique(said)) or None

    def ednote(self) -> str | None:
        """Messages to editors and what a correction says of itself, a line each."""
        said = [attribute(one, "info") or text_of(one) for one in self.docdata.children("ed-msg")]
        said += [attribute(one, "info") for one in self.docdata.children("correction")]
        return "\n".join(unique(said)) or None


_IDENTIFIED = ("classifier", "org", "person", "event")


def _subject(element: Element) -> Topic | None:
    """A subject by its eight digits; the narrowest of its three names is that of the digits."""
    names = [attribute(element, f"tobject.subject.{name}") for name in ("detail", "matter", "type")]
    name = next((one for one in names if one), None)
    code = attribute(element, "tobject.subject.refnum") or attribute(element, "tobject.subject.code")
    if code is None:
        return Topic(name=name) if name else None
    owner = attribute(element, "tobject.subject.ipr")
    if owner and owner.upper() != "IPTC":
        return Topic(scheme=owner, code=code, name=name)
    return Topic(scheme="iptc-subject" if _SUBJECT.fullmatch(code) else None, code=code, name=name)


def _identified(element: Element) -> Topic | None:
    """A classifier, person, organisation or event: scheme of its id, else what it is."""
    kind = str(element.tag).rpartition("}")[2]
    code = attribute(element, "value")
    name = text_of(element)
    if code is None and name is None:
        return None
    scheme = attribute(element, "idsrc") or attribute(element, "type") or (kind if kind != "classifier" else None)
    return Topic(scheme=scheme, code=code, name=name)


def places_of(element: Element) -> list[str]:
    """The names in a location: its text, its parts, and attributes that hold names or country codes."""
    fields = Fields(element)
    named = [fields.text_at(part) for part in _PLACE if fields.child(part) is not None]
    given = [attribute(element, name) for name in _PLACE]
    return unique([*(named or [text_of(element)]), *given])
