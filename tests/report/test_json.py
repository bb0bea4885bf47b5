"""The JSON documents: shape, order, round trip, hostile strings."""

from __future__ import annotations

import dataclasses
import json

import jsonschema
import pytest

from appaudit.assets import assets
from appaudit.jsonform import from_json
from appaudit.records import SCHEMA_VERSION, Fact, Finding, Gap
from appaudit.report.json import document, render
from appaudit.report.model import AuditView
from tests.report import golden
from tests.report.sample import audit, hostile


def test_golden() -> None:
    golden.check("audit.json", render(audit()))


def test_three_shapes() -> None:
    view = audit()
    common = {"schema", "kind", "tool", "knowledge", "facts", "gaps"}
    assert set(document(dataclasses.replace(view, kind="scan"))) == common | {"app"}
    read = {"document", "documents", "findings"}
    assert set(document(dataclasses.replace(view, kind="policy"))) == common | read
    whole = document(view)
    audited = {"app", "document", "documents", "findings", "coverage", "conditions", "profile", "category"}
    assert set(whole) == common | audited
    assert whole["schema"] == SCHEMA_VERSION


def test_text_is_the_document_and_records_come_back() -> None:
    view = audit()
    data = json.loads(render(view))
    assert data == document(view)
    assert tuple(from_json(Fact, f) for f in data["facts"]) == view.facts
    assert tuple(from_json(Gap, g) for g in data["gaps"]) == view.gaps
    assert tuple(from_json(Finding, f) for f in data["findings"]) == view.findings


@pytest.mark.parametrize("kind", ["scan", "policy", "audit"])
@pytest.mark.parametrize("view", [audit(), hostile()], ids=["audit", "hostile"])
def test_published_schema_holds(kind: str, view: AuditView) -> None:
    schema = json.loads((assets("reports") / "appaudit-1.schema.json").read_text(encoding="utf-8"))
    shape = {"$ref": f"#/$defs/{kind}", "$defs": schema["$defs"]}
    made = json.loads(render(dataclasses.replace(view, kind=kind)))  # type: ignore[arg-type]
    jsonschema.validate(made, shape)


def test_one_record_a_line() -> None:
    lines = render(audit()).splitlines()
    assert sum(line.startswith('{"source": "') for line in lines) >= len(audit().facts)


def test_hostile_strings_survive_as_valid_utf8() -> None:
    view = hostile()
    data = json.loads(render(view).encode("utf-8"))
    assert tuple(from_json(Fact, f) for f in data["facts"]) == view.facts


def test_empty() -> None:
    view = dataclasses.replace(audit(), facts=(), findings=(), gaps=(), documents=(), app=None)
    assert json.loads(render(view))["findings"] == []
