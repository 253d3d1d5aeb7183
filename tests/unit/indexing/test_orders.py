"""What an order says and does, pure: parsed as it came, refused where it is none, obeyed by the state of its article."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import orjson
import pytest

from services.indexing.lineage import Chain, Child
from services.indexing.orders import Ordered, obey
from services.indexing.overlay import KEPT, Overlay, laid_over, overlay_of
from services.indexing.parse import parse, read
from services.indexing.plan import fold
from services.indexing.references import forwarded, is_to_be_asked
from services.indexing.versions import BY_RECEPTION, ERASED, Asking, Stored, Version, base_of
from shared import ids
from shared.errors import Refused
from shared.events import Article, Order, rfc3339
from shared.ids import KILL_BASE
from shared.kafka.ports import Record
from tests.unit.indexing.samples import START, article, order_message, version

SLICE, STAMP = "articles-2026.03", rfc3339(START + timedelta(seconds=500))


def place(_: Version) -> str:
    return SLICE


def stored(made: Article, **other: Any) -> Stored:
    after = fold(None, [version(made)], place, rfc3339(START)).after
    assert after is not None
    return after._replace(**other)


def ordered(order: Order, made: Article | None = None, **fields: Any) -> Ordered:
    sent = order_message(made or article(), order, **fields)
    found = read(Record(sent.topic, 3, 17, 0, sent.key, sent.value, sent.headers))
    assert isinstance(found, Ordered)
    return found


def broken(**fields: Any) -> Record:
    sent = order_message(article(), Order.KILL)
    event = orjson.loads(sent.value or b"")
    event["data"] |= fields
    return Record(sent.topic, 0, 0, 0, sent.key, orjson.dumps(event), sent.headers)


@pytest.mark.parametrize(
    "fields",
    [
        {"order": "burn"}, {"order": None}, {"id": "x"}, {"article_id": "x"}, {"at": "yesterday"}, {"at": None}, {"by": 1},
        {"reason": ["x"]}, {"replaced_by": "x"}, {"other": 7}, {"due": "soon"}, {"ext_version": "1"}, {"ext_version": -1},
        {"ext_version": 2**63}, {"change": "killed"}, {"article_id": str(ids.article_id("wire", "another"))},
    ],
)  # fmt: skip
def test_what_is_no_order_is_a_dead_letter_that_names_the_field(fields):
    with pytest.raises(Refused) as refused:
        read(broken(**fields))
    assert refused.value.code == "invalid-event"


def test_an_order_is_no_version():
    with pytest.raises(Refused):
        parse(broken())


@pytest.mark.parametrize(
    "reference",
    [{}, [], {"articles": []}, {"articles": ["x"]}, {"articles": "x"}, {"articles": [str(ids.NEWSWIRE)], "asked": -1},
     {"articles": [str(ids.NEWSWIRE)], "asked": "1"}, {"articles": [str(ids.NEWSWIRE)] * 101}],
)  # fmt: skip
def test_a_reference_that_cannot_be_read_is_a_dead_letter(reference):
    made = article(status="killed")
    event = orjson.loads(orjson.dumps({"specversion": "1.0", "type": "newswire.article.normalized.v1"}))
    event["data"] = made.model_dump(mode="json") | {"reference": reference}
    record = Record("articles.normalized", 0, 0, 0, str(made.article_id).encode(), orjson.dumps(event), ())
    with pytest.raises(Refused, match="reference"):
        read(record)


def test_a_reference_goes_round_once_and_ends_with_the_likeliest():
    one, two = (str(article(name).article_id) for name in ("one", "two"))
    asking, seen = Asking((one, two), 0), []
    made = version(article("one", status="killed"))
    while is_to_be_asked(asking):
        data = orjson.loads(forwarded(made, asking).value or b"")["data"]
        asking = Asking(tuple(data["reference"]["articles"]), data["reference"]["asked"])
        seen.append(data["article_id"])
    assert seen == [two, one]
    assert not is_to_be_asked(Asking((one,), 0))


def test_a_hold_is_a_version_of_its_own():
    before = stored(article())
    after = obey(before, ordered(Order.WITHHOLD), SLICE, STAMP)
    assert after.after is not None
    assert (after.after.ext_version, after.after.revision, after.after.status) == (
        before.ext_version + 1,
        2,
        "withheld",
    )
    assert after.after.standing.held
    assert after.replaces
    assert after.told is not None
    assert after.told.change == "withheld"


def test_where_rules_of_numbering_have_met_an_order_takes_the_next_base():
    number = ids.ext_version(10**15, BY_RECEPTION)
    after = obey(stored(article(), ext_version=number), ordered(Order.WITHHOLD), SLICE, STAMP).after
    assert after is not None
    assert (base_of(after.ext_version), after.by_reception) == (10**15 + 1, True)


def test_where_no_number_is_left_it_is_a_dead_letter_but_a_kill_is_not_lost():
    full = stored(article(), ext_version=ids.ext_version(2, BY_RECEPTION - 1))
    with pytest.raises(Refused, match="too-many-versions"):
        obey(full, ordered(Order.WITHHOLD), SLICE, STAMP)
    assert obey(full, ordered(Order.ERASE), SLICE, STAMP).after is not None
    assert obey(full, ordered(Order.KILL), SLICE, STAMP).after is not None


def test_kill_and_erasure_stand_above_every_version():
    before = stored(article())
    killed = obey(before, ordered(Order.KILL), SLICE, STAMP).after
    assert killed is not None
    assert (killed.ext_version, killed.killed_at) == (KILL_BASE + before.ext_version, (3, 17))
    erased = obey(killed, ordered(Order.ERASE, seconds=200), SLICE, STAMP).after
    assert erased is not None
    assert (erased.ext_version, erased.status) == (ERASED, "killed")
    again = obey(erased, ordered(Order.ERASE, seconds=300), SLICE, STAMP)
    assert again.told is None
    assert again.after is not None
    assert again.after.ext_version == ERASED


def test_an_earlier_given_order_that_comes_later_changes_nothing():
    held = obey(stored(article()), ordered(Order.WITHHOLD, seconds=50), SLICE, STAMP).after
    late = obey(held, ordered(Order.RELEASE, seconds=40), SLICE, STAMP)
    assert late.outcome == "late-order"
    assert late.after is not None
    assert late.after.status == "withheld"


def test_only_so_many_orders_are_remembered():
    overlay = Overlay()
    for number in range(KEPT + 5):
        overlay = overlay.with_record({"id": str(number)})
    assert len(overlay.orders) == KEPT
    assert overlay.obeyed("0") is None
    assert overlay.obeyed(str(KEPT)) is not None


def test_an_overlay_is_read_back_as_it_was_laid():
    chain = Chain("p", rfc3339(START), "p", "r", 2, (Child("b", "b", rfc3339(START)), Child("c", "", rfc3339(START))))
    overlay = Overlay(True, False, "b", rfc3339(START), "o1", ({"id": "o1", "order": "withhold"},), chain)
    document = {"status": "usable", "title": {"en": "x"}}
    laid = laid_over(document, overlay)
    assert overlay_of(laid) == overlay
    assert (laid["status"], laid["own_status"]) == ("withheld", "usable")
    assert laid_over(laid | {"status": "usable"}, None) == document
    assert overlay_of(document) is None
    said = {"status": "usable", "replaced_by": "c"}
    assert overlay_of(said) is None, "its own word is no overlay"
    assert laid_over(said, Overlay(on_hold=True))["replaced_by"] == "c"
