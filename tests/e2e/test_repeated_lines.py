"""Through the front door to search: a trailer that thirty stories share is gone from the later ones, unless its feed keeps it."""

from __future__ import annotations

import subprocess
import sys
import time
import uuid
from pathlib import Path

import orjson
import pytest

from tests.harness import ROOT, Pipeline, documents_of, wait_until

pytestmark = [pytest.mark.servers, pytest.mark.timeout(180)]

TRAILER = "The Harbour Letter reaches its readers each morning before the first ferry."
PLACES = ["Samos", "Chios", "Naxos", "Paros", "Syros", "Tinos", "Andros", "Kea", "Kos", "Leros"]
WORDS = ["storm", "strike", "timetable"]


def newswire(pipeline: Pipeline, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "cli", *arguments], cwd=ROOT, env=pipeline.environment, capture_output=True, check=True
    )
    return done.stdout.decode().strip()


@pytest.mark.parametrize("learns", [True, False])
def test_later_stories_come_without_the_trailer(pipeline: Pipeline, learns: bool):
    feed = f"feed-{uuid.uuid4().hex[:10]}"
    key = newswire(pipeline, "feeds", "add", feed)
    if not learns:  # its table is the file's last
        with (Path(pipeline.environment["NEWSWIRE_DATA_DIR"]) / "feeds.toml").open("a") as file:
            file.write("\nlearn_lines = false\n")
    time.sleep(2.5)  # the door looks at the file once a second

    def story(number: int) -> dict[str, str]:
        place, word = PLACES[number % len(PLACES)], WORDS[number // len(PLACES)]
        text = [
            f"The {word} of {place} was the talk of the island.",
            f"People in {place} had seen no {word} like it.",
            TRAILER,
        ]
        return {
            "id": f"{number}",
            "title": f"{place} {word}",
            "body": "\n\n".join(text),
            "source": feed,
            "language": "en",
        }

    bodies: dict[int, str] = {}
    for start in range(0, 30, 10):
        lines = b"\n".join(orjson.dumps(story(number)) for number in range(start, start + 10))
        answer = pipeline.push(lines, "application/x-ndjson", feed=feed, Authorization=f"Bearer {key}")
        assert answer.status_code == 202, answer.text
        found = wait_until(lambda start=start: (docs := documents_of(pipeline.elasticsearch_url, feed)) and len(docs) == start + 10 and docs, 60, "the stories")  # fmt: skip
        bodies = {int(name): documents[0]["body"] for name, documents in found.items()}
    assert all(TRAILER in bodies[number] for number in range(10))
    assert [TRAILER in bodies[number] for number in range(20, 30)] == [not learns] * 10
    assert all("the talk of the island" in body and "like it." in body for body in bodies.values())
    told = orjson.loads(newswire(pipeline, "feeds", "lines", feed, "--json"))["lines"]
    assert [one["sample"] for one in told if one["learned"]] == ([TRAILER] if learns else [])
