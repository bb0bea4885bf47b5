"""Clauses and categories: complete, in both languages, consistent with the rules that cite them."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from appaudit.knowledge.data_types import data_types
from appaudit.knowledge.load import toml
from appaudit.knowledge.regulations import (
    NEEDS,
    PROFILES,
    categories,
    clauses,
    in_profile,
    instruments,
    notice_label,
)
from appaudit.knowledge.rules import rules

FACTS = Path(__file__).resolve().parents[3] / "shared" / "facts" / "regulations.tsv"


def test_the_31_and_the_10_are_whole() -> None:
    items = [c.clause for c in clauses().values() if c.instrument == "CN191"]
    sizes = [sum(i.startswith(f"{n}.") for i in items) for n in range(1, 7)]
    assert sizes == [4, 4, 9, 6, 3, 5]
    assert [c.clause for c in clauses().values() if c.instrument == "CN164"] == [str(n) for n in range(1, 11)]
    assert all(c.label for c in clauses().values() if c.instrument in ("CN164", "CN337"))


@pytest.mark.skipif(not FACTS.exists(), reason="the shared facts are not here")
def test_no_known_clause_is_lost() -> None:
    with FACTS.open(encoding="utf-8") as f:
        rows = list(csv.DictReader(f, delimiter="\t"))
    assert {r["id"] for r in rows} == set(clauses())
    for row in rows:
        assert clauses()[row["id"]].sure is (row["sure"] == "yes"), row["id"]


def test_every_clause_has_both_languages_and_a_known_frame() -> None:
    for clause in clauses().values():
        assert re.search("[\u4e00-\u9fff]", clause.checked_zh), clause.id
        assert clause.checked_en
        assert not re.search("[\u4e00-\u9fff]", clause.checked_en), clause.id
        assert set(clause.evidence) <= set(NEEDS), clause.id
        assert clause.evidence or clause.judge == "person", clause.id
        assert set(clause.label) in (set(), {"zh", "en"})
        assert clause.item == "" or clauses()[clause.item].label
        assert re.fullmatch("[0-9a-f]{16}", clause.hash)
    assert len({c.hash for c in clauses().values()}) == len(clauses())


def test_file_has_no_unknown_keys() -> None:
    data = toml("regulations.toml")
    assert set(data) == {"instrument", "clause"}
    for key, row in data["instrument"].items():
        assert set(row) == {"jurisdiction", "zh", "en", "number", "date"}, key
        assert re.fullmatch(r"|\d{4}(-\d\d(-\d\d)?)?", row["date"]), key
    known = {"of", "no", "zh", "en", "needs", "person", "sure", "label", "item"}
    for key, row in data["clause"].items():
        assert set(row) <= known, key
        assert row["of"] in data["instrument"], key
    assert {r["of"] for r in data["clause"].values()} | {"CN39"} == set(data["instrument"])


def test_categories() -> None:
    assert [c.number for c in categories().values()] == list(range(1, 40))
    for category in categories().values():
        assert set(category.data) <= set(data_types()), category.id
        assert bool(category.data) is (category.needs["zh"] != "无须个人信息"), category.id
        assert category.clause in clauses()
    assert sum(not c.data for c in categories().values()) == 13
    assert {"address", "recipient_name", "payment_info"} <= categories()["online_shopping"].data


def test_profiles_cover_every_jurisdiction() -> None:
    assert PROFILES["all"] == {i.jurisdiction for i in instruments().values()}
    some = ["CN191-3.1", "EU-GDPR-13", "US-CCPA-1798.100", "GP-User_Data", "no-such"]
    assert in_profile(some, "cn") == ["CN191-3.1"]
    assert in_profile(some, "eu") == ["EU-GDPR-13"]
    assert in_profile(some, "us-ca") == ["US-CCPA-1798.100"]
    assert in_profile(some, "play") == ["GP-User_Data"]
    assert in_profile(some, "all") == some[:4]


def test_labels_are_the_items_of_the_notice() -> None:
    assert notice_label(["EU-GDPR-13", "CN191-3.3"], "zh") == "超范围收集个人信息"
    assert notice_label(["CN164-6"], "zh") == "APP频繁自启动和关联启动"
    assert notice_label(["CN191-5.1"], "en") == "Unlawful use of personal information"
    assert notice_label(["EU-GDPR-13", "no-such"], "zh") == ""


def test_rules_cite_only_known_clauses() -> None:
    for rule in rules().values():
        assert set(rule.clauses) <= set(clauses()), rule.id
