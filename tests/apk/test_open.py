"""Opening whole files: kinds of container, what they hold, and what is refused with a sentence."""

from __future__ import annotations

import hashlib
import json
import os
import struct
from pathlib import Path

import pytest

from appaudit.apk import AppFile, MemberError, open_app
from appaudit.errors import InputError
from appaudit.jsonform import to_json
from appaudit.static import scan
from tests.apk.build import DEX, Stored, apk, manifest, node, zipped


def opened(tmp_path: Path, data: bytes, name: str = "shop.apk") -> AppFile:
    path = tmp_path / name
    path.write_bytes(data)
    return open_app(path)


def tricks(app: AppFile) -> set[str]:
    return {f.subject.removeprefix("trick:") for f in app.facts if f.subject.startswith("trick:")}


def test_an_apk(tmp_path: Path) -> None:
    data = zipped(apk(None, Stored("classes2.dex", DEX), Stored("assets/a.txt", b"hello", method=0)))
    app = opened(tmp_path, data)
    assert app.app.container == "apk"
    assert app.app.package == "com.example.shop"
    assert (app.app.min_sdk, app.app.target_sdk) == (24, 34)
    assert app.app.sha256 == hashlib.sha256(data).hexdigest()
    assert app.app.md5 == hashlib.md5(data).hexdigest()
    assert list(app.dexes()) == [("shop.apk!classes.dex", DEX), ("shop.apk!classes2.dex", DEX)]
    digest = hashlib.sha256(DEX).hexdigest()
    assert app.app.members == tuple(
        (f"shop.apk!{n}", len(DEX), digest) for n in ("classes.dex", "classes2.dex")
    )
    assert app.read("shop.apk!assets/a.txt") == b"hello"
    assert not tricks(app)
    assert not app.gaps
    with pytest.raises(MemberError):
        app.read("shop.apk!nothing")
    with pytest.raises(MemberError):
        app.read("shop.apk!assets/a.txt", limit=4)


def test_dexes_come_in_the_order_they_are_loaded(tmp_path: Path) -> None:
    more = [Stored(f"classes{n}.dex", DEX) for n in (10, 2, 3)]
    app = opened(tmp_path, zipped(apk(None, *more)))
    names = [name.split("!")[1] for name in app.dex_members]
    assert names == ["classes.dex", "classes2.dex", "classes3.dex", "classes10.dex"]


def test_hidden_dexes_are_found_and_read(tmp_path: Path) -> None:
    inner = zipped([Stored("classes.dex", DEX)])
    members = [
        Stored("assets/logo.png", DEX + b"1"),
        Stored("assets/data.bin", inner, method=0),
        Stored("other.dex", DEX + b"22"),
    ]
    app = opened(tmp_path, zipped(apk(None, *members)))
    assert {"dex_unusual_place", "dex_in_archive"} <= tricks(app)
    assert set(app.dex_members) == {
        "shop.apk!classes.dex",
        "shop.apk!assets/logo.png",
        "shop.apk!assets/data.bin!classes.dex",
        "shop.apk!other.dex",
    }
    assert dict(app.dexes())["shop.apk!assets/logo.png"] == DEX + b"1"


def test_a_folder_of_splits(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "base.apk").write_bytes(zipped(apk()))
    feature = manifest(node("application", node("activity", name=".Feature")))
    feature.plain["split"] = "feature"
    (folder / "split_feature.apk").write_bytes(zipped(apk(feature)))
    (folder / "readme.txt").write_text("not looked at")
    app = open_app(folder)
    assert app.app.container == "split_apks"
    assert [c.name for c in app.manifest.components] == ["com.example.shop.Feature"]
    assert app.dex_members == ("base.apk!classes.dex", "split_feature.apk!classes.dex")


@pytest.mark.parametrize("method", [0, 8])
def test_a_bundle_of_splits(tmp_path: Path, method: int) -> None:
    split = manifest()
    split.plain["split"] = "config.de"
    members = [
        Stored("splits/base-master.apk", zipped(apk()), method),
        Stored("splits/base-de.apk", zipped([Stored("AndroidManifest.xml", apk(split)[0].data)]), method),
        Stored("standalones/standalone-hdpi.apk", zipped(apk()), method),
        Stored("toc.pb", b""),
    ]
    app = opened(tmp_path, zipped(members), "shop.apks")
    assert app.app.container == "split_apks"
    assert app.dex_members == ("shop.apks!splits/base-master.apk!classes.dex",)


def test_a_dex_alone(tmp_path: Path) -> None:
    app = opened(tmp_path, DEX, "sdk.dex")
    assert app.app.container == "dex"
    assert list(app.dexes()) == [("sdk.dex", DEX)]


def test_a_jar(tmp_path: Path) -> None:
    app = opened(tmp_path, zipped([Stored("classes.dex", DEX)]), "sdk.jar")
    assert app.app.container == "jar"
    assert app.dex_members == ("sdk.jar!classes.dex",)


