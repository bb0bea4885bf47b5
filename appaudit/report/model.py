"""What every writer of a report is given: one immutable view of an audit's records.

A view holds records as they are and adds nothing: what a table or sentence derives from them is in
`appaudit.report.tables` and `appaudit.report.text`. Three documents can be made from it: ``scan``
(an app alone), ``policy`` (documents alone) and ``audit`` (both, with findings).

Two things a finding may carry in its ``attributes`` mean something to every writer:

- ``suppressed`` (``ignored`` | ``baseline``), with ``suppressed_reason``, ``suppressed_until`` (a date)
  and ``suppressed_by`` (the id of the entry): counted apart, left out of the verdict;
- ``status`` against an earlier audit: ``new`` | ``open`` | ``fixed`` | ``not_reexamined``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from appaudit.records import SEVERITIES, App, Document, Fact, Finding, Gap, Outcome

Lang = Literal["zh", "en"]
Kind = Literal["scan", "policy", "audit"]

OUTCOMES: tuple[Outcome, ...] = ("violation", "review", "not_examined", "pass")
"""In the order a reader needs them."""

NOT_A_FINDING = frozenset({"pass"})
"""Outcomes that leave nothing to do."""


@dataclass(frozen=True, slots=True)
class RuleText:
    """A rule's words, each ``{"zh": …, "en": …}``.

    ``title``, ``message`` and ``advice`` are `str.format` templates over ``{actor}``, ``{subject}``,
    ``{action}``, ``{recipient}`` and the finding's attributes, all as names in the report's language.
    """

    id: str
    title: Mapping[str, str]
    message: Mapping[str, str] = field(default_factory=dict)
    why: Mapping[str, str] = field(default_factory=dict)
    advice: Mapping[str, str] = field(default_factory=dict)
    severity: str = "medium"
    confidence: str = "medium"
    clauses: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AuditView:
    """Everything a writer may read.

    ``coverage``: per source (``static`` …), a mapping with ``examined`` (label → count or text) and
    ``not_examined`` (sentences). ``knowledge``: file name → version or hash. ``tool``: ``name`` and
    ``version``. ``texts``: document name → extracted text, for quotes in their context. ``rules``: the
    rules that ran, those without a finding too. ``profile``: cn · eu · us-ca · play · all.
    ``date``: when the audit was done, ISO 8601, empty when the report must not depend on it.
    """

    kind: Kind = "audit"
    app: App | None = None
    documents: tuple[Document, ...] = ()
    facts: tuple[Fact, ...] = ()
    findings: tuple[Finding, ...] = ()
    gaps: tuple[Gap, ...] = ()
    coverage: Mapping[str, Any] = field(default_factory=dict)
    knowledge: Mapping[str, Any] = field(default_factory=dict)
    tool: Mapping[str, Any] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    rules: Mapping[str, RuleText] = field(default_factory=dict)
    lang: Lang = "en"
    profile: str = "all"
    category: str = ""
    date: str = ""


def suppressed(finding: Finding) -> bool:
    """Whether an ignore entry or the baseline sets this finding aside."""
    return any(key == "suppressed" for key, _ in finding.attributes)


def severity_rank(finding: Finding) -> int:
    """0 for info to 4 for critical."""
    return SEVERITIES.index(finding.severity)


def ordered(findings: tuple[Finding, ...]) -> list[Finding]:
    """Most pressing first: outcome, then severity, then names, so that a report is stable."""
    return sorted(
        findings,
        key=lambda f: (
            OUTCOMES.index(f.outcome),
            -severity_rank(f),
            f.rule,
            f.actor,
            f.subject,
            f.action,
            f.fingerprint,
        ),
    )
