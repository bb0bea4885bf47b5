"""Facts in, findings out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from appaudit.compare.case import Case
from appaudit.compare.rules import RULES
from appaudit.compare.verdict import Verdict
from appaudit.knowledge.rules import Rule, rules
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
    texts: Mapping[str, str] | None = None,
    only: Collection[Source] = (),
) -> list[Finding]:
    """Every rule's findings, worst first. ``examined``: the producers that ran; ``category``: the kind of
    app in the official list, where known; ``texts``: the documents' text by name, for whole sentences;
    ``only``: leave out the rules that need other sources than these.

    The findings carry no words yet: reports make them from the rule, `appaudit.knowledge.wording.worded` for
    JSON. A rule whose sources did not run yields one ``not_examined`` finding that says which is missing.
    """
    case = Case(facts, gaps, app, examined, category, texts)
    found: list[Finding] = []
    for rule_id, function in RULES.items():
        rule = rules()[rule_id]
        if only and missing_sources(rule, only):
            continue
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
    return Verdict("not_examined", "app", "", "", attributes=(("needs", f"sources:{' '.join(missing)}"),))


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
    sentence = case.sentence(verdict.facts)
    attributes = verdict.attributes
    if sentence:
        attributes = tuple(sorted((*attributes, ("sentence", sentence))))
    identity = (rule.id, case.package, verdict.actor, verdict.action, verdict.subject)
    return Finding(
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
        attributes=attributes,
        fingerprint=fingerprint(*identity, framework_apis(verdict.facts)),
    )
