"""A feed's entry to story parts: identity, addresses made whole, dates, text and summary. Pure.

RSS has no version and no version time: its dates are of publication. Atom's `updated` is the version time.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta, timezone

from services.normalization.dates import read_date
from services.normalization.formats.rss_atom.model import Entry, Feed, Moment, Text
from services.normalization.formats.wire_dates import month_of
from services.normalization.fragment import Fragment, absolute, is_markup, read_fragment, words
from services.normalization.markup import blocks, image_references
from services.normalization.parts import Block, GivenDate, StoryParts
from services.normalization.phrases import fold
from services.normalization.xml import text_of
from shared.events import Image, Related, Topic

MAX_ID = 1024
"""Characters; nothing longer is an identifier."""
_PUBLISHED = frozenset({"", "publish", "published", "live", "inherit", "usable"})
_NO_POSTS = frozenset({"attachment", "nav_menu_item", "revision", "custom_css", "wp_navigation"})
_GIVEN = {
    "status": ("wp_status", "publishing_status", "status"), "type": ("wp_post_type",),
    "priority": ("feedarticle_priority", "priority"),
}  # fmt: skip
"""What of other vocabularies is kept beside as written."""
_BODIES = ("full-text", "fulltext", "full_text", "body", "cm_body", "story")
"""Where senders put a whole text that neither RSS nor Atom has a place for."""
_EMAIL = re.compile(r"^\s*(?:mailto:)?[^\s@()]{1,80}@[^\s@()]{1,80}\s*(?:\((?P<name>[^()]{1,100})\))?\s*$")
_NAME_AND_EMAIL = re.compile(r"^\s*(?P<name>[^<>()@]{2,100}?)\s*[<(]\s*[^\s@<>()]{1,80}@[^\s@<>()]{1,80}\s*[>)]\s*$")
_ZONES = {
    "WET": 0, "WEST": 1, "BST": 1, "CET": 1, "MEZ": 1, "CEST": 2, "MESZ": 2, "EET": 2, "SAST": 2, "EEST": 3, "MSK": 3,
    "PKT": 5, "JST": 9, "KST": 9, "AEST": 10, "AEDT": 11,
}  # fmt: skip
"""Hours of the zones that feeds name by letters which e-mail's rules do not know; ambiguous ones (IST) are left out."""
_LETTERS = re.compile(rf"(?P<date>.{{8,60}}?)\s+(?P<zone>{'|'.join(_ZONES)})")
_DAY_FIRST = re.compile(
    r"(?:[^\W\d]{2,12}\.?,?\s+)?(?P<day>\d{1,2})\.?\s+(?P<month>[^\W\d]{3,12})\.?\s+(?P<rest>\d{2,4}\b.*)"
)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_CONTROLS = re.compile("[\x80-\x9f]")
_WINDOWS = {code: bytes([code]).decode("cp1252", "replace").replace("\ufffd", "") for code in range(0x80, 0xA0)}
_SOONEST, _LATEST = 1970, 2200


def read_entries(feed: Feed, location: str | None) -> list[StoryParts]:
    """The feed's stories in order; `location` is the feed's own address, if known."""
    own = absolute(feed.own.href, feed.own.base or location) if feed.own else None
    base = absolute(feed.link.href, feed.link.base or location or own) if feed.link else None
    base = base or absolute(location) or own
    shared = _shared_ids(feed.entries)
    stories = [_story(entry, feed, base) for entry in feed.entries]
    for story in stories:
        if story.provider_id in shared and story.url:
            story.provider_id = None
            story.notes.append("its id is also another entry's in the same feed: told by its address")
    return stories


def _shared_ids(entries: list[Entry]) -> set[str]:
    """Ids that several entries with other addresses have: some feeds give all their entries one."""
    pairs = {(entry.id, _href(entry)) for entry in entries if entry.id}
    return {one for one, count in Counter(one for one, href in pairs if href).items() if count > 1}


def _href(entry: Entry) -> str | None:
    return next((one.href for one in entry.links if one.rel == "alternate"), None)


