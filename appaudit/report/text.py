"""The sentences of a report: titles, messages, verdict and next steps, in the report's language."""

from __future__ import annotations

from dataclasses import dataclass

from appaudit.records import Fact, Finding
from appaudit.report.model import AuditView
from appaudit.report.tables import Counts
from appaudit.report.visible import visible
from appaudit.report.words import Words


@dataclass(frozen=True, slots=True)
class FindingText:
    """A finding in words: ``title`` (the rule's), ``message`` (this case), ``why``, ``advice``."""

    title: str
    message: str
    why: str
    advice: str


def finding_text(view: AuditView, finding: Finding, words: Words) -> FindingText:
    """The rule's words for this finding, hostile characters made visible."""
    wording = view.wording(finding, words.lang)
    return FindingText(
        _capital(visible(wording.title or finding.rule)),
        _capital(visible(wording.message, 2000)) or case(finding, words),
        visible(wording.why, 2000),
        visible(wording.advice, 2000),
    )


def case(finding: Finding, words: Words) -> str:
    """Who does what with what: the shortest statement of a finding."""
    gap = " " if words.lang == "en" else ""
    parts = (words.actor(finding.actor), words.get("action", finding.action), words.subject(finding.subject))
    return _capital(gap.join(parts))


def _capital(text: str) -> str:
    """The first letter capital, where the first word is a word and not an identifier."""
    first = text.split(" ", 1)[0].rstrip(",:")
    return text[:1].upper() + text[1:] if first.isalpha() else text


def verdict(view: AuditView, words: Words, counts: Counts) -> str:
    """The report's first sentence."""
    if view.kind == "scan":
        return words("verdict_scan", n=len(view.facts))
    if view.kind == "policy":
        return words("verdict_policy", n=sum(f.stance != "observed" for f in view.facts))
    n = counts.by_outcome
    if counts.serious:
        return (
            words("verdict_violations_one")
            if counts.serious == 1
            else words("verdict_violations", n=counts.serious)
        )
    if counts.minor:
        return words("verdict_minor_one") if counts.minor == 1 else words("verdict_minor", n=counts.minor)
    if n["review"]:
        return words("verdict_review", n=n["review"])
    return words("verdict_pass") if n["pass"] else words("verdict_nothing")


def verdict_detail(view: AuditView, words: Words, counts: Counts) -> str:
    """What stands beside the verdict: the other outcomes."""
    n = counts.by_outcome
    if view.kind == "scan":
        return ""
    if view.kind == "policy":
        return words("verdict_policy_sub", violations=n["violation"], review=n["review"], passes=n["pass"])
    rest = words("verdict_sub", review=n["review"], not_examined=n["not_examined"], passes=n["pass"])
    if counts.serious and counts.minor:
        return words("verdict_also_minor", n=counts.minor) + rest
    return rest


def since_before(words: Words, counts: Counts) -> str:
    """What an earlier audit makes of the findings; empty without one."""
    known = [s for s in ("new", "open", "fixed", "not_reexamined") if counts.by_status[s]]
    if not known:
        return ""
    parts = (f"{words.of('status', s)} {counts.by_status[s]}" for s in known)
    return words("since_before", what=words("comma").join(parts))


def fact_sentence(fact: Fact, words: Words) -> str:
    """A fact in one line: who, what, to whom, under which conditions."""
    gap = " " if words.lang == "en" else ""
    parts = [words.actor(fact.actor), words.get("action", fact.action), words.subject(fact.subject)]
    if fact.stance == "denied":
        parts.insert(1, words("denies"))
    text = _capital(gap.join(parts))
    if fact.recipient:
        text += f" → {words.actor(fact.recipient)}"
    return text


def extras(fact: Fact, words: Words) -> list[tuple[str, str]]:
    """Purpose, recipient, conditions and phase of a fact as labelled values; those it lacks left out."""
    out = []
    if fact.recipient:
        out.append((words("recipient"), words.actor(fact.recipient)))
    if fact.purpose:
        out.append((words("purpose"), visible(fact.purpose)))
    if fact.condition:
        sep = "、" if words.lang == "zh" else "; "
        out.append((words("condition"), sep.join(words.condition(c) for c in fact.condition)))
    if fact.phase != "unknown":
        out.append((words("phase"), words.of("phase", fact.phase)))
    return out


def next_steps(view: AuditView, words: Words, counts: Counts) -> list[str]:
    """What the reader does now, most useful first."""
    n = counts.by_outcome
    steps = []
    if n["violation"]:
        steps.append(words("step_fix_one") if n["violation"] == 1 else words("step_fix", n=n["violation"]))
    if view.kind == "scan":
        steps.append(words("step_policy"))
    if view.kind == "audit" and n["review"] and not any(f.source == "dynamic" for f in view.facts):
        steps.append(words("step_dynamic", n=n["review"]))
    if view.gaps:
        steps.append(words("step_gaps"))
    return steps
