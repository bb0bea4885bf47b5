"""Records keep their JSON form."""

from __future__ import annotations

import json

import pytest

from appaudit import jsonform, records
from appaudit.records import CallSite, Fact, Finding, Gap, PolicySpan

SPAN = PolicySpan(
    "policy.txt", 3, 0, 4, "IMEI", via=PolicySpan("policy.txt", 1, 2, 6, "info", role="definition")
)
SITE = CallSite(
    "base.apk!classes2.dex", "Lcom/x/Y;->m(I)V", "La/B;->c()V", 12, arguments=("android_id", None, 3)
)
FACT = Fact(
    "static", "observed", "app", "accesses", "data:imei", evidence=(SITE, SPAN), attributes=(("api", "x"),)
)


def test_call_site_has_the_published_form() -> None:
    site = CallSite("base.apk!classes2.dex", "Lcom/x/Y;->m(I)V", "La/B;->c()V", 12)
    assert jsonform.to_json(site) == {
        "kind": "call_site",
        "member": "base.apk!classes2.dex",
        "caller": "Lcom/x/Y;->m(I)V",
        "callee": "La/B;->c()V",
        "offset": 12,
    }


def test_round_trip() -> None:
    gap = Gap("static", "packed_dex", "base.apk!classes.dex", "packed")
    finding = Finding(
        "x", "review", "high", "low", "app", "accesses", "data:imei", facts=(FACT,), gaps=(gap,)
    )
    data = json.loads(jsonform.canonical(finding))
    assert jsonform.from_json(records.Finding, data) == finding


def test_unknown_evidence_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown evidence kind"):
        jsonform.evidence_from_json({"kind": "hearsay"})


def test_fingerprint_ignores_order_and_repeats() -> None:
    one = records.fingerprint("r", "p", "app", "accesses", "data:imei", ["b", "a", "a"])
    assert one == records.fingerprint("r", "p", "app", "accesses", "data:imei", ["a", "b"])
    assert one != records.fingerprint("r", "p", "sdk:x", "accesses", "data:imei", ["a", "b"])
