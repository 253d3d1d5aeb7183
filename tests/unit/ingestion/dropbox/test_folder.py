"""A drop folder on a disk: what is taken, what is not, and that nothing outside of it is ever touched."""

from __future__ import annotations

import os
import stat

import orjson
import pytest

from services.ingestion.dropbox.folder import Claim, Folder, InUse
from shared.errors import Refused

TOKENS = [f"0195a000-0000-7000-8000-00000000000{n}" for n in range(10)]


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "wire"
    path.mkdir()
    return path


@pytest.fixture
def folder(path):
    with Folder(path) as folder:
        yield folder


def seen(folder) -> set[str]:
    return {one.name for one in folder.look()}


def names(path) -> list[str]:
    return sorted(one.name for one in path.iterdir())


def read(folder, claim) -> bytes:
    with folder.open(claim) as file:
        return file.read()


def test_a_file_goes_its_way(path, folder):
    (path / "a.xml").write_bytes(b"<nitf/>")
    assert seen(folder) == {"a.xml"}
    claim = folder.claim("a.xml", TOKENS[0])
    assert seen(folder) == set()
    assert read(folder, claim) == b"<nitf/>"
    assert folder.finish(claim, "done", None) == "a.xml"
    assert (path / "done" / "a.xml").read_bytes() == b"<nitf/>"
    assert folder.leftovers() == []
    assert names(path / ".taking") == [".lock"]


def test_a_refused_file_has_its_reason_beside_it(path, folder):
    (path / "a.xml").write_bytes(b"?")
    folder.finish(folder.claim("a.xml", TOKENS[0]), "refused", b'{"why": 1}')
    assert (path / "refused" / "a.xml").read_bytes() == b"?"
    assert orjson.loads((path / "refused" / "a.xml.why.json").read_bytes()) == {"why": 1}


def test_no_file_is_written_over(path, folder):
    for n in range(3):
        (path / "a.xml").write_bytes(str(n).encode())
        folder.finish(folder.claim("a.xml", TOKENS[n]), "done", None)
    assert sorted(file.read_bytes() for file in (path / "done").iterdir()) == [b"0", b"1", b"2"]


def test_the_oldest_comes_first(path, folder):
    for n, name in enumerate(["c", "a", "b"]):
        (path / name).write_bytes(b"x")
        os.utime(path / name, (1000 + n, 1000 + n))
    assert [one.name for one in folder.look()] == ["c", "a", "b"]


def test_a_file_that_is_gone_is_no_claim(path, folder):
    assert folder.claim("never", TOKENS[0]) is None
    assert names(path / ".taking") == [".lock"]


def test_a_file_that_may_not_be_taken_leaves_no_empty_place(path, folder, monkeypatch):
    (path / "a").write_bytes(b"x")

    def no_rename(*_, **__):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("services.ingestion.dropbox.folder.os.rename", no_rename)
    with pytest.raises(PermissionError):
        folder.claim("a", TOKENS[0])
    assert names(path / ".taking") == [".lock"]


def test_what_a_killed_process_had_claimed_is_found_again(path):
    files = ["a", "b"]
    with Folder(path) as folder:
        for name, token in zip(files, TOKENS, strict=False):
            (path / name).write_bytes(name.encode())
            folder.claim(name, token)
        (path / ".taking" / TOKENS[5]).mkdir()  # died between the two steps of a claim
        (path / ".taking" / "somebody's").mkdir()
    with Folder(path) as folder:
        assert folder.leftovers() == [Claim(token, name) for token, name in zip(TOKENS, files, strict=False)]
        assert not (path / ".taking" / TOKENS[5]).exists()


def test_a_crash_between_reason_and_file_is_mended(path):
    with Folder(path) as folder:
        (path / "a").write_bytes(b"x")
        claim = folder.claim("a", TOKENS[0])
        folder._put_reason(claim, "refused", "a", b"first")
    with Folder(path) as folder:
        [claim] = folder.leftovers()
        folder.finish(claim, "refused", b"again")
        assert names(path / "refused") == ["a", "a.why.json"]
        assert (path / "refused" / "a.why.json").read_bytes() == b"again"
        assert folder.leftovers() == []


def test_one_process_a_folder(path):
    with Folder(path), pytest.raises(InUse):
        Folder(path)
    Folder(path).close()


@pytest.mark.parametrize("name", ["done", "refused", ".taking"])
def test_a_link_in_the_place_of_a_folder_is_not_followed(path, tmp_path, name):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (path / name).symlink_to(elsewhere)
    with pytest.raises(OSError, match=r"symbolic|directory"):
        Folder(path)
    assert names(elsewhere) == []


def test_a_place_that_others_can_change_is_not_used(path):
    (path / ".taking").mkdir()
    (path / ".taking").chmod(0o777)
    with pytest.raises(PermissionError):
        Folder(path)


def test_a_link_that_comes_later_is_not_followed_either(path, tmp_path, folder):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (path / "done").rename(path / "moved")
    (path / "done").symlink_to(elsewhere)
    (path / "a").write_bytes(b"x")
    folder.finish(folder.claim("a", TOKENS[0]), "done", None)
    assert names(elsewhere) == []
    assert names(path / "moved") == ["a"]


def test_links_fifos_and_sockets_are_no_files_and_are_not_opened(path, tmp_path, folder):
    secret = tmp_path / "secret"
    secret.write_bytes(b"SECRET")
    (path / "link").symlink_to(secret)
    (path / "dangling").symlink_to(tmp_path / "nothing")
    (path / "folder-link").symlink_to(tmp_path)
    os.mkfifo(path / "fifo")
    assert {one.name: one.regular for one in folder.look()} == dict.fromkeys(
        ["link", "dangling", "folder-link", "fifo"], False
    )
    for token, name in zip(TOKENS, ["link", "dangling", "folder-link", "fifo"], strict=False):
        claim = folder.claim(name, token)
        with pytest.raises(Refused, match="not-a-file"), folder.open(claim):
            pass  # an open of the FIFO that waits for a writer would hang here
        folder.finish(claim, "refused", b"{}")
    assert (path / "refused" / "link").is_symlink()
    assert stat.S_ISFIFO((path / "refused" / "fifo").lstat().st_mode)
    assert secret.read_bytes() == b"SECRET"


def test_a_hard_link_is_refused(path, tmp_path, folder):
    secret = tmp_path / "secret"
    secret.write_bytes(b"SECRET")
    os.link(secret, path / "a")
    claim = folder.claim("a", TOKENS[0])
    with pytest.raises(Refused, match="hard-link"), folder.open(claim):
        pass


def test_folders_are_left_alone(path, folder):
    (path / "incoming").mkdir()
    (path / "incoming" / "a").write_bytes(b"x")
    assert seen(folder) == set()


def test_odd_names_go_their_way(path, folder):
    odd = [b"\xff\xfe.xml", b"-rf", b" ", b"a\nb", b"%s", b"n" * 255, b"\\..\\x"]
    for token, name in zip(TOKENS, odd, strict=False):
        (path / os.fsdecode(name)).write_bytes(b"x")
        claim = folder.claim(os.fsdecode(name), token)
        assert read(folder, claim) == b"x"
        folder.finish(claim, "refused", b"{}")
    assert len(names(path / "refused")) == 2 * len(odd)


def test_a_folder_that_was_moved_away_is_noticed(path, tmp_path, folder):
    assert folder.is_current()
    path.rename(tmp_path / "old")
    path.mkdir()
    assert not folder.is_current()
