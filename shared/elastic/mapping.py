"""The strict mapping of articles, their versions and dead letters. Pure.

Rules: a fact that is searched, filtered, sorted or counted is indexed; one that is only shown is not. No string of a
document is ever refused for its length: keywords carry `ignore_above` (Lucene's limit for a term is 32,766 bytes, and a
UTF-16 unit takes at most 3 bytes of UTF-8), and what is only shown is unindexed text, which has no limit.

Texts keep offsets in their postings, so that highlighting need not analyze them again; without them a text of more than a
million characters would make every search that highlights it fail. Measured with 10,000 stories of 2 kB and 2,500 of 8 kB, 20 hits, two fragments: a query takes 12 % and 35 %
less time, a write 0 to 7 % more CPU, the index 11 to 24 % more room; term vectors cost 40 % more CPU a write and gained
nothing. Sorting the index by date and the wide mapping (37 languages against one) are within the noise, so it is not
sorted; the codec is the default, for `best_compression` wants a native library that an embedded Elasticsearch lacks.
"""

from __future__ import annotations

from typing import Any, Final

from shared.elastic.languages import ENGLISH_ANALYZER, TEXT_FIELDS, UNDETERMINED_ANALYZER

MAPPING_VERSION: Final = 2
"""Raised with every release that changes mapping or settings; a template of a higher version is never replaced by a lower one.

Changes are additive: new fields, under analyzers that are there. They are put onto the slices of older releases at start
(see `shared.elastic.upgrade`)."""

IGNORE_ABOVE: Final = 8191
"""Longest keyword that is indexed, in UTF-16 units: 8191 × 3 < 32,766 bytes. A longer one stays in the source."""

Field = dict[str, Any]

KEYWORD: Final[Field] = {"type": "keyword", "ignore_above": IGNORE_ABOVE}
UNSEARCHED: Final[Field] = {"type": "keyword", "ignore_above": IGNORE_ABOVE, "index": False}
"""Counted or sorted now and then, never looked up by: doc values alone."""
SHOWN: Final[Field] = {"type": "text", "index": False}
"""Only shown: neither indexed nor limited in length."""
BLOB: Final[Field] = {"type": "object", "enabled": False}
"""Only shown, any shape."""
DATE: Final[Field] = {"type": "date", "format": "strict_date_time||strict_date_time_no_millis"}
"""RFC 3339, years 0001 to 9999. `date`, not `date_nanos`, which begins in 1677 and ends in 2262."""
SHOWN_DATE: Final[Field] = {**DATE, "index": False}
FLAG: Final[Field] = {"type": "boolean"}

ANALYSIS: Final[dict[str, Any]] = {
    "filter": {
        "newswire_possessive": {"type": "stemmer", "language": "possessive_english"},
        "newswire_stop": {"type": "stop", "stopwords": "_english_"},
    },
    "analyzer": {
        UNDETERMINED_ANALYZER: {"type": "custom", "tokenizer": "standard", "filter": ["lowercase", "asciifolding"]},
        # Elasticsearch's own `english`, with accents folded before the stemmer.
        ENGLISH_ANALYZER: {
            "type": "custom",
            "tokenizer": "standard",
            "filter": ["newswire_possessive", "lowercase", "newswire_stop", "asciifolding", "porter_stem"],
        },
    },
}


def _object(**properties: Field) -> Field:
    return {"dynamic": "strict", "properties": properties}


def _texts() -> Field:
    """An object with one text field a language, of which a document fills one."""
    return _object(
        **{key: {"type": "text", "analyzer": name, "index_options": "offsets"} for key, name in TEXT_FIELDS.items()}
    )


