"""Findings against an earlier audit of the same app: new, open, fixed or not re-examined."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from appaudit.compare.judge import missing_sources
from appaudit.knowledge.rules import rules
from appaudit.records import Finding, Gap, Source

OPEN = ("violation", "review")
"""Outcomes that ask for something to be done."""


def mark(finding: Finding, **attributes: str) -> Finding:
    """The finding with attributes added or replaced; its identity stays."""
    return replace(finding, attributes=tuple(sorted({**dict(finding.attributes), **attributes}.items())))


def against(
    findings: Sequence[Finding],
    earlier: Iterable[Finding],
    examined: Iterable[Source],
    gaps: Sequence[Gap] = (),
    new_only: bool = False,
) -> list[Finding]:
    """``findings`` with ``status`` new or open; then the earlier ones that are gone.

    What is gone is ``fixed`` only where the rule's sources ran again without a gap that could hide it, and
    the rule could answer; otherwise ``not_reexamined``. The same problem by another call is open still;
    ``new_only`` sets aside (``suppressed`` baseline) only what has the fingerprint of an earlier one.
    """
    before = {f.fingerprint: f for f in earlier if f.outcome in OPEN}
    known = {_same(f) for f in before.values()}
    ran = tuple(examined)
    result: list[Finding] = []
    for finding in findings:
        if finding.outcome not in OPEN:
            result.append(finding)
        elif finding.fingerprint in before:
            marked = mark(finding, status="open")
            result.append(mark(marked, suppressed="baseline") if new_only else marked)
        else:
            result.append(mark(finding, status="open" if _same(finding) in known else "new"))
    now = {f.fingerprint for f in findings if f.outcome in OPEN}
    still = {_same(f) for f in findings if f.outcome in OPEN}
    unanswered = {_same(f) for f in findings if f.outcome == "not_examined"}
    # Rules that could not answer at all: they lacked what they need.
    silent = {rule for rule, _, _ in unanswered} - {f.rule for f in findings if f.outcome != "not_examined"}
    for print_, old in before.items():
        if print_ not in now and _same(old) not in still:
            hidden = old.rule in silent or _same(old) in unanswered
            result.append(_gone(old, ran, gaps, hidden))
    return result


def _same(finding: Finding) -> tuple[str, str, str]:
    """What makes it the same problem still, though by another call than before."""
    return finding.rule, finding.actor, finding.subject


def _gone(old: Finding, examined: tuple[Source, ...], gaps: Sequence[Gap], hidden: bool) -> Finding:
    rule = rules().get(old.rule)
    known = {(g.code, g.scope) for g in old.gaps}
    hides = [g for g in gaps if g.source in _sources(old) and (g.code, g.scope) not in known]
    if rule is None or missing_sources(rule, examined) or hides or hidden:
        return mark(replace(old, outcome="not_examined", severity="info"), status="not_reexamined")
    return mark(replace(old, outcome="pass", severity="info"), status="fixed")


def _sources(finding: Finding) -> set[str]:
    return {f.source for f in finding.facts}
