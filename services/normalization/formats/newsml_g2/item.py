"""One item of NewsML-G2 to story parts: itemMeta, contentMeta, rightsInfo, links, content. Pure.

`@guid` names all versions of an item, `@version` counts them (1 where it is absent). What the item says in codes is kept
beside as written (`StoryParts.given`).
"""

from __future__ import annotations

from itertools import chain

from services.normalization.formats.newsml_1.metadata import CORRECTS
from services.normalization.formats.newsml_g2 import codes, references
from services.normalization.formats.newsml_g2.content import Content, read_content
from services.normalization.formats.newsml_g2.notes_to_editors import read_ednotes
from services.normalization.markup import paragraphs
from services.normalization.parts import GivenDate, Kind, StoryParts
from services.normalization.wire import read_dateline_field, read_urgency, read_wire_date, unique
from services.normalization.xml import Element, Fields, attribute, child, children, language_of, local, text_of
from shared.events import Dateline, Topic

NAME = "newsml-g2"

_MAX_TOPICS = 300
_TEXT_CLASSES = frozenset({"", "text", "composite", "news", "article", "story"})
_ADVISORY = frozenset({"advisory", "daybook", "mediaadvisory", "test", "testmessage", "imprint"})
_STATUS_WORDS = frozenset({"usable", "withheld", "canceled", "cancelled", "withdrawn"})
_NO_SUMMARY = frozenset({"caption", "keyword", "keywords", "script", "shotlist", "notes"})
_PLACES = frozenset({"geoarea", "poi"})
_REUTERS_PLACE = ("cptType", "5")
"""Reuters' type of a subject that is a place."""
_EQUIVALENTS = frozenset({"medtop", "subj"})


def read_item(item: Element) -> StoryParts:
    """What a newsItem or another item says; its `kind` tells whether it is a story."""
    whole = Fields(item)
    meta, about = Fields(whole.child("itemMeta")), Fields(whole.child("contentMeta"))
    parts = StoryParts(format=NAME, provider_id=attribute(item, "guid"))
    parts.language = _language(item, about)
    content = read_content(whole.children("contentSet"))
    parts.notes += content.notes
    _version(item, parts)
    _management(meta, parts)
    _dates(meta, about, parts)
    _headlines(meta, about, content, parts)
    if about.element is not None:
        _about(about, parts)
    _credits(meta, about, content, parts)
    _text(content, about, parts)
    if content.nested is not None:
        _nested(content.nested, parts)
    parts.rights = _rights(item, parts.language)
    references.read_references(item, content, parts)
    _codes(item, meta, about, parts)
    parts.kind = _kind(item, meta, about, parts)
    return parts


def _language(item: Element, about: Fields) -> str | None:
    tags = (attribute(one, "tag") for one in about.children("language"))
    return next((tag for tag in tags if tag), None) or language_of(about.element if about.element is not None else item)


def _version(item: Element, parts: StoryParts) -> None:
    parts.version = attribute(item, "version") or "1"
    if not (parts.version.isascii() and parts.version.isdigit()):
        parts.notes.append("version is no number")


def _management(meta: Fields, parts: StoryParts) -> None:
    """Status, embargo, expiry, marks of correction and notes to editors."""
    _status(meta, parts)
    embargoed = meta.child("embargoed")
    if embargoed is not None:
        # Empty means: under embargo, and the end is not known (schema type DateTimeOrNull).
        parts.embargoed = True
        parts.embargoed_until = read_wire_date(text_of(embargoed))
    parts.expires = read_wire_date(meta.text_at("expires"))
    signals = [found for one in meta.children("signal") if (found := codes.concept(one))]
    parts.correction = any(_is_correction(scheme, value) for scheme, value in signals)
    deleted = ("edStat", "D") in signals or ("sig", "kill") in signals
    if deleted and not _says(parts.status, "canceled", "cancelled", "withdrawn"):
        parts.notes.append("a signal says that it is deleted: read as canceled")
        parts.status = "canceled"
    if meta.element is not None:
        parts.ednote, parts.ednote_private = read_ednotes(meta.element, parts.language)
    noted = f"{parts.ednote or ''}\n{parts.ednote_private or ''}".split("\n")
    parts.correction = parts.correction or any(CORRECTS.match(line) for line in noted)


def _status(meta: Fields, parts: StoryParts) -> None:
    element = meta.child("pubStatus")
    if element is None:
        return
    found = codes.concept(element)
    word = found[1] if found else text_of(element)
    if word is None:
        parts.notes.append("pubStatus says nothing: read as usable, its default")
    elif found and found[0] and (found[0] == "stat" or word.lower() not in _STATUS_WORDS):
        parts.status = f"{found[0]}:{word}"
    else:
        parts.status = word.rstrip("/").rpartition("/")[2] if "/" in word else word


