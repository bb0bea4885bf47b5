"""Renamed libraries are found again by what their classes do; others are not."""

from __future__ import annotations

import io
import random
import shutil
import subprocess
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appaudit.dex import read_dexes
from appaudit.errors import InputError
from appaudit.static import fingerprints_db as store
from appaudit.static.fingerprints import (
    ClassFeatures,
    Database,
    Library,
    call_feature,
    joined,
    match,
)
from appaudit.static.fingerprints_dex import dex_features
from appaudit.static.fingerprints_java import archive_features
from tests import corpus

SEEDS = st.integers(0, 2**32 - 1)


def library(seed: int, classes: int = 20, features: int = 5) -> ClassFeatures:
    """Classes that call what everybody calls and something of their own."""
    random = np.random.default_rng(seed)
    class_, hashes = [], []
    for k in range(classes):
        common = random.integers(0, 40, 6).astype(np.uint64)
        own = random.integers(2**32, 2**63, features).astype(np.uint64)
        for value in (*common, *own):
            class_.append(k)
            hashes.append(value)
    names = [f"Llib{seed}/C{k};" for k in range(classes)]
    return ClassFeatures.of(names, np.array(class_, np.intp), np.array(hashes, np.uint64))


def renamed(features: ClassFeatures, seed: int, kept: float) -> ClassFeatures:
    """The same classes in other order under other names, with a part of their features."""
    random = np.random.default_rng(seed)
    place = random.permutation(len(features.names))
    keep = random.random(len(features.hash)) < kept
    names = [f"La/{k:x};" for k in range(len(features.names))]
    return ClassFeatures.of(names, place[features.class_[keep]].astype(np.intp), features.hash[keep])


def database(seeds: Sequence[int]) -> Database:
    return store.build([(Library(f"sdk{s}", "1"), library(s)) for s in seeds])


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.sets(st.integers(0, 30), min_size=2, max_size=8))
def test_what_is_inside_is_found_and_nothing_else(seed: int, seeds: set[int]) -> None:
    inside, outside = sorted(seeds)[::2], sorted(seeds)[1::2]
    app = joined(renamed(library(s), seed + s, 0.9) for s in inside)
    found = match(app, database([*inside, *outside]))
    assert {m.id for m in found} == {f"sdk{s}" for s in inside}
    assert all(0.5 < m.score <= 1 for m in found)
    assert all(name.startswith("La/") for m in found for name in m.where)


def test_the_version_that_fits_best_is_told() -> None:
    old, new = library(1), joined([library(1, 15), library(2, 8)])
    known = store.build([(Library("x", "1.0"), old), (Library("x", "2.0"), new)])
    (found,) = match(renamed(new, 7, 1.0), known)
    assert found.versions == ("2.0",)
    (found,) = match(renamed(old, 7, 1.0), known)
    assert found.versions == ("1.0",)


def test_what_little_is_left_of_a_small_library_is_found() -> None:
    rest = library(1).of_classes(np.arange(3))
    assert [m.id for m in match(renamed(rest, 7, 1.0), database([1, 2]))] == ["sdk1"]
    one = library(1).of_classes(np.arange(1))
    assert match(renamed(one, 7, 1.0), database([1, 2])) == []


def test_a_few_classes_that_are_merely_alike_name_nobody() -> None:
    rest = library(1).of_classes(np.arange(3))
    alike = [renamed(rest, seed, 0.7) for seed in range(20)]
    assert not any(match(app, database([1, 2])) for app in alike)


def test_code_that_others_copied_stands_among_other_code() -> None:
    copied = library(1).of_classes(np.arange(3))
    more = library(3, 3)
    app = ClassFeatures.of(
        copied.names,
        np.concatenate([copied.class_, more.class_]),
        np.concatenate([copied.hash, more.hash]),
    )
    assert [m.id for m in match(copied, database([1, 2]))] == ["sdk1"]
    assert match(app, database([1, 2])) == []


def test_classes_that_lost_what_an_app_does_not_use_tell_their_library() -> None:
    known = store.build([(Library(f"sdk{s}", "1"), library(s, 20, 40)) for s in (1, 2)])
    left = renamed(library(1, 20, 40).of_classes(np.arange(6)), 7, 0.7)
    assert [m.id for m in match(left, known)] == ["sdk1"]


