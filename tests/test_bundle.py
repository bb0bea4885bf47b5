"""Bundles come back whole, and a changed one is refused."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from appaudit import bundle
from appaudit.bundle import Bundle
from appaudit.errors import InputError
from appaudit.records import App, Document, Fact, Finding, Gap, PolicySpan, Signature

SPAN = PolicySpan("p\u2028.txt", 1, 0, 2, "位\u2028")
FACT = Fact("policy", "declared", "app", "collects", "data:imei", condition=("optional",), evidence=(SPAN,))


def sample() -> Bundle:
    app = App(
        "a.apk", "apk", 3, "m", "s", signers=(Signature("a.apk", "v2", "00"),), members=(("x", 1, "y"),)
    )
    return Bundle(
        app=app,
        documents=[Document("p\u2028.txt", "text", "zh", "utf-8", 2, "00", 1)],
        texts={"p\u2028.txt": "位\u2028\n\r\nx\ud800"},
        facts=[FACT],
        gaps=[Gap("policy", "missing_document", "x", "not given")],
        findings=[Finding("r", "review", "low", "low", "app", "accesses", "data:imei", facts=(FACT,))],
        coverage={"static": {"examined": True}},
        examined=["static", "policy"],
        tool={"name": "appaudit", "version": "0"},
        knowledge={"version": "0", "sha256": "0"},
        created="2026-01-01T00:00:00Z",
    )


def test_round_trip(tmp_path: Path) -> None:
    bundle.write(sample(), tmp_path)
    assert bundle.read(tmp_path) == sample()


@pytest.mark.parametrize("name", ["facts.jsonl", "findings.jsonl", "texts/000.txt"])
def test_changed_evidence_is_refused(tmp_path: Path, name: str) -> None:
    bundle.write(sample(), tmp_path)
    with (tmp_path / name).open("ab") as f:
        f.write(b"\n")
    with pytest.raises(InputError, match="has been changed"):
        bundle.read(tmp_path)


def kept(folder: Path) -> Bundle:
    """A bundle with what a run left in ``folder``."""
    (folder / "screens").mkdir(parents=True)
    (folder / "run.jsonl").write_text('{"line": "run"}\n')
    (folder / "screens" / "001.xml").write_bytes(b"<hierarchy/>")
    found = sample()
    found.attached = bundle.below(folder, "run")
    return found


def test_attached_files_are_hashed_and_come_back(tmp_path: Path) -> None:
    before, first, second = tmp_path / "kept", tmp_path / "a", tmp_path / "b"
    bundle.write(kept(before), first)
    names = {"run/run.jsonl", "run/screens/001.xml"}
    files = json.loads((first / "bundle.json").read_text(encoding="utf-8"))["files"]
    assert names <= set(files)
    assert files["run/screens/001.xml"] == hashlib.sha256(b"<hierarchy/>").hexdigest()
    again = bundle.read(first)
    assert again.attached == {name: first / name for name in names}
    bundle.write(again, first)  # in place
    bundle.write(again, second)  # elsewhere
    assert set(bundle.read(second).attached) == names


def test_files_of_a_run_are_attached_where_they_lie(tmp_path: Path) -> None:
    bundle.write(kept(tmp_path / "run"), tmp_path)
    assert (tmp_path / "run" / "run.jsonl").read_text() == '{"line": "run"}\n'
    assert len(bundle.read(tmp_path).attached) == 2


@pytest.mark.parametrize("name", ["run/run.jsonl", "run/screens/001.xml"])
def test_changed_or_missing_attached_files_are_refused(tmp_path: Path, name: str) -> None:
    bundle.write(kept(tmp_path / "run"), tmp_path)
    with (tmp_path / name).open("ab") as f:
        f.write(b"\n")
    with pytest.raises(InputError, match="has been changed"):
        bundle.read(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(InputError, match="is missing"):
        bundle.read(tmp_path)


@pytest.mark.parametrize(
    "name", ["../x", "/etc/passwd", "run/../../x", "x", "texts/9", "", "run//x", "a/./b"]
)
def test_attached_names_stay_in_the_bundle(tmp_path: Path, name: str) -> None:
    outside = tmp_path / "x"
    outside.write_text("x")
    hostile = sample()
    hostile.attached = {name: outside}
    with pytest.raises(ValueError, match="cannot be the name"):
        bundle.write(hostile, tmp_path / "a")
    bundle.write(sample(), tmp_path / "b")
    manifest = tmp_path / "b" / "bundle.json"
    head = json.loads(manifest.read_text(encoding="utf-8"))
    head["files"][name] = hashlib.sha256(b"x").hexdigest()
    manifest.write_text(json.dumps(head))
    with pytest.raises(InputError, match="not a file of a bundle"):
        bundle.read(tmp_path / "b")


def test_an_attached_link_out_of_the_bundle_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"<hierarchy/>")
    folder = tmp_path / "b"
    bundle.write(kept(folder / "run"), folder)
    (folder / "run" / "screens" / "001.xml").unlink()
    (folder / "run" / "screens" / "001.xml").symlink_to(tmp_path / "secret")
    with pytest.raises(InputError, match="not a file of a bundle"):
        bundle.read(folder)


@pytest.mark.parametrize(
    "change",
    [
        {"coverage": "x"},
        {"coverage": {"static": "x"}},
        {"coverage": {"static": {"facts": "x"}}},
        {"coverage": {"static": {"what": [1]}}},
        {"coverage": {"static": {"not_examined": [{"code": 1}]}}},
        {"coverage": {"static": {"more": 1}}},
        {"examined": [{"static": 1}]},
        {"examined": ["stars"]},
    ],
)
def test_a_manifest_that_says_odd_things_is_refused(tmp_path: Path, change: dict[str, object]) -> None:
    bundle.write(sample(), tmp_path)
    head = json.loads((tmp_path / "bundle.json").read_text(encoding="utf-8"))
    (tmp_path / "bundle.json").write_text(json.dumps({**head, **change}), encoding="utf-8")
    with pytest.raises(InputError, match="is damaged"):
        bundle.read(tmp_path)


@pytest.mark.parametrize("head", ["", "[]", "{}", '{"schema": "9.0"}', '{"schema": "1.0"}', "\x00"])
def test_no_bundle_is_one_sentence(tmp_path: Path, head: str) -> None:
    (tmp_path / "bundle.json").write_text(head)
    with pytest.raises(InputError):
        bundle.read(tmp_path)
