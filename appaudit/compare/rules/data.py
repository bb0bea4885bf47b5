"""Rules on data types: what is collected against what is said of it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from appaudit.compare.case import UNREAD, Case
from appaudit.compare.disclosure import GENERIC, Judgement, broader, judge, means
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


_SALES = ("sell", "sold", "rent", "trad", "leas", "出售", "出租", "售卖", "转让", "交易")
"""What is not sold may well be shared."""
_CHILDREN = re.compile(r"\b(?:child|children|minors?|under (?:the age of )?1\d)\b|儿童|未成年", re.I)
_ANYONE = re.compile(
    r"party:(?:any|other|third|outside|external|anyone|anybody|任何|其他|第三|他人|外部)", re.I
)


def _line(fact: Fact) -> tuple[str, int]:
    first = fact.evidence[0] if fact.evidence else None
    return (first.document, first.line) if isinstance(first, PolicySpan) else ("", 0)


def _clashes(denial: Fact, said: Fact) -> bool:
    """Whether a statement says what a flat denial denies, of the same act by the same party."""
    if said.actor != denial.actor or said.action != denial.action or denial.condition or said.condition:
        return False
    if said.recipient == denial.recipient:
        return True
    if denial.recipient is not None and not _ANYONE.match(denial.recipient):
        return False
    return not denial.attribute.get("verb", "").startswith(_SALES)


def contradictory_policy(case: Case) -> Iterator[Verdict]:
    """Flat denial and declaration of the same act on the same type, or a kind of it, by the same party."""
    for data in case.declared_data:
        if data in GENERIC:
            continue
        wider = (w for w in sorted(broader(data)) if w not in GENERIC and means(w, data))
        denials = (*case.denied(data), *(d for w in wider for d in case.denied(w) if not case.defined(d)))
        for denial in denials:
            if _CHILDREN.search(case.whole_sentence(denial)):
                continue  # what is not taken of children may be taken of others
            clash = [f for f in case.declared(data) if _clashes(denial, f) and not _referred(f)]
            if denial.subject != f"data:{data}":  # "no financial data but your card number": excepted there
                clash = [] if _referred(denial) else [f for f in clash if _line(f) != _line(denial)]
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
