"""Rules on what runs before anybody could agree, and on who starts whom."""

from __future__ import annotations

from collections.abc import Iterator

from appaudit.compare.case import COLLECTING, UNREAD, UNTOLD, Case, live
from appaudit.compare.rules.sdks import handles_data
from appaudit.compare.verdict import Verdict, undecided
from appaudit.knowledge.data_types import data_types
from appaudit.knowledge.sdks import siblings
from appaudit.records import Fact

ACTING = COLLECTING | {"contacts"}
"""What an SDK that has started is seen to do."""

AT_WORK = frozenset({"job", "account_sync"})
"""What the system runs for an app that was opened before: common, and a lead only."""

SHOWN = 8
"""Components and packages that a finding names."""


def _early(fact: Fact) -> bool:
    """Static: reachable from Application, ContentProvider or a start-up initialiser."""
    return fact.source == "static" and "startup" in fact.attribute


def early_collection(case: Case) -> Iterator[Verdict]:
    """Collected before consent: seen in a run, or possible by the code alone."""
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
                "pass" if after and case.lived("before_consent") else "review",
                party,
                "accesses",
                f"data:{data}",
                facts=(*possible, *after),
                attributes=(("from", possible[0].attribute["startup"]),),
                severity="high" if kind.sensitivity == "high" else "medium",
            )


def early_sdk(case: Case) -> Iterator[Verdict]:
    """An SDK that starts on a path to which no screen can say no; a run shows whether it does anything there
    before anybody agreed."""
    by_actor: dict[str, list[Fact]] = {}
    for fact in live(case.observed):
        if fact.action in ACTING:
            by_actor.setdefault(fact.actor, []).append(fact)
    for name, facts in sorted(case.embedded.items()):
        actor = f"sdk:{name}"
        # What a maker's common part starts counts as its act, where that is not judged by itself.
        parts = [name, *sorted(siblings(name) - case.embedded.keys())]
        acts = [f for part in parts for f in by_actor.get(f"sdk:{part}", ())]
        possible = [f for f in facts if _early(f)]
        before = [f for f in acts if f.phase == "before_consent"]
        if not (possible or acts) or not handles_data(case, name):
            continue
        seen = before or acts if case.lived("before_consent") else []
        yield Verdict(
            "violation" if before else "pass" if seen else "review",
            actor,
            "starts",
            actor,
            (*possible, *seen[:20]),
            severity="high" if before else None,
            confidence="high" if seen else None,
            attributes=(("from", possible[0].attribute["startup"] if possible else "-"),),
        )


def _starts(fact: Fact) -> bool:
    """Whether a start is more than a lead: seen, or by an event or another app."""
    triggers = set(fact.attribute.get("triggers", "").split())
    return fact.source != "static" or bool(triggers - AT_WORK)


def self_start(case: Case) -> Iterator[Verdict]:
    """Components that start the app by themselves or at another's call, and whether the policy says so."""
    said = case.said("topic:self_start")
    statements = tuple(f for f in said if f.stance == "declared")
    by_actor: dict[str, list[Fact]] = {}
    for fact in case.by_action.get("starts", ()):
        by_actor.setdefault(case.party(fact.actor), []).append(fact)
    if not by_actor and ("static" not in case.examined or case.app is None or case.gaps_of(*UNTOLD)):
        yield undecided("manifest")
    elif not by_actor and case.gaps_of(*UNREAD):
        yield undecided("code")
    elif not by_actor:
        yield Verdict("pass", "app", "starts", "topic:self_start", said)
    for actor, facts in sorted(by_actor.items()):
        names = dict.fromkeys(f.subject.partition(":")[2] for f in facts)
        yield Verdict(
            "pass" if statements else "violation" if any(map(_starts, facts)) else "review",
            actor,
            "starts",
            "topic:self_start",
            facts=(*facts, *said),
            disclosure="clear" if statements else "incorrect" if said else "omitted",
            attributes=(("names", ", ".join(list(names)[:SHOWN])),),
        )