def _story(entry: Entry, feed: Feed, base: str | None) -> StoryParts:
    parts = StoryParts(format="atom" if feed.kind == "atom" else "rss", layout="extracted")
    parts.provider_id = entry.id if entry.id and len(entry.id) <= MAX_ID else None
    parts.url = _address(entry, base)
    parts.title = _one_line(entry.title)
    _texts(entry, parts, parts.url or base)
    _dates(entry, feed, parts)
    names = [name for one in entry.authors or (feed.authors if feed.kind == "atom" else []) if (name := _person(one))]
    parts.byline = list(dict.fromkeys(names))
    parts.source = entry.source or entry.publisher or feed.title
    parts.rights = entry.rights or feed.rights
    parts.language = parts.language or entry.language or feed.language
    parts.topics = _topics(entry)
    parts.keywords = list(dict.fromkeys(word for one in entry.keywords if (word := one.strip())))
    _links(entry, parts, base)
    _extra(entry, parts)
    _repair(parts)
    return parts


def _repair(parts: StoryParts) -> None:
    """Controls where text should be: UTF-8 read as Latin-1 once too often, else characters of windows-1252."""
    if not any(text and _CONTROLS.search(text) for text in (parts.title, parts.summary, parts.body)):
        return
    parts.title, parts.summary, parts.body = _repaired(parts.title), _repaired(parts.summary), _repaired(parts.body)
    parts.blocks = [Block(one.tag, _repaired(one.text) or "") for one in parts.blocks]
    parts.notes.append("characters of another charset in it repaired")


def _repaired(text: str | None) -> str | None:
    if not text or not _CONTROLS.search(text):
        return text
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text.translate(_WINDOWS)


def _address(entry: Entry, base: str | None) -> str | None:
    """Its page: the link for HTML first; an id that says it is an address where there is none."""
    pages = [one for one in entry.links if one.rel == "alternate"]
    pages.sort(key=lambda one: one.type not in ("", "text/html", "application/xhtml+xml"))
    for link in pages + [one for one in entry.links if one.rel == "guid"]:
        # An id that is an address is the last that can tell a relative link's site.
        if address := absolute(link.href, link.base or base or entry.id):
            return address
    return None


def _one_line(text: Text | None) -> str | None:
    if text is None:
        return None
    if text.element is not None:
        return text_of(text.element)
    return words(text.value) if text.html else " ".join(text.value.split()) or None


def _read(text: Text, base: str | None) -> Fragment:
    base = text.base or base
    if text.element is not None:
        found = image_references(text.element)
        images = [one.model_copy(update={"url": full}) for one in found if (full := absolute(one.url, base))]
        return Fragment(blocks(text.element), images)
    if text.html and (is_markup(text.value) or "&" in text.value):
        return read_fragment(text.value, base)
    return Fragment([], [])


def _texts(entry: Entry, parts: StoryParts, base: str | None) -> None:
    """The body is the longest content, else the description; a description beside a content is the summary."""
    given = entry.contents or ([entry.summary] if entry.summary else [])
    best, best_text, best_found = None, "", Fragment([], [])
    for one in given:
        found = _read(one, base)
        text = found.text or (one.value.strip() if one.element is None and not found.images else "")
        if best is None or len(text) > len(best_text):
            best, best_text, best_found = one, text, found
    if not best_text:
        best_text = next((entry.extra[name] for name in _BODIES if entry.extra.get(name)), "")
        best_found = read_fragment(best_text, base) if is_markup(best_text) else best_found
    parts.blocks = _without_title(best_found, parts.title)
    parts.body = (
        "\n\n".join(block.text for block in parts.blocks) or (best_text if not best_found.blocks else "") or None
    )
    parts.images = list(best_found.images)
    parts.language = best.language if best else None
    if entry.contents and entry.summary:
        found = _read(entry.summary, base)
        parts.images += found.images
        summary = found.text or _one_line(entry.summary)
        if summary and parts.body is None:
            parts.body, parts.blocks = summary, found.blocks
        elif summary and not fold(parts.body or "").startswith(fold(summary)):
            parts.summary = summary


