"""A real page pushed as plain text: the story and nothing but the story. The page is sample material, not ours."""

from __future__ import annotations

import pytest

pytestmark = [pytest.mark.servers, pytest.mark.corpora]


def test_the_seed_page_becomes_one_article(pipeline, corpora):
    page = corpora.parent / "seed" / "000_6fdf06d6c8182304.txt"
    if not page.exists():
        pytest.skip(f"no {page.name} beside the corpora")
    answer = pipeline.push(page.read_bytes(), "text/plain")
    assert answer.status_code == 202
    trace = pipeline.wait_trace(answer.json()["receipt"])
    assert len(trace["articles"]) == 1
    article = pipeline.article(trace["articles"][0]["id"]).json()
    paragraphs = article["body"].split("\n\n")
    assert len(paragraphs) == 9
    assert paragraphs[0].startswith("Russian President Vladimir Putin has described")
    assert paragraphs[-1].endswith("near the border of his country.")
    assert article["section"] == "INTERNATIONAL RELATIONS"
    assert article["credit"] == "AMNA"
    assert article["language"] == "en"
    assert article["title_derived"] is True
    assert paragraphs[0].startswith(article["title"].rstrip("…").rstrip())
    assert "Ukraine Accelerating preparations" in article["related"][0]["title"]
    for stray in ("Also read", "NEWSLETTER", "Tabletop", "African Lion", "Source: AMNA"):
        assert stray not in article["body"]
    assert pipeline.search("Macron Minsk")["total"] >= 1
