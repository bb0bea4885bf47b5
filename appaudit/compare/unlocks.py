"""What a permission opens about a person."""

from __future__ import annotations

from functools import cache

from appaudit.knowledge.data_types import data_types
from appaudit.knowledge.permissions import permission


@cache
def opens(name: str) -> frozenset[str]:
    """Data types that the permission of this full name unlocks."""
    gated = {t.id for t in data_types().values() if name in t.permissions}
    return frozenset(gated | set(permission(name).data))
