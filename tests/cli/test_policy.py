"""`appaudit policy`: what can be found in documents alone, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.run import appaudit

MAIN = """# Privacy policy of Plover

Plover Ltd. publishes the Plover app. This policy applies from 1 March 2026.

"Device information" means your device model, IMEI and MAC address.

## What we collect

We collect device information to keep accounts safe. We collect your contacts.

We collect your clipboard if you paste a link.

## What we leave alone

We do not collect your IMEI. We never read your contacts.

We do not collect your clipboard unless you paste a link.
"""
LIST = """# SDK list

| SDK | Data collected | Purpose |
|---|---|---|
| Firebase Analytics | device model | statistics |

We do not collect the MAC address.
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "documents"
    made.mkdir()
    (made / "policy.md").write_text(MAIN, encoding="utf-8")
    (made / "sdk-list.md").write_text(LIST, encoding="utf-8")
    return made


def test_contradictions_stand_with_both_quotes(folder: Path) -> None:
    data = json.loads(appaudit("policy", folder, "-f", "json").out)
    clashes = {f["subject"]: f for f in data["findings"] if f["rule"] == "contradictory-policy"}
    assert {s for s, f in clashes.items() if f["outcome"] != "pass"} == {
        "data:contacts",
        "data:imei",
        "data:mac",
    }
    for finding in clashes.values():
        places = [fact["evidence"][0] for fact in finding["facts"]]
        assert len({(p["document"], p["line"], p["start"]) for p in places}) > 1
    between = [fact["evidence"][0]["document"] for fact in clashes["data:mac"]["facts"]]
    assert {Path(name).name for name in between} == {"policy.md", "sdk-list.md"}


def test_a_person_reads_both_quotes(folder: Path) -> None:
    told = " ".join(appaudit("policy", folder).out.split())
    head, _, said = told.partition("Contacts: two statements of the policy contradict each other")
    assert head
    said = said.partition("contradict each other")[0]
    assert "We never read your contacts" in said
    assert "We collect your contacts" in said
    assert "The policy does not say clearly: right to delete" in told


def test_the_exit_code_goes_by_severity(folder: Path) -> None:
    assert appaudit("policy", folder).code == 0
    assert appaudit("policy", folder, "--fail-on", "medium").code == 1
    assert appaudit("policy", folder, "--fail-on", "medium", "--exit-zero").code == 0


def test_rules_that_need_the_app_are_left_out(folder: Path) -> None:
    data = json.loads(appaudit("policy", folder, "-f", "json").out)
    found = {f["rule"] for f in data["findings"]}
    assert not found & {"undeclared-data", "unused-permission", "low-target-sdk"}
