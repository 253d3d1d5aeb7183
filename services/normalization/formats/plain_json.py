"""The plain JSON story of the front door, read by the same strict reader (`shared/stories`)."""

from __future__ import annotations

from services.normalization.parts import GivenDate, StoryParts
from services.normalization.raw import RawStory
from shared.events import Topic
from shared.stories import PlainStory, StoryDate, parse_story

NAME = "plain-json"
_TYPES = frozenset(
    {"application/json", "application/x-ndjson", "text/json", "application/x-json", "application/ndjson"}
)


def sniff(head: bytes, content_type: str | None) -> float:
    """JSON's own type and an object; an object under another type may still be ours."""
    opens = head[:1] == b"{" or head.lstrip()[:1] == b"{"
    if content_type in _TYPES:
        return 1.0 if opens else 0.6
    return 0.7 if opens and head.lstrip()[1:].lstrip()[:1] in b'"}' else 0.0


def read(raw: RawStory) -> list[StoryParts]:
    """One story.

    Raises:
        BadStory: it is none, with the codes of `shared.stories`.
    """
    story = parse_story(raw.value)
    parts = StoryParts(
        format=NAME,
        provider_id=story.id,
        url=story.url,
        version=story.version,
        status=story.status,
        title=story.title,
        body=story.body,
        byline=story.byline or [],
        source=story.source,
        section=story.section,
        language=story.language,
        urgency=story.urgency,
        topics=_topics(story),
        published=_date(story.published),
        embargoed_until=_date(story.embargoed_until),
        expires=_date(story.expires),
        ednote=story.ednote,
    )
    if story.controls_stripped:
        parts.notes.append(f"{story.controls_stripped} control characters taken out")
    return [parts]


def _topics(story: PlainStory) -> list[Topic]:
    return [
        Topic(name=one) if isinstance(one, str) else Topic(scheme=one.scheme, code=one.code, name=one.name)
        for one in story.topics or ()
    ]


def _date(date: StoryDate | None) -> GivenDate | None:
    return None if date is None else GivenDate(date.raw, date.value, date.precision)
