"""CSV, XLSX, the clause table and the two lists."""

from __future__ import annotations

import csv
import dataclasses
import io

import pytest
from openpyxl import load_workbook

from appaudit.knowledge.regulations import clauses
from appaudit.knowledge.sdks import sdks
from appaudit.records import IMPLIED, Fact, Finding
from appaudit.report.clauses import clause_rows
from appaudit.report.csv import collected, harmless, render, shared
from appaudit.report.grid import Grids
from appaudit.report.lists import collected_rows, shared_rows
from appaudit.report.model import AuditView, Lang
from appaudit.report.tables import data_rows, sdk_rows
from appaudit.report.words import Words
from appaudit.report.xlsx import render as workbook
from tests.report import golden
from tests.report.sample import audit, facts, finding, hostile


def rows(text: str) -> list[list[str]]:
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text[1:], newline="")))


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_golden(lang: Lang) -> None:
    golden.check(f"findings.{lang}.csv", render(audit(lang)))
    golden.check(f"collected.{lang}.csv", collected(audit(lang)))
    golden.check(f"shared.{lang}.csv", shared(audit(lang)))


def test_csv_is_rectangular_and_runs_nothing() -> None:
    for view in (audit(), hostile()):
        for write in (render, collected, shared):
            table = rows(write(view))
            assert len({len(r) for r in table}) == 1
            assert not any(c.startswith(("=", "+", "-", "@", "\t", "\r")) for r in table for c in r)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "|cmd", "%x", "＝1+1", "＠x"])
def test_formulas_are_disarmed(text: str) -> None:
    assert harmless(text) == "'" + text
    assert harmless("a" + text) == "a" + text


# ------------------------------------------------------------------------------------- clauses


def outcomes(view: AuditView) -> dict[str, str]:
    return {r.clause.id: r.outcome for r in clause_rows(view)}


def with_findings(*outcome_of: tuple[str, tuple[str, ...]]) -> AuditView:
    fact = facts()["imei"]
    made: list[Finding] = [finding("undeclared-data", o, "high", [fact], clauses=c) for o, c in outcome_of]
    ran = {source: {"examined": True} for source in ("static", "dynamic", "traffic", "policy")}
    return dataclasses.replace(audit(), findings=tuple(made), coverage=ran)


def test_cn_lists_all_31_and_10_whatever_was_found() -> None:
    for view in (audit(), with_findings()):
        table = outcomes(view)
        assert len(table) == 41
        assert {c.rsplit("-", 1)[0] for c in table} == {"CN191", "CN164"}
    assert set(outcomes(with_findings()).values()) == {"not_examined"}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["violation", "pass"], "violation"),
        (["review", "not_examined", "pass"], "review"),
        (["pass", "pass"], "pass"),
        (["pass", "not_examined"], "not_examined"),
        (["not_examined"], "not_examined"),
    ],
)
def test_a_clause_takes_the_worst_and_passes_only_when_all_do(given: list[str], expected: str) -> None:
    view = with_findings(*[(o, ("CN191-2.1",)) for o in given])
    assert outcomes(view)["CN191-2.1"] == expected
    assert outcomes(view)["CN164-1"] == expected, "the notice's item it falls under"
    assert outcomes(view)["CN164-7"] == "not_examined"


def test_a_clause_for_a_person_never_passes_by_tool() -> None:
    assert clauses()["CN191-2.4"].judge == "person"
    assert outcomes(with_findings(("pass", ("CN191-2.4",))))["CN191-2.4"] == "not_examined"
    assert outcomes(with_findings(("review", ("CN191-2.4",))))["CN191-2.4"] == "review"


@pytest.mark.parametrize("source", ["static", "dynamic", "traffic", "policy"])
def test_a_clause_passes_only_when_all_that_could_show_otherwise_was_examined(source: str) -> None:
    view = with_findings(("pass", ("CN191-2.1",)))
    assert outcomes(view)["CN164-1"] == "pass"
    without = dataclasses.replace(view, coverage={**view.coverage, source: {"examined": False}})
    assert outcomes(without)["CN164-1"] == "not_examined"
    assert source in next(r for r in clause_rows(without) if r.clause.id == "CN164-1").missing


def test_screens_are_never_taken_as_examined() -> None:
    assert outcomes(with_findings(("pass", ("CN191-3.8",))))["CN191-3.8"] == "not_examined"


def test_suppressed_findings_decide_no_clause() -> None:
    view = audit()
    only = dataclasses.replace(
        view, findings=tuple(f for f in view.findings if f.attributes and f.subject == "data:android_id")
    )
    assert len(only.findings) == 1
    assert set(outcomes(only).values()) == {"not_examined"}


def test_other_profiles() -> None:
    assert {clauses()[c].jurisdiction for c in outcomes(dataclasses.replace(audit(), profile="eu"))} == {"EU"}
    every = outcomes(dataclasses.replace(audit(), profile="all"))
    assert every["EU-GDPR-13"] == "violation"
    assert "CN191-1.3" not in every


