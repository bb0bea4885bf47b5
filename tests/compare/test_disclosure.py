"""The five disclosure classes, and who a statement speaks for."""

from __future__ import annotations

import pytest

from appaudit.compare.case import Case
from appaudit.compare.disclosure import judge
from appaudit.records import Fact


def said(
    data: str,
    stance: str = "declared",
    action: str = "collects",
    actor: str = "app",
    recipient: str | None = None,
    condition: tuple[str, ...] = (),
) -> Fact:
    return Fact("policy", stance, actor, action, f"data:{data}", recipient=recipient, condition=condition)  # type: ignore[arg-type]


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
