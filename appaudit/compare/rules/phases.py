"""Rules on phases of a run: after a refusal, in the background, without the promised permission."""

from __future__ import annotations

from collections.abc import Iterator

from appaudit.compare.case import Case, live
from appaudit.compare.conditions import around, conditioned, uncollected
from appaudit.compare.verdict import Verdict, undecided
from appaudit.records import Fact, Outcome, Phase

WITHOUT = ("denied", "not_requested")
"""States of a permission in which it was not held."""

BEHIND: tuple[Phase, ...] = ("background", "idle")
"""Phases in which the app is not in front."""

AFTERWARDS: tuple[Phase, ...] = ("revoked",)
"""Phases that a run comes to by way of the background."""


def _against_refusal(fact: Fact) -> bool:
    """After consent was refused, anything; after one permission was revoked, what that permission guards."""
    if fact.phase == "revoked":
        return fact.attribute.get("permission_state") == "denied"
    return fact.phase == "refused"


def refused_collection(case: Case) -> Iterator[Verdict]:
    """Collected although the user refused, in a run that had a refusal."""
    if not case.lived("refused", "revoked"):
        yield undecided("run_refusing")
        return
    for (party, data), facts in sorted(case.collected.items()):
        refused = tuple(f for f in facts if _against_refusal(f))
        seen = tuple(live(facts))
        if refused:
            yield Verdict("violation", party, refused[0].action, f"data:{data}", facts=refused)
        elif seen and case.lived("refused"):
            yield Verdict("pass", party, seen[0].action, f"data:{data}", facts=seen[:5])


def background_collection(case: Case) -> Iterator[Verdict]:
    """Collected in the background; declared so for this party, or not."""
    declared: dict[tuple[str, str], Fact] = {}
    for _, fact in conditioned(case, "background"):
        for party in (fact.actor, fact.recipient or ""):
            declared.setdefault((case.party(party) if party else "", fact.subject), fact)
    seen: set[tuple[str, str]] = set()
    away = case.lived(*BEHIND, *AFTERWARDS)
    if not away and not declared:
        yield undecided("run_background")
    for (party, data), facts in sorted(case.collected.items()):
        subject = f"data:{data}"
        statement = declared.get((party, subject))
        behind = [f for f in facts if f.phase in BEHIND]
        shown = tuple(live(facts))
        if behind:
            seen.add((party, subject))
            yield Verdict(
                "pass" if statement else "violation",
                party,
                behind[0].action,
                subject,
                facts=(*behind, *([statement] if statement else [])),
                disclosure="clear" if statement else "omitted",
            )
        elif shown and away and statement is None:
            yield Verdict("pass", party, shown[0].action, subject, shown[:5])
    for (party, subject), statement in sorted(declared.items(), key=lambda item: item[0]):
        if party and (party, subject) not in seen:
            needs = (("needs", "run_background"),)
            yield Verdict("not_examined", party, "accesses", subject, (statement,), attributes=needs)


def permission_condition(case: Case) -> Iterator[Verdict]:
    """ "Only after you allow X": the state of X at each call decides."""
    unseen = []
    for value, statement in conditioned(case, "permission"):
        observed = [f for f in around(case, statement) if f.source in ("dynamic", "traffic")]
        if not observed:
            unseen.append(statement)
            continue
        without = [f for f in observed if f.attribute.get("permission_state") in WITHOUT]
        known = [f for f in observed if f.attribute.get("permission_state")]
        outcome: Outcome = "pass" if len(known) == len(observed) else "not_examined"
        if without:
            outcome = "violation"
        needs = (("needs", "permission_states"),) if outcome == "not_examined" else ()
        yield Verdict(
            outcome,
            statement.actor,
            "accesses" if all(f.action == "accesses" for f in observed) else "sends",
            statement.subject,
            facts=(*(without or observed), statement),
            attributes=(*needs, ("permission", value)),
        )
    yield from uncollected(unseen)
