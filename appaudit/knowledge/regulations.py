"""Regulations as lenses: clauses that findings name, and what each common type of app may require.

Texts are our own words for what a check under a clause looks at; the instrument and number lead to the law.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from appaudit.knowledge.load import toml

Profile = Literal["cn", "eu", "us-ca", "play", "all"]

PROFILES: Mapping[str, frozenset[str]] = {
    "cn": frozenset({"CN"}),
    "eu": frozenset({"EU"}),
    "us-ca": frozenset({"US-CA", "US"}),
    "play": frozenset({"PLAY", "ANDROID"}),
    "all": frozenset({"CN", "EU", "US-CA", "US", "PLAY", "ANDROID", "HK", "IN"}),
}
"""Jurisdictions that each ``--profile`` looks through."""

NEEDS = ("policy", "listing", "static", "dynamic", "traffic", "screen", "store")
"""Sources that can decide a clause: ``screen`` the screens of a run, ``store`` the store page."""


@dataclass(frozen=True, slots=True)
class Instrument:
    """A law, notice, standard or platform policy. ``date``: ISO, as exact as we are sure of, may be empty."""

    id: str
    jurisdiction: str
    zh: str
    en: str
    number: str
    date: str


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause. ``clause``: its number in the instrument, empty for the whole of it.

    ``checked_zh``/``checked_en``: what is checked. ``evidence``: which of `NEEDS` can decide it.
    ``judge``: ``person`` where a tool can only give leads. ``label``: the item's name in MIIT's notices, by
    language, for items of the notices themselves; ``item``: the notice's item it falls under.
    ``sure``: False where wording or number still has to be checked against the text. ``hash``: over the
    instrument, its date and number, and both texts; a change of law changes it. ``decide``: by language, what
    decides it where no observation did, and where only a person can; empty where ``evidence`` says it all.
    """

    id: str
    jurisdiction: str
    instrument: str
    clause: str
    date: str
    checked_zh: str
    checked_en: str
    evidence: tuple[str, ...]
    judge: Literal["tool", "person"]
    label: Mapping[str, str]
    item: str
    sure: bool
    hash: str
    decide: Mapping[str, str]

    def checked(self, lang: str) -> str:
        """What is checked, in ``zh`` or ``en``."""
        return self.checked_zh if lang == "zh" else self.checked_en


@dataclass(frozen=True, slots=True)
class Category:
    """A common type of app. ``data``: ids of data types that its basic function may require."""

    id: str
    number: int
    zh: str
    en: str
    basic: Mapping[str, str]
    needs: Mapping[str, str]
    data: frozenset[str]
    sure: bool

    @property
    def clause(self) -> str:
        """The clause that says so."""
        return f"CN39-{self.number}"


@cache
def instruments() -> dict[str, Instrument]:
    """Every instrument by id, in the file's order."""
    return {key: Instrument(key, **row) for key, row in toml("regulations.toml")["instrument"].items()}


@cache
def categories() -> dict[str, Category]:
    """The 39 categories by id, in the order of the rules."""
    return {
        row["id"]: Category(
            row["id"],
            row["number"],
            row["zh"],
            row["en"],
            row["basic"],
            row["needs"],
            frozenset(row["data"]),
            row.get("sure", True),
        )
        for row in toml("categories.toml")["category"]
    }


@cache
def clauses() -> dict[str, Clause]:
    """Every clause by id, those of one instrument together and in its order."""
    found: dict[str, Clause] = {}
    for key, row in toml("regulations.toml")["clause"].items():
        found[key] = _clause(key, row)
        if key == "CN39-art4":
            found |= {c.clause: _clause(c.clause, _necessary(c)) for c in categories().values()}
    return found


def _necessary(category: Category) -> dict[str, Any]:
    return {
        "of": "CN39",
        "no": f"Art 5({category.number})",
        "zh": f"{category.zh}：基本功能服务的必要个人信息为{category.needs['zh']}",
        "en": f"{category.en}: the basic function needs {category.needs['en']}",
        "needs": ["static", "dynamic", "traffic"],
        "sure": category.sure,
    }


def _clause(key: str, row: Mapping[str, Any]) -> Clause:
    law = instruments()[row["of"]]
    text = "\x1f".join((law.zh, law.number, law.date, row["no"], row["zh"], row["en"]))
    return Clause(
        id=key,
        jurisdiction=law.jurisdiction,
        instrument=law.id,
        clause=row["no"],
        date=law.date,
        checked_zh=row["zh"],
        checked_en=row["en"],
        evidence=tuple(row.get("needs", ())),
        judge="person" if row.get("person") else "tool",
        label=row.get("label", {}),
        item=row.get("item", ""),
        sure=row.get("sure", True),
        hash=hashlib.sha256(text.encode()).hexdigest()[:16],
        decide=toml("decide.toml").get(key, {}),
    )


def in_profile(clause_ids: Iterable[str], profile: str) -> list[str]:
    """Those of ``clause_ids`` that ``profile`` looks through, unknown ids left out."""
    wanted = PROFILES[profile]
    return [c for c in clause_ids if c in clauses() and clauses()[c].jurisdiction in wanted]


def concerns(clause_ids: Sequence[str], profile: str) -> bool:
    """Whether a finding of these clauses is one under ``profile``; one that names none is one under every."""
    return not clause_ids or bool(in_profile(clause_ids, profile))


def notice_label(clause_ids: Iterable[str], lang: str) -> str:
    """The item name of MIIT's notice 164 that clauses fall under, the first that has one; else empty."""
    for key in clause_ids:
        clause = clauses().get(key)
        item = clauses().get(clause.item or clause.id) if clause else None
        if item is not None and item.label:
            return item.label[lang]
    return ""
