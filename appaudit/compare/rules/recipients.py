"""Rules on who gets the data: hosts and SDKs that receive it against the recipients the policy names; and the
Data safety form against what was observed."""

from __future__ import annotations

from collections.abc import Iterator

from appaudit.compare.case import Case, leaves
from appaudit.compare.disclosure import GENERIC
from appaudit.compare.verdict import Verdict, undecided
from appaudit.knowledge.data_types import data_types, distance, related, said_as
from appaudit.knowledge.sdks import sdks
from appaudit.records import LEAVING, Fact

KEPT = frozenset({"after_consent", "optional", "deidentified"})
"""Conditions under which passing data on is as the law wants it."""

OPENING = frozenset({"payment", "login", "deep_link"})
"""Categories of SDKs that hand the user over to another app."""

ROW = "play:"
"""How the attribute ``basis`` of a fact read from a Data safety form begins."""


def unnamed_recipient(case: Case) -> Iterator[Verdict]:
    """Personal data went to a third party that the declared side does not name."""
    sent: dict[tuple[str, str], list[Fact]] = {}
    for fact in case.observed:
        if fact.action in LEAVING and fact.subject.startswith("data:") and fact.recipient:
            sent.setdefault((case.receiver(fact), fact.recipient), []).append(fact)
    for (receiver, host), facts in sorted(sent.items()):
        kinds = sorted({f.subject.partition(":")[2] for f in facts})
        attributes = (("data", " ".join(kinds)), ("host", host.removeprefix("host:")))
        named = case.naming(receiver.removeprefix("sdk:")) if receiver.startswith("sdk:") else []
        if receiver == "app" or named:
            yield Verdict("pass", receiver, "sends", host, (*facts, *named[:5]), attributes=attributes)
        else:
            yield Verdict(
                "violation" if receiver else "review",
                receiver or "unknown",
                "sends",
                host,
                tuple(facts),
                case.gaps_of("missing_document"),
                disclosure="omitted",
                attributes=attributes,
            )


def declared_sharing(case: Case) -> Iterator[Verdict]:
    """What the policy says it passes on, and under which consent. Servers do it: no device shows it."""
    said = [f for f in case.stated if f.source == "policy" and f.action == "shares" and f.actor == "app"]
    bare = [f for f in said if f.stance == "declared" and KEPT.isdisjoint(f.condition)]
    if not said:
        yield undecided("sharing_statement")
        return
    names = sorted({(f.recipient or "").partition(":")[2] for f in bare} - {""})
    yield Verdict(
        "review" if bare else "pass",
        "app",
        "shares",
        "topic:sharing",
        tuple(bare or said)[:20],
        attributes=(("names", ", ".join(names) or "-"), ("number", str(len(bare)))),
    )


def connected_app(case: Case) -> Iterator[Verdict]:
    """An SDK that opens another app (to sign in, to pay): what is handed over shows only when it opens."""
    for name, facts in sorted(case.embedded.items()):
        sdk = sdks().get(name)
        if sdk is None or sdk.category not in OPENING:
            continue
        named = case.naming(name)
        yield Verdict(
            "not_examined" if named else "review",
            f"sdk:{name}",
            "shares",
            f"sdk:{name}",
            (*facts, *named[:5]),
            case.gaps_of("missing_document") if not named else (),
            disclosure="clear" if named else "omitted",
            attributes=(("needs", "run_opening"),) if named else (),
        )


def form_omits_data(case: Case) -> Iterator[Verdict]:
    """Data collected by the app or its SDKs that its Data safety form does not declare."""
    rows = [f for f in case.stated if f.attribute.get("basis", "").startswith(ROW)]
    if not rows:
        yield undecided("data_safety")
        return
    said = {f.subject.partition(":")[2] for f in rows if f.stance == "declared"}
    by_data: dict[str, list[Fact]] = {}
    for (_, data), facts in case.collected.items():
        by_data.setdefault(data, []).extend(facts)
    for data, facts in sorted(by_data.items()):
        kind = data_types().get(data)
        if kind is None or data in GENERIC or not kind.play:
            continue
        declared = not said.isdisjoint(said_as(data)) or any(related(s, data) for s in said)
        left = leaves(facts)
        statements = [f for f in rows if distance(data, f.subject.partition(":")[2]) is not None]
        yield Verdict(
            "pass" if declared else "violation" if left else "review",
            "app",
            "sends" if left else "accesses",
            f"data:{data}",
            (*facts, *statements),
            disclosure="clear" if declared else "omitted",
            severity="info" if declared else "high" if left else "low",
            attributes=(("play", kind.play),),
        )
