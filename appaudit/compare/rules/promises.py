"""Rules on promises: what a statement ties its collection to, against what was seen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from appaudit.compare.case import Case, leaves, live
from appaudit.compare.conditions import covered, grouped, statements
from appaudit.compare.disclosure import GENERIC
from appaudit.compare.promised import found_in
from appaudit.compare.verdict import Verdict, uncollected
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


def local_only_sent(case: Case) -> Iterator[Verdict]:
    """ "Processed on your device only": the type, or a part of it, leaves the device; or, where no traffic
    was looked at, it is read beside code that sends."""
    declared = [f for f in case.stated if f.stance == "declared" and f.action == "processes_locally"]
    open_ = []
    for said in grouped([*declared, *statements(case, "local_only")]):
        observed = covered(case, said[0])
        sent = [f for f in observed if f.action in LEAVING]
        if sent:
            yield _verdict("violation", said, sent)
        elif observed and "traffic" in case.examined:
            yield _verdict("pass", said, observed)
        elif near := [f for f in observed if "network" in f.attribute]:
            where = "method" if any(f.attribute["network"] == "method" for f in near) else "class"
            yield replace(
                _verdict("review", said, near, where=where),
                severity="medium" if where == "method" else "low",
                confidence="low",
            )
        elif observed:
            yield _verdict("not_examined", said, observed, needs="traffic")
        else:
            open_.append(said)
    yield from uncollected(open_)


def consent_condition(case: Case) -> Iterator[Verdict]:
    """ "Only after you agree": the phase of each observation decides."""
    open_ = []
    for said in grouped(statements(case, "after_consent")):
        observed = covered(case, said[0])
        lived = live(observed)
        early = [f for f in lived if f.phase in ("before_consent", "refused")]
        if early:
            yield _verdict("violation", said, early)
        elif lived:
            yield _verdict("pass", said, lived)
        elif observed:
            yield _verdict("not_examined", said, observed, needs="run_without_consent")
        else:
            open_.append(said)
    yield from uncollected(open_)


def optional_condition(case: Case) -> Iterator[Verdict]:
    """ "You may choose": what is optional is not collected after refusal."""
    refusing = case.lived("refused")
    open_ = []
    for said in grouped(statements(case, "optional")):
        observed = covered(case, said[0])
        refused = [f for f in observed if f.phase == "refused"]
        if refused:
            yield _verdict("violation", said, refused)
        elif observed and refusing:
            yield _verdict("pass", said, observed)
        elif observed:
            yield _verdict("not_examined", said, observed, needs="run_refusing")
        else:
            open_.append(said)
    yield from uncollected(open_)


def plain_although_deidentified(case: Case) -> Iterator[Verdict]:
    """ "De-identified": the value itself, neither hashed nor encrypted, is in the traffic."""
    open_ = []
    for said in grouped(statements(case, "deidentified")):
        observed = covered(case, said[0])
        sent = [f for f in observed if f.action in LEAVING and "form" in f.attribute]
        plain = [f for f in sent if f.attribute["form"] in PLAIN]
        if plain:
            yield _verdict("violation", said, plain)
        elif sent:
            forms = ", ".join(sorted({f.attribute["form"] for f in sent}))
            yield _verdict("pass", said, sent, form=forms)
        elif observed:
            yield _verdict("not_examined", said, observed, needs="traffic_values")
        else:
            open_.append(said)
    yield from uncollected(open_)


def open_condition(case: Case) -> Iterator[Verdict]:
    """A condition in the policy's own words that no observation can decide by itself."""
    open_ones = (
        fact
        for fact in statements(case, "if")
        if not any(t.partition(":")[0] in CHECKED for t in fact.condition)
        and not _recognised(case, fact)
        and not all(found_in("always", t) for t in fact.condition)
    )
    unseen = []
    for said in grouped(open_ones):
        observed = covered(case, said[0])
        if not observed:
            unseen.append(said)
        else:
            words = next(t.partition(":")[2] for t in said[0].condition if t.startswith("if:"))
            needs = f"run_otherwise:{words}"
            yield _verdict("not_examined", said, observed, condition=words, needs=needs)
    yield from uncollected(unseen)


def _recognised(case: Case, statement: Fact) -> bool:
    return found_in("recognised", case.whole_sentence(statement))


def recognised_only(case: Case) -> Iterator[Verdict]:
    """ "We send it only where we recognise a command in it": the value that the test device was given, no
    command of this app, was sent all the same."""
    about = (f for f in case.stated if f.subject.startswith("data:") and f.subject[5:] not in GENERIC)
    searched = "traffic" in case.examined and not case.gaps_of("no_device_values")
    open_ = []
    for said in grouped(f for f in about if _recognised(case, f)):
        observed = covered(case, said[0])
        sent = [f for f in observed if f.action in LEAVING]
        lived = [f for f in observed if f.source == "dynamic"]
        if sent:
            known = any("form" in f.attribute for f in sent)
            yield _verdict("violation" if known else "review", said, sent)
        elif lived and searched:
            yield _verdict("pass", said, lived)
        elif observed:
            yield _verdict("not_examined", said, observed, needs="traffic_values")
        else:
            open_.append(said)
    yield from uncollected(open_)
