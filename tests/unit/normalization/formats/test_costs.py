"""What one item may cost: lines and elements without end take no longer than their bytes do."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from services.normalization.formats import ritzau, text
from services.normalization.parts import StoryParts
from services.normalization.raw import RawStory
from tests.unit.normalization.raws import raw

BULLETIN = "IDN12345\nIssued at 5:00 pm UTC 3 March 2025\n"
RELEASE = "MEDIA RELEASE\n"


def many(line: str, count: int = 40_000) -> str:
    return "".join(line.replace("@", str(number)) for number in range(count))


@pytest.mark.parametrize(
    ("read", "value"),
    [
        pytest.param(text.read, BULLETIN + many("\n", 100_000) + "Fine.", id="blank lines under a bulletin's head"),
        pytest.param(
            text.read,
            f"ZCZC\nTI#Title\nPD#20250303\nTX#\n{many(chr(10), 100_000)}Text.\nNNNN",
            id="blank lines before a tagged text",
        ),
        pytest.param(text.read, RELEASE + many("Ednote: note @\n"), id="notes to editors"),
        pytest.param(text.read, RELEASE + many("Link: http://example.org/@\n"), id="links above a release"),
        pytest.param(text.read, RELEASE + many("EMBARGOED UNTIL 3 March 2025, @\n"), id="embargoes"),
        pytest.param(
            text.read,
            f"{RELEASE}\nA title\n\nSome text here.\n\n" + many("http://example.org/@\n\n"),
            id="links below a release",
        ),
        pytest.param(
            ritzau.read,
            f"<RBNews><headline>A</headline><Related><headline>B</headline>{many('<NewsID>@</NewsID>', 20_000)}</Related></RBNews>",
            id="related stories",
        ),
    ],
)
def test_an_item_of_one_thing_over_and_over_costs_no_more_than_its_bytes(
    read: Callable[[RawStory], list[StoryParts]], value: str
):
    began = time.process_time()
    assert read(raw(value.encode(), None))
    assert (
        time.process_time() - began < 1.5
    )  # 0.01 to 0.3 are usual; it was 4 and more when each looked at all before it


def test_links_without_end_below_a_text_stay_in_it():
    text_of_it = "The harbour was closed on Monday. It will open again once the storm is over."
    value = f"{RELEASE}\nA title\n\n{text_of_it}\n\n" + many("http://example.org/@\n\n", 100)
    (parts,) = text.read(raw(value.encode(), None))
    assert (parts.body or "").startswith(text_of_it)
    assert len(parts.related) == 40
    assert "http://example.org/0\n" in (parts.body or "")
    assert "http://example.org/99" not in (parts.body or "")
