"""Rules on conditions: a promise holds only as far as its words go."""

from __future__ import annotations

from collections.abc import Iterator

from appaudit.compare.case import Case
from appaudit.compare.conditions import collected, conditioned, version_key
from appaudit.compare.verdict import Verdict
from appaudit.records import Fact, Outcome

LEAVING = ("sends", "shares")


def _verdict(outcome: Outcome, statement: Fact, observed: list[Fact], **attributes: str) -> Verdict:
    return Verdict(
        outcome,
        statement.actor,
        "accesses" if all(f.action == "accesses" for f in observed) else "sends",
        statement.subject,
        facts=(*observed, statement),
        attributes=tuple(sorted(attributes.items())),
        confidence="high" if any(f.source in ("dynamic", "traffic") for f in observed) else None,
    )


def expired_version(case: Case) -> Iterator[Verdict]:
    """ "Only in versions before V": this version is V or later, and it still collects."""
    mine = version_key(case.app.version_name) if case.app else None
    for value, statement in conditioned(case, "until_version"):
        limit = version_key(value)
        observed = collected(case, statement)
        outcome: Outcome
        if mine is None or limit is None:
            outcome = "not_examined"
        elif mine < limit:
            outcome = "pass"
        else:
            outcome = "violation" if observed else "pass"
        version = case.app.version_name if case.app else ""
        yield _verdict(outcome, statement, observed, limit=value, version=version)


def local_only_sent(case: Case) -> Iterator[Verdict]:
    """ "Processed on your device only": the type leaves it."""
    statements = [f for f in case.stated if f.stance == "declared" and f.action == "processes_locally"]
    statements += [f for _, f in conditioned(case, "local_only") if f not in statements]
    for statement in statements:
        observed = collected(case, statement)
        sent = [f for f in observed if f.action in LEAVING]
        flows = [f for f in observed if f.attribute.get("reaches") == "network"]
        if sent:
            yield _verdict("violation", statement, sent)
        elif flows:
            yield _verdict("review", statement, flows)
        else:
            outcome: Outcome = "pass" if "traffic" in case.examined and observed else "not_examined"
            yield _verdict(outcome, statement, observed)