def _says(status: str | None, *words: str) -> bool:
    return (status or "").lower().removeprefix("stat:") in words


def _is_correction(scheme: str | None, value: str) -> bool:
    """IPTC's `sig:correction` under any alias, Reuters' `edStat:C`."""
    return value.lower() in ("correction", "corrected") or (scheme, value) == ("edStat", "C")


def _dates(meta: Fields, about: Fields, parts: StoryParts) -> None:
    """Published: when the first version was made; a kill of Reuters' has its own time there, which comes too late to count."""
    made, first = _date(meta, "versionCreated", parts), _date(meta, "firstCreated", parts)
    parts.version_time = made
    parts.published = first or made
    parts.updated = made if first and made and first.raw != made.raw else None
    if parts.published is None:
        parts.published = _date(about, "contentCreated", parts)
        if parts.published is not None:
            parts.notes.append("published is the time when the content was made: there is no other")


def _date(where: Fields, name: str, parts: StoryParts) -> GivenDate | None:
    date = read_wire_date(where.text_at(name))
    if date is not None and date.value is None:
        parts.notes.append(f"{name} unreadable")
        return None
    return date


def _headlines(meta: Fields, about: Fields, content: Content, parts: StoryParts) -> None:
    """The headline without a role or for the main place; those for below it are subheads; other languages are left out."""
    given = [one for one in about.children("headline") if text_of(one)]
    given.sort(key=_rank)
    below = [one for one in given if "sub" in codes.role(one) or "deck" in codes.role(one)]
    main = [one for one in given if one not in below]
    plain = [one for one in main if codes.role(one) in ("", "main", "hl", "headline", "title", "display")]
    chosen = codes.chosen(plain or main, parts.language)
    titles = [one for one in meta.children("title") if not codes.role(one)]
    parts.title = text_of(chosen) or content.title or text_of(codes.chosen(titles, parts.language))
    parts.subheads = [words for one in below if (words := text_of(one))] or content.subheads


def _rank(element: Element) -> int:
    given = attribute(element, "rank") or ""
    return int(given) if given.isdigit() and len(given) < 10 else 10**9


def _about(about: Fields, parts: StoryParts) -> None:
    parts.slugline = next((words for one in about.children("slugline") if (words := text_of(one))), None)
    parts.urgency = read_urgency(about.text_at("urgency"), parts.notes)
    keywords = [text_of(one) for one in about.children("keyword")]
    parts.keywords = list(dict.fromkeys(word for word in keywords if word))
    _subjects(about, parts)
    places = [name for one in about.children("located") for name in _located(one, parts.language)]
    subjects = [codes.name_of(one, parts.language) for one in about.children("subject") if _is_place(one)]
    parts.places = list(dict.fromkeys(chain(places, (name for name in subjects if name))))


def _subjects(about: Fields, parts: StoryParts) -> None:
    """Subjects, then their parents and IPTC's codes for the same, each once."""
    subjects = about.children("subject")
    near = [two for one in subjects for two in children(one, "broader", "sameAs")]
    wanted = [one for one in near if local(one) == "broader" or (codes.concept(one) or ("", ""))[0] in _EQUIVALENTS]
    topics: dict[tuple[str | None, str | None], Topic] = {}
    for one in subjects + wanted:
        found = codes.topic(one, parts.language)
        if found is None:
            continue
        key = (found.scheme, found.code) if found.code else (None, found.name)
        if key not in topics or (topics[key].name is None and found.name):
            topics[key] = found
    parts.topics = list(topics.values())
    if len(parts.topics) > _MAX_TOPICS:
        parts.notes.append(f"only {_MAX_TOPICS} of {len(parts.topics)} subjects kept")
        parts.topics = parts.topics[:_MAX_TOPICS]


def _is_place(subject: Element) -> bool:
    kind = codes.concept(subject, "type")
    return kind is not None and (kind[1].lower() in _PLACES or kind == _REUTERS_PLACE)


def _located(located: Element, language: str | None) -> list[str]:
    own = codes.name_of(located, language) or attribute(located, "literal")
    parents = (codes.name_of(one, language) for one in children(located, "broader"))
    return [name for name in chain((own,), parents) if name]


def _credits(meta: Fields, about: Fields, content: Content, parts: StoryParts) -> None:
    """Bylines, dateline, credit, source. An information source that is not the provider is a credit, if none is given."""
    language = parts.language
    parts.source = codes.party(meta.child("provider"), language)
    if about.element is None:
        parts.byline, parts.dateline = content.byline, content.dateline
        return
    bylines = [words for one in about.children("by") if (words := text_of(one))]
    parts.byline = list(dict.fromkeys(bylines)) or content.byline or _persons(about, language)
    given = next((words for one in about.children("dateline") if (words := text_of(one))), None)
    parts.dateline = _dateline(given) or content.dateline
    lines = [words for one in about.children("creditline") if (words := text_of(one))]
    origins = [codes.party(one, language) for one in about.children("infoSource")]
    parts.source = parts.source or next((name for name in origins if name), None)
    others = dict.fromkeys(name for name in origins if name and name != parts.source and " " in name)
    parts.credit = (lines[0] if lines else None) or ", ".join(others) or None


