"""What a feeds file may say: every table, each bound, and each way in which two feeds must not meet."""

from __future__ import annotations

import base64
import tomllib
from pathlib import Path

import pytest

from shared.errors import Misconfigured
from shared.feeds import Feeds, new_secret, parse_feeds, parse_secret
from shared.feeds import model as feeds_model

HASH = "a" * 64
BASE = Path("/etc/newswire")


def test_the_example_in_the_models_docstring_is_a_good_file() -> None:
    text = (feeds_model.__doc__ or "").partition("```toml\n")[2].partition("```")[0].replace('"…"', f'"{HASH}"')
    feed = parse_feeds(text, BASE)["afp-en"]
    assert feed.poll
    assert feed.poll.fetch_pages
    assert feed.drop
    assert feed.drop.folder == Path("/srv/wires/afp")
    assert feed.signing_secret_files == (BASE / "afp.whsec",)
    assert (feed.limits.item_bytes, feed.limits.batch_items) == (1_000_000, 500)
    assert feed.status_map == {"withheld": "embargoed"}
    told = set(tomllib.loads(text)["feeds"]["afp-en"])
    assert feed.websub
    assert feed.websub.hub == "https://hub.example.org/"
    assert told == set(feeds_model.FeedRules.model_fields), "each table and rule is shown once"


def test_relative_paths_begin_at_the_files_folder() -> None:
    feed = parse_feeds('[feeds.a]\nsigning_secret_files = ["s"]\n[feeds.a.drop]\nfolder = "in"', BASE)["a"]
    assert feed.drop
    assert feed.drop.folder == BASE / "in"
    assert feed.signing_secret_files == (BASE / "s",)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[feeds.a]\norder_by = 'date'", r"feeds\.a\.order_by"),
        ("[feeds.a]\nformat = 'morse'", r"feeds\.a\.format"),
        ("[feeds.a]\nrights = ' '", r"feeds\.a\.rights"),
        ("[feeds.a.status_map]\nheld = 'held'", r"feeds\.a\.status_map\.held"),
        ("[feeds.a.status_map]\n'' = 'usable'", r"feeds\.a\.status_map"),
        ("[feeds.a.limits]\nitem_bytes = 0", r"feeds\.a\.limits\.item_bytes"),
        ("[feeds.a.limits]\nbatch_items = 50001", r"feeds\.a\.limits\.batch_items"),
        ("[feeds.a.limits]\nitems = 5", r"feeds\.a\.limits\.items"),
        ("[feeds.a.poll]", r"feeds\.a\.poll\.url"),
        ("[feeds.a.poll]\nurl = 'file:///etc/passwd'", r"feeds\.a\.poll\.url"),
        ("[feeds.a.poll]\nurl = 'https://user:pw@example.org/'", r"feeds\.a\.poll\.url"),
        ("[feeds.a.poll]\nurl = 'https:///x'", r"feeds\.a\.poll\.url"),
        ("[feeds.a.poll]\nurl = 'https://example.org:99999/'", r"feeds\.a\.poll\.url"),
        ('[feeds.a.poll]\nurl = "https://example.org/\\r\\nX: y"', r"feeds\.a\.poll\.url"),
        ("[feeds.a.poll]\nurl = 'https://e.org/'\nmin_interval_s = 0", r"feeds\.a\.poll\.min_interval_s"),
        ("[feeds.a.poll]\nurl = 'https://e.org/'\nmin_interval_s = 60\nmax_interval_s = 30", r"feeds\.a\.poll: max"),
        ("[feeds.a.websub]", r"feeds\.a: a websub table goes with a poll table"),
        ("[feeds.a.websub]\nhub = 'ftp://hub.example.org/'", r"feeds\.a\.websub\.hub"),
        ("[feeds.a.websub]\nlease_seconds = 5", r"feeds\.a\.websub\.lease_seconds"),
        ("[feeds.a.drop]", r"feeds\.a\.drop\.folder"),
        ("[feeds.a]\nsigning_secret_files = ['a', 'b', 'c']", r"feeds\.a\.signing_secret_files"),
        ("[feeds.a]\nsigning_secrets = ['whsec_x']", r"feeds\.a\.signing_secrets"),
        (f"[feeds.a]\nkey_hashes = ['{HASH}']\n[feeds.b]\nkey_hashes = ['{HASH}']", r"feeds\.b\.key_hashes.*feeds\.a"),
        ("[feeds.a.drop]\nfolder = '/in'\n[feeds.b.drop]\nfolder = '/in'", r"feeds\.b\.drop\.folder.*feeds\.a"),
        ("[feeds.a.drop]\nfolder = '/in'\n[feeds.b.drop]\nfolder = '/in/b'", r"feeds\.b\.drop\.folder"),
        ("[feeds.a.drop]\nfolder = '/in/a'\n[feeds.b.drop]\nfolder = '/in'", r"feeds\.b\.drop\.folder"),
        ("[feeds.a.drop]\nfolder = '/in/x/../b'\n[feeds.b.drop]\nfolder = '/in/b'", r"feeds\.b\.drop\.folder"),
    ],
)
def test_a_wrong_rule_names_its_place(text: str, place: str) -> None:
    with pytest.raises(Misconfigured, match=place):
        parse_feeds(text, BASE)


