"""Facts in, findings out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from appaudit.compare.case import Case
from appaudit.compare.rules import RULES
from appaudit.compare.verdict import Verdict
from appaudit.knowledge.rules import Rule, render, rules
from appaudit.records import (
    SEVERITIES,
    App,
    Fact,
    Finding,
    Gap,
    Source,
    fingerprint,
    framework_apis,
)

_OUTCOMES = ("violation", "review", "not_examined", "pass")


def compare(
    facts: Sequence[Fact],
    gaps: Sequence[Gap] = (),
    app: App | None = None,
    examined: Iterable[Source] = (),
    category: str = "",
) -> list[Finding]:
    """Every rule's findings, worst first. ``examined``: the producers that ran; ``category``: the kind of
    app in the official list, where known.

    A rule whose sources did not run yields one ``not_examined`` finding that says which is missing.
    """
    case = Case(facts, gaps, app, examined, category)
    found: list[Finding] = []
    for rule_id, function in RULES.items():
        rule = rules()[rule_id]
        missing = missing_sources(rule, case.examined)
        if missing:
            found.append(_finding(case, rule, _not_examined(missing)))
        else:
            found.extend(_finding(case, rule, verdict) for verdict in function(case))
    return sorted(found, key=_order)


def missing_sources(rule: Rule, examined: Iterable[Source]) -> list[str]:
    """The entries of the rule's ``sources`` that no producer that ran satisfies."""
    ran = set(examined)
    return [need for need in rule.sources if not ran & set(need.split("|"))]


def _not_examined(missing: list[str]) -> Verdict:
    return Verdict("not_examined", "app", "", "", attributes=(("needs", ", ".join(missing)),))


def _order(finding: Finding) -> tuple[int, int, str, str, str]:
    return (
        _OUTCOMES.index(finding.outcome),
        -SEVERITIES.index(finding.severity),
        finding.rule,
        finding.subject,
        finding.actor,
    )


def _finding(case: Case, rule: Rule, verdict: Verdict) -> Finding:
    severity = verdict.severity or rule.severity
    if verdict.outcome in ("pass", "not_examined"):
        severity = "info"
    apis = framework_apis(f for f in verdict.facts if f.stance == "observed")
    identity = (rule.id, case.package, verdict.actor, verdict.action, verdict.subject)
    finding = Finding(
        rule=rule.id,
        outcome=verdict.outcome,
        severity=severity,
        confidence=verdict.confidence or rule.confidence,
        actor=verdict.actor,
        action=verdict.action,
        subject=verdict.subject,
        disclosure=verdict.disclosure,
        facts=verdict.facts,
        gaps=verdict.gaps,
        clauses=verdict.clauses or rule.clauses,
        attributes=verdict.attributes,
        fingerprint=fingerprint(*identity, apis),
    )
    words = render(finding, "en", apis)
    for name in ("title", "message", "advice"):
        object.__setattr__(finding, name, getattr(words, name))  # not shared yet; a copy costs as much again
    return finding
