"""The fixture apps against their policies: what must be found is found, and nothing else of its kind."""

from __future__ import annotations

import json
from typing import Any

import pytest

from appaudit.bundle import Bundle
from appaudit.records import CallSite
from tests.fixture_audits import APPS, fixture_audit

CASES = [
    (app.parent.name, policy)
    for app in sorted(APPS.glob("*/expected.json"))
    for policy in json.loads(app.read_text(encoding="utf-8"))["policies"]
]


def expected(app: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((APPS / app / "expected.json").read_text(encoding="utf-8"))
    return data


def audit(app: str, policy: str) -> Bundle:
    return fixture_audit(f"{app}/{policy.split('.')[1]}")


@pytest.mark.parametrize("app", sorted({app for app, _ in CASES}))
def test_static_facts(app: str) -> None:
    bundle, wanted = fixture_audit(app), expected(app)
    assert bundle.app is not None
    for key in ("package", "version_name", "version_code", "min_sdk", "target_sdk"):
        assert getattr(bundle.app, key) == wanted["app"][key]
    requested = {f.subject for f in bundle.facts if f.action == "requests" and f.source == "static"}
    assert {f"permission:{p}" for p in wanted["permissions"]} <= requested
    embedded = {f.subject.partition(":")[2] for f in bundle.facts if f.action == "embeds"}
    assert set(wanted["sdks"]) == embedded
    sites = [
        (e.member, e.caller, e.callee, f.subject, f.actor, e.arguments)
        for f in bundle.facts
        if f.action == "accesses"
        for e in f.evidence
        if isinstance(e, CallSite)
    ]
    for site in wanted["call_sites"]:
        exact = (site["member"], site["caller"], site["callee"], f"data:{site['data']}", site["actor"])
        found = [s for s in sites if s[:5] == exact]
        assert found, site
        if "arguments" in site:
            assert tuple(site["arguments"]) in [s[5] for s in found]
    if not wanted["call_sites"]:
        assert not sites


@pytest.mark.parametrize(("app", "policy"), CASES)
def test_disclosures(app: str, policy: str) -> None:
    wanted = {
        (actor, data): disclosure
        for actor, row in expected(app)["policies"][policy]["disclosures"].items()
        for data, disclosure in row.items()
    }
    found = {
        (f.actor, f.subject.partition(":")[2]): f.disclosure
        for f in audit(app, policy).findings
        if f.subject.startswith("data:") and f.action in ("accesses", "sends") and f.disclosure
    }
    assert {k: found.get(k) for k in wanted} == wanted


@pytest.mark.parametrize(("app", "policy"), CASES)
@pytest.mark.parametrize(
    ("key", "rule"),
    [
        ("undeclared_permissions", "undeclared-permission"),
        ("undeclared_sdks", "undeclared-sdk"),
        ("unused_permissions", "unused-permission"),
        ("unobserved_sdks", "unobserved-sdk"),
    ],
)
def test_sets(app: str, policy: str, key: str, rule: str) -> None:
    wanted = set(expected(app)["policies"][policy].get(key, ()))
    found = {
        f.subject.partition(":")[2]
        for f in audit(app, policy).findings
        if f.rule == rule and f.outcome in ("violation", "review")
    }
    assert found == wanted


@pytest.mark.parametrize(("app", "policy"), CASES)
def test_statements(app: str, policy: str) -> None:
    facts = [f for f in audit(app, policy).facts if f.source == "policy"]
    for wanted in expected(app)["policies"][policy]["statements"]:
        key = (wanted["stance"], wanted["action"], f"data:{wanted['data']}")
        assert key in {(f.stance, f.action, f.subject) for f in facts}, wanted
