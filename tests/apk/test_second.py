"""A manifest that shows tricks is put before other readers, and what they make of it is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from appaudit.apk import axml, open_app, second, textxml
from tests.apk.build import Axml, Node, Stored, apk, manifest, node, zipped
from tests.apk.test_axml import Names, StyleCount

APP = manifest(
    node("uses-permission", name="android.permission.CAMERA"),
    node("application", node("activity", name=".Main", exported=True)),
)


def test_an_honest_manifest_is_not_put_before_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(_: bytes) -> list[second.Opinion]:
        raise AssertionError("asked")

    monkeypatch.setattr(second, "ask", never)
    path = tmp_path / "shop.apk"
    path.write_bytes(zipped(apk(APP)))
    open_app(path)


def test_other_readers_agree_on_an_honest_manifest() -> None:
    data = Axml(APP).build()
    ours = axml.read(data, lambda *_: None)
    opinions = second.ask(data)
    assert "apkInspector" in {o.reader for o in opinions}
    for opinion in opinions:
        assert not opinion.error
        assert second.differences(ours, textxml.read(opinion.xml.encode(), recover=True)) == []


def test_disagreement_and_failure_become_facts(tmp_path: Path) -> None:
    path = tmp_path / "shop.apk"
    for writer in (Names, StyleCount):
        path.write_bytes(zipped(apk(writer(APP).build())))
        app = open_app(path)
        assert [p.name for p in app.manifest.permissions] == ["android.permission.CAMERA"]
        facts = {f.subject for f in app.facts}
        if writer is Names:
            assert facts >= {"trick:axml_attribute_name", "trick:axml_readers_disagree"}
        else:
            assert "trick:axml_string_pool" in facts


def test_garbage_gives_an_error_in_time() -> None:
    for data in (b"", b"\x03\0\x08\0" + b"\xff" * 5000, bytes(100_000)):
        for opinion in second.ask(data):
            assert opinion.error or "<manifest" not in opinion.xml


def test_members_of_a_trick_are_named(tmp_path: Path) -> None:
    path = tmp_path / "shop.apk"
    config = Node("network-security-config")
    path.write_bytes(zipped(apk(Names(APP).build(), Stored("res/a.xml", Axml(config).build()))))
    fact = next(f for f in open_app(path).facts if f.subject == "trick:axml_attribute_name")
    assert {getattr(e, "member", "") for e in fact.evidence} == {"shop.apk!AndroidManifest.xml"}
