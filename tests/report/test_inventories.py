"""CycloneDX and GitLab Code Quality."""

from __future__ import annotations

import dataclasses
import json

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from appaudit.report import cyclonedx, gitlab
from appaudit.report.model import AuditView
from tests.report import golden
from tests.report.sample import audit, facts, finding, hostile

VIEWS = {"audit": audit("zh"), "hostile": hostile(), "empty": AuditView()}


def test_golden() -> None:
    golden.check("audit.cdx.json", cyclonedx.render(audit("en")))
    golden.check("audit.gitlab.json", gitlab.render(audit("en")))


@pytest.mark.parametrize("name", VIEWS)
def test_cyclonedx_is_valid(name: str) -> None:
    text = cyclonedx.render(VIEWS[name])
    error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    assert error is None, error
    made = json.loads(text)
    refs = [made["metadata"]["component"]["bom-ref"]]
    refs += [c["bom-ref"] for c in made["components"] + made.get("services", [])]
    assert len(set(refs)) == len(refs)


def test_cyclonedx_names_sdks_with_evidence_and_what_they_send() -> None:
    made = cyclonedx.bom(audit("en"))
    parts = {c["bom-ref"]: c for c in made["components"]}
    umeng = parts["sdk:umeng-analytics"]
    assert umeng["version"] == "9.6.3"
    assert umeng["supplier"]["name"]
    techniques = {m["technique"] for m in umeng["evidence"]["identity"][0]["methods"]}
    assert techniques == {"binary-analysis", "filename"}
    assert {"name": "appaudit:disclosed", "value": "no"} in parts["sdk:jpush"]["properties"]
    (service,) = made["services"]
    assert service["data"] == [{"flow": "outbound", "classification": "android_id", "name": "Android ID"}]
    assert cyclonedx.bom(audit("zh"))["serialNumber"] == made["serialNumber"]


def test_gitlab_has_what_it_needs() -> None:
    for view in VIEWS.values():
        made = json.loads(gitlab.render(view))
        for issue in made:
            assert issue["severity"] in ("info", "minor", "major", "critical", "blocker")
            assert issue["location"]["lines"]["begin"] >= 1
            assert issue["check_name"] in issue["description"]
        assert len({i["fingerprint"] for i in made}) == len(made)
    view = audit()
    made = gitlab.issues(view)
    assert len(made) == 4, "no pass, nothing unexamined, nothing set aside"
    assert [i["severity"] for i in made] == ["blocker", "critical", "critical", "info"]


def test_gitlab_makes_fingerprints_unique_and_points_into_the_policy() -> None:
    said = finding("never-fires", "violation", "low", [facts()["says_device"]])
    made = gitlab.issues(dataclasses.replace(audit(), findings=(said, said)))
    assert made[0]["fingerprint"] == said.fingerprint != made[1]["fingerprint"]
    assert made[0]["location"] == {"path": "policy.txt", "lines": {"begin": 4}}
