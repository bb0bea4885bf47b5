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
    held = set(case.requested)
    able = []
    rows = by_id()
    for fact in facts:
        api = (
            rows.get(next((v for k, v in fact.attributes if k == "api"), ""))
            if fact.source == "static"
            else None
        )
        if api is None or (
            held.issuperset(api.all_permissions)
            and (not api.any_permissions or not held.isdisjoint(api.any_permissions))
        ):
            able.append(fact)
    return able
