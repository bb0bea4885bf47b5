"""Can observed code succeed at all: does the app hold the permission its calls need?"""

from __future__ import annotations

from appaudit.compare.case import Case
from appaudit.records import Fact


def needed_permissions(fact: Fact) -> frozenset[str]:
    """Permissions of which one must be held for the calls behind ``fact``; empty where none is needed.

    The static producer writes them into the attribute ``permissions``, comma-separated full names.
    """
    return frozenset(p for p in fact.attribute.get("permissions", "").split(",") if p)


def effective(case: Case, facts: list[Fact]) -> list[Fact]:
    """The facts whose calls can succeed with the permissions the manifest requests.

    What was seen at run time or on the wire has succeeded already.
    """
    able = []
    for fact in facts:
        needed = needed_permissions(fact)
        if fact.source != "static" or not needed or needed & set(case.requested):
            able.append(fact)
    return able
