"""The rules: one TOML file each, with its texts in Chinese and English."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from appaudit.knowledge.load import FOLDER, toml
from appaudit.records import Confidence, Severity

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")


@dataclass(frozen=True, slots=True)
class Text:
    """A rule's words in one language. ``title``, ``message``, ``advice`` and ``passed`` are templates
    (see `appaudit.knowledge.wording.render`); ``name`` and ``why`` stand as they are."""

    name: str
    title: str
    message: str
    why: str
    advice: str
    passed: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One question an audit answers.

    ``sources``: each entry is one or more producers (``static|dynamic``) of which one must have
    examined the app, or the rule's outcome is ``not_examined``. ``clauses``: ids in the regulations
    knowledge. ``fires_on`` and ``quiet_on``: fixtures (``<app>/<policy>``) that prove the rule.
    """

    id: str
    since: str
    lifecycle: Literal["experimental", "stable", "deprecated"]
    sources: tuple[str, ...]
    severity: Severity
    confidence: Confidence
    clauses: tuple[str, ...]
    fires_on: str
    quiet_on: str
    texts: Mapping[Language, Text]


def _rule(row: dict[str, Any]) -> Rule:
    return Rule(
        id=row["id"],
        since=row["since"],
        lifecycle=row["lifecycle"],
        sources=tuple(row["sources"]),
        severity=row["severity"],
        confidence=row["confidence"],
        clauses=tuple(row["clauses"]),
        fires_on=row["fires_on"],
        quiet_on=row["quiet_on"],
        texts={lang: Text(**row[lang]) for lang in LANGUAGES},
    )


@cache
def rules() -> dict[str, Rule]:
    """Every rule by id, sorted."""
    files = sorted((FOLDER / "rules").glob("*.toml"))
    found = [_rule(toml(f"rules/{file.name}")) for file in files]
    return {rule.id: rule for rule in found}