def test_what_is_refused(tmp_path: Path) -> None:
    whole = zipped(apk())
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe.apk")
    no_code = zipped(apk()[:1])
    cases = {
        "empty.apk": (b"", "is empty"),
        "text.apk": (b"hello, I am no app", "neither a zip archive"),
        "cut.apk": (whole[: len(whole) // 3], "is cut off"),
        "cut2.apk": (whole[:-1], None),
        "plain.apk": (zipped([Stored("a.txt", b"x")]), "without an AndroidManifest.xml"),
        "dex_only.apk": (zipped([Stored("classes.dex", DEX)]), "without an AndroidManifest.xml"),
        "no_dex.apk": (no_code, "holds no dex file"),
        "bad_manifest.apk": (zipped(apk(b"\x03\0\x08\0")), "no manifest that can be read"),
        "folder": (None, "holds no APK"),
        "pipe.apk": (None, "not a regular file"),
        "missing.apk": (None, "does not exist"),
        "nul\0.apk": (None, "is no path"),
    }
    for name, (data, words) in cases.items():
        path = tmp_path / name
        if data is not None:
            path.write_bytes(data)
        if words is None:
            assert open_app(path).app.package == "com.example.shop"
            continue
        with pytest.raises(InputError) as error:
            open_app(path)
        assert words in str(error.value), name
        assert "\n" not in str(error.value)


def test_an_app_without_code_is_a_gap_when_it_says_so(tmp_path: Path) -> None:
    app = opened(tmp_path, zipped(apk(manifest(node("application", hasCode=False)))[:1]))
    assert [g.code for g in app.gaps] == ["no_code"]


def test_apks_that_are_not_one_app_are_refused(tmp_path: Path) -> None:
    (tmp_path / "one.apk").write_bytes(zipped(apk()))
    (tmp_path / "two.apk").write_bytes(zipped(apk()))
    with pytest.raises(InputError, match="more than one base APK"):
        open_app(tmp_path)
    (tmp_path / "two.apk").write_bytes(zipped(apk(manifest(package="com.example.other"))))
    with pytest.raises(InputError, match=r"different apps: com\.example\.other, com\.example\.shop"):
        open_app(tmp_path)


def test_what_lies_beside_the_apks_is_a_member(tmp_path: Path) -> None:
    members = [
        Stored("com.example.shop.apk", zipped(apk()), 0),
        Stored("Android/obb/com.example.shop/main.1.com.example.shop.obb", b"data"),
        Stored("manifest.json", b"{}"),
    ]
    app = opened(tmp_path, zipped(members), "shop.xapk")
    assert app.read("shop.xapk!manifest.json") == b"{}"
    assert app.dex_members == ("shop.xapk!com.example.shop.apk!classes.dex",)


def test_variants_left_aside_are_told(tmp_path: Path) -> None:
    members = [Stored(f"splits/base-master{n}.apk", zipped(apk()), 0) for n in ("", "_2", "_3")]
    app = opened(tmp_path, zipped([*members, Stored("standalones/a.apk", zipped(apk()))]), "shop.apks")
    assert app.dex_members == ("shop.apks!splits/base-master_3.apk!classes.dex",)
    (fact,) = [f for f in app.facts if f.subject == "setting:other_variants"]
    assert fact.count == 3


def test_a_name_of_any_bytes_can_be_written_out(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/shop\xff.apk"))
    path.write_bytes(zipped(apk()))
    app = open_app(path)
    assert app.app.file == "shop\\udcff.apk"
    json.dumps(to_json(app.app), ensure_ascii=False).encode()
    path.write_bytes(b"no app")
    with pytest.raises(InputError) as error:
        open_app(path)
    str(error.value).encode()


@pytest.mark.parametrize("whole", [True, False])
def test_an_apk_among_splits_that_cannot_be_read_is_a_gap(tmp_path: Path, whole: bool) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "base.apk").write_bytes(zipped(apk()))
    (folder / "broken.apk").write_bytes(b"no archive")
    if whole:
        app = open_app(folder)
    else:
        members = [Stored(p.name, p.read_bytes(), 0) for p in folder.iterdir()]
        app = opened(tmp_path, zipped(members), "shop.xapk")
    assert [(g.code, g.scope.rpartition("!")[2]) for g in app.gaps] == [("unreadable_apk", "broken.apk")]
    assert len(app.dex_members) == 1


@pytest.mark.parametrize("sealed", [True, False])
def test_an_app_of_which_nothing_can_be_read_is_a_gap(sealed: bool, tmp_path: Path) -> None:
    """Once APKMirror's files were encrypted as a whole."""
    header = struct.pack("<BBQQQ", 1, 2, 4, 1 << 25, 1 << 20) + bytes(range(256)) * 4
    data = header if sealed else zipped([Stored("base.apk", b"sealed"), Stored("split_a.apk", b"too", 0)])
    app = opened(tmp_path, data, "shop.apkm")
    assert {g.code for g in app.gaps} == {"unreadable_apk"}
    assert all("encrypted" in g.reason for g in app.gaps)
    assert (app.app.container, app.app.package, list(app.dexes())) == ("split_apks", "", [])
    assert scan(tmp_path / "shop.apkm").gaps[: len(app.gaps)] == app.gaps
    with pytest.raises(InputError):
        opened(tmp_path, b"\1\3" + data[2:] if sealed else b"no archive", "other.apkm")


def test_a_second_application_is_told(tmp_path: Path) -> None:
    two = manifest(node("application", label="first"), node("application", label="second"))
    app = opened(tmp_path, zipped(apk(two)))
    assert app.manifest.application.label == "first"
    assert tricks(app) == {"axml_second_application"}


def test_an_apk_that_plays_a_library_is_read_as_an_apk(tmp_path: Path) -> None:
    app = opened(tmp_path, zipped(apk(None, Stored("classes.jar", b"bait"))))
    assert app.app.container == "apk"
    assert app.app.package == "com.example.shop"


def test_messages_are_one_line(tmp_path: Path) -> None:
    for name in ("a\nb.apk", "a\x1b[31m.apk", "\ud800.apk"):
        with pytest.raises(InputError) as error:
            open_app(tmp_path / name)
        assert str(error.value).isprintable()


def test_only_a_manifest_is_a_manifest(tmp_path: Path) -> None:
    """The platform looks at the root's name; what lies deeper counts for nothing."""
    with pytest.raises(InputError, match="holds no manifest"):
        opened(tmp_path, zipped(apk(node("resources", manifest(node("application"))))))
