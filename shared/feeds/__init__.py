"""The feeds: who may send what, by which ways, and how their stories are read."""

from shared.feeds.headers import rule_headers
from shared.feeds.model import (
    DropRules,
    Feed,
    FeedRules,
    FormatHint,
    LimitRules,
    OrderBy,
    PollRules,
    StatusMeaning,
    WebSubRules,
)
from shared.feeds.parser import parse_feeds
from shared.feeds.reload import FeedList, Feeds, read_secret
from shared.feeds.secret import new_secret, parse_secret

__all__ = [
    "DropRules",
    "Feed",
    "FeedList",
    "FeedRules",
    "Feeds",
    "FormatHint",
    "LimitRules",
    "OrderBy",
    "PollRules",
    "StatusMeaning",
    "WebSubRules",
    "new_secret",
    "parse_feeds",
    "parse_secret",
    "read_secret",
    "rule_headers",
]
