"""The constants that reach a call."""

from __future__ import annotations

from collections.abc import Sequence

from appaudit.dex.dex import Dex
from appaudit.dex.queries import CallSites
from appaudit.records import CallSite


class ConstantTracer:
    """Traces registers back within methods; keeps what it has learnt about the app's constant fields."""

    def __init__(self, dexes: Sequence[Dex]) -> None:
        self._dexes = dexes

    def materialise(self, sites: CallSites) -> list[CallSite]:
        """Each site as a record."""
        return [
            CallSite(
                self._dexes[int(sites.dex[k])].member,
                sites.caller_descriptor(k),
                sites.callee_descriptor(k),
                int(sites.offset[k]),
            )
            for k in range(len(sites))
        ]
