"""Living with findings: baselines, and entries that set findings aside until a date."""

from __future__ import annotations

from datetime import date

import pytest

from appaudit.compare import ignore
from appaudit.compare.baseline import against
from appaudit.errors import InputError
from appaudit.records import Fact, Finding, Gap, Outcome, Source

FACT = Fact("static", "observed", "app", "accesses", "data:imei")
ALL: tuple[Source, ...] = ("static", "policy")


def finding(print_: str, outcome: Outcome = "violation", subject: str = "") -> Finding:
    return Finding(
        "undeclared-data",
        outcome,
        "high",
        "medium",
        "app",
        "accesses",
        subject or f"data:{print_}",
        facts=(FACT,),
        fingerprint=print_,
    )


def status(found: list[Finding]) -> dict[str, str]:
    return {f.fingerprint: dict(f.attributes).get("status", "") for f in found}


def test_new_open_fixed() -> None:
    found = against([finding("a"), finding("b")], [finding("b"), finding("c")], ALL)
    assert status(found) == {"a": "new", "b": "open", "c": "fixed"}
    assert [f.outcome for f in found] == ["violation", "violation", "pass"]


def test_the_same_problem_by_another_call_is_open_and_not_set_aside() -> None:
    now, then = finding("a", subject="data:imei"), finding("b", subject="data:imei")
    assert status(against([now], [then], ALL)) == {"a": "open"}
    (kept,) = against([now], [then], ALL, new_only=True)
    assert "suppressed" not in dict(kept.attributes)


@pytest.mark.parametrize(
    ("examined", "gaps"),
    [(("static",), ()), (ALL, (Gap("static", "packed_dex", "a.apk!classes.dex", "packed"),))],
)
def test_gone_is_not_fixed_where_nobody_looked(examined: tuple[Source, ...], gaps: tuple[Gap, ...]) -> None:
    found = against([], [finding("c")], examined, gaps)
    assert status(found) == {"c": "not_reexamined"}
    assert found[0].outcome == "not_examined"


def test_new_only_sets_the_old_aside() -> None:
    found = against([finding("a"), finding("b")], [finding("b")], ALL, new_only=True)
    assert [dict(f.attributes).get("suppressed") for f in found] == [None, "baseline"]


ROW = {"id": "x1", "rule": "undeclared-*", "reason": "policy goes live in May", "expires": "2027-05-01"}


def test_ignored_until_the_day() -> None:
    listed = ignore.entries([ROW], "c.toml")
    last, expired = ignore.apply([finding("a")], listed, "com.x", date(2027, 5, 1))
    assert dict(last[0].attributes)["suppressed_by"] == "x1"
    assert not expired
    after, expired = ignore.apply([finding("a")], listed, "com.x", date(2027, 5, 2))
    assert "suppressed" not in dict(after[0].attributes)
    assert expired == listed


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"reason": ""}, "lacks 'reason'"),
        ({"expires": "soon"}, "must be a date"),
        ({"rule": None}, "lacks a scope"),
        ({"severity": "low"}, "unknown key 'severity'"),
    ],
)
def test_bad_entries_are_one_sentence(change: dict[str, str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        ignore.entries([{**ROW, **change}], "c.toml")


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([("q", "not_examined", "app")], "not_reexamined"),
        ([("p", "pass", "data:p"), ("q", "not_examined", "data:c")], "not_reexamined"),
        ([("p", "pass", "data:p"), ("q", "not_examined", "data:q")], "fixed"),
    ],
)
def test_gone_is_not_fixed_where_the_rule_could_not_answer(
    answers: list[tuple[str, Outcome, str]], expected: str
) -> None:
    now = [finding(print_, outcome, subject) for print_, outcome, subject in answers]
    assert status(against(now, [finding("c")], ALL))["c"] == expected
