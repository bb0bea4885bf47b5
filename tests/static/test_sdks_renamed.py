"""Code of an SDK that was renamed: whose act its calls are, and how sure that is."""

from __future__ import annotations

from pathlib import Path

import pytest

from appaudit.dex import read_dexes
from appaudit.records import Fact
from appaudit.static import fingerprints_db as store
from appaudit.static import scan
from appaudit.static.fingerprints import Database, Library
from appaudit.static.fingerprints_dex import dex_features
from tests.dex.writer import Class, build
from tests.static.test_identifiers import IMEI, method, static, text, virtual

WORDS = {name: [f"{name}-{k}-told-apart" for k in range(4)] for name in ("Alpha", "Beta", "Gamma", "Delta")}


def library(package: str, names: dict[str, str], other: str = "") -> list[Class]:
    """Four classes, of which the first reads the IMEI; ``names``: what they are called there."""
    classes = []
    for name, words in WORDS.items():
        loads = [text(1, word + other) for word in words]
        reads = [virtual(IMEI, 0)] if name == "Alpha" else []
        classes.append(Class(f"L{package}{names.get(name, name)};", [method(*loads, *reads)]))
    return classes


def known(sdk: str, *versions: str) -> Database:
    libraries = []
    for version in versions:
        (dex,) = read_dexes(build(library("com/vendor/kit/", {}, version)), "kit.dex")
        libraries.append((Library(sdk, version), dex_features(dex)))
    return store.build(libraries)


def scanned(folder: Path, database: Database, *classes: Class) -> list[Fact]:
    path = folder / "x.dex"
    path.write_bytes(build(list(classes)))
    return scan(path, fingerprints=database).facts


SHORT = {"Alpha": "a", "Beta": "b", "Gamma": "c", "Delta": "d"}
OWN = Class("Le;", [method(text(1, "own words of the app"), static("La;->m()V"), virtual(IMEI, 0))])


def test_calls_in_renamed_code_are_its_sdks_and_say_how_sure(tmp_path: Path) -> None:
    facts = scanned(tmp_path, known("jpush", "1.0", "2.0"), *library("", SHORT, "2.0"), OWN)
    reads = {f.actor: f for f in facts if f.subject == "data:imei"}
    assert set(reads) == {"sdk:jpush", "unknown"}
    assert reads["sdk:jpush"].attribute["actor_from"] == "fingerprint 1.00"
    assert "actor_from" not in reads["unknown"].attribute
    (inside,) = [f for f in facts if f.subject == "sdk:jpush"]
    assert inside.action == "embeds"
    assert inside.attribute["version"] == "2.0"
    assert inside.attribute["version_fit"] == "1.000"
    assert inside.attribute["used_by"] == "unknown"


def test_code_that_keeps_a_known_name_is_no_renamed_one(tmp_path: Path) -> None:
    facts = scanned(tmp_path, known("jpush", "1.0"), *library("com/umeng/analytics/", {}, "1.0"))
    assert not [f for f in facts if f.subject == "sdk:jpush"]
    assert {f.actor for f in facts if f.subject == "data:imei"} == {"sdk:umeng-analytics"}


def test_plumbing_acts_for_its_callers_under_any_name(tmp_path: Path) -> None:
    facts = scanned(tmp_path, known("okhttp", "1.0"), *library("", SHORT, "1.0"))
    assert [f for f in facts if f.subject == "sdk:okhttp"]
    assert not [f for f in facts if f.actor == "sdk:okhttp"]


def test_without_a_fingerprint_nothing_is_guessed(tmp_path: Path) -> None:
    facts = scanned(tmp_path, store.build([]), *library("", SHORT, "1.0"))
    assert {f.actor for f in facts if f.subject == "data:imei"} == {"unknown"}


@pytest.mark.parametrize("kept", [1, 2])
def test_two_small_classes_name_nobody(tmp_path: Path, kept: int) -> None:
    facts = scanned(tmp_path, known("jpush", "1.0"), *library("", SHORT, "1.0")[:kept])
    assert not [f for f in facts if f.subject == "sdk:jpush"]
