"""Archives of wire files: what is in them comes out, and what is built to hurt costs next to nothing."""

from __future__ import annotations

import contextlib
import gzip
import io
import stat
import struct
import tarfile
import tracemalloc
import zipfile
import zlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.ingestion.dropbox.archives import HEAD, Entry, Limits, entries, is_archive
from shared.errors import Refused, TooLarge
from shared.settings import MIB

LIMITS = Limits(file=MIB, unpacked=4 * MIB)


def opened(raw: bytes, limits: Limits = LIMITS) -> list[Entry]:
    assert is_archive(raw[:HEAD])
    return list(entries(io.BytesIO(raw), limits))


def zipped(files, method=zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, raw in files:
            archive.writestr(name, raw)
    return out.getvalue()


def tarred(files, mode="w", style=tarfile.PAX_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode, format=style) as archive:
        for name, raw in files:
            member = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            member.size = len(raw)
            archive.addfile(member, io.BytesIO(raw))
    return out.getvalue()


def special(name, kind, link="") -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, link
    return member


FILES = [("a.xml", b"<nitf/>"), ("deep/er/b.txt", b"x" * 513), ("c.txt", b"y" * 1024), ("empty", b""), ("é.txt", b"z")]


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(zipped(FILES), id="zip"),
        pytest.param(zipped(FILES, zipfile.ZIP_STORED), id="zip-stored"),
        pytest.param(tarred(FILES), id="tar"),
        pytest.param(tarred(FILES, "w:gz"), id="tar.gz"),
        pytest.param(tarred(FILES, style=tarfile.GNU_FORMAT), id="gnu"),
        pytest.param(tarred(FILES, style=tarfile.USTAR_FORMAT), id="ustar"),
    ],
)
def test_every_file_comes_out_whole_and_in_order(raw):
    assert [(entry.name, entry.raw, entry.refusal) for entry in opened(raw)] == [(*file, None) for file in FILES]


def test_long_names_come_out():
    name = "n" * 150 + "/" + "m" * 150
    for style in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT):
        assert [entry.name for entry in opened(tarred([(name, b"x")], style=style))] == [name]


def test_a_gzipped_file_is_one_entry():
    assert opened(gzip.compress(b"<nitf/>")) == [Entry("", b"<nitf/>")]


def test_what_is_no_archive_is_none():
    for head in (b"", b"<nitf/>", b"PK", b"\x1f", b"\x01wire", b"PK\x01\x02" + bytes(600)):
        assert not is_archive(head)


def test_folders_and_what_systems_add_are_passed_over():
    files = [("d/", b""), ("__MACOSX/d/._a", b"x"), ("d/.DS_Store", b"x"), ("d/a", b"good")]
    assert [entry.name for entry in opened(zipped(files))] == ["d/a"]
    folder = special("d", tarfile.DIRTYPE)
    assert [entry.name for entry in opened(tarred([(folder, b""), *files[1:]]))] == ["d/a"]


OUTSIDE = ["../x", "a/../../x", "/etc/passwd", "..\\x", "C:\\x", "c:/x", "\\\\host\\x", ".."]


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_name_that_points_outside_is_refused_alone(name):
    for raw in (zipped([(name, b"x"), ("good", b"y")]), tarred([(name, b"x"), ("good", b"y")])):
        assert [(e.refusal and e.refusal.code, e.raw) for e in opened(raw) if e.name == "good" or e.refusal] in (
            [("bad-archive-entry", b""), (None, b"y")],
            [(None, b"y")],  # '..' alone is hidden
        )


def test_links_and_devices_are_refused_alone():
    kinds = [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE]
    raw = tarred([*((special("s", kind, "/etc/passwd"), b"") for kind in kinds), ("good", b"y")])
    assert [entry.refusal and entry.refusal.code for entry in opened(raw)] == ["bad-archive-entry"] * 5 + [None]
    link = zipfile.ZipInfo("s")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    assert [e.refusal and e.refusal.code for e in opened(zipped([(link, b"/etc/passwd"), ("good", b"y")]))] == [
        "bad-archive-entry",
        None,
    ]


def test_encrypted_and_odd_compression_are_refused_alone():
    raw = bytearray(zipped([("a", b"secret"), ("good", b"y")]))
    at = raw.find(b"PK\x01\x02")
    raw[at + 8] |= 1
    assert [e.refusal and e.refusal.reason for e in opened(bytes(raw))] == ["it is encrypted", None]
    assert [e.refusal and e.refusal.code for e in opened(zipped([("a", b"x")], zipfile.ZIP_LZMA))] == [
        "bad-archive-entry"
    ]


def test_a_broken_entry_is_refused_alone():
    raw = bytearray(zipped([("a", b"first story"), ("good", b"y")], zipfile.ZIP_STORED))
    raw[raw.find(b"first")] ^= 1
    assert [entry.refusal and entry.refusal.reason for entry in opened(bytes(raw))] == ["its data is broken", None]


