"""What every writer of a report is given: one immutable view of an audit's records.

A view holds records as they are and adds nothing: what a table or sentence derives from them is in
`appaudit.report.tables` and `appaudit.report.text`. Three documents can be made from it: ``scan``
(an app alone), ``policy`` (documents alone, with what they make findable) and ``audit`` (both).

Two things a finding may carry in its ``attributes`` mean something to every writer:

- ``suppressed`` (``ignored`` | ``baseline``), with ``suppressed_reason``, ``suppressed_until`` (a date)
  and ``suppressed_by`` (the id of the entry): counted apart, left out of the verdict;
- ``status`` against an earlier audit: ``new`` | ``open`` | ``fixed`` | ``not_reexamined``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from appaudit.bundle import Bundle
from appaudit.knowledge.regulations import concerns
from appaudit.knowledge.rules import Rule, rules
from appaudit.knowledge.wording import Wording, render
from appaudit.records import SEVERITIES, App, Condition, Document, Fact, Finding, Gap, Outcome

Lang = Literal["zh", "en"]
Kind = Literal["scan", "policy", "audit"]

OUTCOMES: tuple[Outcome, ...] = ("violation", "review", "not_examined", "pass")
"""In the order a reader needs them."""


@dataclass(frozen=True, slots=True)
class AuditView:
    """Everything a writer may read.

    ``coverage``: per producer, ``examined`` (whether it ran), ``what`` (names), ``facts``, ``evidence``
    (counts) and ``not_examined`` (``code``, ``scope``, ``reason`` each). ``conditions``: under which a run
    saw what it saw. ``knowledge``: name → version or hash; ``own``, the user's
    files of knowledge (``kind``, ``name``, ``sha256``). ``tool``: ``name`` and ``version``. ``texts``:
    document name → extracted text, for quotes in their context. ``rules``: every rule that ran, those
    without a finding too; ``wording`` words a finding.
    ``profile``: cn · eu · us-ca · play · all. ``category``: id of the kind of app that it was judged as, may
    be empty. ``date``: when the audit was done, ISO 8601, may be empty.
    ``form``: the developer's exported Data safety form as CSV text, may be empty.
    """

    kind: Kind = "audit"
    app: App | None = None
    documents: tuple[Document, ...] = ()
    facts: tuple[Fact, ...] = ()
    findings: tuple[Finding, ...] = ()
    gaps: tuple[Gap, ...] = ()
    coverage: Mapping[str, Any] = field(default_factory=dict)
    conditions: tuple[Condition, ...] = ()
    knowledge: Mapping[str, Any] = field(default_factory=dict)
    tool: Mapping[str, Any] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    rules: Mapping[str, Rule] = field(default_factory=rules)
    wording: Callable[[Finding, Lang], Wording] = render
    lang: Lang = "en"
    profile: str = "all"
    category: str = ""
    date: str = ""
    form: str = ""


def view_of(
    bundle: Bundle, kind: Kind, lang: Lang, profile: str = "all", form: str = "", whole: bool = False
) -> AuditView:
    """The view of a bundle. Findings that concern no law of the profile are left out, unless ``whole``."""
    return AuditView(
        kind=kind,
        app=bundle.app,
        documents=tuple(bundle.documents),
        facts=tuple(bundle.facts),
        findings=tuple(f for f in bundle.findings if whole or concerns(f.clauses, profile)),
        gaps=tuple(bundle.gaps),
        coverage=bundle.coverage,
        conditions=tuple(bundle.conditions),
        knowledge=bundle.knowledge,
        tool=bundle.tool,
        texts=bundle.texts,
        lang=lang,
        profile=profile,
        category=bundle.category,
        date=bundle.created,
        form=form,
    )


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
