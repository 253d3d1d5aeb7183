"""kill -9 of the front door between any two steps of taking files out of a drop folder: each is taken once in effect."""

from __future__ import annotations

import io
import uuid
import zipfile

import orjson
import pytest

from shared.events import STORIES_RAW
from shared.kafka.client import AiokafkaReader
from shared.settings import KafkaSettings, Settings
from tests.harness import Pipeline, wait_until

pytestmark = [pytest.mark.servers, pytest.mark.faults]

FILES = 6
EXPECTED = FILES + 3 + 4
"""Plain files, the lines of one NDJSON file, the files in one archive."""


@pytest.mark.parametrize(
    "failpoint",
    [
        "drop.after-claim:3",
        "ingestion.before-publish:2",
        "ingestion.after-publish:1",
        "ingestion.after-publish:9",
        "ingestion.before-answer:4",
        "drop.before-finish:2",
        "drop.before-finish:8",
        "drop.after-finish:5",
    ],
)
async def test_each_file_is_taken_once_in_effect(servers, tmp_path, failpoint):
    feed, wire = f"wire-{uuid.uuid4().hex[:12]}", tmp_path / "wire"
    wire.mkdir()
    quick = {"NEWSWIRE_INGESTION__DROP_SETTLE_S": "0", "NEWSWIRE_INGESTION__DROP_EVERY_S": "0.05"}
    pipeline = Pipeline(servers.bootstrap_servers, servers.elasticsearch_url, tmp_path, quick)
    (tmp_path / "data" / "feeds.toml").write_text(f'[feeds.{feed}.drop]\nfolder = "{wire}"\n')
    names = fill(wire)
    door = pipeline["ingestion"]
    try:
        pipeline.ensure_topics()
        door.start(failpoint)
        assert door.wait_dead() == -9
        assert {one.name for one in (wire / "done").iterdir()} != names, "it died before it was through"
        door.start()
        wait_until(lambda: {one.name for one in (wire / "done").iterdir()} == names, 60, "all files to be put away")
        assert door.stop() == 0
    finally:
        pipeline.stop()
    assert [one.name for one in (wire / ".taking").iterdir()] == [".lock"]
    assert list((wire / "refused").iterdir()) == []
    found = await sent(servers.bootstrap_servers, feed)
    by_id: dict[bytes, set] = {}
    for record in found:
        by_id.setdefault(dict(record.headers)["ce_id"], set()).add((record.key, record.value, record.headers))
    assert len(by_id) == EXPECTED, "an item is missing, or has two names"
    assert all(len(versions) == 1 for versions in by_id.values()), "sent twice, it must be the very same message"
    if failpoint.startswith(("ingestion.after-publish", "ingestion.before-answer", "drop.before-finish")):
        assert len(found) > EXPECTED, "the kill came too early to prove anything"


def fill(wire) -> set[str]:
    """Files of each kind, renamed in."""
    files = {f"{n}.json": story(n) for n in range(FILES)}
    files["lines.ndjson"] = b"\n".join(story(n) for n in range(100, 103))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for n in range(200, 204):
            archive.writestr(f"{n}.json", story(n))
    files["all.zip"] = out.getvalue()
    for name, raw in files.items():
        (wire / f".{name}").write_bytes(raw)
        (wire / f".{name}").rename(wire / name)
    return set(files)


def story(n: int) -> bytes:
    return orjson.dumps({"id": f"s{n}", "title": f"Story {n}"})


async def sent(bootstrap_servers, feed):
    """All that stands on `stories.raw` of that feed."""
    settings = Settings(kafka=KafkaSettings(bootstrap_servers=bootstrap_servers))
    async with AiokafkaReader(settings) as reader:
        spans = await reader.spans(STORIES_RAW)
        records = [record async for some in reader.read(spans) for record in some]
    return [record for record in records if ("ce_feed", feed.encode()) in record.headers]
