"""Rules on conditions: a promise holds only as far as its words go."""

from __future__ import annotations

from collections.abc import Iterator

from appaudit.compare.case import UNREAD, Case
from appaudit.compare.conditions import collected, conditioned
from appaudit.compare.verdict import Verdict
from appaudit.compare.versions import version_key
from appaudit.records import Fact, Outcome


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
        if mine is None or limit is None:
            yield _verdict("not_examined", statement, observed, limit=value, needs="comparable_version")
            continue
        if mine >= limit and not observed and case.gaps_of(*UNREAD):
            yield _verdict("not_examined", statement, observed, limit=value, needs="code")
            continue
        outcome: Outcome = "violation" if mine >= limit and observed else "pass"
        version = case.app.version_name if case.app else ""
        yield _verdict(outcome, statement, observed, limit=value, version=version)