def test_few_classes_of_another_version_that_hold_nothing_else_tell_their_library() -> None:
    for seed in range(20):
        left = renamed(library(1).of_classes(np.arange(9)), seed, 0.8)
        assert [m.id for m in match(left, database([1, 2]))] == ["sdk1"]


def test_a_version_many_times_the_apps_is_told_by_how_much_of_it_is_there() -> None:
    grown = store.build([(Library(f"sdk{s}", "2"), library(s, 400, 10)) for s in (1, 2)])
    for classes, ids in (30, ["sdk1"]), (12, []):
        before = library(1, 400, 10).of_classes(np.arange(classes))
        other = library(3, 4, 10)
        app = renamed(joined([before, other]), 7, 0.8)
        assert [m.id for m in match(app, grown)] == ids


def test_a_library_whose_classes_another_explains_is_not_inside() -> None:
    large, small = library(1, 20), library(2, 12)
    told = np.array([99, 98, 97], np.uint64)
    few = ClassFeatures(("Llib1/Few;",), np.zeros(1, np.intp), told[:1])
    more = ClassFeatures(("Llib2/More;",), np.zeros(3, np.intp), told)
    shared = large.of_classes(np.arange(4))
    known = store.build(
        [
            (Library("large", "1"), joined([large, few])),
            (Library("small", "1"), joined([shared, more, small])),
        ]
    )
    app = joined([large, ClassFeatures(("La;",), np.zeros(3, np.intp), told)])
    assert [m.id for m in match(app, known)] == ["large"]


def test_a_large_class_is_no_small_one_by_chance() -> None:
    small, many = library(1), library(2, 400)
    everything = np.concatenate([small.hash, many.hash])
    app = ClassFeatures.of(["La;"] * 4, np.repeat(np.arange(4), len(everything)), np.tile(everything, 4))
    assert match(app, database([1, 3])) == []


def test_an_sdk_inside_another_is_known_as_itself() -> None:
    own, other = library(1), library(2)
    names = [f"Lcom/alibaba/sdk/android/push/C{k};" for k in range(20)]
    names += [f"Lcom/xiaomi/mipush/sdk/C{k};" for k in range(20)]
    both = joined([own, other])
    bundle = ClassFeatures(tuple(names), both.class_, both.hash)
    known = store.add(None, Library("aliyun-push", "1.0"), bundle)
    assert set(known.libraries) == {
        Library("aliyun-push", "1.0"),
        Library("xiaomi-push", "aliyun-push-1.0"),
    }
    assert [m.id for m in match(renamed(other, 7, 1.0), known)] == ["xiaomi-push"]
    few = store.add(
        None, Library("aliyun-push", "1.0"), bundle.of_classes(np.arange(20 + store.MIN_PART - 1))
    )
    assert few.libraries == (Library("aliyun-push", "1.0"),)
    unknown = store.add(None, Library("of-nobody", "1.0"), bundle)
    assert unknown.libraries == (Library("of-nobody", "1.0"),)


def test_an_app_without_code_and_an_empty_database() -> None:
    nothing = joined([])
    assert match(nothing, database([1])) == []
    assert match(library(1), store.build([])) == []


def test_a_database_comes_back_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "prints.npz"
    store.save(store.add(database([1, 2]), Library("sdk3", "9"), library(3)), path)
    read = store.load(path)
    assert [lib.id for lib in read.libraries] == ["sdk1", "sdk2", "sdk3"]
    for (_, back), seed in zip(store.parts(read), (1, 2, 3), strict=True):
        assert np.array_equal(back.hash, library(seed).hash)
        assert back.names == library(seed).names
    again = store.add(read, Library("sdk3", "9"), library(4))
    assert len(again.libraries) == 3


