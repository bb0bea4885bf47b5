"""The JSON contract: what -f json writes is what the published schema says, on the fixture apps."""

from __future__ import annotations

import dataclasses
import json

import jsonschema
import pytest

from appaudit import records
from appaudit.assets import assets
from tests.cli.run import NOTES, PLAIN, SHOP, appaudit

SCHEMA = json.loads((assets("reports") / "appaudit-1.schema.json").read_text(encoding="utf-8"))


def validator(shape: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator({**SCHEMA, "anyOf": [{"$ref": f"#/$defs/{shape}"}]})


@pytest.mark.parametrize("folder", [SHOP, NOTES, PLAIN], ids=lambda p: p.name)
def test_output_follows_the_schema(folder: object) -> None:
    from pathlib import Path

    assert isinstance(folder, Path)
    app = folder / f"{folder.name}.apk"
    policy = next(iter(sorted(folder.glob("policy.zh.*"))))
    scan = json.loads(appaudit("scan", app, "-f", "json").out)
    validator("scan").validate(scan)
    assert {"schema", "tool", "knowledge", "app", "facts", "gaps"} <= set(scan)
    declared = json.loads(appaudit("policy", policy, "-f", "json").out)
    validator("policy").validate(declared)
    audit = json.loads(appaudit("audit", app, "-p", policy, "-f", "json", "--exit-zero").out)
    validator("audit").validate(audit)
    assert {"facts", "gaps", "findings", "coverage", "app", "document"} <= set(audit)


@pytest.mark.parametrize(
    ("cls", "name"),
    [(c, c.kind) for c in records.EVIDENCE_TYPES]
    + [(records.Fact, "fact"), (records.Gap, "gap"), (records.Finding, "finding")]
    + [(records.Condition, "condition")]
    + [(records.App, "app"), (records.Document, "document")],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_schema_names_every_field(cls: type, name: str) -> None:
    described = set(SCHEMA["$defs"][name]["properties"]) - {"kind"}
    assert described == {f.name for f in dataclasses.fields(cls)}
