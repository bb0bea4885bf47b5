"""Every rule has its data, both languages, known clauses, a fixture that fires it and one that must not."""

from __future__ import annotations

import re
import string
from dataclasses import replace
from pathlib import Path

import pytest

from appaudit.compare.judge import compare
from appaudit.compare.rules import RULES
from appaudit.knowledge.load import toml
from appaudit.knowledge.regulations import clauses
from appaudit.knowledge.rules import LANGUAGES, Rule, rules
from appaudit.knowledge.rules_page import explain, page
from appaudit.knowledge.sdks import sdks
from appaudit.knowledge.wording import MADE, needed, render
from appaudit.records import CallSite, Finding, FlowField, ManifestEntry, Stack
from tests.fixture_audits import fixture_audit

ROOT = Path(__file__).resolve().parents[2]
ALL = list(rules().values())
KNOWN = set(toml("wording.toml")["anything"])
"""Names that templates may use: made ones, and attributes as they are."""


def test_every_made_name_has_a_general_word() -> None:
    assert set(MADE) <= KNOWN


def test_functions_and_data_are_the_same_set() -> None:
    assert set(RULES) == set(rules())


@pytest.mark.parametrize("rule", ALL, ids=lambda r: r.id)
def test_rule_is_whole(rule: Rule) -> None:
    assert rule.clauses, "a rule touches at least one clause"
    assert set(rule.clauses) <= set(clauses())
    for lang in LANGUAGES:
        text = rule.texts[lang]
        for template in (text.name, text.title, text.message, text.why, text.advice, text.passed):
            assert template.strip()
            fields = {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}
            assert fields <= KNOWN, f"{rule.id}: unknown {fields - KNOWN}"
        assert rule.id in explain(rule, lang)
    assert "Done when" in rule.texts["en"].advice
    assert "视为整改完成" in rule.texts["zh"].advice


HAN = re.compile("[\u4e00-\u9fff]")

NEVER_DECIDED = {"open-condition"}
"""Rules that only say what evidence would decide."""


def fired(rule: Rule, fixture: str) -> list[Finding]:
    wanted = ("not_examined",) if rule.id in NEVER_DECIDED else ("violation", "review")
    return [
        f for f in fixture_audit(fixture).findings if f.rule == rule.id and f.outcome in wanted and f.subject
    ]


@pytest.mark.parametrize("rule", ALL, ids=lambda r: r.id)
def test_rule_fires_on_its_fixture(rule: Rule) -> None:
    found = fired(rule, rule.fires_on)
    assert found
    for finding in found:
        for lang in LANGUAGES:
            words = render(finding, lang)
            assert "{" not in words.title + words.message
        assert finding.facts
        assert finding.fingerprint


def test_what_an_sdk_does_beyond_its_makers_statement_is_told_by_where_it_was_seen() -> None:
    found = [f for f in fixture_audit("powers/+sent/+listed").findings if f.actor == "sdk:appsflyer"]
    told = {(f.rule, f.subject, f.outcome): dict(f.attributes) for f in found}
    assert {key: given["seen"] for key, given in told.items() if "seen" in given} == {
        ("sdk-beyond-statement", "data:contacts", "review"): "both",
        ("sdk-beyond-statement-code", "data:call_log", "review"): "code",
        ("sdk-beyond-statement-live", "data:phone_number", "review"): "live",
        ("sdk-beyond-statement-code", "data:imei", "pass"): "code",
    }
    listing = told["sdk-short-listing", "sdk:appsflyer", "review"]
    assert "imei" in listing["absent"].split()
    assert listing["observed"] == "imei:code"
    in_run = [f for f in fixture_audit("shop/run").findings if f.rule == "sdk-beyond-statement"]
    assert ("sdk:bugly", "data:os_version") in {(f.actor, f.subject) for f in in_run}


PLACES = (CallSite, Stack, ManifestEntry, FlowField)


