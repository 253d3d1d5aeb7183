"""The plain JSON story: the form a sender without a wire format uses, checked whole and at once.

`parse_story` is exact and fast: the front door refuses with it, and normalization reads the same bytes with it again.
Nothing here quotes a story: a reason names fields and places only, for it ends up in dead letters and logs.
"""

from shared.stories.errors import MAX_ERRORS, BadStory
from shared.stories.model import EARLIEST_YEAR, FIELDS, FUTURE, PlainStory, PlainTopic, Precision, StoryDate
from shared.stories.reader import parse_story, story_of
from shared.stories.strict_json import MAX_DEPTH, MAX_VALUES, parse_json

__all__ = [
    "EARLIEST_YEAR",
    "FIELDS",
    "FUTURE",
    "MAX_DEPTH",
    "MAX_ERRORS",
    "MAX_VALUES",
    "BadStory",
    "PlainStory",
    "PlainTopic",
    "Precision",
    "StoryDate",
    "parse_json",
    "parse_story",
    "story_of",
]
