"""What is known beside a recording: from the app's files, from a run, from the user."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from appaudit.records import Phase
from appaudit.traffic.witness import Witness


@dataclass(frozen=True, slots=True)
class Scene:
    """``own``: domains of the app's own company. ``phases``: when each phase of the run began, in order.
    ``witness``: what the hooks saw. ``pinned``: domains the app's network security config pins;
    ``trusts_user``: whether it trusts certificates that a user installed, None where nobody knows;
    ``own_vpn``: the app can open a VPN of its own. ``proxy``: address of the proxy that recorded.
    ``country``: tells the country of an address (ISO 3166-1 alpha-2), empty where it does not know."""

    own: Sequence[str] = ()
    phases: Sequence[tuple[float, Phase]] = ()
    witness: Witness | None = None
    pinned: Sequence[str] = ()
    trusts_user: bool | None = None
    own_vpn: bool = False
    proxy: str = ""
    country: Callable[[str], str] | None = None

    def phase(self, time: float | None) -> Phase:
        """The phase in which something happened."""
        found: Phase = "unknown"
        for start, phase in self.phases:
            if time is None or time < start:
                break
            found = phase
        return found
