"""A document of NewsML 1.x to its stories: identity, revision, management, and what each story consists of. Pure."""

from __future__ import annotations

import re

from services.normalization.formats.newsml_1.content import Text, formal_name
from services.normalization.formats.newsml_1.metadata import CORRECTS, Facts, Metadata, topics_by_id
from services.normalization.formats.newsml_1.stories import (
    Story,
    has_media,
    images,
    items,
    named_stories,
    stories,
)
from services.normalization.parts import Block, StoryParts
from services.normalization.raw import RawStory
from services.normalization.wire import read_dateline_field, read_urgency, read_version, read_wire_date, unique
from services.normalization.xml import Element, Fields, attribute, child, parse_xml, root_name, text_at
from shared.errors import Refused
from shared.events import Image, Related

NAME = "newsml-1.2"
_URN = "urn:newsml:"
_REVISION = re.compile(r":\d{1,15}[NUA]?$")
_ZEROS = re.compile(r"0+")
_ADVISORY = re.compile(r"advis|daybook|agenda|schedule|budget|test", re.IGNORECASE)
_FINAL = frozenset({"canceled", "cancelled", "killed", "kill", "withdrawn"})
_NO_STORY = _FINAL | {"withheld", "embargoed"}
"""Status words that say enough without a text."""
_MOST_RELATED = 50


def sniff(head: bytes, content_type: str | None) -> float:  # noqa: ARG001 - the protocol's second argument tells nothing here
    """Sure of a root element `NewsML`; G2 has other roots."""
    name = root_name(head)
    return 1.0 if name is not None and name.lower() == "newsml" else 0.0


def read(raw: RawStory) -> list[StoryParts]:
    """The stories of every NewsItem, in document order.

    Raises:
        Refused: the document is no XML that can be read; `not-news` if it has pictures, sets of topics or lists alone;
            `partial-update` if it holds but replacements for parts of an earlier revision.
    """
    parsed = parse_xml(raw.value, raw.content_type)
    root = parsed.root
    named = topics_by_id(root)
    found: list[StoryParts] = []
    partial = 0
    for item in items(root):
        read_here = _read_item(item, named)
        found += read_here
        partial += not read_here and child(item, "Update") is not None
    if not found:
        if partial:
            raise Refused("partial-update", "replacements for parts of an earlier revision, which is not kept here")
        raise Refused("not-news", "a NewsML document without text: pictures, topics or references")
    if partial:
        found[0].notes.append(f"replacements for parts of earlier revisions in it, not read: {partial}")
    for story in found if parsed.note else ():
        story.notes.insert(0, parsed.note or "")
    return found


def _read_item(item: Element, named: dict[str, Element]) -> list[StoryParts]:
    component = child(item, "NewsComponent")
    several = stories(component) if component is not None else []
    management = Fields(child(item, "NewsManagement"))
    if component is not None and (formal_name(management.child("Status")) or "").lower() in _NO_STORY:
        all_named = named_stories(component, several)  # each story of the item is taken back, not the first alone
        several = all_named if len(all_named) > 1 else several
    if not several:
        if not _stands_alone(item, component, management):
            return []
        several = [Story([component] if component is not None else [])]
    shared = _counted(several)
    known: dict[Element, Facts] = {}
    tags = [_language(story, known) for story in several] if len(several) > 1 else [""]
    main = _main(several, tags, item)
    owned = _owned(several, main, images(component)) if component is not None else {}
    identifier = Fields(child(item, "Identification", "NewsIdentifier"))
    written = _as_written(item, identifier, management)
    found = []
    for story, mark in zip(several, _marks(several, tags, main, shared), strict=True):
        parts = StoryParts(format=NAME)
        _identity(parts, item, identifier, mark)
        parts.given = dict(written)
        _manage(parts, management)
        own = [shared[one] == 1 for one in story.chain]
        metadata = Metadata(story.chain, own, known, first=story is main) if story.chain else None
        if metadata is not None:
            _describe(parts, metadata, named)
        _label(parts, item, main=story is main)
        _fill(parts, story)
        hung = owned.get(story.chain[-1] if story.chain else None, [])
        parts.images = list({image.url: image for image in [*hung, *parts.images]}.values())
        parts.language = parts.language or attribute(item, "lang")
        found.append(parts)
    return found


