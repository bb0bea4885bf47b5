"""Rules on what runs before anybody could agree, and on who starts whom."""

from __future__ import annotations

from collections.abc import Iterator

from appaudit.compare.case import UNREAD, Case
from appaudit.compare.verdict import Verdict
from appaudit.knowledge.data_types import data_types
from appaudit.records import Fact


def _early(fact: Fact) -> bool:
    """Static: reachable from Application, ContentProvider or a start-up initialiser."""
    return fact.source == "static" and "startup" in fact.attribute


def early_collection(case: Case) -> Iterator[Verdict]:
    """Collected before consent: seen in a run, or possible by the code alone."""
    ran = "dynamic" in case.examined or "traffic" in case.examined
    for (party, data), facts in sorted(case.collected.items()):
        kind = data_types().get(data)
        if kind is None or kind.sensitivity == "low":
            continue
        before = [f for f in facts if f.phase == "before_consent"]
        possible = [f for f in facts if _early(f)]
        after = [f for f in facts if f.phase not in ("before_consent", "unknown")]
        if before:
            yield Verdict(
                "violation",
                party,
                before[0].action,
                f"data:{data}",
                facts=tuple(before),
                severity="critical" if kind.sensitivity == "high" else "high",
                confidence="high",
            )
        elif possible:
            yield Verdict(
                "pass" if ran and after else "review",
                party,
                "accesses",
                f"data:{data}",
                facts=(*possible, *after),
                attributes=(("from", possible[0].attribute["startup"]),),
                severity="high" if kind.sensitivity == "high" else "medium",
            )


def self_start(case: Case) -> Iterator[Verdict]:
    """Components that start the app by themselves or at another's call, and whether the policy says so."""
    statements = case.said("topic:self_start")
    by_actor: dict[str, list[Fact]] = {}
    for fact in case.by_action.get("starts", ()):
        by_actor.setdefault(case.party(fact.actor), []).append(fact)
    if not by_actor and "static" in case.examined and not case.gaps_of(*UNREAD) and case.app is not None:
        yield Verdict("pass", "app", "starts", "topic:self_start", statements)
    for actor, facts in sorted(by_actor.items()):
        yield Verdict(
            "pass" if statements else "violation",
            actor,
            "starts",
            "topic:self_start",
            facts=(*facts, *statements),
            disclosure="clear" if statements else "omitted",
        )