# ----------------------------------------------------------------------------------- the lists


def test_collected_joins_deeds_with_words_through_the_ontology() -> None:
    table = {(r.actor, r.subject): r for r in collected_rows(audit())}
    imei = table["app", "data:imei"]
    assert imei.seen
    assert [f.subject for f in imei.said] == ["data:device_info"]
    assert table["app", "data:clipboard"].said == [], "a denial is not a declaration"
    assert not table["sdk:umeng-analytics", "data:oaid"].seen
    assert ("app", "data:photo") not in table, "processed on the device only"


def test_every_row_points_at_its_facts() -> None:
    view = audit("en")
    grid = Grids(view, Words("en")).collected()
    column = grid.headers.index("Facts")
    for row, source in zip(grid.rows, collected_rows(view), strict=True):
        for pointer, fact in zip(row[column].lines, source.seen + source.said, strict=False):
            assert view.facts[int(pointer.removeprefix("/facts/"))] is fact


def test_shared_names_every_third_party_once() -> None:
    table = {r.party: r for r in shared_rows(audit(), "zh")}
    assert table["sdk:jpush"].company
    assert table["sdk:jpush"].link.startswith("https://")
    assert table["sdk:umeng-analytics"].seen
    assert table["sdk:umeng-analytics"].said
    library = next(s.id for s in sdks().values() if s.plumbing)
    only = Fact("static", "observed", "app", "embeds", f"sdk:{library}")
    assert shared_rows(dataclasses.replace(audit(), facts=(only,)), "zh") == []


# ---------------------------------------------------------------------------------------- xlsx


def test_workbook_holds_text_only_and_every_sheet() -> None:
    for view in (audit("zh"), hostile("en")):
        book = load_workbook(io.BytesIO(workbook(view)))
        assert len(book.sheetnames) >= 9
        for sheet in book:
            for row in sheet.iter_rows():
                assert all(cell.data_type in ("s", "n", "inlineStr") for cell in row)
    book = load_workbook(io.BytesIO(workbook(audit("zh"))))
    assert "已收集个人信息清单" in book.sheetnames
    assert "条款对照表" in book.sheetnames
    assert book["条款对照表"].max_row == 42


def test_the_sdk_table_has_what_an_sdk_alone_needs_and_what_starts_by_itself() -> None:
    def fact(actor: str, action: str, subject: str, **attributes: str) -> Fact:
        return Fact(
            "static", "observed", actor, action, subject, attributes=tuple(sorted(attributes.items()))
        )

    wifi, phone = (f"permission:android.permission.{p}" for p in ("ACCESS_WIFI_STATE", "READ_PHONE_STATE"))
    own = "permission:x.permission.JPUSH_MESSAGE"
    given = (
        fact("sdk:jpush", "uses", wifi),
        fact("app", "uses", wifi),
        fact("sdk:jpush", "uses", phone),
        fact("app", "requests", own, sdk="jpush"),
        fact(
            "sdk:jpush",
            "starts",
            "component:cn.jpush.android.R",
            triggers="android.intent.action.BOOT_COMPLETED",
        ),
        fact("sdk:jpush", "accesses", "data:imei", startup="x.App.onCreate"),
        fact("app", "embeds", "sdk:jpush", basis="class", used_by="app sdk:jcore"),
        fact("app", "embeds", "sdk:jpush", basis="fingerprint", score="0.998", used_by="app sdk:jcore"),
    )
    view = dataclasses.replace(audit("en"), facts=given)
    (row,) = sdk_rows(view)
    assert [f.subject for f in row.alone] == [phone, own]
    assert [f.action for f in row.starts] == ["starts", "accesses"]
    (cells,) = Grids(view, Words("en")).sdks().rows
    lines = [line for cell in cells for line in cell.lines]
    assert any("BOOT_COMPLETED" in line for line in lines)
    assert "renamed; by fingerprint, 99% of it found" in lines
    assert lines.count("called by the app, JIGUANG JCore") == 1, "told by two facts"
    view = dataclasses.replace(
        view, facts=(fact("app", "embeds", "sdk:jpush", basis="fingerprint", score="<b>much"),)
    )
    (cells,) = Grids(view, Words("en")).sdks().rows
    assert any("<b>much of it found" in line for cell in cells for line in cell.lines), "as a bundle may say"


def test_what_only_a_denial_implies_is_nowhere_shown_as_declared() -> None:
    seen = Fact("static", "observed", "app", "accesses", "data:imei")
    denied = Fact("policy", "denied", "app", "collects", "data:imei", condition=("after_consent",))
    implied = dataclasses.replace(denied, stance="declared", attributes=(IMPLIED,))
    shared = dataclasses.replace(implied, action="shares", recipient="party:partners")
    view = dataclasses.replace(audit("en"), facts=(seen, denied, implied, shared))
    (data,) = data_rows(view)
    assert (data.declared, data.denied) == ([], [denied])
    (row,) = collected_rows(view)
    assert row.said == []
    assert not shared_rows(view, "en")
