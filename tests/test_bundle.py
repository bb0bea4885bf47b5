"""Bundles come back whole, and a changed one is refused."""

from __future__ import annotations

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


@pytest.mark.parametrize("head", ["", "[]", "{}", '{"schema": "9.0"}', '{"schema": "1.0"}', "\x00"])
def test_no_bundle_is_one_sentence(tmp_path: Path, head: str) -> None:
    (tmp_path / "bundle.json").write_text(head)
    with pytest.raises(InputError):
        bundle.read(tmp_path)