def article_properties() -> dict[str, Field]:
    """Fields of a live document: those of `shared.events.Article`, and what indexing adds."""
    return {
        # Who it is.
        "id": KEYWORD,
        "article_id": KEYWORD,
        "story_id": KEYWORD,
        "evolved_from": UNSEARCHED,
        "chain": BLOB,
        "thread": _object(key={**KEYWORD, "doc_values": False}, at=DATE, lead={"type": "boolean", "index": False}),
        "cluster_id": KEYWORD,
        "provider_id": KEYWORD,
        "receipt": KEYWORD,
        "item": KEYWORD,
        # Which version it is.
        "version": UNSEARCHED,
        "ext_version": {"type": "long", "index": False},
        "versioned_by": UNSEARCHED,
        "source_hash": UNSEARCHED,
        "text_hash": SHOWN,
        "revision": {"type": "integer"},
        "change": KEYWORD,
        "correction": FLAG,
        "superseded_by": UNSEARCHED,
        # What may be done with it.
        "status": KEYWORD,
        "status_given": UNSEARCHED,
        "kind": KEYWORD,
        "reason": SHOWN,
        "notice_title": SHOWN,
        "embargoed_until": DATE,
        "embargo_open": FLAG,
        "expires": DATE,
        "braked": FLAG,
        "replaced_by": KEYWORD,
        "replaced_at": DATE,
        "replaced_told": {"type": "boolean", "index": False},
        "reference": BLOB,
        "on_hold": FLAG,
        "erased": FLAG,
        "own_status": SHOWN,
        "order_id": SHOWN,
        "orders": BLOB,
        # What it says.
        "title": _texts(),
        "summary": _texts(),
        "body": _texts(),
        "title_derived": {"type": "boolean", "index": False},
        "subheads": SHOWN,
        "body_html": SHOWN,
        "word_count": {"type": "integer"},
        # What it is about, and whose it is.
        "slugline": KEYWORD,
        "byline": KEYWORD,
        "dateline": _object(place=KEYWORD, date=SHOWN, agency=KEYWORD),
        "credit": KEYWORD,
        "source": KEYWORD,
        "feed": KEYWORD,
        "format": KEYWORD,
        "section": KEYWORD,
        "language": KEYWORD,
        "urgency": {"type": "byte"},
        "topics": _object(scheme=KEYWORD, code=KEYWORD, name=KEYWORD, given={"type": "boolean", "index": False}),
        "keywords": KEYWORD,
        "places": KEYWORD,
        "url": KEYWORD,
        # When.
        "published": DATE,
        "first_published": DATE,
        "updated": DATE,
        "version_time": SHOWN_DATE,
        "received": DATE,
        "normalized": SHOWN_DATE,
        "indexed": DATE,
        # Of a tombstone: the place in `articles.normalized` of the record that killed it, the order of the list of kills.
        "kill_partition": {"type": "integer"},
        "kill_offset": {"type": "long"},
        # Only shown.
        "dates": BLOB,
        "related": BLOB,
        "images": BLOB,
        "ednote": SHOWN,
        "rights": SHOWN,
        "notes": SHOWN,
        # By which near copies are found and told; never shown.
        "bands": {**KEYWORD, "doc_values": False},
        "sketch": {"type": "binary", "doc_values": True},
        "cluster_since": {"type": "long", "index": False},
    }


def version_properties() -> dict[str, Field]:
    """Fields of a superseded version: the article's, the span in which it was live (none if it never was), and how it is held.

    `held` and `held_until` say what may be done with it by its article as that stands now: killed, withheld or under an
    embargo without an end, and the end of its embargo.
    """
    return {**article_properties(), "live_from": DATE, "live_until": DATE, "held": FLAG, "held_until": DATE}


def mark_properties() -> dict[str, Field]:
    """Fields of a mark: how far a worker has come with something, by the mark's name; the place or the time reached."""
    return {
        "id": KEYWORD,
        "name": KEYWORD,
        "partition": {"type": "integer", "index": False},
        "offset": {"type": "long", "index": False},
        "at": SHOWN_DATE,
    }


def dead_letter_properties() -> dict[str, Field]:
    """Fields of the record of a dead letter: where the whole of it stands, never its value."""
    return {
        "id": KEYWORD,
        "class": KEYWORD,
        "reason": SHOWN,
        "stage": KEYWORD,
        "feed": KEYWORD,
        "receipt": KEYWORD,
        "item": KEYWORD,
        "article_id": KEYWORD,
        "received": DATE,
        "at": DATE,
        "topic": KEYWORD,
        "partition": {"type": "integer", "index": False},
        "offset": {"type": "long", "index": False},
        "attempts": {"type": "integer", "index": False},
        "service_version": UNSEARCHED,
    }
