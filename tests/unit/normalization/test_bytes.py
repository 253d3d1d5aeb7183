"""What is made by a shorter way says the same, byte for byte, as by the longer one."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid5

import pytest
import xxhash
from hypothesis import given
from hypothesis import strategies as st

from services.normalization import layout, repair
from services.normalization.chunk import event
from services.normalization.fingerprint import _plain
from services.normalization.normalize import normalize
from services.normalization.sketch import _words
from services.normalization.xml import MAX_DEPTH, parse_xml
from shared import ids
from shared.errors import Refused
from shared.events import Dateline, HonestDate, Image, Reference, Related, Topic
from tests.unit.normalization.raws import NOW, article, raw

FULL = sorted((Path(__file__).parents[2] / "fixtures" / "wire" / "full").iterdir())


@pytest.mark.parametrize("file", FULL, ids=lambda file: file.stem)
def test_an_event_holds_what_the_model_says(file: Path) -> None:
    for one in normalize(raw(file.read_bytes(), None), NOW):
        _, value = event(one)
        assert value.endswith(b'"data":' + one.model_dump_json(exclude_none=True).encode() + b"}")


@pytest.mark.parametrize(
    "moment", [datetime(2022, 2, 8, 9, 5, 0, 120, tzinfo=UTC), datetime(1400, 1, 1, tzinfo=UTC)], ids=str
)
def test_every_kind_of_value_is_written_as_the_model_writes_it(moment: datetime) -> None:
    one = article(
        {"id": "a", "title": 'Ship "Ουρανός" \u2028 \x7f', "body": "Line.\n\n\ttab \\ / é 東京 😀"}
    ).model_copy(
        update={
            "dates": {"published": HonestDate(value=moment, precision="day", zone="feed", raw="8/2")},
            "published": moment,
            "topics": [Topic(scheme="medtop", code="20000523", given=False), Topic(name="<Sea>")],
            "dateline": Dateline(place="Athens"),
            "related": [Related(url="https://a.example/?a=1&b=2")],
            "images": [Image(url="https://a.example/1.jpg", credit="\b\f\n\r\x01")],
            "reference": Reference(articles=[UUID(int=7)], asked=1),
            "ext_version": 2**63 - 1,
            "urgency": 4,
        }
    )
    _, value = event(one)
    assert one.model_dump_json(exclude_none=True).encode() in value


def test_what_is_no_part_of_an_article_is_refused() -> None:
    odd = article({"id": "a", "title": "A ship"}).model_copy(update={"keywords": [object()]})
    with pytest.raises(TypeError):
        event(odd)


@given(st.lists(st.one_of(st.none(), st.text(), st.binary()), max_size=5))
def test_a_hash_is_that_of_its_parts_one_after_the_other(parts: list[str | bytes | None]) -> None:
    digest = xxhash.xxh3_128()
    for part in parts:
        said = b"\0" if part is None else b"\1" + (part.encode() if isinstance(part, str) else part)
        digest.update(len(said).to_bytes(8, "big"))
        digest.update(said)
    assert ids.content_hash(*parts) == digest.hexdigest()


@pytest.mark.parametrize(
    "value", [Topic(code="1"), Dateline(place="P", agency="A"), Related(), Image(url="u", credit="c")]
)
def test_a_part_is_hashed_as_its_model_says(value: Topic | Dateline | Related | Image) -> None:
    assert _plain(value) == value.model_dump(exclude_none=True)


DAMAGE = st.sampled_from(
    ["Ã©", "â€™", "&amp;", "&", ";", "Î‘Î¸Î®", "\u00ad", "\u00ac", "\u200b", "\x85", "é", "a ", "Ρ", "\r"]
)


PIECES = st.lists(st.one_of(DAMAGE, st.text(st.characters(exclude_characters="\n"), max_size=2)), max_size=6)


@given(st.lists(PIECES.map("".join), max_size=6))
def test_blocks_that_are_healthy_together_are_healthy_alone(texts: list[str]) -> None:
    whole = "\n".join(texts)
    if repair.is_healthy(whole) and layout.is_visible(whole):
        for text in texts:
            notes: list[str] = []
            assert layout.strip_invisible(repair.repaired(text, notes)) == (text, 0)
            assert not notes


@given(
    st.text(st.one_of(st.sampled_from("Σσςİ ΑΟa.,'’—\t\n1²Dž"), st.characters(exclude_categories=["Cs"])), max_size=40)
)
def test_words_of_a_sketch_in_lower_case_are_those_words(text: str) -> None:
    words, folded = _words(text)
    assert folded == [word.lower() for word in words]


@given(st.text(max_size=30), st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_the_id_of_an_article_is_a_uuid5(provider: str, identity: str) -> None:
    assert ids.article_id(provider, identity) == uuid5(ids.namespace(provider), identity)


def elements_nested(count: int, innermost: str) -> bytes:
    return ("<a>" * (count - 1) + innermost + "</a>" * (count - 1)).encode()


@pytest.mark.parametrize("innermost", ["<a/>", "<a></a>", "<a>x</a>"])
def test_depth_is_told_with_as_few_tags_as_it_takes(innermost: str) -> None:
    assert parse_xml(elements_nested(MAX_DEPTH, innermost)).root.tag == "a"
    with pytest.raises(Refused, match="deeper"):
        parse_xml(elements_nested(MAX_DEPTH + 1, innermost))
