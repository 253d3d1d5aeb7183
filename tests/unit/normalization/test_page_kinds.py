from __future__ import annotations

import pytest

from services.normalization.html import Page
from shared.errors import Refused
from tests.unit.normalization.raws import article

STORY = {
    "en": "The council of Greyport voted on Sunday to close the old lock to freight from April, after two centuries of barges.",
    "el": "Το δημοτικό συμβούλιο αποφάσισε την Κυριακή να κλείσει το παλιό λιμάνι για τα φορτηγά πλοία από τον Απρίλιο.",
    "de": "Der Rat der Stadt hat am Sonntag beschlossen, die alte Schleuse ab April für Frachtschiffe zu schließen.",
    "fr": "Le conseil municipal a décidé dimanche de fermer la vieille écluse aux bateaux de marchandises à partir d'avril.",
    "es": "El concejo decidió el domingo cerrar la vieja esclusa a los barcos de carga a partir del mes de abril próximo.",
    "it": "Il consiglio comunale ha deciso domenica di chiudere la vecchia chiusa alle chiatte da carico a partire da aprile.",
    "pt": "A câmara municipal decidiu no domingo fechar a velha eclusa aos barcos de carga a partir do mês de abril.",
}
PAID = {
    "en": "Subscribe to continue reading this story.",
    "el": "Το άρθρο είναι διαθέσιμο μόνο για συνδρομητές.",
    "de": "Dieser Artikel ist nur für Abonnenten.",
    "fr": "Article réservé aux abonnés.",
    "es": "Contenido exclusivo para suscriptores.",
    "it": "Contenuto riservato agli abbonati.",
    "pt": "Conteúdo exclusivo para assinantes.",
}
LIVE = {
    "en": "Storm live: the latest from the coast", "el": "Ζωντανά: η κακοκαιρία στα νησιά", "de": "Sturm im Liveticker: Lage an der Küste",
    "fr": "Tempête : suivez la situation en direct", "es": "Temporal en vivo: la costa, minuto a minuto",
    "it": "Maltempo in diretta: la situazione sulla costa", "pt": "Tempestade ao vivo: a situação na costa",
}  # fmt: skip
LANGUAGES = sorted(STORY)
TIMES = ("08:05", "08:40", "09:15", "10:02", "11:30", "12:10")


def page(language, title, inside, head=""):
    return f"<!DOCTYPE html><html lang='{language}'><head><title>{title}</title>{head}</head><body><main><h1>{title}</h1>{inside}</main></body></html>"


def kind(html, address=None):
    return article(html.encode(), "text/html", content_location=address).kind


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_start_of_a_paid_story_is_a_stub_and_kept(language):
    text = f"<article><p>{STORY[language]}</p><p>{STORY[language]} 2.</p></article><div class='wall'><p>{PAID[language]}</p></div>"
    assert kind(page(language, "Lock", text)) == "stub"
    assert kind(page(language, "Lock", text.replace(PAID[language], "…"))) == "story"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_long_story_that_mentions_subscribers_is_a_story(language):
    long = "".join(f"<p>{number}. {STORY[language]}</p>" for number in range(20))
    assert kind(page(language, "Lock", f"<article>{long}</article><p>{PAID[language]}</p>")) == "story"


def test_a_story_that_says_it_is_not_free_is_a_stub_where_it_is_short():
    ld = (
        "<script type='application/ld+json'>{'@type':'NewsArticle','headline':'Lock','isAccessibleForFree':%s}</script>"
    )
    short = f"<article><p>{STORY['en']}</p></article>"
    for word, expected in (
        ("false", "stub"),
        ("'False'", "stub"),
        ("true", "story"),
        ("'http://schema.org/True'", "story"),
    ):
        assert (
            kind(
                page(
                    "en",
                    "Lock",
                    short,
                    (ld % word).replace("'", '"').replace('type="application/ld+json"', "type='application/ld+json'"),
                )
            )
            == expected
        )


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_live_blog_by_its_title_and_its_clock(language):
    entries = "".join(f"<h3>{time}</h3><p>{time} {STORY[language]}</p>" for time in TIMES)
    assert kind(page(language, LIVE[language], f"<article>{entries}</article>")) == "live-blog"
    one = f"<article><p>{STORY[language]}</p></article>"
    assert kind(page(language, LIVE[language], one)) == "story", "a word in a title alone makes no live blog"