def test_a_file_over_the_limit_is_refused_alone():
    big = bytes(range(256)) * (MIB // 256) + b"!"
    for raw in (zipped([("big", big), ("good", b"y")], zipfile.ZIP_STORED), tarred([("big", big), ("good", b"y")])):
        assert [entry.refusal and entry.refusal.code for entry in opened(raw)] == ["too-large", None]
    with pytest.raises(TooLarge):
        opened(gzip.compress(big))


def test_all_together_have_a_limit():
    piece = bytes(range(256)) * (MIB // 256)
    for raw in (
        zipped([(str(n), piece) for n in range(6)], zipfile.ZIP_STORED),
        tarred([(str(n), piece) for n in range(6)]),
    ):
        found = entries(io.BytesIO(raw), LIMITS)
        with pytest.raises(TooLarge):
            list(found)


def lying_zip(real: bytes, said: int) -> bytes:
    """An entry whose table of contents tells another size than it has."""
    raw = bytearray(zipped([("a", real)]))
    at = raw.find(b"PK\x01\x02")
    raw[at + 24 : at + 28] = struct.pack("<I", said)
    return bytes(raw)


def test_bombs_cost_little_memory():
    zeros = zlib.compressobj(9, wbits=31)
    bomb = b"".join([zeros.compress(bytes(MIB)) for _ in range(200)]) + zeros.flush()
    tracemalloc.start()
    try:
        with pytest.raises(TooLarge):
            opened(bomb)
        with pytest.raises(TooLarge):
            opened(tarred([("a", bytes(16 * MIB))], "w:gz"))
        for raw in (zipped([("a", bytes(64 * MIB))]), lying_zip(bytes(64 * MIB), 10)):
            with contextlib.suppress(Refused):
                assert opened(raw)[0].refusal is not None
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # The archives built here take the most: a tar of 16 and a file of 64 MiB.
    assert peak < 150 * MIB


def test_an_entry_that_unpacks_to_too_much_is_a_bomb():
    with pytest.raises(TooLarge, match="100 times"):
        opened(zipped([("a", bytes(MIB + 1))]), Limits(8 * MIB, 64 * MIB))


def test_entries_that_share_bytes_are_no_archive():
    raw = bytearray(zipped([("a", b"x" * 400), ("b", b"y" * 400)], zipfile.ZIP_STORED))
    second = raw.rfind(b"PK\x01\x02")
    raw[second + 42 : second + 46] = struct.pack("<I", 10)
    with pytest.raises(Refused, match="share bytes"):
        opened(bytes(raw))


def test_a_million_entries_are_not_read():
    central = struct.pack("<IHHHHHHIIIHHHHHII", 0x02014B50, 20, 20, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"a"
    table = central * 200_000
    end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 0xFFFF, 0xFFFF, len(table), 0, 0)
    with pytest.raises(TooLarge, match="table of contents"):
        list(entries(io.BytesIO(b"PK\x05\x06" + table + end), LIMITS))
    few = central * 60_000
    end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 60_000, 60_000, len(few), 0, 0)
    with pytest.raises(TooLarge, match="files"):
        # Its first bytes are put there by hand: an offset that the reader takes for a prefix.
        list(entries(io.BytesIO(b"PK\x05\x06" + few + end), LIMITS))


def test_huge_and_endless_tar_headers_are_refused():
    huge = special("x", tarfile.XHDTYPE)
    with pytest.raises(Refused, match="header"):
        opened(tarred([(huge, b"30 comment=" + b"x" * 200_000)]))
    chain = b"".join(special("x", tarfile.XHDTYPE).tobuf() for _ in range(3000))
    with pytest.raises(Refused):
        opened(chain + bytes(1024))


@pytest.mark.parametrize("cut", [1, 512, 700, 1500, 2048])
def test_an_archive_that_was_cut_off_is_seen(cut):
    whole = tarred([("a", b"x" * 600), ("b", b"y" * 600)])
    end = whole.rfind(b"y") + 1
    with pytest.raises(Refused, match="early"):
        opened(whole[: max(end - cut, HEAD)])
    packed = gzip.compress(whole)
    with pytest.raises(Refused):
        opened(packed[: len(packed) - min(cut, len(packed) // 2)])
    table = zipped([("a", b"x"), ("b", b"y")])
    with pytest.raises(Refused):
        opened(table[: len(table) - min(cut, len(table) // 2)])


def test_a_broken_header_in_the_middle_is_not_taken_for_the_end():
    raw = bytearray(tarred([("a", b"x"), ("b", b"y"), ("c", b"z")]))
    raw[1024 + 10] ^= 0xFF
    found = entries(io.BytesIO(bytes(raw)), LIMITS)
    assert next(found).raw == b"x"
    with pytest.raises(Refused):
        list(found)


def test_an_archive_without_a_file_says_so():
    for raw in (zipped([]), zipped([("d/", b"")]), tarred([(special("d", tarfile.DIRTYPE), b"")])):
        with pytest.raises(Refused, match="no file"):
            opened(raw)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from([zipped(FILES), tarred(FILES), tarred(FILES, "w:gz"), gzip.compress(b"x" * 3000)]),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=6),
    st.floats(0.1, 1),
    st.binary(max_size=40),
)
def test_no_damage_is_more_than_a_refusal(whole, damage, kept, tail):
    raw = bytearray(whole[: max(int(len(whole) * kept), 4)])
    for place, byte in damage:
        raw[int(place * len(raw))] = byte
    try:
        for entry in entries(io.BytesIO(bytes(raw) + tail), LIMITS):
            assert isinstance(entry.raw, bytes)
    except Refused:
        pass
