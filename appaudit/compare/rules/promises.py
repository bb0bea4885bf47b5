"""Rules on promises: what a statement ties its collection to, against what was seen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from appaudit.compare.case import Case, leaves, live
from appaudit.compare.conditions import grouped, judged, statements
from appaudit.compare.disclosure import GENERIC
from appaudit.compare.promised import found_in
from appaudit.compare.verdict import Verdict
from appaudit.records import LEAVING, Fact, Outcome

PLAIN = ("plain", "pattern")
"""Forms in which the value itself is in the request."""

CHECKED = frozenset(
    {"until_version", "local_only", "background", "optional", "after_consent", "deidentified", "permission"}
)
"""Kinds of conditions that another rule decides."""


def _verdict(outcome: Outcome, said: list[Fact], observed: list[Fact], **attributes: str) -> Verdict:
    left = leaves(observed)
    return Verdict(
        outcome,
        said[0].actor,
        "sends" if left else "accesses",
        said[0].subject,
        facts=(*observed, *said),
        attributes=tuple(sorted(attributes.items())),
        confidence="high" if any(f.source in ("dynamic", "traffic") for f in observed) else None,
    )


def searched(case: Case) -> bool:
    """Whether traffic was looked through for the device's own values."""
    return "traffic" in case.examined and not case.gaps_of("no_device_values")


def local_only_sent(case: Case) -> Iterator[Verdict]:
    """ "Processed on your device only": the type, or a part of it, leaves the device; or, where no traffic
    was searched for it, it is read beside code that sends."""

    def judge(said: list[Fact], observed: list[Fact]) -> Verdict:
        sent = [f for f in observed if f.action in LEAVING]
        if sent:
            return _verdict("violation", said, sent)
        if searched(case):
            return _verdict("pass", said, observed)
        near = [f for f in observed if "network" in f.attribute]
        if not near:
            needs = "traffic_values" if "traffic" in case.examined else "traffic"
            return _verdict("not_examined", said, observed, needs=needs)
        where = "method" if any(f.attribute["network"] == "method" for f in near) else "class"
        return replace(
            _verdict("review", said, near, where=where),
            severity="medium" if where == "method" else "low",
            confidence="low",
        )

    declared = [f for f in case.stated if f.stance == "declared" and f.action == "processes_locally"]
    return judged(case, grouped([*declared, *statements(case, "local_only")]), judge)


def consent_condition(case: Case) -> Iterator[Verdict]:
    """ "Only after you agree": the phase of each observation decides."""

    def judge(said: list[Fact], observed: list[Fact]) -> Verdict:
        lived = live(observed)
        early = [f for f in lived if f.phase in ("before_consent", "refused")]
        if early:
            return _verdict("violation", said, early)
        if lived and case.lived("before_consent"):
            return _verdict("pass", said, lived)
        return _verdict("not_examined", said, observed, needs="run_without_consent")

    return judged(case, grouped(statements(case, "after_consent")), judge)


def optional_condition(case: Case) -> Iterator[Verdict]:
    """ "You may choose": what is optional is not collected after refusal."""

    def judge(said: list[Fact], observed: list[Fact]) -> Verdict:
        refused = [f for f in observed if f.phase == "refused"]
        if refused:
            return _verdict("violation", said, refused)
        if case.lived("refused"):
            return _verdict("pass", said, observed)
        return _verdict("not_examined", said, observed, needs="run_refusing")

    return judged(case, grouped(statements(case, "optional")), judge)


def plain_although_deidentified(case: Case) -> Iterator[Verdict]:
    """ "De-identified": the value itself, neither hashed nor encrypted, is in the traffic."""

    def judge(said: list[Fact], observed: list[Fact]) -> Verdict:
        sent = [f for f in observed if f.action in LEAVING and "form" in f.attribute]
        plain = [f for f in sent if f.attribute["form"] in PLAIN]
        if plain:
            return _verdict("violation", said, plain)
        if sent:
            forms = ", ".join(sorted({f.attribute["form"] for f in sent}))
            return _verdict("pass", said, sent, form=forms)
        return _verdict("not_examined", said, observed, needs="traffic_values")

    return judged(case, grouped(statements(case, "deidentified")), judge)


def open_condition(case: Case) -> Iterator[Verdict]:
    """A condition in the policy's own words that no observation can decide by itself."""

    def judge(said: list[Fact], observed: list[Fact]) -> Verdict:
        words = next(t.partition(":")[2] for t in said[0].condition if t.startswith("if:"))
        needs = f"run_otherwise:{words}"
        return _verdict("not_examined", said, observed, condition=words, needs=needs)

    open_ones = (
        fact
        for fact in statements(case, "if")
        if not any(t.partition(":")[0] in CHECKED for t in fact.condition)
        and not _recognised(case, fact)
        and not all(found_in("always", t) for t in fact.condition)
    )
    return judged(case, grouped(open_ones), judge)


def _recognised(case: Case, statement: Fact) -> bool:
    return found_in("recognised", case.whole_sentence(statement))


def recognised_only(case: Case) -> Iterator[Verdict]:
    """ "We send it only where we recognise a command in it": the value that the test device was given, no
    command of this app, was sent all the same."""

    def judge(said: list[Fact], observed: list[Fact]) -> Verdict:
        sent = [f for f in observed if f.action in LEAVING]
        lived = [f for f in observed if f.source == "dynamic"]
        if sent:
            known = any("form" in f.attribute for f in sent)
            return _verdict("violation" if known else "review", said, sent)
        if lived and searched(case):
            return _verdict("pass", said, lived)
        return _verdict("not_examined", said, observed, needs="traffic_values")

    about = (f for f in case.stated if f.subject.startswith("data:") and f.subject[5:] not in GENERIC)
    return judged(case, grouped(f for f in about if _recognised(case, f)), judge)
