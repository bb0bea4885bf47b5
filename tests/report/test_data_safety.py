"""Filling a developer's own Data safety export from evidence."""

from __future__ import annotations

import csv
import dataclasses
import io

import pytest

from appaudit.errors import InputError
from appaudit.report.data_safety import differences, fill
from tests.report import golden
from tests.report.sample import audit, facts, hostile

USAGE = "PSL_DATA_USAGE_RESPONSES"
HEADER = ("Question ID", "Response ID", "Response value", "Answer requirement", "Label")


def form() -> str:
    rows = [
        ("PSL_DATA_COLLECTION_COLLECTS_PERSONAL_DATA", "", "true", "REQUIRED", "Raccoglie dati?"),
        ("PSL_DATA_COLLECTION_ENCRYPTED_IN_TRANSIT", "", "true", "MAYBE_REQUIRED", "Crittografati, sì"),
        ("PSL_DATA_TYPES_LOCATION", "PSL_PRECISE_LOCATION", "", "MULTIPLE_CHOICE", "Posizione esatta"),
        ("PSL_DATA_TYPES_FINANCIAL", "PSL_PURCHASE_HISTORY", "true", "MULTIPLE_CHOICE", "Acquisti"),
        ("PSL_DATA_TYPES_IDENTIFIERS", "PSL_DEVICE_ID", "false", "MULTIPLE_CHOICE", 'ID "dispositivo"'),
    ]
    for kind in ("PSL_PRECISE_LOCATION", "PSL_PURCHASE_HISTORY", "PSL_DEVICE_ID"):
        question = f"{USAGE}:{kind}:PSL_DATA_USAGE_COLLECTION_AND_SHARING"
        rows += [
            (question, "PSL_DATA_USAGE_ONLY_COLLECTED", "", "MULTIPLE_CHOICE", "Raccolti"),
            (question, "PSL_DATA_USAGE_ONLY_SHARED", "", "MULTIPLE_CHOICE", "Condivisi"),
            (f"{USAGE}:{kind}:PSL_DATA_USAGE_EPHEMERAL", "", "", "MAYBE_REQUIRED", "Effimeri"),
            (
                f"{USAGE}:{kind}:DATA_USAGE_COLLECTION_PURPOSE",
                "PSL_ANALYTICS",
                "",
                "MULTIPLE_CHOICE",
                "Analisi",
            ),
            (
                f"{USAGE}:{kind}:DATA_USAGE_COLLECTION_PURPOSE",
                "PSL_ADVERTISING",
                "",
                "MULTIPLE_CHOICE",
                "Pubblicità",
            ),
        ]
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerows([HEADER, *rows])
    return out.getvalue()


def read(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


def test_golden() -> None:
    filled = fill(form(), audit())
    golden.check("data_safety.csv", filled.text)
    golden.check("data_safety.changes.csv", differences(filled.changes))


def test_rows_order_and_labels_stay_and_only_values_change() -> None:
    before, after = read(form()), read(fill(form(), audit()).text)
    assert len(before) == len(after)
    for old, new in zip(before, after, strict=True):
        assert old[:2] + old[3:] == new[:2] + new[3:]


def test_answers_follow_the_evidence() -> None:
    values = {(r[0], r[1]): r[2] for r in read(fill(form(), audit()).text)[1:]}
    assert values["PSL_DATA_TYPES_LOCATION", "PSL_PRECISE_LOCATION"] == "true"
    assert values["PSL_DATA_TYPES_IDENTIFIERS", "PSL_DEVICE_ID"] == "true"
    assert values["PSL_DATA_TYPES_FINANCIAL", "PSL_PURCHASE_HISTORY"] == "true", "never unticked"
    sharing = ":PSL_DATA_USAGE_COLLECTION_AND_SHARING"
    assert values[f"{USAGE}:PSL_DEVICE_ID{sharing}", "PSL_DATA_USAGE_ONLY_SHARED"] == "true"
    assert values[f"{USAGE}:PSL_PRECISE_LOCATION{sharing}", "PSL_DATA_USAGE_ONLY_SHARED"] == ""
    assert values[f"{USAGE}:PSL_PURCHASE_HISTORY{sharing}", "PSL_DATA_USAGE_ONLY_COLLECTED"] == ""
    purpose = f"{USAGE}:PSL_DEVICE_ID:DATA_USAGE_COLLECTION_PURPOSE"
    assert values[purpose, "PSL_ANALYTICS"] == "true"
    assert values[purpose, "PSL_ADVERTISING"] == ""
    assert values["PSL_DATA_COLLECTION_ENCRYPTED_IN_TRANSIT", ""] == "true"


def test_each_change_says_what_it_stands_on() -> None:
    changes = {(c.question, c.response): c for c in fill(form(), audit()).changes}
    assert changes["PSL_DATA_TYPES_LOCATION", "PSL_PRECISE_LOCATION"].basis == "code"
    device = changes["PSL_DATA_TYPES_IDENTIFIERS", "PSL_DEVICE_ID"]
    assert device.basis == "traffic"
    assert device.facts == (facts()["sent_android_id"],)
    assert read(form())[device.row - 1][1] == "PSL_DEVICE_ID"
    assert changes["PSL_DATA_TYPES_FINANCIAL", "PSL_PURCHASE_HISTORY"].basis == "nothing"


def test_cleartext_traffic_denies_encryption() -> None:
    sent = dataclasses.replace(facts()["sent_android_id"], attributes=(("cleartext", "yes"),))
    values = {
        (r[0], r[1]): r[2] for r in read(fill(form(), dataclasses.replace(audit(), facts=(sent,))).text)
    }
    assert values["PSL_DATA_COLLECTION_ENCRYPTED_IN_TRANSIT", ""] == "false"


def test_filling_twice_changes_nothing_more() -> None:
    once = fill(form(), audit())
    assert fill(once.text, audit()).text == once.text
    assert fill(form(), dataclasses.replace(audit(), facts=())).text == form()


def test_line_ends_are_the_exports_own() -> None:
    assert fill(form().replace("\n", "\r\n"), audit()).text.count("\r\n") == form().count("\n")


def test_other_sheets_are_refused() -> None:
    for text in ("", "a,b\n1,2\n", "\ufeffSDK,Company\n", "x" * 200_000):
        with pytest.raises(InputError, match="Data safety"):
            fill(text, audit())


def test_hostile_records_do_no_harm() -> None:
    differences(fill(form(), hostile()).changes).encode("utf-8")