def _persons(about: Fields, language: str | None) -> list[str]:
    """Creators by name; a single word is a code or a house."""
    names = [codes.name_of(one, language) for one in about.children("creator")]
    return list(dict.fromkeys(name for name in names if name and " " in name and "@" not in name))


def _dateline(given: str | None) -> Dateline | None:
    """In parts, each as written; Reuters has a moment there."""
    return Dateline(date=given) if given and given[:1].isdigit() else read_dateline_field(given)


def _text(content: Content, about: Fields, parts: StoryParts) -> None:
    """The body, and the provider's own summary: a description that is no caption, else NITF's abstract."""
    parts.blocks = content.blocks
    if len(parts.blocks) > 1 and parts.blocks[0].tag == "h2" and parts.blocks[0].text == parts.title:
        parts.blocks = parts.blocks[1:]
    parts.body = content.text or "\n\n".join(block.text for block in parts.blocks) or None
    described = about.children("description")
    summaries = [one for one in described if codes.role(one) not in _NO_SUMMARY and text_of(one)]
    chosen = codes.chosen(summaries, parts.language)
    parts.summary = (paragraphs(chosen) if chosen is not None else None) or content.summary


def _nested(nitf: StoryParts, parts: StoryParts) -> None:
    """What an NITF document inside the item adds: its orders about other stories, and what the item itself does not say.

    Where the two disagree about whether it may be published, the stricter word holds.
    """
    parts.kills, parts.holds = nitf.kills, nitf.holds
    parts.ednote = "\n".join(unique([parts.ednote, nitf.ednote])) or None
    parts.correction = parts.correction or nitf.correction
    if nitf.evolved_from != parts.provider_id:
        parts.evolved_from = parts.evolved_from or nitf.evolved_from
    for name in ("slugline", "urgency", "credit", "section", "expires"):
        if getattr(parts, name) is None:
            setattr(parts, name, getattr(nitf, name))
    if nitf.embargoed and not parts.embargoed:
        parts.embargoed, parts.embargoed_until = True, nitf.embargoed_until
        parts.notes.append("the embargo is that of the NITF document inside")
    if _says(parts.status, "", "usable") and not _says(nitf.status, "", "usable", "embargoed"):
        parts.status = nitf.status
        parts.notes.append("the status is that of the NITF document inside")


def _rights(item: Element, language: str | None) -> str | None:
    """Notice and terms of use in the item's language, else the holder."""
    lines: dict[str, None] = {}
    for info in children(item, "rightsInfo"):
        for name in ("copyrightNotice", "usageTerms"):
            given = [one for one in children(info, name) if text_of(one)]
            chosen = codes.chosen(given, language)
            if chosen is not None and (words := text_of(chosen)):
                lines[words] = None
        holder = codes.party(child(info, "copyrightHolder"), language)
        if not lines and holder:
            lines[holder] = None
    return "\n".join(lines) or None


def _codes(item: Element, meta: Fields, about: Fields, parts: StoryParts) -> None:
    """Codes and words of the item as written, for whoever wants to see what was said."""
    given: dict[str, list[str]] = {"item": [local(item)]}
    named = (("class", meta, "itemClass"), ("provider", meta, "provider"), ("signal", meta, "signal"))
    for name, where, tag in (*named, ("genre", about, "genre"), ("role", meta, "role"), ("profile", meta, "profile")):
        if said := [written for one in where.children(tag) if (written := codes.written(one) or text_of(one))]:
            given[name] = said
    for name, where, tag in (("dateline", about, "dateline"), ("first_created", meta, "firstCreated")):
        if words := where.text_at(tag):
            given[name] = [words]
    if root := attribute(child(item, "groupSet"), "root"):
        given["root_group"] = [root]
    parts.given = given


def _kind(item: Element, meta: Fields, about: Fields, parts: StoryParts) -> Kind:
    """A newsItem is a story if it has text, or is of a class of texts, or takes back or holds what may have been one."""
    if local(item) != "newsItem":
        return "not-news"
    taken_back = _says(parts.status, "canceled", "cancelled", "withdrawn", "withheld")
    if not parts.body and not taken_back and codes.code(meta.child("itemClass")) not in _TEXT_CLASSES:
        return "not-news"
    marks = chain(
        children(meta.element, "itemClass", "profile", "role") if meta.element is not None else (),
        about.children("genre"),
    )
    said = ((codes.code(one) or (text_of(one) or "").lower()).replace(" ", "") for one in marks)
    return "advisory" if any(word in _ADVISORY for word in said) else "story"