def _stands_alone(item: Element, component: Element | None, management: Fields) -> bool:
    """Whether an item without text is a story: by its status, or because it has a headline and no medium.

    A kill or a hold often has no content at all; a flash is a headline alone; a change of status alone (`Update="A"`) has
    neither.
    """
    word = (formal_name(management.child("Status")) or "").lower()
    update = attribute(child(item, "Identification", "NewsIdentifier", "RevisionId"), "Update")
    if word in _NO_STORY or update == "A":
        return True
    if component is None or has_media(component):
        return False
    return Metadata([component], [True], {}, first=True).lines("headline") != []


def _counted(several: list[Story]) -> dict[Element, int]:
    """How many stories every component has in it."""
    counts: dict[Element, int] = {}
    for story in several:
        for one in story.chain:
            counts[one] = counts.get(one, 0) + 1
    return counts


def _main(several: list[Story], tags: list[str], item: Element) -> Story:
    """The story that the item's own id means: of several languages the item's own, else the first."""
    tag = attribute(item, "lang") or (attribute(several[0].chain[0], "lang") if several[0].chain else None)
    return several[tags.index(tag.lower())] if tag and tag.lower() in tags else several[0]


def _language(story: Story, known: dict[Element, Facts]) -> str:
    return (Metadata(story.chain, [True] * len(story.chain), known, first=True).language() or "").lower()


def _marks(several: list[Story], tags: list[str], main: Story, shared: dict[Element, int]) -> list[str]:
    """What tells the stories of one item apart, in all its revisions: language, else Duid, else place. '' for the main one."""
    if len(several) == 1:
        return [""]
    duids = [_duid([one for one in story.chain if shared[one] == 1]) for story in several]
    marks = next(
        (marks for marks in (tags, duids) if all(marks) and len(set(marks)) == len(marks)),
        [str(place) for place in range(1, len(several) + 1)],
    )
    return ["" if story is main else mark for story, mark in zip(several, marks, strict=True)]


def _duid(own: list[Element]) -> str:
    """The inmost Duid of a story's own components, '' if they have none."""
    return next((duid for one in reversed(own) if (duid := attribute(one, "Duid"))), "")


def _identity(parts: StoryParts, item: Element, identifier: Fields, mark: str) -> None:
    """ProviderId:DateId:NewsItemId, which all revisions share; of several stories in the item all but one have a mark."""
    base = _item_id(identifier, text_at(item, "NewsManagement", "ThisRevisionCreated"))
    if base is None and (provider := identifier.text_at("ProviderId")) and (guid := _guid(item)):
        base = f"{provider}:{guid}"
    parts.provider_id = f"{base}#{mark}" if base and mark else base
    parts.version = read_version(identifier.text_at("RevisionId"), parts.notes)


def _as_written(item: Element, identifier: Fields, management: Fields) -> dict[str, list[str]]:
    """What no field holds as it was written: the id's parts, its revision, the item's type, label and degree of haste."""
    revision = identifier.child("RevisionId")
    written = {
        "id": identifier.text_at("PublicIdentifier"),
        "news_item_id": identifier.text_at("NewsItemId"),
        "provider_id": identifier.text_at("ProviderId"),
        "date_id": identifier.text_at("DateId"),
        "previous_version": attribute(revision, "PreviousRevision"),
        "update": attribute(revision, "Update"),
        "type": formal_name(management.child("NewsItemType")),
        "label": text_at(item, "Identification", "NameLabel"),
        "urgency": formal_name(management.child("Urgency")),
    }
    return {name: [value] for name, value in written.items() if value}


