"""Files through a watched folder to Kafka (in memory): taken once, put away, and nothing stops the ones behind."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import io
import os
import tarfile
import zipfile
from datetime import UTC, datetime, timedelta

import orjson
import pytest

from services.ingestion.dropbox.folder import Folder, Seen
from services.ingestion.dropbox.taker import Taker, moment_of
from services.ingestion.dropbox.watcher import EMPTY_S, Steady, Watcher
from services.ingestion.dropbox.watchers import DropFolders
from shared import ids
from shared.events import STORIES_RAW
from shared.feeds import Feed, Feeds
from shared.kafka.memory import MemoryBroker
from shared.settings import IngestionSettings, Settings, SizeSettings

FEED = Feed(id="harbour", provider="port", zone="Europe/Athens")
STORY = b'{"id":"a","title":"Ferry late"}'
QUICK = Settings(
    ingestion=IngestionSettings(drop_every_s=0.01, drop_settle_s=0.0, kafka_wait_s=0.1),
    sizes=SizeSettings(request=200_000, item=100_000),
)


async def until(check, seconds=10.0) -> None:
    async with asyncio.timeout(seconds):
        while not check():  # noqa: ASYNC110 - a folder has no event
            await asyncio.sleep(0.01)


class Room:
    """A folder that is watched while the test runs."""

    def __init__(self, path, settings=QUICK, feeds=lambda _: FEED):
        self.path = path
        self.broker = MemoryBroker()
        self.stop = asyncio.Event()
        self.watcher = Watcher("harbour", path, feeds, self.broker.publisher(), settings, self.stop)
        self.task = None

    async def __aenter__(self):
        self.task = asyncio.create_task(self.watcher.run())
        return self

    async def __aexit__(self, *_):
        self.stop.set()
        await asyncio.wait_for(self.task, 10)

    def drop(self, name, raw):
        part = self.path / f".{len(raw)}.part"
        part.write_bytes(raw)
        part.rename(self.path / name)

    async def put(self, name, end) -> None:
        place = self.path / end / name
        await until(lambda: place.is_symlink() or place.exists())

    def why(self, name) -> dict:
        return orjson.loads((self.path / "refused" / f"{name}.why.json").read_bytes())

    @property
    def sent(self):
        return sorted(self.broker.records(STORIES_RAW), key=lambda record: dict(record.headers)["ce_id"])


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "wire"
    path.mkdir()
    return path


async def test_a_file_becomes_an_item_of_its_feed_by_the_rules_of_the_door(path):
    async with Room(path) as room:
        room.drop("a.json", STORY)
        await room.put("a.json", "done")
        [record] = room.sent
    headers = {name: value.decode() for name, value in record.headers}
    assert record.value == STORY
    assert record.key == b"harbour:a"
    assert (headers["ce_feed"], headers["ce_provider"], headers["ce_zone"]) == ("harbour", "port", "Europe/Athens")
    assert headers["ce_id"] == f"{headers['ce_receipt']}.1"
    assert headers["traceparent"].split("-")[1] == headers["ce_receipt"].replace("-", "")
    assert "content-type" not in headers
    taken = datetime.fromisoformat(headers["ce_time"])
    assert abs(datetime.now(UTC) - taken) < timedelta(minutes=1)
    assert not (path / "done" / "a.json.why.json").exists()


async def test_lines_are_items(path):
    async with Room(path) as room:
        room.drop("a.ndjson", STORY + b"\n\n" + STORY.replace(b'"a"', b'"b"'))
        await room.put("a.ndjson", "done")
        assert [record.key for record in room.sent] == [b"harbour:a", b"harbour:b"]
        assert {dict(record.headers)["content-type"] for record in room.sent} == {b"application/x-ndjson"}


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"{", "malformed-json"),
        (b'{"title":"x","secret":"SECRET"}', "invalid-story"),
        (b"\x89PNG\r\n\x1a\n", "unsupported-media-type"),
        (b"   \n", "empty-body"),
        (b"x" * 100_001, "too-large"),
        (b"x" * 200_001, "too-large"),
        (b"PK\x03\x04 no zip", "bad-archive"),
        (b"\x1f\x8b no gzip", "bad-archive"),
    ],
)
async def test_a_refused_file_says_why_and_never_what(path, raw, code):
    async with Room(path) as room:
        room.drop("bad", raw)
        room.drop("good.json", STORY)
        await room.put("bad", "refused")
        await room.put("good.json", "done")
        assert len(room.sent) == 1
        why = room.why("bad")
    told = orjson.dumps(why).decode()
    assert f'"code":"{code}"' in told
    assert (why["file"], why["feed"], why["accepted"]) == ("bad", "harbour", 0)
    assert why["receipt"]
    assert '"SECRET"' not in told
    assert (path / "refused" / "bad").read_bytes() == raw


async def test_a_batch_with_a_bad_line_is_refused_and_its_good_lines_are_taken(path):
    async with Room(path) as room:
        room.drop("a.ndjson", STORY + b"\n{\n")
        await room.put("a.ndjson", "refused")
        assert len(room.sent) == 1
        why = room.why("a.ndjson")
    assert (why["accepted"], why["refused"]) == (1, 1)
    [item] = why["items"]
    assert item["id"] == f"{why['receipt']}.2"
    assert (item["problem"]["code"], item["problem"]["line"]) == ("malformed-json", 2)


async def test_special_files_are_refused_and_do_not_stop_the_others(path, tmp_path):
    (tmp_path / "secret").write_bytes(b'{"title":"SECRET"}')
    async with Room(path) as room:
        os.mkfifo(path / "fifo")
        (path / "link.json").symlink_to(tmp_path / "secret")
        os.link(tmp_path / "secret", path / "hard.json")
        (path / "locked.json").write_bytes(b"{}")
        (path / "sub").mkdir()
        room.drop("z.json", STORY)
        for name in ("fifo", "link.json", "hard.json"):
            await room.put(name, "refused")
        await room.put("z.json", "done")
        assert [record.value for record in room.sent] == [STORY]
        assert [room.why(name)["problem"]["code"] for name in ("fifo", "link.json", "hard.json")] == [
            "not-a-file",
            "not-a-file",
            "hard-link",
        ]
        assert (path / "sub").is_dir()


def zipped(files) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, raw in files:
            archive.writestr(name, raw)
    return out.getvalue()


def tarred(files) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, raw in files:
            member = tarfile.TarInfo(name)
            member.size = len(raw)
            archive.addfile(member, io.BytesIO(raw))
    return out.getvalue()


FILES = [("1.json", STORY), ("2.txt", b"A story.\n\nWith text.\n"), ("3.ndjson", STORY + b"\n" + STORY)]


@pytest.mark.parametrize("raw", [zipped(FILES), tarred(FILES)], ids=["zip", "tar.gz"])
async def test_each_file_of_an_archive_is_a_push_of_its_own(path, raw):
    async with Room(path) as room:
        room.drop("all", raw)
        await room.put("all", "done")
        sent = room.sent
    assert sorted(record.value for record in sent) == sorted([STORY, FILES[1][1], STORY, STORY])
    receipts = {dict(record.headers)["ce_receipt"] for record in sent}
    assert len(receipts) == 3
    times = {dict(record.headers)["ce_time"] for record in sent}
    assert len(times) == 3, "a later entry is a later version"


async def test_a_gzipped_file_is_one_push(path):
    async with Room(path) as room:
        room.drop("a.ndjson.gz", gzip.compress(STORY + b"\n" + STORY))
        await room.put("a.ndjson.gz", "done")
        assert [record.value for record in room.sent] == [STORY, STORY]


async def test_a_bad_entry_is_told_and_the_good_ones_are_taken(path, tmp_path):
    async with Room(path) as room:
        room.drop("mixed.zip", zipped([("../evil", b"x"), ("a.json", STORY), ("b.json", b"{"), ("in.zip", zipped([]))]))
        await room.put("mixed.zip", "refused")
        assert [record.value for record in room.sent] == [STORY]
        why = room.why("mixed.zip")
    assert (why["accepted"], why["refused"]) == (1, 3)
    assert {item["entry"]: item["problem"]["code"] for item in why["items"]} == {
        "../evil": "bad-archive-entry",
        "b.json": "malformed-json",
        "in.zip": "bad-archive-entry",
    }
    assert not (tmp_path / "evil").exists()
    assert not (path / "evil").exists()


async def test_what_comes_before_the_break_of_an_archive_is_taken(path):
    async with Room(path) as room:
        whole = tarred([("a.json", STORY), ("b.json", os.urandom(5000).hex().encode())])
        room.drop("cut.tar.gz", whole[: len(whole) // 2])
        await room.put("cut.tar.gz", "refused")
        assert [record.value for record in room.sent] == [STORY]
        why = room.why("cut.tar.gz")
    assert (why["accepted"], why["problem"]["code"]) == (1, "bad-archive")


async def test_files_wait_for_kafka_and_go_on(path):
    async with Room(path) as room:
        room.broker.available = False
        room.drop("a.json", STORY)
        await asyncio.sleep(0.3)
        assert not (path / "done" / "a.json").exists()
        assert not (path / "refused" / "a.json").exists()
        room.broker.available = True
        await room.put("a.json", "done")
        assert len(room.sent) == 1


async def test_a_stop_leaves_a_file_claimed_and_the_next_start_sends_the_same_items(path):
    async with Room(path) as first:
        first.broker.available = False
        first.drop("a.json", STORY)
        await until(lambda: not (path / "a.json").exists())
    assert not first.sent
    async with Room(path) as second:
        await second.put("a.json", "done")
        assert len(second.sent) == 1


async def test_a_file_taken_twice_gives_the_very_same_messages(path):
    broker, settings = MemoryBroker(1), QUICK
    taker = Taker(broker.publisher(), settings, asyncio.Event())
    (path / "a.zip").write_bytes(zipped([*FILES, ("bad", b"{")]))
    with Folder(path) as folder:
        claim = folder.claim("a.zip", str(ids.uuid7()))
        for _ in range(2):
            with folder.open(claim) as file:
                taken = await taker.take(FEED, claim, file)
            await asyncio.sleep(0.01)
    assert (taken.accepted, taken.refused) == (4, 1)
    records = [(record.key, record.value, record.headers) for record in broker.records(STORIES_RAW)]
    assert records[:4] == records[4:]
    assert len(records) == 8


async def test_the_same_content_dropped_twice_is_two_pushes(path):
    async with Room(path) as room:
        for _ in range(2):
            room.drop("a.json", STORY)
            await until(lambda: not (path / "a.json").exists())
        await until(lambda: len(room.sent) == 2)
        assert len({dict(record.headers)["ce_receipt"] for record in room.sent}) == 2


async def test_a_file_that_is_still_written_to_waits(path):
    settings = QUICK.model_copy(update={"ingestion": IngestionSettings(drop_every_s=0.01, drop_settle_s=0.3)})
    async with Room(path, settings) as room:
        with (path / "a.json").open("wb") as file:
            for byte in STORY:
                file.write(bytes([byte]))
                file.flush()
                await asyncio.sleep(0.02)
        await room.put("a.json", "done")
        assert [record.value for record in room.sent] == [STORY]


def test_a_file_is_ready_once_it_lies_still():
    clock = [0.0]
    steady = Steady(2.0, lambda: clock[0])
    one = Seen("a", True, 1, 10, 100)
    empty = Seen("e", True, 2, 0, 100)
    link = Seen("l", False, 3, 5, 100)

    def at(seconds, *look):
        clock[0] = seconds
        return [seen.name for seen in steady.ready(list(look))]

    assert at(0, one, empty, link) == ["l"]
    assert at(1.9, one, empty) == []
    assert at(2.0, one, empty) == ["a"]
    assert at(3, Seen("a", True, 1, 11, 100)) == [], "it has grown"
    assert at(4.9, Seen("a", True, 9, 11, 100)) == [], "another file of that name"
    assert at(6.9, Seen("a", True, 9, 11, 100)) == ["a"]
    assert at(7, empty) == [], "seen anew"
    assert at(7 + EMPTY_S, empty) == ["e"]


async def test_a_folder_that_is_missing_is_waited_for(path, monkeypatch):
    monkeypatch.setattr("services.ingestion.dropbox.watcher.UNUSABLE_S", 0.02)
    path.rmdir()
    async with Room(path) as room:
        await asyncio.sleep(0.1)
        assert not path.exists(), "it is not made: a volume may not be mounted yet"
        path.mkdir()
        room.drop("a.json", STORY)
        await room.put("a.json", "done")


async def test_two_replicas_take_turns(path, monkeypatch):
    monkeypatch.setattr("services.ingestion.dropbox.watcher.IN_USE_S", 0.02)
    async with Room(path) as second, contextlib.AsyncExitStack() as stack:
        first = second
        await until((path / "refused").exists)
        waiting = await stack.enter_async_context(Room(path))
        for n in range(20):
            first.drop(f"{n}.json", STORY)
        for n in range(20):
            await first.put(f"{n}.json", "done")
        assert (len(first.sent), len(waiting.sent)) == (20, 0)
        first.stop.set()
        await first.task
        waiting.drop("late.json", STORY)
        await waiting.put("late.json", "done")
        assert len(waiting.sent) == 1


async def test_an_unexpected_error_is_a_refusal_and_not_the_end(path, monkeypatch):
    async with Room(path) as room:
        take = room.watcher._taker.take

        async def broken(feed, claim, file):
            if claim.name == "bad":
                raise ZeroDivisionError
            return await take(feed, claim, file)

        monkeypatch.setattr(room.watcher._taker, "take", broken)
        room.drop("bad", STORY)
        room.drop("good.json", STORY)
        await room.put("bad", "refused")
        await room.put("good.json", "done")
        assert room.why("bad")["problem"]["code"] == "internal-error"


async def test_folders_follow_the_feeds_file(tmp_path, monkeypatch):
    monkeypatch.setattr("services.ingestion.dropbox.watchers.LOOK_S", 0.02)
    monkeypatch.setattr("shared.feeds.reload.CHECK_EVERY_S", 0.0)
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    file = tmp_path / "feeds.toml"
    file.write_text('[feeds.one.drop]\nfolder = "one"\n')
    feeds = Feeds(file, tmp_path / "no.key")
    feeds.load()
    broker, stop = MemoryBroker(), asyncio.Event()
    task = asyncio.create_task(DropFolders(feeds, broker.publisher(), QUICK).run(stop))

    async def goes(folder, name, *, waits=False):
        (tmp_path / folder / name).write_bytes(STORY)
        await until((tmp_path / folder / "done" / name).exists, 0.5 if waits else 10)

    try:
        await goes("one", "a.json")
        file.write_text('[feeds.two.drop]\nfolder = "two"\n')
        await goes("two", "b.json")
        with pytest.raises(TimeoutError):
            await goes("one", "c.json", waits=True)
        file.write_text('[feeds.three.drop]\nfolder = "one"\n')
        await goes("one", "d.json")
    finally:
        stop.set()
        await asyncio.wait_for(task, 10)
    assert [dict(r.headers)["ce_feed"].decode() for r in broker.records(STORIES_RAW)].count("one") == 1
    assert {dict(r.headers)["ce_feed"] for r in broker.records(STORIES_RAW)} == {b"one", b"two", b"three"}
    Folder(tmp_path / "one").close()  # nobody holds it any more


def test_the_time_of_a_claim_stands_in_its_token():
    before = datetime.now(UTC)
    moment = moment_of(str(ids.uuid7()))
    assert before - timedelta(milliseconds=2) < moment < datetime.now(UTC) + timedelta(milliseconds=2)
