"""The bulk writer over the index in memory: each promise, under each fault."""

from __future__ import annotations

import asyncio

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import metrics
from shared.backoff import Backoff
from shared.elastic.bulk import BulkWriter, Verdict, chunks
from shared.elastic.memory import Fault, MemoryStore
from shared.elastic.outcomes import Outcome
from shared.elastic.ports import Action
from shared.errors import Misconfigured

SLICE = "articles-2020.01"


def action(name, version=1, **fields):
    source = orjson.dumps({"id": name, "word_count": fields.get("words", version)})
    return Action(SLICE, name, version, fields.get("source", source))


@pytest.fixture
async def store():
    store = MemoryStore()
    await store.ensure_slice(SLICE)
    return store


def stored(store):
    return {name: found[0].version for name, found in store.documents("articles").items()}


def outcomes(results):
    return [result.outcome.value for result in results]


actions_in = st.lists(
    st.builds(lambda name, size: Action(SLICE, name, 1, b"x" * size), st.sampled_from("abcdef"), st.integers(0, 50)),
    max_size=40,
)


@given(actions_in, st.integers(1, 10), st.integers(1, 200))
def test_chunks_keep_the_order_bounds_and_ids(actions, max_records, max_bytes):
    parts = list(chunks(actions, max_records, max_bytes))
    assert [action for part in parts for action in part] == actions
    for part in parts:
        assert 0 < len(part) <= max_records
        assert len({action.id for action in part}) == len(part)
        assert len(part) == 1 or sum(len(action.source) for action in part) <= max_bytes


def test_chunks_are_as_full_as_they_may_be():
    assert [len(part) for part in chunks([action(str(n)) for n in range(10)], 4, 10_000)] == [4, 4, 2]


async def test_nothing_to_write(store):
    assert await store.write([]) == []
    assert store.requests == []


async def test_outcomes_stand_in_the_order_of_the_actions(store):
    await store.write([action("b", 9)])
    results = await store.write([action("a"), action("b", 3), action("c", source=b'{"nonsense":1}'), action("d")])
    assert outcomes(results) == ["ok", "stale", "poison", "ok"]
    assert stored(store) == {"a": 1, "b": 9, "d": 1}


async def test_only_what_was_refused_for_now_is_sent_again(store):
    store.fail(Fault(429, "es_rejected_execution_exception", items=frozenset({"b", "d"})))
    assert outcomes(await store.write([action(name) for name in "abcd"])) == ["ok"] * 4
    assert store.requests == [["a", "b", "c", "d"], ["b", "d"]]


@pytest.mark.parametrize("fault", [Fault(503), Fault(500), Fault(0), Fault(0, written=True), Fault(502, written=True)])
async def test_an_unknown_end_is_sent_again_whole(store, fault):
    store.fail(fault, fault)
    assert outcomes(await store.write([action(name) for name in "ab"])) == ["ok", "ok"]
    assert store.requests == [["a", "b"]] * 3


async def test_a_request_refused_for_lack_of_memory_goes_on_in_halves(store):
    store.fail(Fault(429, "circuit_breaking_exception"))
    assert outcomes(await store.write([action(name) for name in "abcd"])) == ["ok"] * 4
    assert store.requests == [["a", "b", "c", "d"], ["a", "b"], ["c", "d"]]


async def test_a_document_that_no_node_can_hold_is_poison_once_it_was_sent_alone():
    sent = []

    async def send(actions, refresh):
        sent.append([action.id for action in actions])
        never = Verdict(Outcome.RETRY, 429, "es_rejected_execution_exception", over_memory=True)
        return [never if action.id.startswith("big") else Verdict(Outcome.OK, 200) for action in actions]

    writer = BulkWriter(send, no_refresh, sleep=no_sleep)
    results = await writer.write([action(name) for name in ["a", "big1", "b", "big2", "c"]])
    assert outcomes(results) == ["ok", "poison", "ok", "poison", "ok"]
    assert results[1].error_type == results[3].error_type == "too-large"
    assert sent[-2:] == [["big1"], ["big2"]]
    assert len(sent) < 10


async def test_after_an_outage_requests_grow_again(store):
    store.fail(*[Fault(0)] * 12)
    assert outcomes(await store.write([action(str(n)) for n in range(64)])) == ["ok"] * 64
    assert [len(ids) for ids in store.requests] == [64] * 5 + [32, 16, 8, 4, 2] + [1] * 4 + [2, 4, 8, 16, 32]


