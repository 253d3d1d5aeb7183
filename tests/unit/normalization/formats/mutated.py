"""Damaged wire files: a fixture with slices taken out, doubled, moved or written over."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

_NASTY = (
    b"<", b">", b"&", b'"', b"]]>", b"<![CDATA[", b"<!--", b"\x00", b"\xff\xfe", b"\xce", b"&#x110000;", b"&#0;", b"<nitf>",
    b"<note type='npa'>", b"</p>", b"<br/>", b"9" * 30, b"99999999T999999+9999", b"\xe2\x80\xa8", b"xmlns='urn:x'",
)  # fmt: skip


@st.composite
def damaged(draw: st.DrawFn, files: Sequence[bytes]) -> bytes:
    """One of `files` after up to six edits."""
    value = draw(st.sampled_from(files))
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, max(len(value) - 1, 0)))
        end = min(start + draw(st.integers(0, 60)), len(value))
        piece = value[start:end]
        how = draw(st.sampled_from(("drop", "double", "move", "nasty", "bytes")))
        put = {
            "drop": b"",
            "double": piece * 2,
            "move": b"",
            "nasty": draw(st.sampled_from(_NASTY)),
            "bytes": draw(st.binary(max_size=8)),
        }[how]
        value = value[:start] + put + value[end:]
        if how == "move":
            at = draw(st.integers(0, len(value)))
            value = value[:at] + piece + value[at:]
    return value
