"""What a release adds and drops, and what an obfuscator only renames."""

from __future__ import annotations

from functools import cache

from appaudit import audit
from appaudit.bundle import Bundle
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
    rest = [c for c in found if c.change != "renamed"]
    # Merged with a provider that starts early, a class of the app's is now reached at start-up.
    assert [(c.change, c.kind, c.subject, c.rule) for c in rest] == [
        ("added", "finding", "data:clipboard", "early-collection")
    ]


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
