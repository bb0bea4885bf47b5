"""Rules on the network: promised encryption, named recipients."""

from __future__ import annotations

from collections.abc import Iterator

from appaudit.compare.case import Case
from appaudit.compare.verdict import Verdict
from appaudit.records import Fact, Outcome

CLEARTEXT = ("setting:cleartext_permitted", "setting:uses_cleartext_traffic")
TRUST = ("setting:trusts_any_certificate", "setting:trusts_any_host", "setting:trusts_user_certificates")


def unprotected_transport(case: Case) -> Iterator[Verdict]:
    """Personal data in the clear, or an app that allows it, where the policy promises protection."""
    promises = tuple(f for f in case.stated if f.subject == "topic:transport_security")
    seen: list[Fact] = [
        f for f in case.observed if f.action == "sends" and f.attribute.get("cleartext") == "yes"
    ]
    allowed = [f for f in case.observed if f.subject in (*CLEARTEXT, *TRUST)]
    if seen:
        yield Verdict(
            "violation", "app", "sends", "topic:transport_security", (*seen, *promises), confidence="high"
        )
    elif allowed:
        yield Verdict(
            "review",
            "app",
            "uses",
            "topic:transport_security",
            (*allowed, *promises),
            severity="medium" if promises else "low",
        )
    elif promises:
        outcome: Outcome = "pass" if "traffic" in case.examined else "not_examined"
        yield Verdict(outcome, "app", "uses", "topic:transport_security", promises)