async def test_overload_is_never_poison_however_long_it_lasts(store):
    store.fail(*[Fault(429)] * 200)
    assert outcomes(await store.write([action("a")])) == ["ok"]


async def test_a_request_too_large_is_halved_until_it_fits():
    store = MemoryStore(max_documents=2)
    await store.ensure_slice(SLICE)
    assert outcomes(await store.write([action(str(n)) for n in range(7)])) == ["ok"] * 7
    assert max(len(ids) for ids in store.requests[1:] if len(ids) <= 2) == 2
    assert len(stored(store)) == 7


async def test_a_document_too_large_is_poison_and_the_others_are_written():
    store = MemoryStore(max_bytes=200)
    await store.ensure_slice(SLICE)
    large = action("large", source=b'{"id":"%s"}' % (b"x" * 300))
    results = await store.write([action("a"), large, action("b")])
    assert [(r.outcome.value, r.status, r.error_type) for r in results] == [
        ("ok", 200, None),
        ("poison", 413, "too-large"),
        ("ok", 200, None),
    ]


async def test_one_malformed_item_that_spoils_the_request_is_found():
    async def send(actions, refresh):
        if any(action.id == "bad" for action in actions):
            return Verdict(Outcome.BISECT, 400, "action_request_validation_exception")
        return [Verdict(Outcome.OK, 200)] * len(actions)

    writer = BulkWriter(send, no_refresh)
    results = await writer.write([action(name) for name in ["a", "b", "bad", "c", "d"]])
    assert outcomes(results) == ["ok", "ok", "poison", "ok", "ok"]
    assert results[2].error_type == "action_request_validation_exception"


async def test_many_documents_of_one_strange_fault_stop_nothing(store):
    """A hostile feed can make as many as it likes of any fault: the index takes a document of ours, so it is theirs."""
    bad = [action(f"{n}" + "x" * 600) for n in range(30)]
    assert outcomes(await store.write(bad)) == ["poison"] * 30
    assert outcomes(await store.write([*bad, action("good")])) == ["poison"] * 30 + ["ok"]
    assert stored(store) == {"good": 1}, "a probe is never written"


@pytest.mark.parametrize(("count", "stops"), [(9, False), (10, True), (200, True)])
async def test_a_request_that_is_refused_for_every_document_is_our_own_fault(count, stops):
    async def send(actions, refresh):
        return Verdict(Outcome.BISECT, 400, "illegal_argument_exception", "illegal_argument_exception")

    writing = BulkWriter(send, no_refresh).write([action(str(n)) for n in range(count)])
    if stops:
        with pytest.raises(Misconfigured, match="every document"):
            await writing
    else:
        assert outcomes(await writing) == ["poison"] * count


async def test_many_misfits_are_as_many_dead_letters(store):
    results = await store.write([action(str(n), source=b'{"nonsense":1}') for n in range(50)])
    assert outcomes(results) == ["poison"] * 50


async def no_refresh(indices):
    raise AssertionError("no refresh was asked for")


async def test_an_answer_for_another_number_of_items_proves_nothing():
    answers = [[Verdict(Outcome.OK, 200)], [Verdict(Outcome.OK, 200)] * 3, [Verdict(Outcome.OK, 200)] * 2]
    sent = []

    async def send(actions, refresh):
        sent.append(len(actions))
        return answers.pop(0)

    waits = []
    writer = BulkWriter(send, no_refresh, on_wait=lambda reason, delay: waits.append(reason), sleep=no_sleep)
    assert outcomes(await writer.write([action("a"), action("b")])) == ["ok", "ok"]
    assert sent == [2, 2, 2]
    assert waits == ["count-mismatch"] * 2


async def no_sleep(delay):
    return


@pytest.mark.parametrize("items", [None, frozenset({"b"})])
@pytest.mark.parametrize(("status", "error_type"), [(401, None), (403, "security_exception")])
async def test_wrong_credentials_stop_the_writer(store, items, status, error_type):
    store.fail(Fault(status, error_type, items=items))
    with pytest.raises(Misconfigured, match=str(status)):
        await store.write([action("a"), action("b")])


async def test_a_missing_slice_stops_the_writer_and_blames_no_document(store):
    with pytest.raises(Misconfigured, match=r"articles-1999\.01: 404 index_not_found"):
        await store.write([action("a"), Action("articles-1999.01", "b", 1, b"{}")])
    assert stored(store) == {"a": 1}


