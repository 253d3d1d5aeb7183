from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.normalization import furniture, second_opinion
from services.normalization.dom import parsed
from services.normalization.extraction import extract
from services.normalization.headline import headlines, plain
from services.normalization.html import Page, is_sure
from services.normalization.outline import read_outline
from tests.unit.normalization.raws import patient

PROSE = [
    "The council of Greyport voted on Sunday to close the old lock to freight from April, after two centuries of barges.",
    "The vote was eleven to four, and those in favour said that the gates had failed three times since autumn.",
    "Smaller boats may still pass on Saturdays, when volunteers turn the gates by hand for as long as there is light.",
    "Two of the three mills have ordered lorries, and the third says that little will change for the farms around it.",
]
FALSE = "This text belongs to something else on the page, and a reader of the story has no use for any of its words."


def paragraphs(*texts):
    return "".join(f"<p>{text}</p>" for text in texts)


def found(body):
    tree = parsed(f"<html><body>{body}</body></html>")
    assert tree is not None
    return [piece.text for piece in extract(read_outline(tree)).pieces]


@pytest.mark.parametrize(
    "name",
    [
        "comments", "comment-list", "relatedArticles", "mod_related__box", "newsletter-signup", "share-bar", "promo", "teaser",
        "sidebar", "cookie-banner", "caption", "wp-caption-text", "authorBio", "most-read", "storyCard post-card", "InlineDonationPromo",
    ],
)  # fmt: skip
def test_what_is_called_furniture_and_is_small_is_left_out(name):
    assert (
        found(f"<h1>Lock</h1>{paragraphs(*PROSE[:2])}<div class='{name}'><p>{FALSE}</p></div>{paragraphs(*PROSE[2:])}")
        == PROSE
    )


@pytest.mark.parametrize("tag", ["nav", "aside", "footer", "form"])
def test_what_stands_beside_a_page_is_left_out(tag):
    assert found(f"<h1>Lock</h1>{paragraphs(*PROSE)}<{tag}><p>{FALSE}</p></{tag}>") == PROSE


@pytest.mark.parametrize(
    "name", ["layout-with-sidebar", "has-comments", "slideshow", "promoted-content", "format-video tag-lock author-ina"]
)
def test_a_container_of_the_headline_or_of_most_of_the_text_is_no_furniture(name):
    assert found(f"<div class='{name}'><h1>The lock closes</h1>{paragraphs(*PROSE)}</div>") == PROSE
    assert found(f"<h1>The lock closes</h1><div class='{name}'>{paragraphs(*PROSE)}</div>") == PROSE


def test_a_footer_is_furniture_however_long_it_is():
    assert found(
        f"<h1>The lock closes</h1>{paragraphs(PROSE[0])}<div class='site-footer'>{paragraphs(*[FALSE + str(n) for n in range(9)])}</div>"
    ) == [PROSE[0]]


MENU = "<ul><li><a href='/'>Menu entry of the site</a></li></ul>" * 6
IMPRINT = paragraphs(*[f"{FALSE} {number}" for number in range(4)])


def test_a_short_story_beats_a_long_imprint():
    assert found(f"<h1>The old lock closes</h1>{paragraphs(*PROSE[:2])}{MENU}<div>{IMPRINT}</div>") == PROSE[:2]


def test_what_holds_the_headline_is_no_furniture_even_on_a_page_full_of_other_text():
    story = (
        f"<div class='layout-with-right sidebar tag-lock'><h1>The old lock closes</h1>{paragraphs(*PROSE[:2])}</div>"
    )
    assert found(f"{story}{MENU}<div>{IMPRINT}</div>") == PROSE[:2]


def test_the_next_story_of_an_endless_page_is_left_out():
    second = f"<div><div><h1>Another story</h1></div>{paragraphs(FALSE, FALSE + ' 2', FALSE + ' 3')}</div>"
    assert found(f"<div><h1>The lock closes</h1>{paragraphs(*PROSE)}</div>{second}") == PROSE


def test_a_text_that_is_sent_twice_is_read_once_but_a_quotation_of_it_stays():
    assert found(f"<h1>Lock</h1>{paragraphs(*PROSE)}{paragraphs(*PROSE)}") == PROSE
    assert found(f"<h1>Lock</h1>{paragraphs(*PROSE)}<blockquote>{PROSE[0]}</blockquote>{paragraphs(FALSE)}") == [
        *PROSE,
        PROSE[0],
        FALSE,
    ]


