"""Facts from what the app sends: flows, identifiers, hosts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from appaudit.records import Fact, Gap

if TYPE_CHECKING:
    from appaudit.traffic.flow import Flow
    from appaudit.traffic.scene import Scene


@dataclass(frozen=True, slots=True)
class TrafficResult:
    """What a recording shows. ``flows``: how many exchanges were read."""

    facts: list[Fact] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    flows: int = 0


def read_traffic(
    path: Path,
    values: Path | None = None,
    progress: Callable[[str], None] | None = None,
    scene: Scene | None = None,
) -> TrafficResult:
    """Facts of a recording (HAR, mitmproxy flow file), looked through for the device's own values.

    ``scene``: what is known beside the recording: the app's own domains, phases of a run, the hooks' events.
    Without a file of values only typed patterns are looked for, which is a Gap of its own.
    Raises InputError where the recording or the values cannot be read.
    """
    from appaudit.traffic.facts import facts_of
    from appaudit.traffic.identifiers import Values
    from appaudit.traffic.read import read
    from appaudit.traffic.values import read_values

    gaps: list[Gap] = []
    keys = scene.witness.keys if scene is not None and scene.witness is not None else ()
    known = read_values(values, keys) if values else Values({})
    if values is None:
        reason = "the device's own values were not given: only fields whose names tell were looked at"
        gaps.append(Gap("traffic", "no_device_values", path.name, reason))
    if progress is not None:
        progress("reading traffic")
    count = 0

    def counted() -> Iterator[Flow]:
        nonlocal count
        for flow in read(path, gaps):
            count += 1
            yield flow

    facts = list(facts_of(counted(), known, gaps, scene))
    return TrafficResult(facts, gaps, count)
