"""What an item of NewsML-G2 points at: links, pictures, the members of a package. Pure.

Everything is kept by reference; nothing is fetched.
"""

from __future__ import annotations

from services.normalization.formats.newsml_g2 import codes
from services.normalization.formats.newsml_g2.content import Content
from services.normalization.markup import LONGEST_ADDRESS
from services.normalization.parts import StoryParts
from services.normalization.xml import Element, attribute, child, children, descendants, local, text_at, text_of
from shared.events import Image, Related

_MAX_RELATED = 100
_MAX_IMAGES = 50
_PICTURES = frozenset({"picture", "graphic", "photo", "image"})
_EVOLVED = frozenset({"evolvedfrom", "previousversion", "replaces", "replacementof", "updateof", "correctionof"})

_REPLACED = frozenset({"replacedby", "supersededby", "evolvedto", "nextversion"})


def read_references(item: Element, content: Content, parts: StoryParts) -> None:
    """Links to related items and earlier stories, package members, pictures."""
    links = [one for where in children(item, "itemMeta", "contentMeta") for one in children(where, "link")]
    members = [one for group in children(item, "groupSet") for one in descendants(group, "itemRef")]
    members += list(children(item, "itemRef"))
    updates = any(codes.code(one) == "update" for one in children_of_meta(item, "signal"))
    related: dict[str, Related] = {}
    images = {image.url: image for image in content.images}
    for link in links + members:
        address = _address(link)
        if address is None or address == parts.provider_id:
            continue
        if parts.evolved_from is None and _is_earlier(link, updates=updates):
            parts.evolved_from = _guid(link)
        if parts.replaced_by is None and _relation(link) in _REPLACED:
            parts.replaced_by = _guid(link)
        if (attribute(link, "contenttype") or "").lower().startswith("image/"):
            images.setdefault(address, Image(url=address, caption=_title(link)))
        else:
            related.setdefault(address, Related(title=_title(link), url=address))
    for image in _remote_images(item, parts):
        images.setdefault(image.url, image)
    parts.related = list(related.values())[:_MAX_RELATED]
    parts.images = list(images.values())[:_MAX_IMAGES]


def children_of_meta(item: Element, name: str) -> list[Element]:
    """The elements of that name in itemMeta."""
    meta = child(item, "itemMeta")
    return list(children(meta, name)) if meta is not None else []


def _address(link: Element) -> str | None:
    """Where a link leads: an address on the web before an id."""
    given = attribute(link, "href") or _guid(link)
    return given if given and len(given) <= LONGEST_ADDRESS else None


def _guid(link: Element) -> str | None:
    return attribute(link, "residref") or attribute(link, "guidref")


def _title(link: Element) -> str | None:
    return text_at(link, "title") or text_at(link, "headline") or text_at(link, "name")


def _is_earlier(link: Element, *, updates: bool) -> bool:
    """Whether the link names the story that this one goes on from: by its relation, or (STT) by naming a version."""
    if _guid(link) is None or local(link) != "link":
        return False
    relation = _relation(link)
    if relation is None:
        return updates and attribute(link, "version") is not None
    return relation in _EVOLVED


def _relation(link: Element) -> str | None:
    """How what a link names stands to the item, in lower case."""
    relation = codes.concept(link, "rel")
    return relation[1].lower() if relation else None


def _remote_images(item: Element, parts: StoryParts) -> list[Image]:
    """Pictures in the contentSet; the renditions of a picture item are one picture, its largest."""
    meta, about = child(item, "itemMeta"), child(item, "contentMeta")
    is_picture = codes.code(child(meta, "itemClass")) in _PICTURES
    remote = [one for sets in children(item, "contentSet") for one in children(sets, "remoteContent")]
    found = [one for one in remote if _address(one) and (is_picture or _is_image(one))]
    if not found:
        return []
    if is_picture:
        found = [max(found, key=_size)]
    described = list(children(about, "description")) if about is not None else []
    caption = next((text for one in described if (text := text_of(one)) and is_picture), None)
    credit = parts.credit if is_picture else None
    return [Image(url=_address(one) or "", caption=caption or _title(one), credit=credit) for one in found]


def _is_image(remote: Element) -> bool:
    kind = (attribute(remote, "contenttype") or "").lower()
    return kind.startswith("image/") or codes.code(child(remote, "itemClass")) in _PICTURES


def _size(remote: Element) -> int:
    """Width, else bytes."""
    for name in ("width", "size"):
        given = attribute(remote, name) or ""
        if given.isdigit() and len(given) < 12:
            return int(given)
    return 0


def share_pictures(items: list[StoryParts]) -> None:
    """Give the pictures of a message to its text: to a text that names them, or to the only text there is."""
    pictures = {
        one.provider_id: one.images for one in items if one.kind == "not-news" and one.images and one.provider_id
    }
    stories = [one for one in items if one.kind != "not-news"]
    for story in stories:
        named = {related.url for related in story.related}
        for guid, images in pictures.items():
            if guid in named or len(stories) == 1:
                known = {image.url for image in story.images}
                story.images += [image for image in images if image.url not in known]
        story.images = story.images[:_MAX_IMAGES]
