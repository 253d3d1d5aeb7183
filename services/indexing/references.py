"""Orders by reference on their way from owner to owner: which of the articles that one may mean is there? Pure.

An owner that does not know the article sends the order on to the next one's owner. Where nobody knows any, the first, which is
the likeliest, gets the tombstone (or the hold) after all, before it comes; and that no story was found is told.
"""

from __future__ import annotations

import orjson

from services.indexing.versions import Asking, Version
from shared.events import ARTICLE_NORMALIZED, ARTICLES_NORMALIZED, CLOUDEVENTS_JSON, structured
from shared.kafka.ports import Message
from shared.tracing import child_of

KILL_UNMATCHED = "kill-unmatched"
UNMATCHED = "the story that it names has not been seen: held back before it comes; a person should look whether it is the right one"


def is_to_be_asked(reference: Asking) -> bool:
    """Whether another owner is to be asked; one article alone is meant, whether it is there or not."""
    return len(reference.articles) > 1 and reference.asked < len(reference.articles)


def forwarded(version: Version, reference: Asking) -> Message:
    """The order to the owner of the next article; after the last one, to that of the first, for good."""
    asked = reference.asked + 1
    article_id = reference.articles[asked % len(reference.articles)]
    data = version.data | {
        "article_id": article_id,
        "story_id": article_id,
        "reference": {"articles": list(reference.articles), "asked": asked},
    }
    event = f"{article_id}:{version.ext_version}:{version.source_hash}:{asked}"
    return Message(
        ARTICLES_NORMALIZED,
        article_id.encode(),
        structured(ARTICLE_NORMALIZED, event, article_id, version.received_at, orjson.dumps(data)),
        (("content-type", CLOUDEVENTS_JSON.encode()), ("traceparent", child_of(version.traceparent).encode())),
    )