def test_breaks_make_paragraphs_and_a_standfirst_belongs_to_the_text():
    assert found(f"<h1>The lock closes</h1><h2>{PROSE[0]}</h2><div>{'<br><br>'.join(PROSE[1:])}</div>") == PROSE


def test_a_story_cut_in_two_by_an_advertisement_is_whole():
    links = "".join(f"<div><a href='/{n}'>An offer of the day, number {n}</a></div>" for n in range(12))
    assert found(f"<h1>Lock</h1><div>{paragraphs(*PROSE[:2])}<div>{links}</div>{paragraphs(*PROSE[2:])}</div>") == PROSE


def test_lists_and_subheads_of_a_story_stay_and_a_last_subhead_without_text_goes():
    inside = f"{paragraphs(*PROSE[:2])}<h2>What the mills do</h2>{paragraphs(*PROSE[2:])}<ul><li>The lock is from 1804.</li></ul><h2>More</h2>"
    assert found(f"<h1>Lock</h1>{inside}") == [*PROSE[:2], "What the mills do", *PROSE[2:], "The lock is from 1804."]


def test_names_of_elements_are_read_word_by_word():
    assert furniture.named("div", "relatedArticles", "") is not None
    assert furniture.named("div", "headline-article", "") is None, "'ad' inside a word is none"
    assert furniture.named("div", "article-body-comments", "") is None, "the container of the text itself"
    assert furniture.named("p", "teaser", "") is None, "a standfirst is often called so"
    assert furniture.named("div", "", "promoted-by-the-king-of-the-land") is None, "a headline made into an id"


def test_where_little_is_found_trafilatura_is_asked(monkeypatch):
    asked = []
    monkeypatch.setattr(second_opinion, "blocks", lambda text, _: asked.append(text) or [])
    Page(f"<html><body><h1>Lock</h1>{paragraphs(*PROSE)}</body></html>", None).blocks()
    assert not asked
    Page("<html><body><h1>Lock</h1><p>It is closed.</p></body></html>", None).blocks()
    assert len(asked) == 1


def test_trafilatura_is_not_asked_about_huge_pages(monkeypatch):
    monkeypatch.setattr(second_opinion, "blocks", lambda *_: pytest.fail("asked"))
    Page(f"<html><body>{'<div><a href=/>A line of links</a></div>' * 6000}</body></html>", None).blocks()


def test_a_page_whose_text_is_in_its_json_ld_alone_is_read_from_there():
    ld = (
        '<script type="application/ld+json">{"@type": "NewsArticle", "articleBody": "One.\\nTwo &amp; three."}</script>'
    )
    page = Page(f"<html><head>{ld}</head><body></body></html>", None)
    assert [block.text for block in page.blocks()] == ["One.", "Two & three."]


@patient
@given(
    st.lists(
        st.sampled_from(
            [
                "<p>",
                "</p>",
                "<div class='related'>",
                "</div>",
                "<li>",
                "<h1>",
                "</h1>",
                "<br>",
                "<a href=x>",
                "</a>",
                PROSE[0],
                PROSE[1],
                " x ",
                "<blockquote>",
                "<td>",
            ]
        ),
        max_size=60,
    )
)
def test_what_is_kept_is_of_the_page_and_in_its_order(parts):
    tree = parsed("<html><body>" + "".join(parts) + "</body></html>")
    outline = read_outline(tree) if tree is not None else None
    if outline is None:
        return
    kept = extract(outline)
    order = [next(n for n, piece in enumerate(outline.pieces) if piece is one) for one in kept.pieces]
    assert order == sorted(order)
    assert 0.0 <= kept.share <= 1.0
    assert is_sure(kept) in (True, False)


SITES = ["Greyport Herald", "herald.example"]


@pytest.mark.parametrize(
    ("given", "best"),
    [
        ({"document": "Lock closes in April | Local | Greyport Herald", "heading": "Lock closes in April"}, "Lock closes in April"),
        ({"social": "Lock closes in April - Greyport Herald"}, "Lock closes in April"),
        ({"social": "Lock closes - a history"}, "Lock closes - a history"),
        ({"structured": "A lock shut", "social": "Lock closes in April", "heading": "Lock closes in April"}, "Lock closes in April"),
        ({"social": "What a lock!", "structured": "Lock closes in April", "heading": "Lock closes in April"}, "Lock closes in April"),
        ({"heading": "LIVE: lock closes", "structured": "LIVE: lock closes", "social": "Greyport shuts its lock"}, "Greyport shuts its lock"),
        ({"heading": "It’s shut", "social": "It's shut"}, "It’s shut"),
    ],
)  # fmt: skip
def test_the_headlines_vote(given, best):
    assert headlines(given, SITES)[0] == best


