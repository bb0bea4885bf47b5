"""Rules on the network: promised encryption."""

from __future__ import annotations

from collections.abc import Iterator

from appaudit.compare.case import Case
from appaudit.compare.verdict import Verdict
from appaudit.records import Fact, Outcome

TRUST = ("setting:accepts_any_certificate", "setting:accepts_any_hostname")
"""Code that accepts whatever certificate or name a server shows."""

CLEAR = ("cleartext", "yes")


def _unprotected(fact: Fact) -> bool:
    """Whether a setting permits cleartext, or code trusts anything."""
    if fact.subject in TRUST or fact.subject == "setting:cleartext_domains":
        return True
    if fact.subject == "setting:cleartext_traffic":
        return fact.attribute.get("value") == "true"
    return fact.subject == "setting:network_security_config" and fact.attribute.get("cleartext") == "true"


def unprotected_transport(case: Case) -> Iterator[Verdict]:
    """Personal data in the clear, or an app that allows it, against what the policy promises."""
    subject = "topic:transport_security"
    promises = case.said(subject)
    seen = tuple(f for f in case.by_action.get("sends", ()) if CLEAR in f.attributes)
    allowed = tuple(f for f in case.by_action.get("uses", ()) if _unprotected(f))
    if seen:
        yield Verdict("violation", "app", "sends", subject, (*seen, *promises), confidence="high")
    elif allowed:
        yield Verdict(
            "review",
            "app",
            "uses",
            subject,
            (*allowed, *promises),
            severity="medium" if promises else "low",
        )
    else:
        outcome: Outcome = "pass" if "traffic" in case.examined else "not_examined"
        needs = () if outcome == "pass" else (("needs", "traffic"),)
        yield Verdict(outcome, "app", "uses", subject, promises, attributes=needs)
