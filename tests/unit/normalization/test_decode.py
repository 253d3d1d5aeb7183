from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.normalization.decode import codec_of, decode
from shared.errors import Refused
from tests.unit.normalization.raws import patient

GREEK = "Ο πρωθυπουργός μίλησε χθες στη Βουλή για τα μέτρα στήριξης των νησιών και των λιμανιών. " * 4
GERMAN = (
    "Die Werft in Nordhafen will bis zum Herbst achtzig Leute einstellen, vor allem Schweißer für größere Aufträge. "
    * 4
)


@pytest.mark.parametrize(
    ("raw", "content_type", "charset", "found"),
    [
        (GREEK.encode(), None, "utf-8", "utf-8"),
        (b"\xef\xbb\xbf" + GREEK.encode(), "text/plain; charset=iso-8859-7", "utf-8", "bom"),
        (b"\xff\xfe" + GREEK.encode("utf-16-le"), None, "utf-16-le", "bom"),
        (b"\xfe\xff" + GREEK.encode("utf-16-be"), None, "utf-16-be", "bom"),
        (GERMAN.encode("utf-16-le"), None, "utf-16-le", "detected"),
        (GREEK.encode("cp1253"), "text/plain; charset=windows-1253", "cp1253", "declared"),
        (GREEK.encode("iso8859-7"), "text/plain; charset=ISO-8859-7", "iso8859-7", "declared"),
        (GERMAN.encode("cp1252"), "text/plain; charset=iso-8859-1", "cp1252", "declared"),
        (GERMAN.encode(), "text/plain; charset=iso-8859-1", "utf-8", "utf-8"),
        (b'<meta charset="windows-1253">' + GREEK.encode("cp1253"), "text/html", "cp1253", "inside"),
    ],
)
def test_ladder(raw, content_type, charset, found):
    decoded = decode(raw, content_type)
    assert (decoded.charset, decoded.found) == (charset, found)
    assert decoded.text.strip().endswith((GREEK.strip(), GERMAN.strip()))
    assert (decoded.note is None) == (found == "utf-8")


@pytest.mark.parametrize("codec", ["cp1253", "cp1252", "cp1251"])
def test_undeclared_charsets_are_detected(codec):
    text = {
        "cp1253": GREEK,
        "cp1252": GERMAN,
        "cp1251": "Президент заявил вчера, что переговоры продолжатся в понедельник. " * 4,
    }[codec]
    decoded = decode(text.encode(codec), "text/plain")
    same = sum(a == b for a, b in zip(decoded.text, text, strict=False))
    assert decoded.found == "detected"
    assert same >= 0.99 * len(text)


def test_a_few_damaged_bytes_are_replaced_and_said():
    raw = GREEK.encode()[:-1] + b"\xff" + b" fin"
    decoded = decode(raw, "text/plain; charset=utf-8")
    assert decoded.found == "damaged"
    assert decoded.text.count("\ufffd") >= 1


def test_what_is_no_text_is_refused_without_a_word_of_it():
    raw = ("Ωραία".encode() + b"\xff\xfe\xfa\x81" * 2) * 40
    with pytest.raises(Refused) as refused:
        decode(raw, "text/plain; charset=utf-8")
    assert refused.value.code == "undecodable"
    assert "Ωραία" not in refused.value.reason


@pytest.mark.parametrize("label", ["utf-7", "idna", "no-such", "", None, "unicode_escape", "rot13", "base64", "zlib"])
def test_labels_that_are_no_charset(label):
    assert codec_of(label) is None


@patient
@given(
    st.binary(max_size=300),
    st.sampled_from([None, "text/plain; charset=gb2312", "text/plain; charset=utf-16", "x; charset=euc-kr"]),
)
def test_any_bytes_are_a_text_or_refused(raw, content_type):
    try:
        decoded = decode(raw, content_type)
    except Refused as refused:
        assert refused.code == "undecodable"  # noqa: PT017 - both ends are right here
    else:
        assert isinstance(decoded.text, str)


@pytest.mark.parametrize(
    "text",
    [
        "The centre’s owners said “we will rebuild”.\r\n" + "Plain words follow in every line.\r\n" * 40,
        "Price Waterhouse – the café’s auditors – said nothing.\n" * 3,
        "Costs rose 4 per cent to £66bn.\nThe naïve view is that 20°C is enough.\n",
    ],
)
def test_a_few_dashes_and_accents_are_no_chinese(text):
    """Detection takes a dash and the letter behind it for a character of two bytes."""
    decoded = decode(text.encode("cp1252"))
    assert (decoded.text, decoded.found) == (text, "detected")


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        ("東京の株式市場は二日続けて値上がりし、終値は三万円台を回復した。ニューヨークの反発が支えた。" * 4, "cp932"),
        ("서울의 주가가 이틀째 올라 마감했다. 외국인이 전자와 자동차 주식을 사들인 것이 힘이 됐다. " * 4, "cp949"),
        ("台北股市連續兩天上漲，收盤站上兩萬點。外資買進電子股是主要原因，銀行股也走高。" * 4, "big5"),
    ],
)
def test_two_byte_charsets_are_still_detected(text, codec):
    assert decode(text.encode(codec)).text == text