def _item_id(identifier: Fields, created: str | None) -> str | None:
    """The id without revision, None if there is none or it is not the item's alone.

    Some writers put the time of the revision into DateId (it is ThisRevisionCreated, and the public identifier does not
    know it): it changes with every revision and is left out.
    """
    provider, date, name = (identifier.text_at(part) for part in ("ProviderId", "DateId", "NewsItemId"))
    public = identifier.text_at("PublicIdentifier")
    if not name:
        return without_revision(public) if public and public.count(":") >= 5 else None
    if _ZEROS.fullmatch(name):
        return ":".join(unique([provider])) + f":{date}:{name}" if date and "T" in date else None
    if public and name not in public and date and date == created:
        date = None
    return ":".join(one for one in (provider, date, name) if one)


def without_revision(reference: str) -> str:
    """'urn:newsml:afp.com:20180404:X1:2' → 'afp.com:20180404:X1'; what is no such name stays as it is."""
    if not reference.lower().startswith(_URN):
        return reference
    name = reference[len(_URN) :]
    return _REVISION.sub("", name) if name.count(":") >= 3 else name


def _guid(item: Element) -> str | None:
    """An element `guid`, which some send for want of a NewsItemId."""
    return next(
        (words for one in item.iter("{*}guid") if (words := " ".join((one.text or "").split())) and len(words) >= 8),
        None,
    )


def _manage(parts: StoryParts, management: Fields) -> None:
    if management.element is None:
        return
    created = read_wire_date(management.text_at("FirstCreated"))
    revised = read_wire_date(management.text_at("ThisRevisionCreated"))
    parts.version_time = revised
    parts.published = created or revised
    parts.updated = revised if created is not None and revised is not None and revised.raw != created.raw else None
    parts.status = formal_name(management.child("Status"))
    parts.urgency = read_urgency(formal_name(management.child("Urgency")), parts.notes)
    if _ADVISORY.search(formal_name(management.child("NewsItemType")) or ""):
        parts.kind = "advisory"
    _changes(parts, management)
    derived = [attribute(one, "NewsItem") for one in management.children("DerivedFrom")]
    origin = next((without_revision(one) for one in derived if one), None)
    parts.evolved_from = origin if origin != parts.provider_id else None
    with_it = [attribute(one, "NewsItem") or attribute(one, "Href") for one in management.children("AssociatedWith")]
    parts.related = [Related(url=one[:2048]) for one in unique(with_it)[:_MOST_RELATED]]
    for one in management.children("Instruction"):
        if CORRECTS.match(formal_name(one) or ""):
            parts.correction = True


def _changes(parts: StoryParts, management: Fields) -> None:
    """Changes of status that are announced: to usable is the end of an embargo, to canceled or withheld an expiry."""
    parts.embargoed = (parts.status or "").lower() == "embargoed"
    for one in management.children("StatusWillChange"):
        word = (formal_name(child(one, "FutureStatus")) or "").lower()
        given = text_at(one, "DateAndTime")
        date = read_wire_date(given)
        if word == "usable" or (parts.embargoed and not word):
            parts.embargoed = True
            parts.embargoed_until = parts.embargoed_until or date
        elif word in _NO_STORY:
            parts.expires = parts.expires or date
        elif word:
            parts.notes.append("announced change of status unreadable")


def _describe(parts: StoryParts, metadata: Metadata, named: dict[str, Element]) -> None:
    titles = metadata.lines("headline")
    parts.title = titles[0] if titles else None
    parts.subheads = unique([*metadata.lines("subheadline"), *titles[1:]])
    slugs = metadata.lines("slugline")
    parts.slugline = slugs[0] if slugs else None
    parts.byline = metadata.byline()
    parts.dateline = next((line for given in metadata.lines("dateline") if (line := read_dateline_field(given))), None)
    parts.credit = metadata.credit()
    parts.source = metadata.source()
    parts.language = metadata.language()
    parts.topics = metadata.topics(named)
    parts.keywords = unique([*metadata.keywords(), *slugs[1:]])
    parts.places = metadata.places()
    parts.rights = metadata.rights()
    parts.ednote = metadata.ednote()
    parts.correction = parts.correction or metadata.corrects()


