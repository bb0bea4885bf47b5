"""How consent was asked for, from the record to facts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from appaudit.compare.judge import compare
from appaudit.dynamic import record
from appaudit.dynamic.facts import interpret
from appaudit.records import Fact, FileEntry
from tests.fixtures.apps import APPS

SCREEN = {
    "line": "consent", "at": 5.0, "found": True, "file": "screens/002.xml", "pre_ticked": False,
    "agree": "同意", "agree_area": 900, "refuse": "不同意", "refuse_area": 900, "purposes": [],
    "policy_link": True, "policy_opens": "yes", "language": "zh",
    "permissions_before": [], "asked_after_refusal": 0,
}  # fmt: skip
PICTURE = {"line": "screen", "at": 4.9, "file": "screens/002.xml", "picture": "screens/002.png", "epoch": 1}
REFUSED = {"line": "step", "at": 6.0, "what": "refused", "left": False, "file": "screens/003.xml"}
WAY = {
    "line": "policy_way", "at": 10.0, "found": True, "taps": 4, "by": "screen", "opens": "yes",
    "language": "zh", "file": "screens/009.xml",
}  # fmt: skip
WITHDRAWN = {"line": "step", "at": 11.0, "what": "withdrawn", "file": "screens/010.xml", "epoch": 9}
AGAIN = {"line": "step", "at": 9.0, "what": "not_asked_again", "times": 0}


def facts(*lines: dict[str, Any]) -> dict[str, Fact]:
    return {f.subject: f for f in interpret(lines, "com.example.x")[0]}


def outcomes(*lines: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """rule → (outcome, subject) of the rules on consent."""
    found = compare(interpret(lines, "com.example.x")[0], examined=["dynamic"])
    return {f.rule: (f.outcome, f.subject) for f in found if f.subject.startswith("consent:")}


def test_what_was_shown_stands_with_its_screen() -> None:
    found = facts(PICTURE, SCREEN, REFUSED, AGAIN)
    shown, after = found["consent:screen"], found["consent:after_refusal"]
    assert shown.evidence == (FileEntry("run/screens/002.xml"), FileEntry("run/screens/002.png"))
    assert shown.phase == "before_consent"
    assert shown.attribute == {
        "agree": "同意", "refuse": "不同意", "refuse_size": "100", "pre_ticked": "no", "policy_link": "yes",
        "policy_opens": "yes", "language": "zh",
    }  # fmt: skip
    assert after.attribute == {"left": "no", "asked_again": "0"}
    assert after.phase == "refused"


def test_the_way_from_the_main_screen_is_a_fact() -> None:
    way = {
        "line": "policy_way", "at": 7.0, "found": True, "taps": 3, "by": "screen", "opens": "yes",
        "language": "zh", "file": "screens/009.xml",
    }  # fmt: skip
    found = facts(way)["consent:policy_way"]
    assert found.attribute["taps"] == "3"
    assert found.evidence == (FileEntry("run/screens/009.xml"),)
    assert facts({**way, "taps": "x", "found": None})["consent:policy_way"].attribute["by"] == "screen"


def test_a_good_screen_passes_every_rule() -> None:
    found = outcomes(SCREEN, REFUSED, AGAIN, WAY, WITHDRAWN)
    assert len(found) == 9
    assert {outcome for outcome, _ in found.values()} == {"pass"}


@pytest.mark.parametrize(
    ("change", "rule", "outcome", "subject"),
    [
        ({"pre_ticked": True}, "consent-pre-ticked", "violation", "pre_ticked"),
        ({"policy_link": False}, "consent-policy-link", "review", "policy_link"),
        ({"policy_opens": "no"}, "consent-policy-link", "violation", "policy_link"),
        ({"purposes": ["a", "b"]}, "consent-bundled", "review", "purposes"),
        ({"refuse": None, "refuse_area": None}, "consent-refusal", "violation", "no_refusal"),
        ({"refuse_area": 100}, "consent-refusal", "review", "small_refusal"),
        ({"left": True}, "consent-refusal", "review", "leaving_refusal"),
        ({"times": 1}, "consent-asked-again", "review", "asked_again"),
        ({"found": False}, "policy-way", "violation", "policy_way"),
        ({"taps": 5}, "policy-way", "violation", "policy_way"),
        ({"language": "en"}, "policy-language", "review", "policy_language"),
        ({"times": 2}, "consent-asked-again", "violation", "asked_again"),
    ],
)
def test_one_thing_wrong_is_one_finding(
    change: dict[str, Any], rule: str, outcome: str, subject: str
) -> None:
    whole = (WAY, WITHDRAWN) if rule.startswith("policy") else (SCREEN, REFUSED, AGAIN)
    other = (SCREEN, REFUSED, AGAIN) if rule.startswith("policy") else (WAY, WITHDRAWN)
    lines = [{**line, **{k: v for k, v in change.items() if k in line}} for line in whole]
    lines += other
    found = outcomes(*lines)
    assert found.pop(rule) == (outcome, f"consent:{subject}")
    assert {outcome for outcome, _ in found.values()} == {"pass"}


def test_no_consent_screen_is_no_pass() -> None:
    nothing = {**SCREEN, "found": False, "pre_ticked": None, "refuse": None, "policy_link": None}
    for lines in ((), (nothing,)):
        found = outcomes(*lines)
        assert len(found) == 9
        assert {outcome for outcome, _ in found.values()} == {"not_examined"}
    refused = outcomes(SCREEN)
    assert refused["consent-refusal"][0] == refused["consent-asked-again"][0] == "not_examined"


def test_prompts_that_no_hook_saw_are_told_by_the_screen() -> None:
    name = "android.permission.READ_PHONE_STATE"
    asked = facts({**SCREEN, "permissions_before": [name]})[f"permission:{name}"]
    assert (asked.actor, asked.action, asked.phase) == ("unknown", "asks", "before_consent")
    recorded = interpret(record.read(APPS / "pushy" / "run.jsonl"), "com.example.pushy")[0]
    early = [f for f in recorded if f.subject == f"permission:{name}" and f.phase == "before_consent"]
    assert early
    assert {f.actor for f in early} == {"app"}
    assert {f.attribute["asked_again"] for f in early} == {"2"}, "each time that it was denied"
    found = compare(recorded, examined=["dynamic"])
    again = {f.subject: f.outcome for f in found if f.rule == "repeated-permission-request"}
    assert again[f"permission:{name}"] == "review"
    coarse = "android.permission.ACCESS_COARSE_LOCATION"
    asks = {"line": "note", "kind": "permission_request", "time": 4.0, "epoch": 1,
            "detail": {"names": [coarse], "stack": ""}}  # fmt: skip
    first = {"line": "phase", "at": 1.0, "epoch": 1, "phase": "before_consent"}
    fine = "android.permission.ACCESS_FINE_LOCATION"
    both = facts(first, asks, {**SCREEN, "permissions_before": [fine]})
    assert f"permission:{fine}" not in both, "the same prompt, as its hook names it"


@pytest.mark.parametrize("broken", [{"at": "x"}, {"purposes": 7}, {"permissions_before": 7}, {"times": "x"}])
def test_lines_not_as_written_do_no_harm(broken: dict[str, Any]) -> None:
    change: Callable[[dict[str, Any]], dict[str, Any]] = lambda line: {**line, **broken}  # noqa: E731
    interpret([change(SCREEN), change(REFUSED), change(AGAIN)], "com.example.x")
