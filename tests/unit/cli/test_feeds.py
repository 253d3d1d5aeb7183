"""`newswire feeds`: the file it changes stays as its people wrote it, keys work and are shown once, wrong ways in are told."""

from __future__ import annotations

import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from cli.feeds import findings
from cli.feeds.file import change
from cli.feeds.lines import told
from cli.feeds.text import with_feed, with_list
from cli.main import app
from services.ingestion.auth import authenticate
from shared.errors import Misconfigured
from shared.feeds import Feeds, parse_feeds, read_secret
from shared.problems import Problem

HASH, OTHER = "a" * 64, "b" * 64

WRITTEN = f"""\
# Who may send. Ask the desk before changing.
[feeds.harbour]  # since 2019
name = "Harbour [News]"
key_hashes = [
  "{HASH}", # the old one
]
zone = "Europe/Athens"

[feeds.harbour.status_map]
spiked = "killed"

[feeds."a.b"]
[feeds.other]
key_hashes = ["{OTHER}"]"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NEWSWIRE_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(findings, "resolve", lambda host: {"inside.example": ["10.0.0.7"]}.get(host, ["93.184.216.34"]))
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["feeds", *arguments])


def good(*arguments: str) -> str:
    result = run(*arguments)
    assert result.exit_code == 0, (result.output, result.exception)
    return result.stdout


def refusal(*arguments: str) -> str:
    result = run(*arguments)
    assert isinstance(result.exception, Misconfigured), (result.output, result.exception)
    return str(result.exception)


def is_let_in(folder: Path, feed_id: str, key: str) -> bool:
    feeds = Feeds(folder / "feeds.toml", folder / "local.key")
    feeds.load()
    try:
        return authenticate(feeds, feed_id, f"Bearer {key}").id == feed_id
    except Problem:
        return False


# The text of the file


def test_a_list_changes_and_nothing_else() -> None:
    changed = with_list(WRITTEN, "harbour", "key_hashes", [HASH, OTHER])
    before, after = WRITTEN.splitlines(), changed.splitlines()
    assert after[:3] == before[:3]
    assert after[3] == f'key_hashes = ["{HASH}", "{OTHER}"]'
    assert after[4:] == before[6:]


@pytest.mark.parametrize("feed", ["a.b", "other"])
def test_a_list_that_is_not_there_is_added_under_its_feed(feed: str) -> None:
    changed = with_list(WRITTEN, feed, "signing_secret_files", ["x.whsec"])
    assert tomllib.loads(changed)["feeds"][feed]["signing_secret_files"] == ["x.whsec"]
    assert [line for line in changed.splitlines() if line not in WRITTEN.splitlines()] == [
        'signing_secret_files = ["x.whsec"]'
    ]


def test_a_header_at_the_very_end_is_no_trap() -> None:
    assert with_list("[feeds.a]", "a", "key_hashes", []) == "[feeds.a]\nkey_hashes = []\n"


@pytest.mark.parametrize(
    "text",
    [
        "feeds.a.name = 'x'",
        "feeds = { a = { name = 'x' } }",
        "[feeds]\na = { name = 'x' }",
        "[feeds]\na.name = 'x'",
        "[feeds.a]\nname = '''\nkey_hashes = 5\n'''",
        "[x]\ny = '''\n[feeds.a]\n'''\n[feeds.'a']",
    ],
)
def test_what_cannot_be_changed_safely_is_left_to_a_person(text: str) -> None:
    tomllib.loads(text)
    with pytest.raises(Misconfigured, match="by hand"):
        with_list(text, "a", "key_hashes", [HASH])


def test_a_feed_is_added_at_the_end_in_tables_of_its_own() -> None:
    rules = {
        "name": 'Quote " \\ \x7f ü',
        "key_hashes": [HASH],
        "poll": {"url": "https://example.org/", "fetch_pages": True},
    }
    for start in ("", WRITTEN, WRITTEN + "\n\n\n"):
        text = with_feed(start, "blog.x", rules)
        assert text.startswith(start.rstrip("\n"))
        assert tomllib.loads(text)["feeds"]["blog.x"] == rules
    with pytest.raises(Misconfigured, match="already"):
        with_feed(WRITTEN, "harbour", {})
    with pytest.raises(Misconfigured, match="by hand"):
        with_feed("feeds = {}", "b", {})


@given(st.text(), st.lists(st.text(), max_size=3))
def test_any_value_is_written_so_that_it_is_read_back(value: str, values: list[str]) -> None:
    if any("\ud800" <= char <= "\udfff" for char in value + "".join(values)):
        return
    text = with_feed("", "a", {"name": value, "key_hashes": values})
    assert tomllib.loads(text)["feeds"]["a"] == {"name": value, "key_hashes": values}
    assert tomllib.loads(with_list(text, "a", "key_hashes", [value]))["feeds"]["a"]["key_hashes"] == [value]


# The commands


def test_a_feed_is_added_with_a_key_that_works_there_alone(folder: Path) -> None:
    key = good("add", "harbour", "--zone", "Europe/Athens", "--format", "ninjs").strip()
    good("add", "other")
    assert is_let_in(folder, "harbour", key)
    assert not is_let_in(folder, "other", key)
    text = (folder / "feeds.toml").read_text()
    assert key not in text, "only its hash is kept"
    feed = parse_feeds(text)["harbour"]
    assert (feed.zone, feed.format) == ("Europe/Athens", "ninjs")
    assert "already" in refusal("add", "harbour")


def test_two_keys_are_good_at_a_time_and_one_is_taken_back_by_the_start_of_its_hash(folder: Path) -> None:
    first = good("add", "harbour").strip()
    second = good("key", "harbour").strip()
    assert [is_let_in(folder, "harbour", key) for key in (first, second)] == [True, True]
    old, new = parse_feeds((folder / "feeds.toml").read_text())["harbour"].key_hashes
    told = refusal("key", "harbour")
    assert old[:8] in told
    assert new[:8] in told
    assert "0 of harbour" in refusal("key", "harbour", "--revoke", "zz")
    assert "0 of harbour" in refusal("key", "harbour", "--revoke", "")
    assert old[:8] in good("list")
    assert first not in good("list")
    good("key", "harbour", "--revoke", old[:8])
    assert [is_let_in(folder, "harbour", key) for key in (first, second)] == [False, True]


def test_a_secret_stands_in_a_file_of_its_own(folder: Path) -> None:
    told = good("add", "harbour", "--signing").strip()
    assert told.startswith("whsec_")
    (path,) = folder.glob("*.whsec")
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_text().strip() == told
    second = good("key", "harbour", "--signing").strip()
    feeds = Feeds(folder / "feeds.toml", folder / "local.key")
    feeds.load()
    feed = feeds.get("harbour")
    assert feed
    assert feed.key_hashes == ()
    assert len(set(feed.signing_secrets)) == 2
    assert feed.signing_secrets[0] == read_secret(path)
    assert second != told
    good("key", "harbour", "--signing", "--revoke", path.name)
    feeds.load()
    feed = feeds.get("harbour")
    assert feed
    assert len(feed.signing_secrets) == 1
    assert path.name not in (folder / "feeds.toml").read_text()


def test_what_services_would_refuse_is_never_written(folder: Path) -> None:
    good("add", "harbour")
    before = (folder / "feeds.toml").read_bytes()
    for wrong in (["--zone", "Mars/Phobos"], ["--order-by", "luck"], ["--format", "morse"], ["--language", "English"]):
        assert "feeds.b" in refusal("add", "b", *wrong)
    assert "feeds" in refusal("add", "B/../c")
    assert run("add", "local").exit_code == 2
    assert run("key", "local").exit_code == 2
    assert "no feed nosuch" in refusal("key", "nosuch")
    assert (folder / "feeds.toml").read_bytes() == before
    assert sorted(path.name for path in folder.iterdir()) == [".feeds.toml.lock", "feeds.toml"]


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/feed",
        "http://2130706433/feed",
        "http://0x7f.1/feed",
        "http://[::ffff:10.0.0.1]/feed",
        "http://[64:ff9b::a00:1]/feed",
        "http://[2002:a00:1::]/feed",
        "http://0177.0.0.1/feed",
        "http://[::1]/feed",
        "http://169.254.169.254/latest",
        "http://localhost/feed",
        "https://example.org:9200/",
        "https://inside.example/feed",
    ],
)
def test_an_address_inside_is_refused_when_a_feed_is_added_and_when_the_file_is_checked(folder: Path, url: str) -> None:
    assert "poll.url" in refusal("add", "blog", "--poll", url)
    assert not (folder / "feeds.toml").exists()
    (folder / "feeds.toml").write_text(f'[feeds.blog.poll]\nurl = "{url}"\n')
    result = run("check")
    assert result.exit_code == 1
    assert "feeds.blog.poll.url: error: " in result.stdout


@pytest.mark.parametrize("table", ["hub", "topic"])
@pytest.mark.parametrize(
    "url", ["http://127.0.0.1/", "http://2130706433/", "http://[64:ff9b::a00:1]/", "http://[2002:a00:1::]/", "https://inside.example/"]
)  # fmt: skip
def test_a_hub_and_a_topic_inside_are_refused_as_well(folder: Path, table: str, url: str) -> None:
    poll = '[feeds.blog.poll]\nurl = "https://example.org/f"\n'
    (folder / "feeds.toml").write_text(f'{poll}[feeds.blog.websub]\n{table} = "{url}"\n')
    result = run("check")
    assert result.exit_code == 1
    assert f"feeds.blog.websub.{table}: error: " in result.stdout


def test_list_and_check_tell_of_hubs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    poll = '[feeds.{0}.poll]\nurl = "https://example.org/{0}"\n[feeds.{0}.websub]\n'
    text = poll.format("a") + poll.format("b") + 'hub = "http://hub.example.org/"\n'
    (folder / "feeds.toml").write_text(text)
    shown = " ".join(good("list").split())
    assert "hub that the feed names" in shown
    assert "hub http://hub.example.org/" in shown
    lines = good("check").splitlines()
    assert [line.partition(": warning")[0] for line in lines[:-1]] == [
        "feeds.a.websub",
        "feeds.b.websub",
        "feeds.b.websub.hub",
    ]
    monkeypatch.setenv("NEWSWIRE_INGESTION__PUBLIC_URL", "https://news.example.org")
    assert [line.partition(": warning")[0] for line in good("check").splitlines()[:-1]] == ["feeds.b.websub.hub"]


def test_a_closed_network_may_allow_its_own_addresses(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEWSWIRE_INGESTION__ALLOW_PRIVATE_ADDRESSES", "true")
    good("add", "blog", "--poll", "https://inside.example/feed", "--fetch-pages")
    feed = parse_feeds((folder / "feeds.toml").read_text())["blog"]
    assert feed.poll
    assert feed.poll.fetch_pages
    assert feed.key_hashes == (), "a polled feed needs no key"


def test_check_names_each_thing_to_mend_and_its_place(folder: Path) -> None:
    drop = folder / "drop"
    drop.mkdir()
    (folder / "open.whsec").write_text("whsec_" + "A" * 44)
    (folder / "open.whsec").chmod(0o644)
    (folder / "bad.whsec").write_text("whsec_short")
    (folder / "feeds.toml").write_text(
        '[feeds.idle]\n[feeds.files.drop]\nfolder = "drop"\n[feeds.lost.drop]\nfolder = "nosuch"\n'
        '[feeds.hook]\nsigning_secret_files = ["open.whsec", "bad.whsec"]\nlimits = { item_bytes = 60000000 }\n'
        '[feeds.p1.poll]\nurl = "https://example.org/feed"\n[feeds.p2.poll]\nurl = "https://example.org/feed"\n'
    )
    result = run("check")
    lines = result.stdout.splitlines()
    for start in (
        "feeds.idle: warning: no way in",
        "feeds.lost.drop.folder: error: ",
        "feeds.hook.limits.item_bytes: warning: ",
        "feeds.hook.signing_secret_files: error: ",
        "feeds.hook.signing_secret_files: warning: ",
        "feeds.p2.poll.url: warning: feeds.p1",
    ):
        assert sum(line.startswith(start) for line in lines) == 1, (start, lines)
    assert lines[-1].endswith("6 feeds, 2 errors, 4 warnings")
    assert len(lines) == 7
    assert result.exit_code == 1


def test_check_of_a_good_file_is_quiet_and_of_another_file_looks_at_that(folder: Path, tmp_path: Path) -> None:
    good("add", "harbour")
    assert good("check").splitlines() == [f"{folder / 'feeds.toml'}: 1 feed, 0 errors, 0 warnings"]
    other = tmp_path / "other.toml"
    other.write_text("[feeds.a]\nnosuch = 1\n")
    assert "feeds.a.nosuch" in refusal("check", str(other))
    assert "is not there" in refusal("check", str(tmp_path / "none.toml"))


def test_a_name_that_cannot_be_looked_up_is_a_warning(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(host: str) -> list[str]:
        raise OSError(host)

    monkeypatch.setattr(findings, "resolve", unknown)
    good("add", "blog", "--poll", "https://nowhere.example/feed")
    assert "feeds.blog.poll.url: warning: nowhere.example cannot be looked up" in good("check")
    assert "0 warnings" in good("check", "--offline")


def test_the_files_mode_stays_and_a_link_is_followed(folder: Path) -> None:
    real = folder / "elsewhere.toml"
    real.write_text("# ours\n")
    real.chmod(0o640)
    (folder / "feeds.toml").symlink_to(real)
    good("add", "harbour")
    assert (folder / "feeds.toml").is_symlink()
    assert real.read_text().startswith("# ours\n")
    assert real.stat().st_mode & 0o777 == 0o640


def test_list_as_json_holds_no_secret(folder: Path) -> None:
    secret = good("add", "harbour", "--signing").strip()
    shown = good("list", "--json")
    assert '"id": "harbour"' in shown
    assert secret not in shown


def test_a_change_that_services_would_refuse_leaves_the_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "feeds.toml"
    path.write_text("[feeds.a]\n")
    with pytest.raises(Misconfigured, match=r"feeds\.toml: feeds\.a\.nosuch"):
        change(path, lambda text: text + "nosuch = 1\n")
    assert path.read_text() == "[feeds.a]\n"
    with pytest.raises(Misconfigured, match="is not there"):
        change(tmp_path / "other.toml", lambda text: text)


def test_many_who_change_the_file_at_once_lose_no_change(tmp_path: Path) -> None:
    path = tmp_path / "feeds.toml"
    names = [f"f{number}" for number in range(16)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: change(path, lambda old: with_feed(old, name, {}), may_make=True), names))
    assert sorted(parse_feeds(path.read_text())) == sorted(names)


def test_the_repeated_lines_of_a_feed_are_told_those_left_out_first() -> None:
    def line(hash_: str, **more: object) -> dict[str, object]:
        return {
            "hash": hash_,
            "stories": [[1, 2, 3, 4], [5, 6, 7, 8]],
            "hits": 3,
            "of": 4,
            "last": 20_000,
            "learned": False,
        } | more

    values = {
        "a.example": orjson.dumps(
            {"v": 1, "lines": [line(f"{10:016x}"), line(f"{11:016x}", learned=True, sample="Sign up")]}
        ),
        "": orjson.dumps({"v": 1, "lines": [line(f"{12:016x}", hits=4)]}),
        "broken": b"{",
        "newer": b'{"v": 9, "lines": []}',
    }
    rows = told(values)
    assert [(row["site"], row["hash"][-2:], row["learned"], row["share"]) for row in rows] == [
        ("a.example", "0b", True, 0.75),
        ("", "0c", False, 1.0),
        ("a.example", "0a", False, 0.75),
    ]
    assert (rows[0]["sample"], rows[0]["last"], rows[0]["stories"]) == ("Sign up", "2024-10-04", 2)
