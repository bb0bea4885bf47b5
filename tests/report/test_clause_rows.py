"""All 31 items of the 191 method and 10 of the 164 notice end in a result, on audits of the fixture apps."""

from __future__ import annotations

import pytest

from appaudit.report.clauses import ClauseRow, clause_rows
from appaudit.report.grid import Grids
from appaudit.report.model import AuditView, Lang, view_of
from appaudit.report.words import Words
from tests.fixture_audits import fixture_audit

GUILTY = "shop/zh/online_shopping/+run/+traffic"
PUSHY = "pushy/run"
CLEAN = "notes/zh/+run/+traffic"
PERSON = {"CN191-2.4", "CN191-3.5", "CN191-3.7", "CN191-4.3", "CN191-5.2", "CN191-6.2", "CN191-6.4"} | {
    "CN164-7",
    "CN164-8",
    "CN164-10",
}
EXPECTED = {
    GUILTY: {
        "violation": "191: 2.1 3.1 3.2 3.3 3.9 4.4 5.1; 164: 1 2 3 5 6",
        "review": "191: 2.3 4.1 5.2 6.1 6.5",
        "pass": "191: 1.1 1.2 3.4",
    },
    PUSHY: {
        "violation": "191: 3.1 3.4; 164: 1 5",
        "review": "191: 1.2 1.3 2.1 2.2 2.3 3.2 3.6 3.7 3.8 4.1 4.2 4.5 4.6 6.1 6.3 6.5; 164: 2 4 8",
        "pass": "191: 1.1; 164: 6",
    },
    CLEAN: {
        "violation": "",
        "review": "191: 2.1 2.3 6.1 6.5; 164: 1 3",
        "pass": "191: 1.1 1.2 3.1 3.2 3.3 3.4 4.4 5.1; 164: 6",
    },
}


def ids(text: str) -> set[str]:
    """``191: 2.1 3.1; 164: 1`` as clause ids."""
    groups = (part.split(":") for part in text.split(";") if part)
    return {f"CN{number.strip()}-{item}" for number, items in groups for item in items.split()}


def view(fixture: str, lang: Lang = "zh") -> AuditView:
    return view_of(fixture_audit(fixture), "audit", lang, "cn")


def rows(fixture: str) -> dict[str, ClauseRow]:
    return {r.clause.id: r for r in clause_rows(view(fixture))}


@pytest.mark.parametrize("fixture", EXPECTED)
def test_every_item_has_its_result(fixture: str) -> None:
    found = rows(fixture)
    assert len(found) == 41
    for outcome, text in EXPECTED[fixture].items():
        assert {key for key, row in found.items() if row.outcome == outcome} == ids(text), outcome
    decided = {key for text in EXPECTED[fixture].values() for key in ids(text)}
    assert {key for key, row in found.items() if row.outcome == "not_examined"} == found.keys() - decided


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("fixture", [*EXPECTED, "plain/zh"])
def test_every_item_shows_its_evidence_or_what_would_decide_it(fixture: str, lang: Lang) -> None:
    grid = Grids(view(fixture, lang), Words(lang)).clauses()
    found = rows(fixture)
    assert len(grid.rows) == len(found) == 41
    for row, cells in zip(found.values(), grid.rows, strict=True):
        grounds = cells[-1]
        if row.outcome in ("violation", "review", "pass"):
            assert row.findings, row.clause.id
            assert grounds.links, row.clause.id
            assert all(f.facts or f.outcome == "pass" for f in row.findings if f.outcome == row.outcome)
        if row.outcome == "not_examined":
            assert row.clause.decide[lang] in grounds.text, row.clause.id


@pytest.mark.parametrize("fixture", EXPECTED)
def test_what_only_a_person_can_judge_is_marked_and_never_decided(fixture: str) -> None:
    found = rows(fixture)
    assert {key for key, row in found.items() if row.clause.judge == "person"} == PERSON
    assert {found[key].outcome for key in PERSON} <= {"review", "not_examined"}
    grid = Grids(view(fixture), Words("zh")).clauses()
    for row, cells in zip(found.values(), grid.rows, strict=True):
        assert ("须人工判断" in cells[-1].text) == (row.clause.id in PERSON), row.clause.id


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_without_a_policy_or_a_run_nothing_is_decided_that_needs_one(lang: Lang) -> None:
    found = rows("shop")
    assert {r.outcome for r in found.values()} <= {"review", "not_examined"}
    assert found["CN191-1.1"].outcome == "not_examined"


def test_a_profile_leaves_out_what_concerns_none_of_its_laws() -> None:
    bundle = fixture_audit("notes/zh")
    everything = {f.fingerprint: f for f in view_of(bundle, "audit", "en", "all").findings}
    chinese = {f.fingerprint for f in view_of(bundle, "audit", "en", "cn").findings}
    assert chinese < everything.keys()
    assert {everything[f].subject for f in everything.keys() - chinese} >= {"notice:do_not_sell"}
    assert not any(c.startswith("CN") for f in everything.keys() - chinese for c in everything[f].clauses)


@pytest.mark.parametrize(("lang", "label"), [("zh", "未检查："), ("en", "Not examined: ")])
def test_what_was_not_examined_is_never_cited_as_if_it_were_found(lang: Lang, label: str) -> None:
    seen = rows("plain/zh")
    grid = Grids(view("plain/zh", lang), Words(lang)).clauses()
    cited = 0
    for row, cells in zip(seen.values(), grid.rows, strict=True):
        open_ = {f"f-{f.fingerprint}" for f in row.findings if f.outcome == "not_examined"}
        for title, anchor in cells[-1].links:
            cited += anchor in open_
            assert title.startswith(label) == (anchor in open_), row.clause.id
    assert cited > 10
