"""The ontology holds together."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from appaudit.knowledge.data_types import data_types, distance

FACTS = Path(__file__).resolve().parents[3] / "shared" / "facts" / "data_types.tsv"


def test_broader_types_exist_and_never_circle() -> None:
    types = data_types()
    for t in types.values():
        assert set(t.broader) <= set(types), t.id
        for broader in t.broader:
            assert distance(broader, t.id) is None, f"{t.id} and {broader} are each broader than the other"


def test_distance_counts_steps() -> None:
    assert distance("imei", "imei") == 0
    assert distance("imei", "device_info") == 1
    assert distance("imei", "location") is None


@pytest.mark.skipif(not FACTS.exists(), reason="the shared facts are not here")
def test_no_known_id_is_lost() -> None:
    with FACTS.open(encoding="utf-8") as f:
        ids = {row["type"] for row in csv.DictReader(f, delimiter="\t")}
    assert ids <= set(data_types())
