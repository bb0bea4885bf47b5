"""What a release adds and drops, and what an obfuscator only renames."""

from __future__ import annotations

from functools import cache

from appaudit import audit
from appaudit.bundle import Bundle
from appaudit.compare import baseline
from appaudit.compare.baseline import OPEN
from appaudit.compare.release import Change, changes
from tests.fixture_audits import APPS, FIXTURES, fixture_audit


@cache
def variant(name: str) -> Bundle:
    policy = sorted((APPS / "shop").glob("policy.zh.*"))
    return audit.audit(audit.Inputs(FIXTURES / "variants" / name / f"{name}.apk", policy))


def against(name: str) -> list[Change]:
    old, new = fixture_audit("shop/zh"), variant(name)
    return changes(old.facts, new.facts, old.findings, new.findings)


def test_the_same_app_renamed_differs_in_nothing_but_names() -> None:
    found = against("shop-r8")
    renamed = {c.subject for c in found if c.change == "renamed"}
    assert renamed <= {"sdk:umeng-analytics", "sdk:umeng-common", "sdk:bugly"}
    assert not [c for c in found if c.change != "renamed"]


def test_findings_keep_their_identity_through_renaming() -> None:
    was = {f.fingerprint: f for f in fixture_audit("shop/zh").findings if f.outcome in OPEN}
    now = {f.fingerprint for f in variant("shop-r8").findings if f.outcome in OPEN}
    lost = [f for print_, f in was.items() if print_ not in now]
    renamed = {"sdk:umeng-analytics", "sdk:umeng-common", "sdk:bugly"}
    assert all(f.actor in renamed or f.subject in renamed for f in lost)


def test_a_real_removal_is_a_removal() -> None:
    found = against("shop-next")
    assert not [c for c in found if c.change == "renamed"]
    added = {c.subject for c in found if c.change == "added"}
    assert "data:imsi" in added
    assert "data:contacts" in {c.subject for c in found if c.change == "dropped"}


def test_the_next_release_is_told_fixed_open_new_and_not_reexamined() -> None:
    """The first release was watched while it ran; of the next only the package is looked at."""
    before, after = fixture_audit("shop/run"), variant("shop-next")
    marked = baseline.against(after.findings, before.findings, after.examined, after.gaps)
    by_status: dict[str, set[tuple[str, str, str]]] = {}
    for finding in marked:
        status = dict(finding.attributes).get("status", "")
        by_status.setdefault(status, set()).add((finding.rule, finding.actor, finding.subject))
        if status in ("fixed", "not_reexamined"):
            assert finding.outcome == ("pass" if status == "fixed" else "not_examined")
    assert ("undeclared-data", "app", "data:imsi") in by_status["new"]
    assert ("contradicted-data", "app", "data:contacts") in by_status["fixed"]
    assert ("undeclared-data", "sdk:jpush", "data:mac") in by_status["open"]
    assert any(rule == "refused-collection" for rule, _, _ in by_status["not_reexamined"])
    assert not by_status["new"] & by_status["fixed"]
