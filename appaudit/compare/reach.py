"""Can observed code succeed at all: does the app hold the permission its calls need?"""

from __future__ import annotations

from appaudit.compare.case import Case
from appaudit.knowledge.apis import by_id
from appaudit.records import Fact


def effective(case: Case, facts: list[Fact]) -> list[Fact]:
    """The facts whose calls can succeed with the permissions the manifest requests.

    What was seen at run time or on the wire has succeeded already. The static producer names the
    catalogue row of each access in the attribute ``api``.
    """
    return [f for f in facts if f.source != "static" or _able(case, f)]


def _able(case: Case, fact: Fact) -> bool:
    name = fact.attribute.get("api", "")
    known = case.able.get(name)
    if known is None:
        api = by_id().get(name)
        held = case.requested.keys()
        known = case.able[name] = api is None or (
            held >= set(api.all_permissions)
            and (not api.any_permissions or not held.isdisjoint(api.any_permissions))
        )
    return known
