"""Hostile archives: what Android reads is read, and each trick is told."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appaudit.apk import AppFile, open_app
from appaudit.apk.zip import Archive, MemberError, NotAZipError, Trick
from appaudit.errors import InputError
from tests.apk.build import DEX, Stored, apk, changed, manifest, node, zipped

OTHER = manifest(node("application"), package="com.example.other")


def seen(data: bytes, tmp_path: Path, name: str = "shop.apk") -> tuple[AppFile, dict[str, str]]:
    """The app and the tricks seen in it, each with what Android does."""
    path = tmp_path / name
    path.write_bytes(data)
    app = open_app(path)
    dexes = dict(app.dexes())
    assert any(d.startswith(b"dex\n") for d in dexes.values())
    found = {}
    for fact in app.facts:
        if fact.subject.startswith("trick:"):
            assert fact.evidence[0].kind == "file_entry"
            assert fact.action == "shows"
            found[fact.subject.removeprefix("trick:")] = fact.attribute["android"]
    return app, found


def with_first(**changes: object) -> bytes:
    first, *rest = apk()
    return zipped([changed(first, **changes), *rest])


def _zip64_locator_missing() -> bytes:
    data = bytearray(zipped(apk()))
    end = data.rfind(b"PK\x05\x06")
    struct.pack_into("<I", data, end + 16, 0xFFFFFFFF)
    return bytes(data)


def _zip64_entry() -> bytes:
    first, *rest = apk()
    extra = struct.pack("<HHQ", 1, 8, 0)
    return zipped([changed(first, header=0xFFFFFFFF, extra=extra), *rest])


def _zip64_end() -> bytes:
    """The same archive with its directory's place in a zip64 end record."""
    data = zipped(apk())
    end = len(data) - 22
    count, size, offset = (
        struct.unpack_from("<H", data, end + 10)[0],
        *struct.unpack_from("<II", data, end + 12),
    )
    record = struct.pack("<4sQHHIIQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, size, offset)
    locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, end, 1)
    last = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, size, 0xFFFFFFFF, 0)
    return data[:end] + record + locator + last


def _master_key() -> bytes:
    return zipped([*apk(), *apk(OTHER)[:1]])


TRICKS: list[tuple[str, str, Callable[[], bytes]]] = [
    ("zip_encrypted_flag", "reads", lambda: with_first(flags=1)),
    ("zip_unknown_method", "reads", lambda: with_first(method=0, written_method=0x1234)),
    ("zip_stored_sizes", "reads", lambda: with_first(method=0, compressed=3)),
    ("zip_dex_prefix", "refuses", lambda: zipped(apk(), prefix=DEX)),
    ("zip_prefix", "refuses", lambda: zipped(apk(), prefix=b"#!/bin/sh\n")),
    ("zip_shifted", "refuses", lambda: zipped(apk(), prefix=b"#!/bin/sh\n", shift=False)),
    ("zip_trailing_bytes", "refuses", lambda: zipped(apk()) + b"more"),
    ("zip_trailing_bytes", "refuses", lambda: zipped(apk(), comment=b"a comment")[:-4]),
    ("zip_duplicate_entry", "refuses", _master_key),
    ("zip_bad_local_header", "refuses", lambda: with_first(local_name="AndroidManifest.xmm")),
    ("zip_bad_local_header", "refuses", lambda: with_first(local_name="Another.xml")),
    ("zip_bad_local_header", "refuses", lambda: with_first(local_sizes=(1, 1))),
    ("zip_bad_local_header", "refuses", lambda: with_first(local_signature=b"PK\x03\x05")),
    ("zip_wrong_size", "refuses", lambda: with_first(size=10_000_000)),
    ("zip_hidden_entries", "reads", lambda: zipped(apk(None, Stored("hidden.txt", b"")), count=2)),
    ("zip_directory_truncated", "refuses", lambda: zipped(apk(), count=4)),
    ("zip_bad_zip64", "refuses", _zip64_locator_missing),
    ("zip_two_end_records", "reads", lambda: zipped(apk(), comment=zipped(apk())[-22:]) ),
    ("zip_path_traversal", "reads", lambda: zipped(apk(None, Stored("../../evil", b"x")))),
    ("zip_path_traversal", "reads", lambda: zipped(apk(None, Stored("/etc/passwd", b"x")))),
    ("zip_path_traversal", "reads", lambda: zipped(apk(None, Stored("a\\..\\..\\b", b"x")))),
    ("zip_bad_name", "refuses", lambda: zipped(apk(None, Stored("a\udcff", b"x")))),
    ("zip_bad_name", "refuses", lambda: zipped(apk(None, Stored("classes.dex\0.txt", b"x")))),
    ("zip_file_as_folder", "reads", lambda: zipped(apk(None, Stored("AndroidManifest.xml/a", b"x")))),
]  # fmt: skip