def test_a_headline_in_a_breadcrumb_is_none():
    html = "<html><head><meta property='og:title' content='Lock closes'><script type='application/ld+json'>{}</script></head><body><nav class='crumbs'><h1>Shut: the lock closes in Greyport</h1></nav><h2><span>Greyport</span> <span>Lock closes</span></h2></body></html>"
    assert Page(html, None).title() == "Lock closes"


def test_entities_escaped_twice_are_read():
    assert plain("It&amp;#39;s <b>shut</b>&amp;nbsp;now") == "It's shut now"


def _body(inside):
    read = Page(f"<html><head><title>Old lock closes</title></head><body><main>{inside}</main></body></html>", None)
    return [block.text for block in read.blocks()]


PROSE = [
    "The council of Greyport voted on Sunday to close the old lock to freight from April, after two centuries of barges.",
    "Boats for visitors may still pass on Sundays, and the keeper's house is to become a small museum of the river's trade.",
    "The vote was nine to four; the port's carriers, who had asked for three more years, said that they would go to court.",
]


def test_a_standfirst_in_a_bare_container_below_the_headline_is_kept():
    deck = "Greyport shuts its old lock to freight in April; boats for visitors may still pass on Sundays."
    inside = f"<h1>Old lock closes</h1><div class='summary'>{deck}</div><div class='meta'>12 May</div>"
    more = [f"{PROSE[number % 3][:70]} {chr(97 + number) * 60}, it said." for number in range(9)]
    assert _body(inside + "".join(f"<p>{text}</p>" for text in more)) == [deck, *more]


def test_paragraphs_in_a_text_whose_line_breaks_are_kept():
    wire = "\n \n".join("   " + text.replace(" to ", "\nto ") for text in PROSE)
    assert _body(f"<h1>Old lock closes</h1><pre>{wire}</pre>") == PROSE


def test_a_headline_that_names_the_section_gives_way_to_the_one_that_the_head_says():
    head = "<title>Old lock closes in the spring - Greyport Herald</title>"
    html = f"<html><head>{head}</head><body><h1>News from the river</h1><article><h2>Old lock closes in the spring</h2></article></body></html>"
    assert Page(html, None).title() == "Old lock closes in the spring"


def test_a_sites_name_before_the_headline_is_taken_off():
    assert headlines({"social": "Greyport Herald | Lock closes in April"}, SITES)[0] == "Lock closes in April"


def test_paragraphs_that_only_begin_alike_are_all_kept():
    same = "On the third day of the hearing before the court of Greyport, the witness said that "
    texts = [
        same + end
        for end in (
            "the lock had been shut at night.",
            "no boat had ever passed there.",
            "the keeper was not in his house.",
        )
    ]
    assert _body("<h1>Old lock closes</h1>" + "".join(f"<p>{text}</p>" for text in texts)) == texts


def test_long_paragraphs_beside_a_picture_are_the_storys_own_and_captions_are_not():
    long = (
        " ".join(PROSE)
        + " That is what the council said, and what the carriers of the port will not hear of at all, in court or out of it."
    )
    caption = (
        "Boats wait above the old lock of Greyport on a Sunday in the spring of last year, seen from the new bridge."
    )
    beside = f"<div class='single_column_big_photo'><img src='a.jpg'><p>{long}</p><p>{caption}</p></div>"
    before, behind = (
        [f"{end} {part} {text}" for part in ("first,", "second,", "third,") for text in PROSE]
        for end in ("Before,", "Behind,")
    )
    around = ["".join(f"<p>{text}</p>" for text in texts) for texts in (before, behind)]
    assert _body(f"<h1>Old lock closes</h1>{around[0]}{beside}{around[1]}") == [*before, long, *behind]
    advert = f"<div class='related-stories'>{beside}</div>"
    assert long not in _body(f"<h1>Old lock closes</h1>{around[0]}{advert}{around[1]}")


def test_short_lines_between_paragraphs_that_only_line_breaks_part():
    lines = [PROSE[0], "What the carriers say", PROSE[1], PROSE[2]]
    assert _body("<h1>Old lock closes</h1><div>" + "<br><br>".join(lines) + "</div>") == lines
