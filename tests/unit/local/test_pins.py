"""The pins file: read, refused where it is damaged, written so that it reads back."""

from __future__ import annotations

import pytest

from deploy.local import pins
from deploy.local.errors import LocalError
from deploy.local.pins import Part, Pin

SHA = "ab" * 32
GOOD = f"""# a comment
[kafka] org.a:kafka:1
org.a:kafka:1 10 {SHA}

[elasticsearch] org.b:elasticsearch:9.5.3 org.b:more:1
org.b:elasticsearch:9.5.3 20 {SHA}
org.b:more:1 30 {SHA}
[compiler] org.c:ecj:1
org.c:ecj:1 5 {SHA}
"""


def test_sections_and_jars_are_read() -> None:
    parts = pins.parse(GOOD)
    assert list(parts) == ["kafka", "elasticsearch", "compiler"]
    assert parts["elasticsearch"].specs == ("org.b:elasticsearch:9.5.3", "org.b:more:1")
    assert parts["elasticsearch"].jars[1] == Pin("org.b:more:1", 30, SHA)
    assert parts["elasticsearch"].jars[1].filename == "more-1.jar"
    assert pins.version_of(parts["elasticsearch"]) == "9.5.3"


def test_what_is_written_reads_back() -> None:
    parts = pins.parse(GOOD)
    assert pins.parse(pins.render(parts)) == parts


@pytest.mark.parametrize(
    "line",
    [
        "org.a:kafka 10 " + SHA,
        "org.a:kafka:1 ten " + SHA,
        "org.a:kafka:1 10 " + SHA[:-1],
        "org.a:kafka:1 10 " + SHA.upper(),
        "org.a:../../etc:1 10 " + SHA,
        "org.a:kafka:1 10",
    ],
)
def test_a_damaged_line_is_named(line: str) -> None:
    with pytest.raises(LocalError, match="line 4"):
        pins.parse(GOOD.replace("\n\n", f"\n{line}\n"))


def test_a_pin_before_any_section_is_refused() -> None:
    with pytest.raises(LocalError, match="line 1"):
        pins.parse(f"org.a:kafka:1 10 {SHA}\n" + GOOD)


def test_a_missing_section_is_named() -> None:
    with pytest.raises(LocalError, match="compiler"):
        pins.parse(GOOD[: GOOD.index("[compiler]")])


def test_two_contents_of_one_file_name_are_refused() -> None:
    with pytest.raises(LocalError, match=r"kafka-1\.jar twice"):
        pins.parse(GOOD.replace("org.c:ecj:1 5", "org.c:kafka:1 5"))


def test_a_jar_that_two_sections_share_is_fetched_once() -> None:
    shared = Pin("org.a:x:1", 1, SHA)
    parts = {"kafka": Part(("a:b:1",), (shared,)), "elasticsearch": Part(("c:d:1",), (shared,))}
    assert pins.all_jars(parts) == [shared]


def test_the_pins_of_this_checkout_are_whole() -> None:
    parts = pins.load()
    for part in parts.values():
        coordinates = {pin.coordinate for pin in part.jars}
        assert set(part.specs) <= coordinates, "a section pins what it asks for"
    kafka_clients = [pin.coordinate for pin in parts["kafka"].jars if ":kafka-clients:" in pin.coordinate]
    assert kafka_clients == [f"org.apache.kafka:kafka-clients:{pins.version_of(parts['kafka'])}"]
