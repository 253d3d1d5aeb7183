from __future__ import annotations

import os
from pathlib import Path

import pytest

from services.ingestion.auth import authenticate
from shared.errors import Misconfigured
from shared.feeds import Feed, Feeds, parse_feeds
from shared.local_feed import ensure_local_key, key_hash, new_key, read_key
from shared.problems import Problem

HASH = "a" * 64


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def write(path: Path, text: str) -> None:
    """As an editor does: a new file in the old one's place."""
    fresh = path.with_suffix(".new")
    fresh.write_text(text, "utf-8")
    fresh.replace(path)


def book(folder: Path, clock: Clock) -> Feeds:
    feeds = Feeds(folder / "feeds.toml", folder / "local.key", clock)
    feeds.load()
    return feeds


def test_a_feed_has_its_rules() -> None:
    feeds = parse_feeds(
        f'[feeds.afp-en]\nname = "AFP"\nprovider = "afp"\nzone = "Europe/Paris"\nlanguage = "en-GB"\n'
        f'key_hashes = ["{HASH}", "{"b" * 64}"]\n[feeds.x]\n'
    )
    assert feeds["afp-en"] == Feed(
        id="afp-en", name="AFP", provider="afp", zone="Europe/Paris", language="en-GB", key_hashes=(HASH, "b" * 64)
    )
    assert (feeds["afp-en"].namespace, feeds["x"].namespace) == ("afp", "x")
    assert parse_feeds("") == {}


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[feeds.a", "no TOML"),
        ("[feeds.a]\n[feeds.a]", "no TOML"),
        ("[feed.a]", "feed"),
        ("feeds = 5", "feeds"),
        ("[feeds.A]", "feeds"),
        ('[feeds."a/b"]', "feeds"),
        ("[feeds.a]\nnosuch = 1", "feeds.a.nosuch"),
        ("[feeds.a]\nzone = 'Mars/Phobos'", "feeds.a.zone"),
        ("[feeds.a]\nzone = '../../etc/passwd'", "feeds.a.zone"),
        ("[feeds.a]\nzone = 'Europe'", "feeds.a.zone"),
        ("[feeds.a]\nlanguage = 'English'", "feeds.a.language"),
        ("[feeds.a]\nkey_hashes = ['nw_key itself']", "feeds.a.key_hashes"),
        (f"[feeds.a]\nkey_hashes = ['{HASH}', '{HASH}', '{HASH}']", "feeds.a.key_hashes"),
        ("[feeds.local]", "feeds.local"),
        ("[feeds.a]\nprovider = 'local'", "feeds.a"),
    ],
)
def test_a_wrong_feeds_file_names_the_place(text: str, place: str) -> None:
    with pytest.raises(Misconfigured, match=place):
        parse_feeds(text)


def test_no_file_is_no_feed(tmp_path: Path, clock: Clock) -> None:
    feeds = book(tmp_path, clock)
    assert feeds.get("a") is None
    assert feeds.get("local") is None


def test_a_broken_file_at_the_start_is_told(tmp_path: Path, clock: Clock) -> None:
    write(tmp_path / "feeds.toml", "[feeds.a]\nnosuch = 1")
    with pytest.raises(Misconfigured, match=r"feeds\.toml: feeds\.a\.nosuch"):
        book(tmp_path, clock)
    (tmp_path / "feeds.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(Misconfigured, match=r"feeds\.toml"):
        book(tmp_path, clock)


def test_feeds_are_read_again_when_they_change_looking_once_a_second(tmp_path: Path, clock: Clock) -> None:
    feeds = book(tmp_path, clock)
    write(tmp_path / "feeds.toml", "[feeds.a]")
    clock.now += 0.9
    assert feeds.get("a") is None
    clock.now += 0.1
    assert feeds.get("a") is not None
    write(tmp_path / "feeds.toml", "[feeds.b]")
    clock.now += 1
    assert feeds.get("a") is None
    assert feeds.get("b") is not None


@pytest.mark.parametrize("damage", ["broken", "gone", "unreadable text"])
def test_the_last_good_feeds_stay(
    damage: str, tmp_path: Path, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "feeds.toml"
    write(path, "[feeds.a]")
    feeds = book(tmp_path, clock)
    if damage == "gone":
        path.unlink()
    elif damage == "broken":
        write(path, "[feeds.b]\nnosuch = 1")
    else:
        path.write_bytes(b"\xff")
    clock.now += 1
    assert feeds.get("a") is not None
    assert "last good one stays" in capsys.readouterr().out
    clock.now += 1
    assert feeds.get("a") is not None
    assert capsys.readouterr().out == "", "it is said once"
    write(path, "[feeds.c]")
    clock.now += 1
    assert feeds.get("c") is not None
    assert feeds.get("a") is None


def test_the_feed_local_comes_and_goes_with_its_key(tmp_path: Path, clock: Clock) -> None:
    write(tmp_path / "feeds.toml", "[feeds.a]")
    feeds = book(tmp_path, clock)
    assert feeds.get("local") is None
    path = ensure_local_key(tmp_path)
    clock.now += 1
    key = read_key(path)
    assert key
    assert authenticate(feeds, "local", f"Bearer {key}").id == "local"
    path.write_text("nw_other\n", "utf-8")
    clock.now += 1
    with pytest.raises(Problem, match="401"):
        authenticate(feeds, "local", f"Bearer {key}")
    assert authenticate(feeds, "local", "bearer nw_other").id == "local"
    path.unlink()
    clock.now += 1
    assert feeds.get("local") is None
    assert feeds.get("a") is not None


def test_either_of_two_keys_is_good_on_its_own_feed_only() -> None:
    keys = [new_key() for _ in range(3)]
    feeds = {
        "a": Feed(id="a", key_hashes=(key_hash(keys[0]), key_hash(keys[1]))),
        "b": Feed(id="b", key_hashes=(key_hash(keys[2]),)),
        "c": Feed(id="c"),
    }

    def is_good(feed_id: str, key: str) -> bool:
        try:
            return authenticate(feeds, feed_id, f"Bearer {key}").id == feed_id
        except Problem:
            return False

    good = {
        (feed_id, index)
        for feed_id in feeds
        for index, key in enumerate([*keys, "", "0" * 64])
        if is_good(feed_id, key)
    }
    assert good == {("a", 0), ("a", 1), ("b", 2)}


def test_a_key_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        path = ensure_local_key(tmp_path / "data" / "deep")
    finally:
        os.umask(old)
    assert path == tmp_path / "data" / "deep" / "local.key"
    assert path.stat().st_mode & 0o777 == 0o600
    key = read_key(path)
    assert key is not None
    assert len(key) == 46
    assert read_key(ensure_local_key(tmp_path / "data" / "deep")) == key
    assert [one.name for one in path.parent.iterdir()] == ["local.key"]
    assert new_key() != new_key()


@pytest.mark.parametrize("content", [b"", b"\n", b"half a ke", b"\xff\xfe"])
def test_what_is_no_key_is_replaced(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "local.key").write_bytes(content)
    assert read_key(tmp_path / "local.key") is None
    path = ensure_local_key(tmp_path)
    assert read_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