async def test_what_was_stopped_can_be_written_again(store):
    store.fail(Fault(401))
    with pytest.raises(Misconfigured):
        await store.write([action("a"), action("b")])
    assert outcomes(await store.write([action("a"), action("b")])) == ["ok", "ok"]


async def test_a_block_waits_longer_than_an_overload():
    async def send(actions, refresh):
        return next(answers)

    def top(low, high):
        return high / 100

    answers = iter(
        [
            Verdict(Outcome.RETRY, 429),
            Verdict(Outcome.PAUSE, 429, "cluster_block_exception"),
            Verdict(Outcome.RETRY, 503, retry_after=7),
            Verdict(Outcome.RETRY, 503, retry_after=10_000),
            [Verdict(Outcome.PAUSE, 403, "cluster_block_exception")],
            [Verdict(Outcome.OK, 200)],
        ]
    )
    slept = []

    async def sleep(delay):
        slept.append(delay)

    overloaded, blocked = Backoff(0.1, 10, top), Backoff(2, 30, top)
    writer = BulkWriter(send, no_refresh, overloaded=overloaded, blocked=blocked, sleep=sleep)
    assert outcomes(await writer.write([action("a")])) == ["ok"]
    assert slept == [pytest.approx(wait) for wait in (0.001, 0.04, 7.004, 60.008, 0.3)]


async def test_each_wait_is_told_before_it_begins(store):
    told = []
    store = MemoryStore(on_wait=lambda reason, delay: told.append(reason))
    await store.ensure_slice(SLICE)
    store.fail(Fault(503), Fault(0), Fault(429, "cluster_block_exception", items=frozenset({"a"})))
    await store.write([action("a")])
    assert told == ["503", "ConnectionTimeout", "429"]


async def test_a_writer_in_trouble_can_be_cancelled():
    store = MemoryStore(sleep=asyncio.sleep)
    await store.ensure_slice(SLICE)

    async def send(actions, refresh):
        return Verdict(Outcome.RETRY, 503)

    writer = BulkWriter(send, no_refresh, overloaded=Backoff(60, 60))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(writer.write([action("a")]), 0.05)


async def test_versions_of_one_article_go_in_requests_of_their_own(store):
    await store.write([action("a", 1), action("b", 1), action("a", 2)])
    assert store.requests == [["a", "b"], ["a"]]
    assert stored(store) == {"a": 2, "b": 1}


async def test_versions_of_one_article_stay_in_order_under_partial_retry(store):
    store.fail(Fault(429, items=frozenset({"a"})), Fault(503))
    results = await store.write([action("a", 1, words=1), action("a", 1, words=2)])
    assert outcomes(results) == ["ok", "ok"]
    assert store.documents("articles")["a"][0].source["word_count"] == 2


async def test_an_equal_version_is_written_again_and_a_lower_one_is_stale(store):
    await store.write([action("a", 5, words=1)])
    assert outcomes(await store.write([action("a", 5, words=2)])) == ["ok"]
    assert outcomes(await store.write([action("a", 4, words=3)])) == ["stale"]
    assert store.documents("articles")["a"][0].source["word_count"] == 2


async def test_create_never_overwrites(store):
    first = Action(SLICE, "a", None, b'{"word_count":1}', "create")
    second = Action(SLICE, "a", None, b'{"word_count":2}', "create")
    assert outcomes(await store.write([first])) == ["ok"]
    assert outcomes(await store.write([second])) == ["stale"]
    assert store.documents("articles")["a"][0].source == {"word_count": 1}


async def test_refresh_makes_the_written_searchable_in_one_request_or_many():
    for size in (500, 2):
        store = MemoryStore(bulk_records=size)
        await store.ensure_slice(SLICE)
        await store.write([action(name) for name in "abc"])
        assert store.searchable("articles") == {}
        await store.write([action(name) for name in "abc"], refresh=True)
        assert set(store.searchable("articles")) == set("abc")


async def test_what_happens_is_counted(store):
    def value(outcome):
        return metrics.REGISTRY.get_sample_value("newswire_elastic_bulk_items_total", {"outcome": outcome}) or 0

    before = {outcome: value(outcome) for outcome in ("ok", "stale", "retry", "poison")}
    await store.write([action("old", 9)])
    store.fail(Fault(429, items=frozenset({"a"})))
    await store.write([action("a"), action("old", 1), action("bad", source=b'{"x":1}'), action("b")])
    assert {outcome: value(outcome) - before[outcome] for outcome in before} == {
        "ok": 3,
        "stale": 1,
        "retry": 1,
        "poison": 1,
    }