def _label(parts: StoryParts, item: Element, *, main: bool) -> None:
    """NameLabel is the item's short name: its slug, where no line says one, else a keyword."""
    label = text_at(item, "Identification", "NameLabel") if main else None
    if label and parts.slugline is None:
        parts.slugline = label
    elif label and label != parts.slugline:
        parts.keywords = unique([*parts.keywords, label])


def _fill(parts: StoryParts, story: Story) -> None:
    """The story's words, and from NITF in it what the news lines leave open."""
    texts = story.texts
    parts.title = parts.title or story.line("title")
    parts.subheads = unique([*parts.subheads, *(text.line() for text in texts.get("subhead", ()))])
    parts.summary = story.line("summary") or story.line("lead")
    parts.byline = parts.byline or unique(text.line() for text in texts.get("byline", ()))
    parts.dateline = parts.dateline or read_dateline_field(story.line("dateline"))
    notes = [parts.ednote, *(text.line() for text in texts.get("ednote", ()))]
    parts.ednote = "\n".join(unique(notes)) or None
    body = [*texts.get("body", ())]
    for text in body:
        if text.nitf is not None:
            _merge(parts, text.nitf)
    lead = [text for text in texts.get("lead", ()) if not (body and body[0].key.startswith(text.key))]
    _set_body(parts, [*lead, *body, *texts.get("after", ())] or list(texts.get("summary", ())))
    parts.subheads = [one for one in parts.subheads if one != parts.title]
    inline: dict[str, Image] = {image.url: image for text in body for image in text.images}
    parts.images = list(inline.values())


def _set_body(parts: StoryParts, texts: list[Text]) -> None:
    if all(text.plain is not None for text in texts):
        parts.body = "\n\n".join(text.plain or "" for text in texts) or None
        return
    found: list[Block] = [block for text in texts for block in text.as_blocks()]
    parts.blocks = found
    parts.body = "\n\n".join(block.text for block in found) or None


def _merge(parts: StoryParts, nitf: StoryParts) -> None:
    parts.title = parts.title or nitf.title
    parts.subheads = unique([*parts.subheads, *nitf.subheads])
    parts.byline = parts.byline or nitf.byline
    parts.dateline = parts.dateline or nitf.dateline
    parts.summary = parts.summary or nitf.summary
    parts.slugline = parts.slugline or nitf.slugline
    parts.credit = parts.credit or nitf.credit
    parts.rights = parts.rights or nitf.rights
    parts.urgency = parts.urgency or nitf.urgency
    parts.expires = parts.expires or nitf.expires
    parts.ednote = "\n".join(unique([parts.ednote, nitf.ednote])) or None
    parts.topics += [one for one in nitf.topics if one not in parts.topics]
    parts.keywords = unique([*parts.keywords, *nitf.keywords])
    parts.places = unique([*parts.places, *nitf.places])
    parts.correction = parts.correction or nitf.correction
    parts.kills += nitf.kills
    parts.holds += nitf.holds
    parts.evolved_from = parts.evolved_from or nitf.evolved_from
    if nitf.embargoed:
        parts.embargoed, parts.embargoed_until = True, parts.embargoed_until or nitf.embargoed_until


def _owned(
    several: list[Story], main: Story, pictures: list[tuple[Element, Image]]
) -> dict[Element | None, list[Image]]:
    """Pictures by the inmost component of the story that they are in; those that are in no story's are the main story's."""
    inmost = {story.chain[-1] for story in several if story.chain}
    mains = main.chain[-1] if main.chain else None
    found: dict[Element | None, list[Image]] = {}
    for component, image in pictures:
        around: Element | None = component
        while around is not None and around not in inmost:
            around = around.getparent()
        found.setdefault(around if around is not None else mains, []).append(image)
    return found
