"""Rules on the policy itself: what the law asks it to say."""

from __future__ import annotations

from collections.abc import Iterator

from appaudit.compare.case import Case
from appaudit.compare.verdict import Verdict
from appaudit.records import Outcome, Severity

_OUTCOME: dict[str, tuple[Outcome, Severity]] = {
    "present": ("pass", "info"),
    "vague": ("review", "info"),
    "missing": ("review", "low"),
}
"""A search that failed is a lead, not a verdict: whether an item is owed depends on what the app does."""


def incomplete_policy(case: Case) -> Iterator[Verdict]:
    """Items a policy has to contain: present, vague or missing, as the policy reader judged them.

    A linked document that was not given may hold what is missing: its gap comes along.
    """
    elsewhere = case.gaps_of("missing_document")
    for fact in case.facts:
        if not fact.subject.startswith("notice:"):
            continue
        status = fact.attribute.get("status", "")
        if status not in _OUTCOME:
            continue
        outcome, severity = _OUTCOME[status]
        gaps = elsewhere if status == "missing" else ()
        yield Verdict(
            outcome,
            "app",
            "states",
            fact.subject,
            facts=(fact,),
            gaps=gaps,
            severity=severity,
            clauses=tuple(fact.attribute.get("clauses", "").split()),
            attributes=(("notice", status),),
        )