def test_a_database_damaged_anywhere_is_read_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "prints.npz"
    store.save(database([1, 2]), path)
    whole, chance, refused = path.read_bytes(), random.Random(0), 0
    for _ in range(200):
        damaged = bytearray(whole)
        damaged[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
        path.write_bytes(damaged)
        try:
            store.load(path)
        except InputError:
            refused += 1
    assert refused > 100


@pytest.mark.parametrize(
    ("head", "array"),
    [
        (b"[" * 100_000, np.zeros(0, np.int64)),
        (b'{"format": 2, "libraries": [["a", "1"]], "names": ["x"]}', np.zeros((1, 1), np.int64)),
        (b'{"format": 2, "libraries": [["a", "1"]], "names": ["x"]}', np.zeros(1, np.complex128)),
    ],
)
def test_a_database_of_other_shapes_is_refused(
    tmp_path: Path, head: bytes, array: np.ndarray[Any, Any]
) -> None:
    path = tmp_path / "prints.npz"
    text = np.frombuffer(head, np.uint8)
    np.savez(path, head=text, library_of=array, class_=array, hash=array)
    with pytest.raises(InputError, match="fingerprint database"):
        store.load(path)


@settings(max_examples=25, deadline=None)
@given(st.binary(max_size=200))
def test_no_file_but_a_database_is_read(data: bytes) -> None:
    path = Path(__file__)
    with pytest.raises(InputError, match="no fingerprint database"):
        store.load(path)
    with pytest.raises(InputError):
        archive_features(data, "lib.jar")


def test_compilers_work_is_no_feature() -> None:
    assert call_feature("Ljava/lang/StringBuilder;", "append", "(I)V") is None
    assert call_feature("Landroidx/core/A;", "a", "()V") is None
    assert call_feature("Landroid/os/Build;", "getSerial", "()Ljava/lang/String;") is not None


SOURCE = """
public class {name} implements Runnable {{
    private static java.util.Map<String, {name}[]> all;
    {name}[][] others;
    public {name}({name} other, int count) {{ others = new {name}[count][]; }}
    static synchronized {name} of(String name, long[] times, android.util.Log[] logs) {{ return null; }}
    public void run() {{
        android.util.Log.d("tag-{name}", "text of {name} " + System.currentTimeMillis());
        for (String s : "{name}-1,{name}-2".split(",")) {{
            switch (s.length()) {{
                case 1: Thread.dumpStack(); break;
                case 7: System.out.println("seven-{name}"); break;
                default: java.util.Collections.singleton(s).iterator().next();
            }}
        }}
    }}
}}
"""


@pytest.fixture(scope="module")
def jar(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library compiled here: four classes."""
    if shutil.which("javac") is None:
        pytest.skip("there is no javac here")
    folder = tmp_path_factory.mktemp("library")
    (folder / "android" / "util").mkdir(parents=True)
    stub = folder / "android" / "util" / "Log.java"
    stub.write_text(
        "package android.util; public class Log { public static int d(String a, String b) { return 0; } }"
    )
    names = ["Alpha", "Beta", "Gamma", "Delta"]
    for name in names:
        (folder / f"{name}.java").write_text(SOURCE.format(name=name))
    sources = [str(stub), *(str(folder / f"{name}.java") for name in names)]
    subprocess.run(
        ["javac", "-g:none", "--release", "8", "-nowarn", *sources], cwd=folder, check=True, timeout=120
    )
    path = folder / "library.jar"
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.write(folder / f"{name}.class", f"{name}.class")
    return path


def test_a_jar_says_what_its_dex_says(jar: Path, tmp_path: Path) -> None:
    try:
        d8 = corpus.fetch(corpus.D8)[0] if corpus.D8.folder.exists() else None
    except corpus.UnavailableError:
        d8 = None
    if d8 is None:
        pytest.skip("D8 has not been fetched")
    command = [
        "java",
        "-cp",
        str(d8),
        "com.android.tools.r8.D8",
        "--min-api",
        "24",
        "--output",
        str(tmp_path),
        str(jar),
    ]
    subprocess.run(command, check=True, timeout=120, capture_output=True)
    (dex,) = read_dexes((tmp_path / "classes.dex").read_bytes(), "classes.dex")
    published, running = archive_features(jar.read_bytes(), "library.jar"), dex_features(dex)
    assert _by_name(published) == _by_name(running)


def test_an_aar_is_read_through_its_jars(jar: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.write(jar, "classes.jar")
    inside = archive_features(buffer.getvalue(), "library.aar")
    assert _by_name(inside) == _by_name(archive_features(jar.read_bytes(), "library.jar"))
    assert set(inside.names) == {"LAlpha;", "LBeta;", "LGamma;", "LDelta;"}


def _by_name(features: ClassFeatures) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {name: set() for name in features.names}
    for class_, value in zip(features.class_.tolist(), features.hash.tolist(), strict=True):
        found[features.names[class_]].add(value)
    return found