def _without_title(found: Fragment, title: str | None) -> list[Block]:
    if len(found.blocks) > 1 and title and fold(found.blocks[0].text) == fold(title):
        return found.blocks[1:]
    return found.blocks


def _dates(entry: Entry, feed: Feed, parts: StoryParts) -> None:
    published, dated, updated = given_date(entry.published), given_date(entry.dated), given_date(entry.updated)
    parts.published = _readable(published, dated, updated)
    parts.updated = updated if updated and parts.published and updated.raw != parts.published.raw else None
    if feed.kind == "atom":
        parts.version_time = updated
    parts.expires = given_date(entry.expires)


def _readable(*dates: GivenDate | None) -> GivenDate | None:
    given = [date for date in dates if date]
    return next((date for date in given if date.value), given[0] if given else None)


def given_date(moment: Moment | None) -> GivenDate | None:
    """A feed's date: ISO, e-mail's, with the zones that feeds write in letters; feedparser's guess for other alphabets."""
    if moment is None:
        return None
    date = read_date(moment.raw)
    if date is None or (date.value and date.value.tzinfo):
        return date
    if date.value is None and (named := _DAY_FIRST.match(date.raw)) and (month := month_of(named["month"])):
        found = read_date(f"{named['day']} {_MONTHS[month - 1]} {named['rest']}")
        date = GivenDate(date.raw, found.value, found.precision) if found else date
    lettered = _LETTERS.fullmatch(date.raw)
    if lettered:
        zoneless = read_date(lettered["date"])
        zone = timezone(timedelta(hours=_ZONES[lettered["zone"]]))
        if zoneless and zoneless.value:
            return GivenDate(date.raw, zoneless.value.replace(tzinfo=zone), zoneless.precision)
    # feedparser makes a date of anything ('24:00' is today); for a name of another language than English it is right.
    if date.value is None and moment.guess and not date.raw.isascii() and _SOONEST <= moment.guess.year < _LATEST:
        return GivenDate(date.raw, moment.guess)
    return date


def _person(given: str) -> str | None:
    """'Ann Lee', 'ann@example.org (Ann Lee)', 'Ann Lee <ann@example.org>' → Ann Lee; an address alone is no name."""
    text = words(given) or ""
    address = _EMAIL.match(text)
    if address:
        return (address["name"] or "").strip() or None
    named = _NAME_AND_EMAIL.match(text)
    return named["name"].strip() if named else text or None


def _topics(entry: Entry) -> list[Topic]:
    found: dict[tuple[str | None, str], Topic] = {}
    for term, scheme, label in entry.categories:
        name = words(label or term)
        if scheme and term:
            found.setdefault((scheme, term), Topic(scheme=scheme, code=term, name=name))
        elif name:
            found.setdefault((None, name), Topic(name=name))
    return list(found.values())


def _links(entry: Entry, parts: StoryParts, base: str | None) -> None:
    images = [Image(url=one.url, caption=one.caption, credit=one.credit) for one in entry.images]
    images += [Image(url=one.href) for one in entry.links if one.rel == "enclosure" and one.type.startswith("image/")]
    whole: dict[str, Image] = {}
    for one in images + parts.images:
        if full := absolute(one.url, base):
            whole.setdefault(full, one.model_copy(update={"url": full}))
    parts.images = list(whole.values())
    for link in entry.links:
        if link.rel == "related" and (address := absolute(link.href, link.base or base)) and address != parts.url:
            parts.related.append(Related(title=link.title, url=address))


def _extra(entry: Entry, parts: StoryParts) -> None:
    """A draft in an export of a blog or of an Atom store is no publication; pictures and menus are no posts.

    A place is what GeoRSS names one by; bare coordinates are none that a reader could search for.
    """
    if place := entry.extra.get("featurename"):
        parts.places = [place]
    status = entry.extra.get("wp_status", "")
    if status.lower() not in _PUBLISHED or entry.extra.get("app_draft", "").lower() == "yes":
        parts.status = status or "draft"
    if entry.extra.get("wp_post_type") in _NO_POSTS:
        parts.kind = "not-news"
    parts.given = {name: [entry.extra[key]] for name, keys in _GIVEN.items() for key in keys if key in entry.extra}