@pytest.mark.parametrize(("trick", "android", "build"), TRICKS)
def test_tricks(trick: str, android: str, build: Callable[[], bytes], tmp_path: Path) -> None:
    app, found = seen(build(), tmp_path)
    assert app.manifest.package == "com.example.shop"
    assert found.get(trick) == android, found
    damaged = found.keys() & {"zip_bad_end_record", "zip_directory_truncated"}
    assert [g.code for g in app.gaps] == ["incomplete_archive"] * bool(damaged)


def test_an_honest_archive_shows_no_trick(tmp_path: Path) -> None:
    for data in (
        zipped(apk()),
        zipped(apk(), comment=b"signed by us"),
        zipped([changed(m, flags=8, local_sizes=(0, 0)) for m in apk()]),
        zipped(apk(None, Stored("assets/empty", b""), Stored("assets/a b/ü.txt", b"x"))),
        _zip64_entry(),
        _zip64_end(),
    ):
        assert seen(data, tmp_path)[1] == {}


def test_the_first_of_two_manifests_counts(tmp_path: Path) -> None:
    assert seen(_master_key(), tmp_path)[0].manifest.package == "com.example.shop"


def test_both_of_two_dexes_are_read(tmp_path: Path) -> None:
    other = DEX + b"second"
    app, found = seen(zipped([*apk(), Stored("classes.dex", other)]), tmp_path)
    assert [data for _, data in app.dexes()] == [DEX, other]
    assert "zip_duplicate_entry" in found


@pytest.mark.parametrize(
    ("names", "loaded"),
    [(["classes.dex", "classes2.dex"], 2), (["classes.dex", "classes3.dex"], 1), (["classes2.dex"], 0)],
)
def test_a_dex_behind_a_gap_is_read_and_told(names: list[str], loaded: int, tmp_path: Path) -> None:
    """The platform loads classes.dex, classes2.dex and so on, up to the first that is missing."""
    app, found = seen(zipped([apk()[0], *(Stored(name, DEX) for name in names)]), tmp_path)
    assert [name.partition("!")[2] for name in app.dex_members] == names
    assert ("dex_unusual_place" in found) == (loaded < len(names))


def test_janus_gives_both_dexes(tmp_path: Path) -> None:
    app, _ = seen(zipped(apk(), prefix=DEX + b"prefix"), tmp_path)
    assert [name for name, _ in app.dexes()] == ["shop.apk!classes.dex", "shop.apk!(prefix)"]


def test_without_an_end_record_the_directory_is_found(tmp_path: Path) -> None:
    data = zipped(apk())
    app, found = seen(data[: data.rfind(b"PK\x05\x06")], tmp_path)
    assert found["zip_bad_end_record"] == "refuses"
    assert app.manifest.package == "com.example.shop"


def test_a_damaged_dex_is_a_gap(tmp_path: Path) -> None:
    manifest_, dex = apk()
    other = Stored("classes2.dex", DEX)
    broken = changed(dex, data=b"\xff" * 300, method=0, written_method=8)
    path = tmp_path / "shop.apk"
    path.write_bytes(zipped([manifest_, broken, other]))
    app = open_app(path)
    assert [name for name, _ in app.dexes()] == ["shop.apk!classes2.dex"]
    assert [(g.code, g.scope) for g in app.gaps] == [("unreadable_dex", "shop.apk!classes.dex")]


