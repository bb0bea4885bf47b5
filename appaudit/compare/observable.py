"""Which data types code could show at all; the rest a person types in."""

from __future__ import annotations

from functools import cache

from appaudit.compare.disclosure import GENERIC
from appaudit.knowledge.apis import catalogue
from appaudit.knowledge.data_types import data_types

TYPED_IN = ("account", "identity", "finance", "delivery")
"""Groups of types that users type in: no call of the platform would show them."""


@cache
def observable() -> frozenset[str]:
    """Data types that some catalogued API or permission would show."""
    by_api = {data for api in catalogue() for data in api.data}
    gated = {t.id for t in data_types().values() if t.permissions}
    typed_in = {t.id for t in data_types().values() if t.group in TYPED_IN}
    return frozenset(by_api | gated) - GENERIC - typed_in
