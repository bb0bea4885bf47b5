"""The numbers of catalogue rows: what a record of a run names them by."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from appaudit.dynamic.rows import number, rows
from appaudit.knowledge.apis import by_id, catalogue

APPS = Path(__file__).resolve().parents[2] / "fixtures" / "apps"


def test_numbers_are_distinct_and_stay() -> None:
    assert len({number(api) for api in catalogue()}) == len(catalogue())
    assert number(by_id()["android.telephony.TelephonyManager.getImei"]) == 1525466192


@pytest.mark.parametrize("app", ["shop", "notes", "pushy", "stress", "probe"])
def test_recorded_runs_name_rows_of_the_catalogue(app: str) -> None:
    lines = map(json.loads, (APPS / app / "run.jsonl").read_text(encoding="utf-8").splitlines())
    named = {line["row"] for line in lines if "row" in line}
    assert named
    assert named <= set(rows())
