"""The catalogue against the collected facts on APIs: every row is there, or a reason stands here."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from appaudit.knowledge.apis import catalogue, find_word
from appaudit.knowledge.load import toml

FACTS = Path(__file__).resolve().parents[3] / "shared" / "facts" / "api_catalogue.tsv"

WORDS = {
    "com.mdid.msa.service.MsaIdService": ("action", "com.bun.msa.action.bindto.service"),
    "transact": ("descriptor", "com.hihonor.cloudservice.oaid.IOAIDService"),
    "query:content://com.vivo.vms.IdProvider/IdentifierId/OAID": (
        "uri",
        "content://com.vivo.vms.IdProvider/IdentifierId/OAID",
    ),
    "query:content://com.meizu.flyme.openidsdk/": ("uri", "content://com.meizu.flyme.openidsdk/"),
    "android.service.action.msa": ("action", "android.service.action.msa"),
}
"""Rows that name no method but a string: the word that finds them."""

PRIVATE = "an app cannot call it, and what leads to it is in the catalogue"
LEFT_OUT = {"startServiceCommon": PRIVATE, "bindServiceCommon": PRIVATE}


def above(name: str) -> list[str]:
    """A class and those it inherits from: a method may stand with any of them."""
    parents = toml("edges.toml")["supertypes"].get(name, ())
    return [name, *(a for parent in parents for a in above(parent))]


@pytest.mark.skipif(not FACTS.exists(), reason="the collected facts are not beside the repository")
def test_every_collected_row_is_there_or_has_a_reason() -> None:
    known = {(owner, api.member) for api in catalogue() for owner in (api.class_name, api.hook_class)}
    missing, seen = [], set()
    with FACTS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    for row in rows:
        member = row["method"].replace("$init", "<init>").removeprefix("field:")
        if any((owner, member) in known for owner in above(row["class"])):
            continue
        seen.add(member)
        if member not in LEFT_OUT and not (member in WORDS and find_word(*WORDS[member])):
            missing.append((row["class"], member))
    assert len(rows) > 1000
    assert not missing
    assert seen == {*WORDS, *LEFT_OUT}
