"""Fixtures of the text wires, and what every reader of one must stand: any bytes, and its own files damaged."""

from __future__ import annotations

from pathlib import Path

from hypothesis import strategies as st

from services.normalization.formats import registry
from services.normalization.parts import StoryParts
from shared.errors import Refused
from tests.unit.normalization.raws import raw

WIRE = Path(__file__).parents[3] / "fixtures" / "wire"


def fixtures(name: str) -> dict[str, bytes]:
    return {path.stem: path.read_bytes() for path in sorted((WIRE / name).glob("*.txt"))}


def refused_or_read(reader: registry.Format, value: bytes) -> list[StoryParts]:
    """What `reader` makes of any bytes; nothing but Refused may come out of it."""
    try:
        found = reader.read(raw(value, None))
    except Refused:
        return []
    assert found
    assert all(parts.title or parts.body or parts.ednote for parts in found)
    return found


@st.composite
def damaged(draw: st.DrawFn, files: dict[str, bytes]) -> bytes:
    """A fixture with a piece cut out, doubled, or written over with controls and noise."""
    value = draw(st.sampled_from(sorted(files.items())))[1]
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(value)))
        end = draw(st.integers(start, min(len(value), start + 200)))
        noise = draw(
            st.one_of(
                st.binary(max_size=8),
                st.sampled_from(
                    [
                        b"",
                        b"\x01",
                        b"\x02",
                        b"\x03",
                        b"\x04",
                        b"\x16\x16\x01",
                        b"\n",
                        b"=\r\n",
                        b"^",
                        b"<",
                        b"\x08",
                        b"\x1f",
                    ]
                ),
                st.just(value[start:end] * 2),
            )
        )
        value = value[:start] + noise + value[end:]
    return value
