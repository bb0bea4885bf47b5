"""Rules on permissions: manifest, code and policy side by side."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from appaudit.compare.case import Case
from appaudit.compare.reach import needed_permissions
from appaudit.compare.verdict import Verdict
from appaudit.knowledge.apis import catalogue
from appaudit.knowledge.data_types import data_types
from appaudit.knowledge.permissions import permission, required
from appaudit.records import Fact, Severity


def _sensitive(case: Case) -> Iterator[tuple[str, str, list[Fact]]]:
    """Requested permissions a user has to decide about: (name, protection level, facts)."""
    for name, facts in sorted(case.requested.items()):
        known = permission(name)
        if known.level in ("dangerous", "special") or known.notice:
            yield name, known.level, facts


def _explained(case: Case, name: str) -> list[Fact]:
    """Statements that name the permission or a data type it opens."""
    found = [f for f in case.stated if f.subject == f"permission:{name}"]
    for data in sorted(_opens(name)):
        found.extend(case.declared(data))
    return found


@cache
def _opens(name: str) -> frozenset[str]:
    """Data types a permission unlocks."""
    gated = {t.id for t in data_types().values() if name in t.permissions}
    return frozenset(gated | set(permission(name).data))


@cache
def _has_api() -> frozenset[str]:
    """Permissions that some known call needs; of the others code cannot show a use."""
    known = {p for needs in required().values() for names in needs for p in names}
    return frozenset(known | {p for api in catalogue() for p in (*api.all_permissions, *api.any_permissions)})


def undeclared_permission(case: Case) -> Iterator[Verdict]:
    """A sensitive permission of the manifest that the policy never explains."""
    for name, level, facts in _sensitive(case):
        statements = _explained(case, name)
        gaps = () if statements else case.gaps_of("missing_document")
        yield Verdict(
            "pass" if statements else "review" if gaps else "violation",
            "app",
            "requests",
            f"permission:{name}",
            facts=(*facts, *statements),
            gaps=gaps,
            disclosure="clear" if statements else "omitted",
            severity="info" if statements else None,
            attributes=(("level", level),),
        )


def unused_permission(case: Case) -> Iterator[Verdict]:
    """A sensitive permission no code needs. Only where the code could be read."""
    blind = case.gaps_of("packed_dex", "unreadable_dex", "no_dex")
    needed: dict[str, list[Fact]] = {}
    for fact in case.observed:
        for name in needed_permissions(fact):
            needed.setdefault(name, []).append(fact)
    by_data: dict[str, list[Fact]] = {}
    for (_, data), facts in case.collected.items():
        by_data.setdefault(data, []).extend(facts)
    for name, level, facts in _sensitive(case):
        if name not in _has_api():
            continue
        uses = needed.get(name, []) + [f for data in sorted(_opens(name)) for f in by_data.get(data, ())]
        severity: Severity | None = "info" if uses else None
        yield Verdict(
            "pass" if uses else "not_examined" if blind else "review",
            "app",
            "requests",
            f"permission:{name}",
            facts=(*facts, *uses[:20]),
            gaps=() if uses else blind,
            severity=severity,
            attributes=(("level", level),),
        )
