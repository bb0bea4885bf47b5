"""Rules on consent as it is passed on: what requests say the user chose, and platforms that never ask."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from appaudit.compare.case import Case
from appaudit.compare.verdict import Verdict
from appaudit.knowledge import sdks
from appaudit.records import Fact

PREFIX = "setting:consent/"
AGREED = "after_consent"


def consent_signal(case: Case) -> Iterator[Verdict]:
    """A request that says "not limited" although the user refused, or before anybody was asked."""
    found: dict[tuple[str, str], list[Fact]] = defaultdict(list)
    for fact in case.by_action.get("sends", ()):
        if fact.subject.startswith(PREFIX) and fact.attribute.get("limits") in ("yes", "no"):
            found[case.party(fact.actor), fact.subject].append(fact)
    for (party, subject), facts in sorted(found.items()):
        free = [f for f in facts if f.attribute.get("limits") == "no" and f.phase != AGREED]
        refused = tuple(f for f in free if f.phase in ("refused", "revoked"))
        early = tuple(f for f in free if f.phase == "before_consent")
        judged = tuple(f for f in facts if f.phase != "unknown")
        if refused:
            yield Verdict("violation", party, "sends", subject, refused)
        elif early:
            yield Verdict("review", party, "sends", subject, early, severity="medium")
        elif judged:
            yield Verdict("pass", party, "sends", subject, judged)
        else:
            yield Verdict(
                "not_examined", party, "sends", subject, tuple(facts), attributes=(("needs", "run_refusing"),)
            )


def unused_consent_platform(case: Case) -> Iterator[Verdict]:
    """A consent platform in the code whose hosts were never asked while the app was listened to."""
    contacted = {
        host
        for host, facts in case.observed_by_action("contacts", "host").items()
        if any(f.source == "traffic" for f in facts)
    }
    owners = {sdks.sdk_of_host(host) for host in contacted}
    for name, facts in sorted(case.embedded.items()):
        sdk = sdks.sdks().get(name)
        if sdk is None or sdk.category != "consent":
            continue
        actor, subject = f"sdk:{name}", f"sdk:{name}"
        if name in owners:
            yield Verdict("pass", actor, "contacts", subject, tuple(facts))
        elif not contacted or not sdk.hosts:
            yield Verdict(
                "not_examined", actor, "contacts", subject, tuple(facts), attributes=(("needs", "traffic"),)
            )
        else:
            yield Verdict("review", actor, "contacts", subject, tuple(facts))
