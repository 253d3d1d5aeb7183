from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.search.cursor import LIFETIME_S, BadCursor, Position, issue, resume

KEY, PRINT = b"k" * 32, b"f" * 12
AT = 1_700_000_000.5
POSITION = Position([1.2345678, -62135596800000, "id"], "2022-01-01T00:00:00.000Z", None, 20)

VALUES = st.lists(
    st.one_of(
        st.none(), st.integers(-(2**62), 2**62), st.floats(allow_nan=False, allow_infinity=False, width=32), st.text()
    )
)


@given(VALUES, st.binary(min_size=12, max_size=12))
def test_a_cursor_leads_back_to_where_it_was_made(values, fingerprint):
    position = Position(values, None, "2022-01-01T00:00:00.000Z", 40)
    cursor = issue(position, fingerprint, KEY, AT)
    assert cursor.isascii()
    assert set(cursor) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    assert resume(cursor, fingerprint, KEY, AT + 1) == position


@given(st.data())
def test_a_changed_cursor_is_refused(data):
    cursor = issue(POSITION, PRINT, KEY, AT)
    raw = bytearray(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(BadCursor):
        resume(base64.urlsafe_b64encode(raw).rstrip(b"=").decode(), PRINT, KEY, AT)


@given(st.text(max_size=60))
def test_any_other_text_is_refused(text):
    with pytest.raises(BadCursor):
        resume(text, PRINT, KEY, AT)


def test_a_cursor_is_good_for_its_own_search_key_and_day():
    cursor = issue(POSITION, PRINT, KEY, AT)
    with pytest.raises(BadCursor, match="another search"):
        resume(cursor, b"g" * 12, KEY, AT)
    with pytest.raises(BadCursor):
        resume(cursor, PRINT, b"x" * 32, AT)
    with pytest.raises(BadCursor) as old:
        resume(cursor, PRINT, KEY, AT + LIFETIME_S + 1)
    assert old.value.expired
