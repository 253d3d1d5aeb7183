from __future__ import annotations

import pytest

from services.normalization import bylines
from services.normalization.html import Page

TEXT = (
    "<p>"
    + "The council of Greyport voted on Sunday to close the old lock to freight from April next year. " * 3
    + "</p>"
)
HEAD = "<!DOCTYPE html><html lang='en'><head><title>Old lock closes</title></head><body>"


def authors(inside, behind="", above=""):
    story = f"<article>{above}<h1>The old lock of Greyport closes</h1>{inside}{TEXT * 3}</article>"
    return Page(f"{HEAD}<main>{story}{behind}</main></body></html>", "https://www.example.org/a").authors()


@pytest.mark.parametrize(
    "inside",
    [
        "<div class='meta'><span class='published-by__author'><a href='/x'>Anna Lindqvist</a></span></div>",
        "<p class='m-entry__byline'>By <a>Anna Lindqvist</a> on Jul 04, 2014 at 11:30am</p>",
        "<div class='post_info'><span>Written by Anna Lindqvist</span> <span>12 May 2024</span></div>",
        "<div><a rel='author' href='/anna'>Anna Lindqvist</a>, Deputy Editor</div>",
        "<div class='author-block'><span class='name'>Anna Lindqvist</span><span class='role'>Political Correspondent</span></div>",
        "<div class='author'>Anna Lindqvist</div><div class='reading'>7 minutes</div>",
    ],
)
def test_the_byline_at_the_headline_is_read(inside):
    assert authors(inside) == ["Anna Lindqvist"]


def test_all_who_signed_are_read_from_their_own_parts():
    inside = "<div class='article-byline'><span>Anna Lindqvist</span><span>Tom Reyes</span><span>Eva van der Berg</span></div>"
    assert authors(inside) == ["Anna Lindqvist", "Tom Reyes", "Eva van der Berg"]


@pytest.mark.parametrize(
    "others",
    [
        "<ul><li class='comment'><cite class='author-name'>Paul Coker</cite><p>So true, all of it, and long overdue.</p></li></ul>",
        "<section class='related-stories'><div class='teaser'><span class='author'>Emil Albers</span></div></section>",
        "<aside><span class='author'>Emil Albers</span></aside>",
    ],
)
def test_authors_of_comments_and_teasers_are_none(others):
    assert authors("", behind=others) == []
    assert authors("<p class='byline'>By Anna Lindqvist</p>", behind=others) == ["Anna Lindqvist"]


@pytest.mark.parametrize(
    "words", ["Follow us", "Most Popular Posts", "Journalist i Paris", "Published by", "Executive Editor"]
)
def test_words_of_buttons_and_offices_are_no_names(words):
    assert authors(f"<div class='author'>{words}</div>") == []


def test_a_second_headline_above_the_text_is_the_pages_own():
    above = "<h1><a href='/'>The Daily Lock</a></h1>" + "<div>News</div>" * 30
    inside = "<p class='byline'>By Anna Lindqvist</p>"
    assert authors(inside, above=above) == ["Anna Lindqvist"]


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ("Dana Ford, James Corey, and Tom Watkins", ["Dana Ford", "James Corey", "Tom Watkins"]),
        ("Allied Research, https://www.example.org/a", ["Allied Research"]),
        ("Posted by Anna Lindqvist", ["Anna Lindqvist"]),
        ("Автор: Иван Антонов", ["Иван Антонов"]),
        ("作者：温素霞", ["温素霞"]),
    ],
)
def test_names_are_parted_and_their_labels_dropped(given, names):
    assert bylines.names([given]) == names


def test_a_chinese_line_of_editors_is_a_byline():
    assert bylines.signed("(责编：牛镛、岳弘彬)") == ["牛镛", "岳弘彬"]
