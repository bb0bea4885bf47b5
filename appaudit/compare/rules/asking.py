"""Rules on how permissions are asked for, as a run saw it."""

from __future__ import annotations

from collections.abc import Iterator

from appaudit.compare.case import Case
from appaudit.compare.verdict import Verdict
from appaudit.knowledge.permissions import group_of
from appaudit.records import Fact


def _asks(case: Case) -> list[Fact]:
    return [f for f in case.by_action.get("asks", ()) if f.subject.startswith("permission:")]


def _group(fact: Fact) -> str:
    return group_of(fact.subject.partition(":")[2])


def early_permission_request(case: Case) -> Iterator[Verdict]:
    """A permission asked for before anybody agreed to the policy."""
    early: dict[tuple[str, str], list[Fact]] = {}
    later: dict[tuple[str, str], list[Fact]] = {}
    for fact in _asks(case):
        found = early if fact.phase == "before_consent" else later
        found.setdefault((case.party(fact.actor), fact.subject), []).append(fact)
    for (party, subject), facts in sorted(early.items()):
        yield Verdict("violation", party, "asks", subject, facts=tuple(facts))
    began = case.lived("before_consent")
    for key, facts in sorted(later.items()):
        if key not in early and all(f.phase != "unknown" for f in facts):
            yield Verdict(
                "pass" if began else "not_examined",
                key[0],
                "asks",
                key[1],
                facts=tuple(facts[:5]),
                attributes=() if began else (("needs", "run_without_consent"),),
            )


def bulk_permission_request(case: Case) -> Iterator[Verdict]:
    """Permissions of several groups asked for in one call: nobody sees which is for what."""
    calls: dict[tuple[str, float | None], list[Fact]] = {}
    for fact in _asks(case):
        calls.setdefault((case.party(fact.actor), fact.first), []).append(fact)
    worst: dict[str, list[Fact]] = {}
    for (party, _), facts in calls.items():
        best = worst.setdefault(party, facts)
        if len({_group(f) for f in facts}) > len({_group(f) for f in best}):
            worst[party] = facts
    for party, facts in sorted(worst.items()):
        number = len({_group(f) for f in facts})
        names = ", ".join(sorted(f.subject.rpartition(".")[2] for f in facts))
        yield Verdict(
            "review" if number > 1 else "pass",
            party,
            "asks",
            "setting:permission_request",
            facts=tuple(facts),
            attributes=(("names", names), ("number", str(number))),
        )


def repeated_permission_request(case: Case) -> Iterator[Verdict]:
    """The same permission asked for again after it was refused: after a refusal of consent, or at once when
    its prompt was denied."""
    refused: dict[tuple[str, str], list[Fact]] = {}
    for fact in _asks(case):
        if fact.phase == "refused" or "asked_again" in fact.attribute:
            refused.setdefault((case.party(fact.actor), fact.subject), []).append(fact)
    for (party, subject), facts in sorted(refused.items()):
        after = sum(f.count for f in facts if f.phase == "refused")
        number = max(after, *(1 + int(f.attribute.get("asked_again", "0")) for f in facts))
        yield Verdict(
            "review" if number > 1 else "pass",
            party,
            "asks",
            subject,
            facts=tuple(facts),
            attributes=(("number", str(number)),),
        )
