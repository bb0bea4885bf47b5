"""A phone without root: driven over ADB, watched by what its system writes about the app."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from appaudit.dynamic.handset import Handset
from appaudit.dynamic.target import Child


class RootlessTarget(Handset):
    """Starts the app as a tap on its icon does; nothing runs inside it."""

    def conditions(self) -> Mapping[str, str]:
        """Device, system, clock, DNS, proxy; no frida-server."""
        return {**super().conditions(), "frida_on": "nowhere"}

    def spawn(self, fresh: bool) -> Any:
        """Force a stop, so that the start is seen from its beginning. Returns nothing to attach to."""
        self.wake()
        self.stop()
        if fresh:
            self.forget()
        return None

    def gate(self, session: Any, found: Callable[[Child], None]) -> None:
        """Nothing can be held without Frida."""

    def ungate(self) -> None:
        """Nothing is held."""

    def resume(self) -> None:
        """Start it."""
        self.foreground()

    def zone(self) -> float:
        """Seconds that the device's clock shows ahead of UTC; 0 where it does not tell."""
        told = self.phone.shell("date", "+%z").strip()
        if len(told) != 5 or told[0] not in "+-" or not told[1:].isascii() or not told[1:].isdigit():
            return 0.0
        ahead = int(told[1:3]) * 3600 + int(told[3:]) * 60
        return float(ahead if told[0] == "+" else -ahead)
