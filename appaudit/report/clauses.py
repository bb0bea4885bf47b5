"""The clause table: each clause of a profile with its result, never a pass where nothing was examined."""

from __future__ import annotations

from dataclasses import dataclass, field

from appaudit.knowledge.regulations import Clause, clauses
from appaudit.records import Finding, Outcome
from appaudit.report.model import AuditView, ordered, suppressed

TABLES: dict[str, tuple[str, ...]] = {
    "cn": ("CN191", "CN164"),
    "eu": ("EU-GDPR", "EU-EPRIV"),
    "us-ca": ("US-CCPA", "US-COPPA"),
    "play": ("GP",),
}
"""Instruments whose clauses a profile lists one by one; ``all`` lists those that findings name."""


@dataclass(slots=True)
class ClauseRow:
    """A clause and the findings that name it, most pressing first. ``missing``: sources that could decide it
    and were not examined."""

    clause: Clause
    missing: tuple[str, ...]
    findings: list[Finding] = field(default_factory=list)

    @property
    def outcome(self) -> Outcome:
        """The worst of its findings. A pass needs every finding to pass, every source that could show
        otherwise examined, and a tool able to judge; where a person has to, the worst is a lead."""
        outcomes = {f.outcome for f in self.findings}
        if "violation" in outcomes and self.clause.judge == "tool":
            return "violation"
        if outcomes & {"violation", "review"}:
            return "review"
        if outcomes == {"pass"} and self.clause.judge == "tool" and not self.missing:
            return "pass"
        return "not_examined"


def missing(view: AuditView, clause: Clause) -> tuple[str, ...]:
    """Sources that could decide the clause and were not examined. A list beside the policy may be missing."""
    ran = {source for source, what in view.coverage.items() if what.get("examined")}
    return tuple(n for n in clause.evidence if n not in ran and n != "listing")


def clause_rows(view: AuditView) -> list[ClauseRow]:
    """The rows of the view's profile. A finding counts for its clauses and for the items they fall under."""
    known = clauses()
    rows: dict[str, ClauseRow] = {}
    instruments = TABLES.get(view.profile)
    if instruments is not None:
        rows = {c.id: ClauseRow(c, missing(view, c)) for c in known.values() if c.instrument in instruments}
    for finding in ordered(view.findings):
        if suppressed(finding):
            continue
        named = [known[c] for c in finding.clauses if c in known]
        for key in dict.fromkeys([c.id for c in named] + [c.item for c in named if c.item]):
            if instruments is None:
                rows.setdefault(key, ClauseRow(known[key], missing(view, known[key])))
            if key in rows:
                rows[key].findings.append(finding)
    order = {key: i for i, key in enumerate(known)}
    return sorted(rows.values(), key=lambda r: order[r.clause.id])
