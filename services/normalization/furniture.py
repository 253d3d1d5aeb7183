"""What the names of a page's elements (`class`, `id`) tell: shelves of teasers, share bars, captions, comments. Pure.

A name is read word by word, so that 'relatedArticles', 'related-articles' and 'mod_related__articles' are one. No site is
known here; the words are those that page builders in many languages use. A name alone never decides: `outline` asks how
much of the page's text stands under it.
"""

from __future__ import annotations

import re
from functools import lru_cache

_WORD = re.compile(r"[a-z]+")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")

_WORDS = frozenset(
    """
comment comments disqus kommentar kommentare commentaires comentario comentarios
outbrain taboola recirc popular trending latest newsletter newsletters signup regwall adv ad ads banner
teaser teasers sharing sidebar breadcrumb breadcrumbs breadcrumbtrail cookie cookies consent gdpr
footer footnote footnotes nav navigation menu toolbar tooltip modal popup overlay login auth account register registration
blocker identity tag tags taglist topic topics keywords caption captions credit credits copyright bildunterschrift legend
bio biography meta timestamp dateline published pubdate hidden noprint poll quiz survey infobox factbox
disclaimer toc pagination pager feedback app
photo photos image images img picture pictures contentimage bildbox
slideshow gallery carousel slider swiper player video videos audio podcast podcasts widget widgets embed embeds embedded
""".split()  # noqa: SIM905 - a list of words reads best as words
)
_STEMS = (
    "related", "recommend", "subscri", "promo", "advert", "sponsor", "teaser", "share", "social", "follow", "byline", "author",
    "donat", "rating",
)  # fmt: skip
_PAIRS = frozenset(
    {
        "more on", "more from", "more news", "more stories", "more articles", "read more", "read also", "read next", "see also",
        "also read", "most read", "most popular", "most viewed", "side bar", "sign up", "sr only", "visually hidden",
        "screen reader", "print only", "media info", "post card", "info card", "story card", "article card", "news card",
        "post cards", "story cards", "article cards", "news cards", "support us", "skip link", "skip to",
    }
)  # fmt: skip
_NAME = re.compile(r"[A-Za-z]+(?:[-_ ]+[A-Za-z]+){0,3}")
"""An `id` of more words is a headline made into one, and one with digits a number."""
_BODY = re.compile(r"(?:article|story|entry|post)[-_]*(?:body|text|content)|body[-_]?text|paragraph", re.IGNORECASE)
_LAYOUT = frozenset(
    {
        "slideshow", "gallery", "carousel", "slider", "swiper", "player", "video", "videos", "widget", "widgets", "embed", "embeds",
        "embedded", "photo", "photos", "image", "images", "img", "picture", "pictures",
    }
)  # fmt: skip
"""Words that also name what a whole page is laid out in: all elements under one of them are judged together."""
_HARD = frozenset(
    {
        "footer", "comment", "comments", "kommentare", "comentarios", "disqus", "cookie", "cookies", "consent", "copyright",
        "disclaimer",
    }
)  # fmt: skip
_HAVING = frozenset({"has", "with", "no", "without"})
"""Before a word that an element is not, but has in it: 'has-comments'."""
_OF_A_PARAGRAPH = frozenset(
    {
        "caption", "captions", "credit", "credits", "comment", "comments", "newsletter", "newsletters", "copyright", "tags",
        "timestamp", "meta", "hidden",
    }
)  # fmt: skip
_STEMS_OF_A_PARAGRAPH = ("byline", "author", "related", "promo", "share", "advert")


@lru_cache(maxsize=20_000)
def _first_word(name: str) -> str | None:
    """The first word or pair of words in `name` that names furniture."""
    words: list[str] = _WORD.findall(name if name.islower() else _HUMP.sub(" ", name).lower())
    before = ""
    for word in words:
        if before in _HAVING:
            before = word
            continue
        if word in _WORDS or word.startswith(_STEMS):
            return word
        if before and (pair := f"{before} {word}") in _PAIRS:
            return pair
        before = word
    return None


@lru_cache(maxsize=20_000)
def _of_classes(classes: str) -> str | None:
    """The same for the names in a `class`; that of a text's own container ('article-body') is none."""
    word = _first_word(classes)
    return None if word is None or _BODY.search(classes) else word


def named(tag: str, classes: str, identity: str) -> tuple[str, str] | None:
    """What these names of an element are judged as, if they name furniture: its key, the same for all of its kind.

    `tag` is that of the element; a paragraph is furniture only by words for paragraphs.
    """
    word = _of_classes(classes) if classes else None
    if word is None and identity and _NAME.fullmatch(identity):
        word = _first_word(identity)
    if word is None or (tag == "p" and not _is_of_a_paragraph(word)):
        return None
    return ("word", word) if word in _LAYOUT else (word, f"{tag} {classes} {identity}")


def _is_of_a_paragraph(word: str) -> bool:
    return word in _OF_A_PARAGRAPH or word.startswith(_STEMS_OF_A_PARAGRAPH)


def is_hard(key: tuple[str, str]) -> bool:
    """Whether what has this key is furniture however much text it holds: footers, comments, cookie bars."""
    return key[0] in _HARD or key[0] == "<footer>"


def is_layout(key: tuple[str, str]) -> bool:
    """Whether what has this key is judged by a word that also names what whole pages are laid out in."""
    return key[0] == "word"