def test_advice_names_the_first_place_in_the_app() -> None:
    findings = fixture_audit("shop/zh").findings
    placed = [
        f
        for f in findings
        if f.outcome in ("violation", "review")
        and any(isinstance(e, PLACES) for fact in f.facts if fact.stance == "observed" for e in fact.evidence)
    ]
    assert placed
    for finding in placed:
        assert "First place: " in finding.advice
    (imei,) = (f for f in placed if (f.rule, f.subject) == ("expired-version", "data:imei"))
    assert "com.example.shop.device.DeviceProfile.rememberImei (shop.apk!classes.dex, " in imei.advice


def test_what_the_platform_limits_is_said_where_only_code_was_seen() -> None:
    (finding,) = (f for f in fixture_audit("shop/zh").findings if f.rule == "expired-version")
    only_code = replace(finding, facts=tuple(f for f in finding.facts if f.source != "dynamic"))
    said = "TelephonyManager.getDeviceId answers nothing from API level 29 on"
    assert said in render(only_code, "en").message
    seen = replace(only_code.facts[0], source="dynamic", stance="observed")
    assert said not in render(replace(finding, facts=(*only_code.facts, seen)), "en").message
    assert said not in render(replace(only_code, outcome="not_examined"), "en").message


def test_the_documentation_page_is_made_from_the_rules() -> None:
    assert (ROOT / "docs" / "rules.md").read_text(encoding="utf-8") == page(), (
        "appaudit rules --page > docs/rules.md"
    )


@pytest.mark.parametrize("rule", ALL, ids=lambda r: r.id)
def test_rule_keeps_quiet_on_its_clean_fixture(rule: Rule) -> None:
    """It looked, and found nothing; that it could not look proves nothing."""
    assert not fired(rule, rule.quiet_on)
    outcomes = {f.outcome for f in fixture_audit(rule.quiet_on).findings if f.rule == rule.id}
    assert outcomes <= {"pass"} or "pass" in outcomes


def test_nothing_passes_where_nothing_was_examined() -> None:
    for examined in ((), ("static",), ("policy",)):
        for finding in compare([], examined=examined):
            assert finding.outcome == "not_examined"
            assert "needs" in dict(finding.attributes)


FIXTURES = sorted({name for rule in ALL for name in (rule.fires_on, rule.quiet_on)})


@pytest.mark.parametrize("fixture", FIXTURES)
def test_what_was_not_examined_says_what_would_decide_it(fixture: str) -> None:
    for finding in fixture_audit(fixture).findings:
        if finding.outcome == "not_examined":
            assert dict(finding.attributes).get("needs"), finding.rule
            for lang in LANGUAGES:
                needs = needed(dict(finding.attributes)["needs"], lang)
                assert needs in render(finding, lang).message
                assert lang == "en" or HAN.search(needs), needs


def test_what_passed_is_titled_by_the_sentence_that_says_so() -> None:
    passed = [f for f in fixture_audit("shop/zh").findings if f.outcome == "pass"]
    assert passed
    for finding in passed:
        for lang in LANGUAGES:
            words = render(finding, lang)
            assert words.title == words.message.rstrip(".。")


def test_a_permission_whose_data_the_policy_denies_shows_the_denial() -> None:
    (contacts,) = (
        f
        for f in fixture_audit("shop/zh").findings
        if (f.rule, f.subject) == ("undeclared-permission", "permission:android.permission.READ_CONTACTS")
    )
    assert (contacts.outcome, contacts.disclosure) == ("violation", "omitted")
    assert "通讯录" in render(contacts, "zh").message


def test_a_statement_that_nobody_compared_is_said_to_be_so() -> None:
    short = [
        f
        for f in fixture_audit("shop/zh").findings
        if f.rule == "sdk-short-listing" and f.outcome == "review"
    ]
    assert short
    for finding in short:
        known = sdks()[finding.actor.removeprefix("sdk:")]
        assert ("not compared with the statement" in finding.message) == (not known.checked)
        assert (finding.confidence == "low") == (not known.checked)
        assert known.checked in finding.message
