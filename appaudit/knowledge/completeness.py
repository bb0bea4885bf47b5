"""What a privacy policy has to say: the items, their names, the clauses that ask for them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from appaudit.knowledge.load import toml


@dataclass(frozen=True, slots=True)
class NoticeItem:
    """One row of completeness.toml. ``zh``/``en``: its name. ``clauses``: ids of clauses."""

    id: str
    zh: str
    en: str
    clauses: tuple[str, ...]


@cache
def notice_items() -> dict[str, NoticeItem]:
    """Every item by id, in the file's order. Facts carry them as the subject ``notice:<id>``."""
    return {
        row["id"]: NoticeItem(row["id"], row["zh"], row["en"], tuple(row["clauses"]))
        for row in toml("completeness.toml")["item"]
    }
