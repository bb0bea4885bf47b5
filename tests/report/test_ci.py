"""SARIF and JUnit: what CI reads."""

from __future__ import annotations

import dataclasses
import json
import re
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest

from appaudit.knowledge.rules import rules
from appaudit.report import junit, sarif
from appaudit.report.model import AuditView, Lang
from tests.report import golden
from tests.report.sample import RULES, audit, facts, finding, hostile
from tests.report.sarif_schema import LOG


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_golden(lang: Lang) -> None:
    golden.check(f"audit.{lang}.sarif", sarif.render(audit(lang)))
    golden.check(f"audit.{lang}.junit.xml", junit.render(audit(lang)))


VIEWS = {
    "audit": audit("zh"),
    "hostile": hostile(),
    "empty": AuditView(),
    "no evidence": dataclasses.replace(
        audit(),
        findings=(
            dataclasses.replace(finding("never-fires", "violation", "low", [facts()["imei"]]), facts=()),
        ),
    ),
    "real rules": dataclasses.replace(audit(), rules=rules()),
}


def run_of(view: AuditView) -> dict[str, Any]:
    log = json.loads(sarif.render(view))
    jsonschema.validate(log, LOG)
    run: dict[str, Any] = log["runs"][0]
    return run


@pytest.mark.parametrize("name", VIEWS)
def test_sarif_is_valid_and_its_indices_meet(name: str) -> None:
    run = run_of(VIEWS[name])
    driver = run["tool"]["driver"]
    taxa = {(t["name"], x["id"]) for t in run["taxonomies"] for x in t["taxa"]}
    for result in run["results"]:
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        assert (result["level"] == "none") is (result["kind"] != "fail")
        for location in result["locations"] + result.get("relatedLocations", []):
            place = location["physicalLocation"]["artifactLocation"]
            assert run["artifacts"][place["index"]]["location"]["uri"] == place["uri"]
            assert "parentIndex" not in run["artifacts"][place["index"]], (
                "a file that exists outside the package"
            )
    for holder in (*run["results"], *driver["rules"]):
        named = holder.get("taxa", []) + [r["target"] for r in holder.get("relationships", [])]
        assert {(t["toolComponent"]["name"], t["id"]) for t in named} <= taxa
    told = json.dumps([run["results"], run["invocations"]])
    assert not re.search(r'"message": {"text": "[^"]*\]\(', told), "a viewer would make a link of it"
    for notification in run["invocations"][0]["toolExecutionNotifications"]:
        code = notification["descriptor"]
        assert driver["notifications"][code["index"]]["id"] == code["id"]


def test_sarif_says_what_the_audit_says() -> None:
    run = run_of(audit("en"))
    results = {(r["ruleId"], r["properties"]["subject"]): r for r in run["results"]}
    assert [r["kind"] for r in run["results"]].count("fail") == 4
    assert ("location-declared", "data:gps_location") not in results
    assert run["properties"]["outcomes"] == {"violation": 3, "review": 1, "not_examined": 1, "pass": 1}
    imei = results["undeclared-data", "data:imei"]
    logical = imei["locations"][0]["logicalLocations"][0]
    assert logical["decoratedName"] == "Lcom/example/shop/ShopApp;->onCreate()V"
    quote = imei["relatedLocations"][-1]["physicalLocation"]
    assert quote["artifactLocation"]["uri"] == "policy.txt"
    assert quote["region"] == {
        "startLine": 4,
        "startColumn": 13,
        "endColumn": 24,
        "snippet": {"text": "我们会收集您的设备信息"},
    }
    assert imei["codeFlows"]
    assert results["undeclared-sdk", "sdk:jpush"]["baselineState"] == "new"
    (aside,) = results["undeclared-data", "data:android_id"]["suppressions"]
    assert aside == {"kind": "external", "status": "accepted", "justification": "agreed with legal"}
    assert len(run["invocations"][0]["toolExecutionNotifications"]) == 2
    assert {r["id"] for r in run["tool"]["driver"]["rules"]} == set(RULES)
    assert all(r["partialFingerprints"]["appaudit/v1"] for r in run["results"])


@pytest.mark.parametrize(
    ("name", "uri"),
    [
        ("商城.apk", "%E5%95%86%E5%9F%8E.apk"),
        ("a b#c?.apk", "a%20b%23c%3F.apk"),
        ("/etc/passwd", "etc/passwd"),
        ("http://x/y", "http%3A//x/y"),
        ("\ud800", "%3F"),
        ("", "app"),
    ],
)
def test_uri(name: str, uri: str) -> None:
    assert sarif.uri(name) == uri


def cases(view: AuditView) -> dict[str, str]:
    root = ElementTree.fromstring(junit.render(view))
    found = {}
    for suite in root:
        assert int(suite.get("tests", "")) == len(suite)
        for case in suite:
            state = case[0].tag if len(case) else "passed"
            found[case.get("name", "")] = state
    return found


def test_junit_has_one_case_per_rule_and_one_skip_per_gap() -> None:
    found = cases(audit("en"))
    assert {k: v for k, v in found.items() if k in RULES} == {
        "cross-border": "skipped",
        "denied-but-observed": "failure",
        "location-declared": "passed",
        "never-fires": "passed",
        "undeclared-data": "failure",
        "undeclared-sdk": "failure",
        "vague-disclosure": "skipped",
    }
    assert sum(v == "skipped" for k, v in found.items() if k not in RULES) == 2


def test_junit_never_passes_what_was_not_examined() -> None:
    view = dataclasses.replace(
        audit("en"), findings=(), coverage={"static": {"examined": True}, "policy": {"examined": False}}
    )
    found = cases(view)
    assert {v for k, v in found.items() if k in RULES} == {"skipped"}


def test_junit_of_hostile_strings_is_xml() -> None:
    assert "failure" in cases(hostile()).values()
