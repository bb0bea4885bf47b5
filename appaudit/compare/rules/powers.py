"""Rules on special powers (services that see or steer other apps) and on how often data is read."""

from __future__ import annotations

from collections.abc import Iterator

from appaudit.compare.case import UNTOLD, Case
from appaudit.compare.disclosure import told
from appaudit.compare.rules.permissions import SYSTEM_HELD
from appaudit.compare.verdict import Verdict, undecided
from appaudit.knowledge.data_types import data_types
from appaudit.records import Fact, Outcome, Severity

POWERS: dict[str, tuple[str, Severity]] = {
    "accessibility_service": ("android.permission.BIND_ACCESSIBILITY_SERVICE", "high"),
    "notification_listener": ("android.permission.BIND_NOTIFICATION_LISTENER_SERVICE", "high"),
    "device_admin": ("android.permission.BIND_DEVICE_ADMIN", "high"),
    "input_method": ("android.permission.BIND_INPUT_METHOD", "medium"),
    "vpn": ("android.permission.BIND_VPN_SERVICE", "medium"),
    "autofill": ("android.permission.BIND_AUTOFILL_SERVICE", "high"),
    "voice_interaction": ("android.permission.BIND_VOICE_INTERACTION", "medium"),
    "call_screening": ("android.permission.BIND_SCREENING_SERVICE", "medium"),
    "sms_send": ("android.permission.SEND_SMS", "high"),
}
"""Setting → the permission that stands for it in a policy, and how much it can see or do."""

INSTALLING = "android.permission.REQUEST_INSTALL_PACKAGES"

PER_MINUTE = 30
PER_SECOND = 10
"""More reads of one type than this is more than a person's use of an app asks for."""


def _asked_for(case: Case, permission: str) -> bool:
    return permission in case.requested and not permission.startswith(SYSTEM_HELD)


def special_power(case: Case) -> Iterator[Verdict]:
    """A power over other apps or the whole phone, and whether the policy explains it. Where the manifest
    requests a permission that gives it, undeclared-permission says so."""
    by_power: dict[tuple[str, str], list[Fact]] = {}
    for name, facts in case.observed_by_action("uses", "setting").items():
        for fact in facts if name in POWERS and not _asked_for(case, POWERS[name][0]) else ():
            by_power.setdefault((case.party(fact.actor), name), []).append(fact)
    for (party, name), facts in sorted(by_power.items()):
        full, severity = POWERS[name]
        said = case.said(f"permission:{full}")
        disclosure = told(said)
        yield Verdict(
            "pass" if disclosure == "clear" else "review",
            party,
            "uses",
            f"setting:{name}",
            facts=(*facts, *said),
            disclosure=disclosure,
            severity=severity,
            attributes=(("permission", full),),
        )


def installs_apps(case: Case) -> Iterator[Verdict]:
    """The app may install other apps: whether its screens mislead people into it, only a person can see."""
    facts = tuple(case.requested.get(INSTALLING, ()))
    if case.app is None or (not facts and case.gaps_of(*UNTOLD)):
        yield undecided("manifest")
        return
    said = case.said(f"permission:{INSTALLING}")
    outcome: Outcome = "review" if facts else "pass"
    yield Verdict(outcome, "app", "requests", f"permission:{INSTALLING}", (*facts, *said))


def _peak(fact: Fact, key: str) -> int:
    value = fact.attribute.get(key, "")
    return int(value) if value.isdecimal() else 0


def frequent_collection(case: Case) -> Iterator[Verdict]:
    """The same type read again and again by one party."""
    for (party, data), facts in sorted(case.collected.items()):
        seen = [f for f in facts if f.source == "dynamic"]
        kind = data_types().get(data)
        if not seen or kind is None:
            continue
        minute = max(_peak(f, "peak_per_minute") for f in seen)
        second = max(_peak(f, "peak_per_second") for f in seen)
        often = minute >= PER_MINUTE or second >= PER_SECOND
        outcome: Outcome = "review" if often else "pass"
        yield Verdict(
            outcome,
            party,
            "accesses",
            f"data:{data}",
            facts=tuple(seen),
            severity="low" if kind.sensitivity == "low" else None,
            attributes=(("per_minute", str(minute)), ("per_second", str(second))),
        )
