"""A drop folder on the running front door, as a service of its own over the real Kafka."""

from __future__ import annotations

import uuid

import orjson
import pytest

from tests.harness import Pipeline, wait_until

pytestmark = pytest.mark.servers


@pytest.fixture
def pipeline(servers, tmp_path):
    running = Pipeline(
        servers.bootstrap_servers,
        servers.elasticsearch_url,
        tmp_path,
        {"NEWSWIRE_INGESTION__DROP_SETTLE_S": "0.2", "NEWSWIRE_INGESTION__DROP_EVERY_S": "0.1"},
    )
    wire = tmp_path / "wire"
    wire.mkdir()
    (tmp_path / "data" / "feeds.toml").write_text(f'[feeds.wire.drop]\nfolder = "{wire}"\n')
    running.start()
    yield running
    running.stop()


def test_a_file_renamed_in_is_found_by_a_search_and_a_bad_one_says_why(pipeline, tmp_path):
    wire, word = tmp_path / "wire", f"w{uuid.uuid4().hex}"
    story = {"id": word, "title": f"Harbour {word}", "body": "The ferry is late.", "published": "2025-03-01T08:00:00Z"}
    (wire / ".a.json").write_bytes(orjson.dumps(story))
    (wire / ".a.json").rename(wire / "a.json")
    (wire / "bad.json").write_bytes(b"{")
    found = pipeline.wait_total(1, word)
    assert found["items"][0]["title"] == story["title"]
    wait_until((wire / "done" / "a.json").exists, 10, "the file to be put away")
    wait_until((wire / "refused" / "bad.json").exists, 10, "the bad file to be put away")
    why = orjson.loads((wire / "refused" / "bad.json.why.json").read_bytes())
    assert why["items"][0]["problem"]["code"] == "malformed-json"
    assert pipeline["ingestion"].stop() == 0
