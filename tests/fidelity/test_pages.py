"""What is understood of real pages never becomes less than it was; `make fidelity` prints it beside other libraries."""

from __future__ import annotations

from datetime import datetime
from statistics import mean

import pytest

from services.normalization.html import Page, is_sure
from tests.fidelity.page_corpora import news_pages
from tests.fidelity.pages import _whole
from tests.fidelity.scores import f1, precision_recall, same_day, same_minute, same_title, set_scores

pytestmark = pytest.mark.corpora


@pytest.fixture(scope="module")
def read(request):
    folder = request.getfixturevalue("corpora")
    return [(page, _whole(page)) for page in news_pages(folder)]


def test_bodies(read):
    assert f1([precision_recall(page.facts["text"], (one and one.body) or "") for page, one in read]) >= 0.975


def test_titles_dates_and_authors(read):
    assert mean(same_title(page.facts["title"], one and one.title) for page, one in read) >= 0.91
    dated = [(moment, one and one.published) for page, one in read if (moment := page.published())]
    assert all(same_day(moment, found) for moment, found in dated)
    moments = [(datetime.fromisoformat(page.facts["publishing_date"]), one and one.published) for page, one in read]
    assert mean(same_minute(moment, found) for moment, found in moments) >= 0.96
    signed = [(page.facts["authors"], one.byline if one else []) for page, one in read if page.facts["authors"]]
    assert mean(set_scores(expected, found)[2] for expected, found in signed) >= 0.955


def test_no_story_is_taken_for_something_else(read):
    kinds = [one.kind for _, one in read if one]
    assert len(kinds) == len(read)
    assert set(kinds) == {"story", "live-blog"}
    assert kinds.count("live-blog") == 3


def test_hardly_any_page_needs_a_second_opinion(read):
    assert all(is_sure(Page(page.value.decode("utf-8", "replace"), page.address).extracted) for page, _ in read[::4])
