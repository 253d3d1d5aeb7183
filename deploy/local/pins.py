"""Which jars the embedded servers are made of, each pinned by sha256.

`pins.txt` holds one section a part, headed by what was asked for, then one line a jar:

    [kafka] org.apache.kafka:kafka_2.13:4.3.1 org.slf4j:slf4j-simple:2.0.17
    org.apache.kafka:kafka-clients:4.3.1 10371234 9f86d0…

`python -m deploy.local.pins --refresh` resolves the heads of the sections anew and writes the file; to move to another
release, edit the heads first. A jar that two sections share stands in both.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.local.errors import LocalError

PINS_FILE = Path(__file__).with_name("pins.txt")
PARTS = ("kafka", "elasticsearch", "compiler")
"""The sections there must be: what either server runs on, and the Java compiler for what we add to them."""

_HEADER = """\
# The jars of the embedded servers: group:artifact:version, size in bytes, sha256.
# Written by `python -m deploy.local.pins --refresh` from the heads of the sections.
# slf4j-simple is chosen on purpose: with log4j's binding a bill of materials pulls in kafka-clients 3.9, and the broker fails.
"""
_SECTION = re.compile(r"(?m)^\[(?P<part>[a-z]+)\]\s+(?P<specs>\S.*)")
_COORDINATE = re.compile(r"[\w.-]+:[\w.-]+:[\w.-]+", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, order=True)
class Pin:
    """One jar: its coordinate `group:artifact:version`, its size in bytes and its sha256 in hex."""

    coordinate: str
    size: int
    sha256: str

    @property
    def filename(self) -> str:
        """The name of the jar, `artifact-version.jar`."""
        _, artifact, version = self.coordinate.split(":")
        return f"{artifact}-{version}.jar"


@dataclass(frozen=True)
class Part:
    """A section: the coordinates asked for, and every jar that they need."""

    specs: tuple[str, ...]
    jars: tuple[Pin, ...]


def parse(text: str) -> dict[str, Part]:
    """The sections of a pins file.

    Raises:
        LocalError: a line cannot be read, or a section is missing; the message names the line.
    """
    specs: dict[str, tuple[str, ...]] = {}
    jars: dict[str, list[Pin]] = {}
    part = ""
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        if head := _SECTION.fullmatch(line.strip()):
            part = head["part"]
            specs[part], jars[part] = tuple(head["specs"].split()), []
        else:
            jars.setdefault(part, []).append(_parse_jar(line, number, inside=bool(part)))
    missing = [name for name in PARTS if not jars.get(name)]
    if missing:
        raise LocalError(f"{PINS_FILE.name} has no jars for {missing[0]}; restore the file from the repository")
    parts = {name: Part(specs[name], tuple(jars[name])) for name in specs}
    _refuse_clashes(parts)
    return parts


def _parse_jar(line: str, number: int, *, inside: bool) -> Pin:
    fields = line.split()
    well_formed = (
        inside
        and len(fields) == 3
        and _COORDINATE.fullmatch(fields[0])
        and fields[1].isdecimal()
        and _SHA256.fullmatch(fields[2])
    )
    if not well_formed:
        raise LocalError(f"{PINS_FILE.name}, line {number}, is no pin; restore the file from the repository")
    return Pin(fields[0], int(fields[1]), fields[2])


def _refuse_clashes(parts: Mapping[str, Part]) -> None:
    """One file name stands for one content, for all jars are kept in one folder."""
    seen: dict[str, Pin] = {}
    for pin in all_jars(parts):
        if seen.setdefault(pin.filename, pin) != pin:
            raise LocalError(f"{PINS_FILE.name} names {pin.filename} twice with different contents")


def render(parts: Mapping[str, Part]) -> str:
    """A pins file that `parse` reads back to the same."""
    lines = [_HEADER]
    for name, part in parts.items():
        lines.append(f"[{name}] {' '.join(part.specs)}\n")
        lines += [f"{pin.coordinate} {pin.size} {pin.sha256}\n" for pin in sorted(part.jars)]
        lines.append("\n")
    return "".join(lines).rstrip("\n") + "\n"


def load() -> dict[str, Part]:
    """The pins of this checkout."""
    try:
        return parse(PINS_FILE.read_text("utf-8"))
    except FileNotFoundError:
        raise LocalError(f"{PINS_FILE.name} is missing from deploy/local; restore it from the repository") from None


def all_jars(parts: Mapping[str, Part]) -> list[Pin]:
    """Every jar once, in the order of the file."""
    return list(dict.fromkeys(pin for part in parts.values() for pin in part.jars))


def version_of(part: Part) -> str:
    """The version of the first thing that the section asks for: the server's own."""
    return part.specs[0].rsplit(":", 1)[1]


def sha256_of(path: Path) -> str:
    """The sha256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def refresh(heads: Mapping[str, Sequence[str]]) -> dict[str, Part]:
    """Resolve what each section asks for, fetch every jar and pin it. Uses the network."""
    from deploy.local.maven import Maven  # noqa: PLC0415 - the resolver is slow to import, and only this needs it

    with tempfile.TemporaryDirectory(prefix="newswire-pins-") as folder:
        maven = Maven(Path(folder))
        parts = {}
        for name, specs in heads.items():
            pins = []
            for coordinate in maven.resolve(specs):
                jar = maven.fetch(coordinate, lambda _count: None)
                pins.append(Pin(coordinate, jar.stat().st_size, sha256_of(jar)))
            parts[name] = Part(tuple(specs), tuple(sorted(pins)))
        return parts


def main() -> None:
    """`python -m deploy.local.pins --refresh`."""
    arguments = argparse.ArgumentParser(description="The pinned jars of the embedded servers.")
    arguments.add_argument("--refresh", action="store_true", help="resolve the sections' heads anew and write the file")
    if arguments.parse_args().refresh:
        heads = _SECTION.finditer(PINS_FILE.read_text("utf-8"))
        PINS_FILE.write_text(render(refresh({head["part"]: head["specs"].split() for head in heads})), "utf-8")
    parts = load()
    for name, part in parts.items():
        megabytes = sum(pin.size for pin in part.jars) / 1e6
        print(f"{name}: {len(part.jars)} jars, {megabytes:.1f} MB, {' '.join(part.specs)}")


if __name__ == "__main__":
    main()
