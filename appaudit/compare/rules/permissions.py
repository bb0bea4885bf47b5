"""Rules on permissions: manifest, code and policy side by side."""

from __future__ import annotations

from collections.abc import Iterator

from appaudit.compare.case import UNREAD, Case
from appaudit.compare.disclosure import told
from appaudit.compare.unlocks import opens
from appaudit.compare.verdict import Verdict
from appaudit.knowledge.data_types import data_types
from appaudit.knowledge.permissions import permission
from appaudit.records import CallSite, Fact, Severity

PATHS = (
    "Landroid/os/Environment;->getExternalStorageDirectory",
    "Landroid/os/Environment;->getExternalStoragePublicDirectory",
    "Landroid/os/Environment;->getStorageDirectory",
)
"""Calls that give a path and read nothing."""

SYSTEM_HELD = "android.permission.BIND_"
"""Permissions that only the system holds: a service guarded by one is a power; asking for one is nothing."""


def _sensitive(case: Case) -> Iterator[tuple[str, str, list[Fact]]]:
    """Requested permissions a user has to decide about: (name, protection level, facts)."""
    for name, requests in sorted(case.requested.items()):
        facts = [f for f in requests if f.attribute.get("how") != "implied"]
        if not facts or name.startswith(SYSTEM_HELD):
            continue
        known = permission(name)
        if known.level in ("dangerous", "special") or known.notice:
            yield name, known.level, facts


def _explained(case: Case, name: str) -> list[Fact]:
    """Statements that name the permission, denials first, or a data type it opens."""
    found = sorted(case.said(f"permission:{name}"), key=lambda f: f.stance == "declared")
    for data in sorted(opens(name)):
        found += [*case.declared(data), *case.implied(data)]
    return found


def _severity(name: str) -> Severity:
    """High where it opens something sensitive about a person, low where it only shows or does something."""
    known = data_types()
    opened = {known[d].sensitivity for d in opens(name) if d in known}
    return "high" if "high" in opened else "low" if permission(name).mild else "medium"


def undeclared_permission(case: Case) -> Iterator[Verdict]:
    """A sensitive permission of the manifest that the policy never explains, or says it does not ask for."""
    for name, level, facts in _sensitive(case):
        statements = _explained(case, name)
        disclosure = told(statements)
        gaps = case.gaps_of("missing_document") if disclosure == "omitted" else ()
        certain = disclosure == "omitted" and not gaps
        if not statements:  # what it opens may be denied: shown, but no word on the permission
            statements = [denial for data in sorted(opens(name)) for denial in case.denied(data)]
        yield Verdict(
            "pass" if disclosure == "clear" else "violation" if certain else "review",
            "app",
            "requests",
            f"permission:{name}",
            facts=(*facts, *statements),
            gaps=gaps,
            disclosure=disclosure,
            severity=_severity(name),
            attributes=(("level", level),),
        )


def unused_permission(case: Case) -> Iterator[Verdict]:
    """A sensitive permission no code needs. Only where the code could be read and a call would show it.

    The static producer says in the attribute ``used`` of each request whether a known call needs it.
    """
    blind = case.gaps_of(*UNREAD)
    uses = case.observed_by_action("uses", "permission")
    by_data: dict[str, list[Fact]] = {}
    for (_, data), facts in case.collected.items():
        by_data.setdefault(data, []).extend(facts)
    for name, level, facts in _sensitive(case):
        use = {f.attribute.get("used", "unknown") for f in facts}
        if use == {"unknown"} or level == "normal":
            continue
        users = uses.get(name, []) + [f for data in sorted(opens(name)) for f in by_data.get(data, ())]
        severity: Severity | None = "info" if users else None
        needs = (("needs", "code"),) if blind and not users else ()
        yield Verdict(
            "pass" if users else "not_examined" if blind else "review",
            "app",
            "requests",
            f"permission:{name}",
            facts=(*facts, *users[:20]),
            gaps=() if users else blind,
            severity=severity,
            attributes=(("level", level), *needs),
        )


def _hints(fact: Fact) -> bool:
    """Whether every call behind a fact only tells where something is (the path of shared storage)."""
    return all(isinstance(e, CallSite) and e.callee.startswith(PATHS) for e in fact.evidence)


def unrequested_permission(case: Case) -> Iterator[Verdict]:
    """Code needs a permission that the manifest does not request: the call fails, or a later release
    asks for it."""
    for name, facts in sorted(case.observed_by_action("uses", "permission").items()):
        missing = [f for f in facts if f.attribute.get("declared") == "no" and not _hints(f)]
        by_party: dict[str, list[Fact]] = {}
        for fact in missing:
            by_party.setdefault(case.party(fact.actor), []).append(fact)
        for party, uses in sorted(by_party.items()):
            level = permission(name).level
            if level in ("dangerous", "special"):
                yield Verdict(
                    "review",
                    party,
                    "uses",
                    f"permission:{name}",
                    facts=tuple(uses),
                    attributes=(("level", level),),
                )
