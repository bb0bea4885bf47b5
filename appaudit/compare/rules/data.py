"""Rules on data types: what is collected against what is said of it."""

from __future__ import annotations

from collections.abc import Iterator

from appaudit.compare.case import UNREAD, Case
from appaudit.compare.disclosure import GENERIC, Judgement, judge
from appaudit.compare.observable import observable
from appaudit.compare.reach import effective
from appaudit.compare.verdict import Verdict
from appaudit.knowledge.data_types import data_types, narrower, related
from appaudit.records import Confidence, Disclosure, Fact, Outcome, PolicySpan, Severity

ELSEWHERE = ("missing_document",)
"""Gaps that may hold the statement we miss: a linked list that was not given."""

HINT = "basis"
"""Attribute of a fact that rests on a string alone, with no call that uses it."""

_STEP_DOWN: dict[str, Severity] = {"critical": "high", "high": "medium", "medium": "low"}


def _confidence(facts: list[Fact], actor: str) -> Confidence:
    """Code that could run is one thing, a call or request seen another."""
    if any(f.source in ("dynamic", "traffic") for f in facts):
        return "high"
    return "low" if all(f.actor == "unknown" for f in facts) else "medium"


def _severity(rule: Severity, data: str) -> Severity:
    """The rule's severity, lowered for types that say little about a person."""
    sensitivity = data_types()[data].sensitivity if data in data_types() else "medium"
    if sensitivity == "high":
        return rule
    lowered = _STEP_DOWN.get(rule, rule)
    return lowered if sensitivity == "medium" else _STEP_DOWN.get(lowered, lowered)


def _judgements(case: Case) -> Iterator[tuple[str, str, list[Fact], Judgement]]:
    for (party, data), facts in sorted(case.collected.items()):
        if data not in GENERIC:
            yield party, data, facts, judge(case, party, data, facts)


def _verdict(
    case: Case,
    party: str,
    data: str,
    facts: list[Fact],
    judgement: Judgement,
    severity: Severity,
    outcome: Outcome = "violation",
) -> Verdict:
    able = effective(case, facts)
    gaps = case.gaps_of(*ELSEWHERE) if judgement.disclosure in ("omitted", "vague") else ()
    severity = _severity(severity, data)
    attributes = {"said": f"data:{judgement.said}", "degree": str(judgement.degree)} if judgement.said else {}
    if outcome == "violation" and (gaps or not able):
        outcome = "review"
    if outcome == "violation" and all(HINT in {k for k, _ in f.attributes} for f in facts):
        outcome = "review"
    if not able:
        severity = "info"
        attributes["without_permission"] = "yes"
    return Verdict(
        outcome,
        party,
        "accesses" if all(f.action == "accesses" for f in facts) else "sends",
        f"data:{data}",
        facts=(*facts, *judgement.statements),
        gaps=gaps,
        disclosure=judgement.disclosure,
        severity=severity,
        confidence=_confidence(facts, party),
        attributes=tuple(sorted(attributes.items())),
    )


def _of_class(
    case: Case, wanted: Disclosure, severity: Severity, outcome: Outcome = "violation", implied: bool = False
) -> Iterator[Verdict]:
    for party, data, facts, judgement in _judgements(case):
        if judgement.disclosure == wanted and judgement.implied == implied:
            yield _verdict(case, party, data, facts, judgement, severity, outcome)


def undeclared_data(case: Case) -> Iterator[Verdict]:
    """Omitted disclosures; what is clear is this rule's pass."""
    yield from _of_class(case, "omitted", "high")
    yield from _of_class(case, "clear", "info", "pass")


def contradicted_data(case: Case) -> Iterator[Verdict]:
    """Denied, and observed all the same. What was promised to stay on the device is local-only-sent's."""
    for verdict in _of_class(case, "incorrect", "critical"):
        if any(f.stance == "denied" for f in verdict.facts):
            yield verdict


def ambiguous_data(case: Case) -> Iterator[Verdict]:
    """Declared and denied, and observed."""
    yield from _of_class(case, "ambiguous", "medium")


def vague_data(case: Case) -> Iterator[Verdict]:
    """Only a broader term is declared."""
    yield from _of_class(case, "vague", "medium")


def implied_data(case: Case) -> Iterator[Verdict]:
    """Said only by a denial under a condition: the reader has to infer that it is collected otherwise."""
    yield from _of_class(case, "vague", "medium", "review", implied=True)


def unobserved_data(case: Case) -> Iterator[Verdict]:
    """Declared types that code could show, and does not: one lead that lists them."""
    seen = {data for _, data in case.collected}
    blind = case.gaps_of(*UNREAD)
    found: list[Fact] = []
    absent: dict[str, Fact] = {}
    for data in case.declared_data:
        statements = [f for f in case.declared(data) if f.actor == "app"]
        if data not in observable() or not statements:
            continue
        if data in seen or narrower(data) & seen or any(related(s, data) for s in seen):
            found.append(statements[0])
        else:
            absent[data] = statements[0]
    if not absent and not found:
        return
    outcome: Outcome = "pass" if not absent else "not_examined" if blind else "review"
    yield Verdict(
        outcome,
        "app",
        "accesses",
        "topic:collection",
        tuple(absent.values()) or tuple(found[:20]),
        blind if absent else (),
        attributes=(
            ("data", " ".join(absent)),
            *((("needs", "code"),) if outcome == "not_examined" else ()),
            ("number", str(len(absent))),
        ),
    )


def _referred(statement: Fact) -> bool:
    """Whether the type came in by a reference ("the above"), which may leave out what is denied."""
    return all(isinstance(e, PolicySpan) and e.via for e in statement.evidence[:1])


def contradictory_policy(case: Case) -> Iterator[Verdict]:
    """Flat denial and declaration of the same act on the same type by the same party."""
    for data in case.declared_data:
        if data in GENERIC:
            continue
        for denial in case.denied(data):
            clash = [
                f
                for f in case.declared(data)
                if f.actor == denial.actor
                and f.action == denial.action
                and f.recipient == denial.recipient
                and not denial.condition
                and not f.condition
                and not _referred(f)
            ]
            if clash:
                yield Verdict(
                    "review",
                    denial.actor,
                    denial.action,
                    f"data:{data}",
                    (denial, *clash),
                    disclosure="ambiguous",
                )
                break
