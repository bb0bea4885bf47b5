"""Everything that must be found in the fixture apps is found, and nothing in the plain one."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from appaudit.records import CallSite, Fact
from appaudit.static import ScanResult, scan

APPS = Path(__file__).resolve().parent.parent.parent / "fixtures" / "apps"
NAMES = sorted(p.parent.name for p in APPS.glob("*/expected.json"))


@cache
def result(name: str) -> ScanResult:
    return scan(APPS / name / f"{name}.apk")


@cache
def expected(name: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((APPS / name / "expected.json").read_text(encoding="utf-8"))
    return data


def facts(name: str, action: str, kind: str) -> dict[str, list[Fact]]:
    found: dict[str, list[Fact]] = {}
    for fact in result(name).facts:
        if fact.action == action and fact.subject.startswith(kind + ":"):
            found.setdefault(fact.subject.removeprefix(kind + ":"), []).append(fact)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_call_sites(name: str) -> None:
    found = {}
    for fact in result(name).facts:
        if fact.action == "accesses":
            for site in fact.evidence:
                if isinstance(site, CallSite):
                    key = (site.member, site.caller, site.callee, fact.subject, fact.actor)
                    found[key] = site.arguments
    for row in expected(name)["call_sites"]:
        if row["data"] is None:
            continue
        key = (row["member"], row["caller"], row["callee"], f"data:{row['data']}", row["actor"])
        assert key in found, key
        arguments = found[key] or ()
        wanted = (row.get("arguments") or [])[-len(arguments) :]  # without the receiver
        assert not arguments or all(w in (None, a) for w, a in zip(wanted, arguments, strict=False)), key


@pytest.mark.parametrize("name", NAMES)
def test_permissions(name: str) -> None:
    declared = {
        n for n, f in facts(name, "requests", "permission").items() if f[0].attribute["how"] == "declared"
    }
    assert declared == {p["name"] if isinstance(p, dict) else p for p in expected(name)["permissions"]}


@pytest.mark.parametrize("name", NAMES)
def test_sdks(name: str) -> None:
    assert set(facts(name, "embeds", "sdk")) == set(expected(name)["sdks"])


@pytest.mark.parametrize("name", NAMES)
def test_hosts(name: str) -> None:
    assert set(facts(name, "contacts", "host")) == set(expected(name)["hosts"])


def test_the_plain_app_reaches_nothing() -> None:
    assert not facts("plain", "accesses", "data")
    assert not facts("plain", "uses", "permission")
    assert not result("plain").gaps