def test_bombs_stay_small(tmp_path: Path) -> None:
    """A member that inflates beyond its limit is refused without being inflated further."""
    bomb = Stored("AndroidManifest.xml", bytes(70 << 20))
    path = tmp_path / "bomb.apk"
    path.write_bytes(zipped([bomb, Stored("classes.dex", DEX)]))
    with pytest.raises(InputError, match="no manifest that can be read"):
        open_app(path)
    notes: list[Trick] = []
    archive = Archive(path.read_bytes(), notes.append)
    with pytest.raises(MemberError, match="inflates to more than 1000 bytes"):
        archive.read(archive.entries["AndroidManifest.xml"], 1000)


def test_nested_archives_are_opened_to_a_depth(tmp_path: Path) -> None:
    data = zipped([Stored("classes.dex", DEX)])
    for level in range(6):
        data = zipped([Stored(f"level{level}.zip", data, method=0)])
    app, _ = seen(zipped(apk(None, Stored("assets/deep.zip", data, method=0))), tmp_path)
    assert [g.code for g in app.gaps] == ["nested_archive"]


def test_many_entries(tmp_path: Path) -> None:
    """More than 65,535 entries: their number wraps in the end record, as the format has it."""
    many = [Stored(f"assets/{n}", bytes(120), method=0) for n in range(65_600)]
    data = zipped([*apk(), *many])
    app, found = seen(data, tmp_path)
    assert len(app.members) == 65_602 - 65_536
    assert "zip_hidden_entries" in found


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_damage_is_told_not_raised(data: st.DataObject) -> None:
    """Whatever bytes are changed, reading gives an archive or one of the two errors."""
    whole = bytearray(zipped(apk(None, Stored("assets/a", b"abc" * 50), Stored("b", b"x", method=0))))
    for _ in range(data.draw(st.integers(1, 12))):
        at = data.draw(st.integers(0, len(whole) - 1))
        whole[at] = data.draw(st.sampled_from([0, 1, 0x50, 0x7F, 0x80, 0xFF]))
    cut = data.draw(st.integers(0, len(whole)))
    for candidate in (bytes(whole), bytes(whole[:cut]), bytes(whole[cut:])):
        try:
            archive = Archive(candidate, lambda _: None)
        except NotAZipError:
            continue
        for entry in [*archive, *archive.duplicates]:
            archive.peek(entry)
            try:
                assert len(archive.read(entry, 4096)) <= 4096
            except MemberError:
                continue


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20),
        st.tuples(st.binary(max_size=200), st.sampled_from([0, 8])),
        max_size=8,
    ),
    st.binary(max_size=40).filter(lambda c: b"PK" not in c),
)
def test_what_was_written_is_read(members: dict[str, tuple[bytes, int]], comment: bytes) -> None:
    data = zipped([Stored(n, d, m) for n, (d, m) in members.items()], comment=comment)
    archive = Archive(data, lambda _: None) if members else None
    if archive is not None:
        assert {e.name: archive.read(e) for e in archive} == {n: d for n, (d, _) in members.items()}
        assert zlib.crc32(archive.comment) == zlib.crc32(comment)


@pytest.mark.parametrize("size", [0, 1, 1 << 20, (1 << 20) + 1, (1 << 20) + 7, (1 << 20) + 258, 3 << 20])
def test_pieces_are_the_whole_member(size: int) -> None:
    """Also where the input ends while output still waits."""
    for content in (bytes(size), (b"ab" * size)[:size]):
        archive = Archive(zipped([Stored("a", content, 8)]), lambda _: None)
        assert b"".join(bytes(p) for p in archive.pieces(next(iter(archive)))) == content


def test_a_file_of_signatures_ends() -> None:
    """Nothing but record signatures: the search for the directory gives up."""
    for data in (
        b"PK\x03\x04" + b"PK\x01\x02" * 500_000,
        b"PK\x01\x02" * 100_000 + b"PK\x05\x06" + b"\1" * 18,
    ):
        with pytest.raises(NotAZipError):
            Archive(data, lambda _: None)
