"""The five disclosure classes, and who a statement speaks for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from appaudit.compare.case import Case
from appaudit.compare.disclosure import judge
from appaudit.compare.judge import compare
from appaudit.policy import read
from appaudit.records import Fact, PolicySpan


def said(
    data: str,
    stance: str = "declared",
    action: str = "collects",
    actor: str = "app",
    recipient: str | None = None,
    condition: tuple[str, ...] = (),
) -> Fact:
    return Fact("policy", stance, actor, action, f"data:{data}", recipient=recipient, condition=condition)  # type: ignore[arg-type]


def implied(data: str, *, via: bool = False) -> Fact:
    """What the policy reader makes of "not unless you agree"."""
    words = PolicySpan("p", 3, 0, 4, "IMEI", via=PolicySpan("p", 3, 5, 9, "unless") if via else None)
    fact = said(data, condition=("after_consent",))
    return replace(fact, evidence=(words,), attributes=(("basis", "implied:denial"),))


def spoken(data: str) -> Fact:
    return replace(said(data), evidence=(PolicySpan("p", 3, 0, 4, "IMEI"),))


UNLESS = ("after_consent",)


def seen(data: str, action: str = "accesses", actor: str = "app") -> Fact:
    return Fact("static", "observed", actor, action, f"data:{data}")


SDK = "sdk:jpush"

TABLE = [
    # statements, observed, party → class
    ([], seen("imei"), "app", "omitted"),
    ([said("imei")], seen("imei"), "app", "clear"),
    ([said("imei", action="shares")], seen("imei"), "app", "clear"),
    ([said("imei", action="processes_locally")], seen("imei"), "app", "clear"),
    ([said("imei", action="processes_locally")], seen("imei", "sends"), "app", "incorrect"),
    ([said("imei", action="processes_locally"), said("imei")], seen("imei", "sends"), "app", "clear"),
    ([said("device_info")], seen("imei"), "app", "vague"),
    ([said("personal_info")], seen("imei"), "app", "omitted"),
    ([said("location")], seen("imei"), "app", "omitted"),
    ([said("imei", "denied")], seen("imei"), "app", "incorrect"),
    ([said("imei", "denied"), said("device_info")], seen("imei"), "app", "incorrect"),
    ([said("imei", "denied"), said("imei")], seen("imei"), "app", "ambiguous"),
    ([said("imei", "denied", condition=("permission:x",))], seen("imei"), "app", "vague"),
    ([said("imei"), said("imei", "denied", condition=("if:x",))], seen("imei"), "app", "clear"),
    ([said("imei"), said("imei", "denied", action="shares")], seen("imei"), "app", "clear"),
    ([said("imei"), said("imei", "denied", action="shares")], seen("imei", "sends"), "app", "ambiguous"),
    ([said("imei", "denied", action="shares")], seen("imei", "sends"), "app", "incorrect"),
    # "not unless you agree" declares nothing: it only implies
    ([said("imei", "denied", condition=UNLESS), implied("imei")], seen("imei"), "app", "vague"),
    ([said("imei", "denied", condition=UNLESS), implied("imei"), said("imei")], seen("imei"), "app", "clear"),
    ([said("imei", "denied", condition=UNLESS), implied("imei")], seen("device_info"), "app", "omitted"),
    ([implied("device_info", via=True), spoken("device_info")], seen("imei"), "app", "vague"),
    # what is said of the app is not said of its SDKs, and the other way round
    ([said("imei")], seen("imei", actor=SDK), SDK, "omitted"),
    ([said("imei", actor=SDK)], seen("imei", actor=SDK), SDK, "clear"),
    ([said("imei", action="shares", recipient=SDK)], seen("imei", actor=SDK), SDK, "clear"),
    ([said("imei", actor=SDK)], seen("imei"), "app", "omitted"),
    ([said("device_info", actor=SDK)], seen("imei", actor=SDK), SDK, "vague"),
    ([said("imei", "denied")], seen("imei", actor=SDK), SDK, "omitted"),
]


@pytest.mark.parametrize(("statements", "observed", "party", "expected"), TABLE)
def test_class(statements: list[Fact], observed: Fact, party: str, expected: str) -> None:
    case = Case([*statements, observed], examined=("static", "policy"))
    assert judge(case, party, observed.subject.partition(":")[2], [observed]).disclosure == expected


def test_vague_says_how_far() -> None:
    case = Case([said("device_info")], examined=("static", "policy"))
    judgement = judge(case, "app", "imei", [seen("imei")])
    assert (judgement.said, judgement.degree) == ("device_info", 1)


@pytest.mark.parametrize(
    "words",
    [
        "Without your consent we do not collect your IMEI.",
        "We do not collect your IMEI until you agree.",
        "未经您同意，我们不会收集您的IMEI。",
        "在您同意前，我们不会收集您的IMEI。",
    ],
)
def test_a_denial_under_a_condition_is_no_declaration(words: str, tmp_path: Path) -> None:
    (tmp_path / "policy.md").write_text(words, encoding="utf-8")
    facts = read([tmp_path / "policy.md"]).facts
    findings = compare([*facts, seen("imei")], examined=("static", "policy"))
    (found,) = (f for f in findings if f.subject == "data:imei" and f.disclosure)
    assert (found.rule, found.outcome, found.disclosure) == ("implied-data", "review", "vague")


@pytest.mark.parametrize(
    ("stances", "expected", "outcome"),
    [
        ((), "omitted", "violation"),
        (("declared",), "clear", "pass"),
        (("denied",), "incorrect", "review"),
        (("declared", "denied"), "ambiguous", "review"),
    ],
)
def test_a_permission_that_is_denied_is_not_explained(
    stances: tuple[str, ...], expected: str, outcome: str
) -> None:
    name = "permission:android.permission.SYSTEM_ALERT_WINDOW"
    held = Fact("static", "observed", "app", "requests", name)
    power = Fact("static", "observed", "app", "uses", "setting:overlay")
    words = [Fact("policy", s, "app", "requests", name) for s in stances]  # type: ignore[arg-type]
    findings = compare([held, power, *words], examined=("static", "policy"))
    found = [f for f in findings if f.rule in ("undeclared-permission", "special-power")]
    assert [(f.rule, f.disclosure, f.outcome) for f in found] == [
        ("undeclared-permission", expected, outcome)
    ]


@pytest.mark.parametrize(
    ("stances", "outcome"),
    [((), "review"), (("declared",), "pass"), (("denied",), "review"), (("declared", "denied"), "review")],
)
def test_a_power_that_is_denied_is_not_explained(stances: tuple[str, ...], outcome: str) -> None:
    power = Fact("static", "observed", "app", "uses", "setting:accessibility_service")
    name = "permission:android.permission.BIND_ACCESSIBILITY_SERVICE"
    words = [Fact("policy", s, "app", "requests", name) for s in stances]  # type: ignore[arg-type]
    (found,) = (
        f
        for f in compare([power, *words], examined=("static", "policy"))
        if f.rule == "special-power" and f.subject
    )
    assert found.outcome == outcome
