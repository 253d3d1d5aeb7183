"""Real cases of wires through the whole pipeline: what must be gone is gone, what is held is held, on every surface asked."""

from __future__ import annotations

import uuid

import pytest

from tests.contract.wire_cases import Sent, anpa, dpa, g2, ninjs, nitf, reuters, stt
from tests.harness import Pipeline, wait_until

pytestmark = pytest.mark.servers

FAR = '<date.release norm="20910208T000100+0100"/>'


def mark() -> str:
    return f"z{uuid.uuid4().hex[:12]}"


def pushed(pipeline: Pipeline, *items: Sent) -> list[str]:
    """Each item pushed once the one before has become something; the articles that they became, itself before others."""
    found: list[str] = []
    for item in items:
        answer = pipeline.push(item.value, item.type or "application/octet-stream")
        assert answer.status_code == 202, answer.text
        traced = pipeline.wait_trace(answer.json()["receipt"])
        found += [article["id"] for article in traced["articles"]]
    return found


def is_gone(pipeline: Pipeline, article: str, word: str) -> None:
    wait_until(lambda: pipeline.article(article).status_code == 410, 30, "the kill")
    assert pipeline.search(word)["total"] == 0
    assert f"over {word}" not in pipeline.article(article).text


def is_held(pipeline: Pipeline, article: str, word: str) -> None:
    assert pipeline.article(article).status_code == 404
    assert pipeline.search(word)["total"] == 0


@pytest.mark.parametrize("turned", [False, True])
def test_a_kill_without_words(pipeline, turned):
    word = mark()
    items = reuters(word)
    article = pushed(pipeline, *(reversed(items) if turned else items))[0]
    is_gone(pipeline, article, word)
    notice = pipeline.article(article).json()["notice"]
    assert notice["id"] == article
    if not turned:
        assert notice["first_published"].startswith("2026-02-07T15:58:00"), "it does not move"


@pytest.mark.parametrize("inside", [FAR, "", '<date.release norm="soon"/>'])
def test_an_embargo_by_management_status(pipeline, inside):
    word = mark()
    (article,) = pushed(pipeline, nitf(word, 'management-status="embargoed"', f"pa.{word}", inside))
    is_held(pipeline, article, word)


@pytest.mark.parametrize("turned", [False, True])
def test_one_document_kills_another(pipeline, turned):
    word = mark()
    victim = nitf(word, "", f"{word}.a")
    kill = f'management-status="canceled" management-doc-idref="{word}.a" management-idref-status="canceled"'
    items = [victim, nitf("other", kill, f"{word}.b")]
    articles = pushed(pipeline, *(reversed(items) if turned else items))
    assert len(set(articles)) == 2
    for article in articles:
        is_gone(pipeline, article, word)


@pytest.mark.parametrize("value", ["2091-01-01T00:00:00Z", "Next Monday"])
@pytest.mark.parametrize("field", ["embargoed", "embargoedUntil"])
def test_an_embargo_of_ninjs_2_and_3(pipeline, field, value):
    word = mark()
    (article,) = pushed(pipeline, ninjs(word, "1", **{field: value}))
    is_held(pipeline, article, word)


def test_a_wire_that_counts_from_zero(pipeline):
    word = mark()
    articles = pushed(pipeline, ninjs(word, 1), ninjs(word, 0))
    assert pipeline.article(articles[0]).json()["version"] == "1"
    assert pipeline.search(word)["total"] == 1


def test_a_version_made_before_its_story(pipeline):
    word = mark()
    items = [stt(word, 1, "2026-02-07T13:49:15Z", "Early"), stt(word, 2, "2026-02-07T09:00:00Z", "Late")]
    article = pushed(pipeline, *items)[0]
    wait_until(lambda: pipeline.article(article).json()["version"] == "2", 30, "version 2")
    assert pipeline.search(f"Late {word}")["total"] == 1


@pytest.mark.parametrize("case", [dpa, anpa])
def test_a_kill_in_words_finds_the_item_that_it_names(pipeline, case):
    word = mark()
    article = pushed(pipeline, *case(word))[0]
    is_gone(pipeline, article, word)


def test_the_text_says_kill_and_the_metadata_does_not(pipeline):
    word = mark()
    (article,) = pushed(pipeline, ninjs(word, "1", headline="KILL KILL KILL"))
    is_held(pipeline, article, word)


def test_an_empty_embargo_holds(pipeline):
    word = mark()
    times = ("2026-02-07T16:00:00Z", "2026-02-07T16:00:00Z")
    (article,) = pushed(pipeline, g2(word, 1, "usable", times, f"<x:p>Smoke over {word}.</x:p>", more="<embargoed/>"))
    is_held(pipeline, article, word)
