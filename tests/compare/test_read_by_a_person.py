"""What people stumbled on who read audits of real apps."""

from __future__ import annotations

from dataclasses import replace

import pytest

from appaudit.compare.judge import compare
from appaudit.compare.sentences import Sentences
from appaudit.knowledge.wording import render
from appaudit.records import Fact, Finding, PolicySpan
from tests.fixture_audits import fixture_audit

ACCESSIBILITY = "android.permission.BIND_ACCESSIBILITY_SERVICE"
SAID = Fact("policy", "declared", "app", "collects", "data:mac")


def found(rule: str, *facts: Fact) -> list[Finding]:
    findings = compare(facts, examined=("static", "policy"))
    return [f for f in findings if f.rule == rule and f.subject]


def seen(data: str) -> Fact:
    return Fact("static", "observed", "app", "accesses", f"data:{data}")


def embeds(sdk: str) -> Fact:
    return Fact("static", "observed", "app", "embeds", f"sdk:{sdk}")


def test_a_permission_only_the_system_holds_is_told_as_the_power_it_guards() -> None:
    asked = Fact("static", "observed", "app", "requests", f"permission:{ACCESSIBILITY}")
    power = Fact("static", "observed", "app", "uses", "setting:accessibility_service")
    assert not found("undeclared-permission", asked, power)
    assert found("special-power", asked, power)


def test_what_was_not_examined_is_titled_by_what_was_asked() -> None:
    statement = replace(SAID, condition=("optional",))
    (finding,) = found("optional-condition", statement, seen("mac"))
    assert finding.outcome == "not_examined"
    assert render(finding, "en").title == "Optional data collected after refusal: MAC address"
    assert render(finding, "zh").title == "可选信息在拒绝后仍收集：MAC地址"


def words(text: str, line: int, via: PolicySpan | None = None) -> tuple[PolicySpan]:
    return (PolicySpan("p", line, 0, len(text), text, via=via),)


def test_a_contradiction_shows_both_its_sides() -> None:
    denied = replace(SAID, stance="denied", evidence=words("not the MAC", 3))
    declared = replace(SAID, evidence=words("the MAC", 9))
    (finding,) = found("contradictory-policy", denied, declared)
    assert "“not the MAC” (p:3) against “the MAC” (p:9)" in render(finding, "en").message
    assert "“not the MAC”（p:3）与“the MAC”（p:9）" in render(finding, "zh").message


def test_words_that_only_refer_to_a_type_contradict_nothing() -> None:
    denied = replace(SAID, stance="denied", evidence=words("excluding the MAC", 3))
    referring = replace(SAID, evidence=words("the above information", 4, *words("the MAC", 3)))
    assert not found("contradictory-policy", denied, referring)


def test_a_flat_denial_is_contradicted_by_a_kind_of_it_and_by_any_recipient() -> None:
    denied = replace(SAID, stance="denied", subject="data:location", evidence=words("no location", 3))
    precise = replace(SAID, subject="data:gps_location", evidence=words("your position", 9))
    assert found("contradictory-policy", denied, precise)
    shared = replace(SAID, action="shares", recipient="party:Pigeonpost", evidence=words("the MAC", 9))
    nobody = replace(shared, stance="denied", recipient="party:anyone", evidence=words("the MAC", 4))
    assert found("contradictory-policy", nobody, shared)
    assert not found("contradictory-policy", replace(nobody, recipient="party:Heron"), shared)
    unsold = replace(nobody, recipient=None, attributes=(("verb", "sell"),))
    assert not found("contradictory-policy", unsold, shared)


def test_a_violation_is_never_without_severity() -> None:
    broad = replace(SAID, subject="data:device_info")
    (finding,) = found("vague-data", broad, seen("screen_info"))
    assert (finding.outcome, finding.severity) == ("violation", "low")


@pytest.mark.parametrize(
    ("condition", "open_"),
    [
        ("在您使用我们服务过程中", False),
        ("当您使用我们的产品和服务时", False),
        ("when you use our services", False),
        ("during your use of our products and/or services", False),
        ("当您使用扫一扫功能时", True),
        ("when you use the voice search", True),
    ],
)
def test_using_the_app_is_no_condition(condition: str, open_: bool) -> None:
    statement = replace(SAID, condition=(f"if:{condition}",))
    assert bool(found("open-condition", statement, seen("mac"))) == open_


def test_a_library_that_sends_nothing_moves_nothing_abroad() -> None:
    kept = Fact(
        "policy", "declared", "app", "states", "topic:storage_location", evidence=words("存储在中国境内", 1)
    )
    (finding,) = found("storage-country", kept, embeds("zxing"))
    assert finding.outcome == "not_examined"
    (sdk,) = found("undeclared-sdk", kept, embeds("zxing"))
    assert sdk.severity == "low"


def test_an_entry_that_may_mean_an_sdk_is_for_a_person_to_look_at() -> None:
    entry = Fact("policy", "declared", "app", "embeds", "party:Adjusst", evidence=words("Adjusst GmbH", 4))
    entry = replace(entry, attributes=(("may_be", "adjust:0.6"),))
    (likely,) = found("undeclared-sdk", entry, embeds("adjust"))
    assert likely.outcome == "review"
    assert "an entry may mean it (“Adjusst GmbH”, p:4)" in render(likely, "en").message
    (other,) = found("undeclared-sdk", entry, embeds("jpush"))
    assert other.outcome == "violation"
    assert "names neither the SDK nor its company" in render(other, "en").message


def test_a_sentence_ends_where_the_quote_ends_it() -> None:
    text = "存储在中国境内。以下情形除外："
    assert Sentences({"p": text}).around(PolicySpan("p", 1, 3, 8, text[3:8])) == "存储在中国境内。"


def test_what_was_said_for_earlier_versions_is_not_passed_over() -> None:
    findings = fixture_audit("shop/zh").findings
    (imei,) = (f for f in findings if (f.rule, f.subject) == ("undeclared-data", "data:imei"))
    assert "for earlier versions only (“仅在3.0.0以前的版本中" in render(imei, "en").message
    assert "没有任何条款" not in render(imei, "zh").message
    (other,) = (f for f in findings if (f.rule, f.subject) == ("undeclared-data", "data:ssid"))
    assert "no statement of the policy covers it" in render(other, "en").message


def test_a_permission_whose_data_is_denied_says_so() -> None:
    findings = fixture_audit("shop/zh").findings
    (contacts,) = (
        f for f in findings if f.rule == "undeclared-permission" and f.subject.endswith("READ_CONTACTS")
    )
    message = render(contacts, "zh").message
    assert "隐私政策仅称不收集其可获取的信息。隐私政策称“我们不会读取您的通讯录" in message