def test_a_live_blog_by_its_own_word():
    ld = '<script type="application/ld+json">{"@type": "LiveBlogPosting", "headline": "Storm"}</script>'
    assert kind(page("en", "Storm", f"<p>{STORY['en']}</p>", ld)) == "live-blog"


@pytest.mark.parametrize(
    "word", ["gallery", "bildergalerie", "galerie", "fotogaleria", "photos", "diaporama", "fotogallery"]
)
def test_a_gallery_by_its_address_and_its_pictures(word):
    figures = "".join(f"<figure><img src='{n}.jpg'><figcaption>The lock, {n}.</figcaption></figure>" for n in range(10))
    html = page("en", "Lock", f"<article><p>{STORY['en']}</p>{figures}</article>")
    assert kind(html, f"https://example.org/{word}/lock") == "gallery"
    assert kind(html, "https://example.org/local/lock") == "story"
    few = html.replace(figures, figures[:150] + "</figure>")
    assert kind(few, f"https://example.org/{word}/lock") == "story"


def teasers(number):
    return "".join(
        f"<div class='item'><h3><a href='/{n}'>Headline number {n} of the many stories of this day</a></h3></div>"
        for n in range(number)
    )


@pytest.mark.parametrize(
    ("head", "address"),
    [
        ("<meta property='og:type' content='website'>", None),
        ("", "https://example.org/news/"),
        ("", "https://example.org/"),
        ('<script type="application/ld+json">{"@type": "CollectionPage"}</script>', "https://example.org/a/b/c-1"),
    ],
)
def test_a_list_of_links_is_no_news(head, address):
    with pytest.raises(Refused) as refused:
        kind(page("en", "News", teasers(30), head), address)
    assert refused.value.code == "not-news"


@pytest.mark.parametrize(
    "head",
    [
        "<meta property='og:type' content='article'>",
        '<script type="application/ld+json">{"@type": "NewsArticle"}</script>',
    ],
)
def test_a_flash_among_many_teasers_is_a_story(head):
    assert (
        kind(page("en", "Lock closed", f"<p>{STORY['en']}</p>{teasers(30)}", head), "https://example.org/news/")
        == "story"
    )


def test_a_page_of_one_story_with_teasers_below_is_a_story():
    text = "".join(f"<p>{number}. {STORY['en']}</p>" for number in range(8))
    assert Page(page("en", "Lock", f"<article>{text}</article>{teasers(30)}"), "https://example.org/").kind == "story"


def test_a_page_about_one_video_is_no_list_however_many_links_it_has():
    links = "".join(f"<li><a href='/v/{n}'>Another headline of another video, number {n}</a></li>" for n in range(20))
    video = '<script type="application/ld+json">{"@type": "VideoObject", "name": "The lock closes"}</script>'
    site = '<script type="application/ld+json">{"@type": "WebSite", "name": "Herald"}</script>'
    address = "https://www.example.org/videos/news/the-lock-closes/videoshow/57559218.cms"
    assert kind(page("en", "The lock closes", f"<p>{STORY['en']}</p><ul>{links}</ul>", head=video), address) == "story"
    assert kind(page("en", "The lock closes", f"<p>{STORY['en']}</p><ul>{links}</ul>", head=site), address) == "story"
    with pytest.raises(Refused, match="a page of links"):
        kind(page("en", "News", f"<ul>{links}</ul>", head=site), "https://www.example.org/news/")