def test_a_mistake_is_told_without_what_was_written_there() -> None:
    with pytest.raises(Misconfigured) as wrong:
        parse_feeds("[feeds.a]\nkey_hashes = ['nw_thekeyitself']")
    assert "thekeyitself" not in str(wrong.value)


@pytest.mark.parametrize("size", [24, 32, 64])
def test_a_secret_is_read_with_and_without_its_prefix(size: int) -> None:
    raw = bytes(range(size))
    written = base64.b64encode(raw).decode()
    assert parse_secret(f"whsec_{written}\n") == parse_secret(written) == raw


@pytest.mark.parametrize(
    "text",
    [
        "",
        "whsec_",
        "whsec_AAAA",
        "whsec_" + "A" * 30 + "é",
        "whsec_" + "A" * 22 + "*" + "A" * 22,
        "whsec_" + "QUFB" * 22,
    ],
)
def test_what_is_no_secret_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(ValueError, match="a signing secret") as wrong:
        parse_secret(text)
    assert "AAAA" not in str(wrong.value)
    assert "QUFB" not in str(wrong.value)


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_secrets_are_read_again_when_their_files_change(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = new_secret(), new_secret()
    secret = tmp_path / "a.whsec"
    secret.write_text(first)
    (tmp_path / "feeds.toml").write_text('[feeds.a]\nsigning_secret_files = ["a.whsec"]\n[feeds.b]\n')
    clock = Clock()
    feeds = Feeds(tmp_path / "feeds.toml", tmp_path / "local.key", clock)
    feeds.load()

    def known() -> tuple[bytes, ...]:
        clock.now += 1
        feed = feeds.get("a")
        assert feed
        assert first not in repr(feed)
        assert repr(parse_secret(first)) not in repr(feed)
        return feed.signing_secrets

    assert known() == (parse_secret(first),)
    unchanged = feeds.current()
    clock.now += 1
    assert feeds.current() is unchanged
    fresh = tmp_path / "fresh"
    fresh.write_text(second)
    fresh.replace(secret)
    assert known() == (parse_secret(second),)
    secret.unlink()
    assert known() == (parse_secret(second),), "the last good one stays"
    assert "last good one stays" in capsys.readouterr().out
    secret.write_text(first)
    assert known() == (parse_secret(first),)


def test_a_service_does_not_start_without_a_secret_it_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "feeds.toml").write_text('[feeds.a]\nsigning_secret_files = ["a.whsec"]\n')
    feeds = Feeds(tmp_path / "feeds.toml", tmp_path / "local.key")
    with pytest.raises(Misconfigured, match=r"a\.whsec"):
        feeds.load()
    (tmp_path / "a.whsec").write_text("whsec_nonsense")
    with pytest.raises(Misconfigured, match=r"a\.whsec: a signing secret"):
        feeds.load()


def test_a_secret_that_comes_after_the_rule_that_names_it_is_found(tmp_path: Path) -> None:
    clock, secret = Clock(), new_secret()
    rules = tmp_path / "feeds.toml"
    rules.write_text("[feeds.a]\n")
    feeds = Feeds(rules, tmp_path / "local.key", clock)
    feeds.load()
    rules.write_text('[feeds.a]\nsigning_secret_files = ["late.whsec"]\n[feeds.b]\n')
    clock.now += 1
    assert set(feeds.current()) == {"a"}, "the last good ones stay"
    clock.now += 1
    assert set(feeds.current()) == {"a"}
    (tmp_path / "late.whsec").write_text(secret)
    clock.now += 1
    assert set(feeds.current()) == {"a", "b"}
    assert feeds.current()["a"].signing_secrets == (parse_secret(secret),)
