"""What readers keep as it was written, beside what they conclude (`StoryParts.given`), for the conformance report."""

from __future__ import annotations

from pathlib import Path

from services.normalization.fingerprint import source_hash
from services.normalization.formats import anpa_1312, iptc_7901, newsml_1, nitf
from services.normalization.formats.rss_atom import ATOM, RSS
from services.normalization.parts import StoryParts
from tests.unit.normalization.raws import raw

WIRE = Path(__file__).parents[3] / "fixtures" / "wire"


def test_nitf_keeps_the_id_with_its_revision_and_the_words_of_an_anpa_head():
    text = (
        b"<nitf><head><meta name='anpa-takekey' content='(ATTN SPORTS)'/><meta name='anpa-wordcount' content='0108'/>"
        b"<meta name='NTBID' content='hbr-77'/><docdata><doc-id id-string='hbr-77_03'/>"
        b"<du-key generation='3' version='2'/></docdata></head>"
        b"<body><body.head><hedline><hl1>Ferry</hl1></hedline></body.head></body></nitf>"
    )
    (story,) = nitf.read(raw(text))
    assert story.provider_id == "hbr-77"
    assert story.given == {
        "id": ["hbr-77_03"],
        "generation": ["3"],
        "anpa_takekey": ["(ATTN SPORTS)"],
        "wordcount": ["0108"],
    }


def test_newsml_1_keeps_the_parts_of_its_identifier():
    (story, *_) = newsml_1.read(raw((WIRE / "newsml_1" / "release.xml").read_bytes()))
    assert story.given["provider_id"][0] in story.provider_id
    assert story.given["news_item_id"][0] in story.provider_id
    assert story.given["type"]
    assert story.given["previous_version"]


def test_every_message_is_told_even_one_without_news():
    imprint = raw((WIRE / "iptc_7901" / "dpa_imprint.txt").read_bytes())
    assert [one.kind for one in iptc_7901.read_all(imprint)] == ["not-news"]
    two = raw((WIRE / "anpa_1312" / "two_messages.txt").read_bytes())
    assert len(anpa_1312.read_all(two)) == len(anpa_1312.read(two)) == 2


def test_both_feed_formats_tell_entries_without_a_word():
    feed = raw(b"<rss version='2.0'><channel><title>F</title><item><guid>1</guid></item></channel></rss>")
    for reader in (RSS, ATOM):
        assert [one.provider_id for one in reader.read_all(feed)] == ["1"]


def test_what_is_kept_as_written_is_no_part_of_the_fingerprint():
    """A reader that keeps more makes no new versions."""
    plain = StoryParts(format="nitf", title="t")
    assert source_hash(plain) == source_hash(StoryParts(format="nitf", title="t", given={"wordcount": ["1"]}))
