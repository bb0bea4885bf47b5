"""What the system told of an app, from the record of a run to facts.

``accesses data:…`` from app ops and the log, ``starts component:…`` where the app's first process was started
by something else than a touch, ``runs component:…`` for services and jobs, each with ``seen_by``: appops ·
appops-history · log · services · jobs; ``counted_in_all``: how often the system counted the op, over all
phases. Who inside the app it was, the system does not know: the actor is
``unknown``, an SDK only where the attribution tag or the class is its own.
"""

from __future__ import annotations

import bisect
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from appaudit.dynamic.record import FOLDER
from appaudit.knowledge import sdks
from appaudit.knowledge.load import toml
from appaudit.records import Fact, FileEntry, Gap, Phase

MAX_TIMES = 50
MAX_EVIDENCE = 20
TOUCHED = "activity"
"""Part of the word by which the system says that a process was started for a screen."""


@dataclass(slots=True)
class _Draft:
    times: list[float] = field(default_factory=list)
    count: int = 0
    front: int = 0
    evidence: dict[str, FileEntry] = field(default_factory=dict)
    states: Counter[str] = field(default_factory=Counter)
    within: float = 0.0
    duration: float = 0.0
    more: dict[str, str] = field(default_factory=dict)


Key = tuple[str, str, str, Phase, tuple[tuple[str, str], ...]]
"""Actor, action, subject, phase, attributes that tell facts apart."""


class System:
    """Facts in the making, from lines of kind ``system`` and ``phase``."""

    def __init__(self, package: str) -> None:
        self._package = package
        self._drafts: dict[Key, _Draft] = {}
        self._phases: list[tuple[float, Phase]] = []
        self._held: dict[str, bool] = {}
        self._alive: set[str] = set()
        self._totals: Counter[tuple[str, bool]] = Counter()
        self.used = False

    def phase(self, at: float, phase: Phase) -> None:
        """A phase began."""
        self._phases.append((at, phase))

    def add(self, line: Mapping[str, Any]) -> None:
        """A line of kind ``system``. Raises KeyError, TypeError or ValueError on one not as written."""
        self.used = True
        what, at = line["what"], float(line["time"])
        if what == "access":
            self._access(line, at)
        elif what == "total" and str(line["flag"]) in toml("appops.toml")["states"]["own"]:
            self._totals[str(line["op"]), line["rejected"] is True] += int(line["number"])
        elif what == "permissions":
            self._held = {str(k): v is True for k, v in line["held"].items()}
        elif what == "process":
            self._process(line, at)
        elif what == "ended":
            self._alive.discard(str(line["process"]))
        elif what in ("service", "job"):
            name = str(line["component"])
            more = {"process": str(line.get("process", ""))}
            if what == "service":
                more["foreground_service"] = "yes" if line["foreground"] is True else "no"
            elif float(line["period"]) > 0:
                more["period"] = f"{float(line['period']):.0f} s"
            self._draft(_owner(name), "runs", f"component:{name}", at, line, more)

    def _when(self, at: float, within: float) -> Phase:
        """The phase of a moment; unknown where the moment is too vague to tell."""
        starts = [start for start, _ in self._phases]
        first = bisect.bisect_right(starts, at) - 1
        last = bisect.bisect_right(starts, at + within) - 1
        phases = {self._phases[i][1] for i in range(max(first, 0), last + 1)}
        return phases.pop() if len(phases) == 1 else "unknown"

    def _access(self, line: Mapping[str, Any], at: float) -> None:
        known = toml("appops.toml")
        op = known["ops"].get(str(line["op"]))
        if op is None or str(line["flag"]) not in known["states"]["own"]:
            return
        tag, permission = str(line["tag"])[:200], str(op.get("permission", ""))
        attributes = {
            "api": f"appops:{line['op']}",
            "result": "null" if line["rejected"] is True else "value",
            "permission_state": self._state(permission, line["rejected"] is True) if permission else "",
            "attribution_tag": tag,
        }
        if op.get("wide"):
            attributes["lead"] = "the system notes this op for more than reading the data"
        for data in op["data"]:
            draft = self._draft(
                _owner(tag) if tag else "unknown", "accesses", f"data:{data}", at, line, attributes
            )
            draft.front += str(line["state"]) in known["states"]["front"]
            draft.states[str(line["state"])[:20]] += 1
            draft.duration = max(draft.duration, float(line["duration"]))

    def _state(self, permission: str, rejected: bool) -> str:
        """The system lets an op pass only with its permission; what it holds now may have changed since."""
        if not rejected:
            return "granted"
        return "denied" if permission in self._held else "not_requested" if self._held else ""

    def _process(self, line: Mapping[str, Any], at: float) -> None:
        name, why = str(line["process"]), str(line["why"])[:60]
        first = not self._alive
        self._alive.add(name)
        if first and TOUCHED not in why:
            component = str(line["component"]).rpartition("/")[2] or self._package
            whole = self._package + component if component.startswith(".") else component
            self._draft(_owner(whole), "starts", f"component:{whole[:300]}", at, line, {"by": why})

    def _draft(
        self,
        actor: str,
        action: str,
        subject: str,
        at: float,
        line: Mapping[str, Any],
        more: Mapping[str, str],
    ) -> _Draft:
        within = float(line.get("within", 0))
        attributes = {**more, "seen_by": str(line["source"])[:40]}
        key = (actor, action, subject, self._when(at, within), tuple(sorted(attributes.items())))
        draft = self._drafts.setdefault(key, _Draft())
        draft.count += 1
        draft.within = max(draft.within, within)
        if len(draft.times) < MAX_TIMES:
            draft.times.append(at)
        if len(draft.evidence) < MAX_EVIDENCE:
            text = str(line["text"])[:500]
            file = str(line["file"])
            draft.evidence[text] = FileEntry(f"{FOLDER}/{file}" if file else f"{FOLDER}/run.jsonl", text)
        return draft

    def facts(self) -> list[Fact]:
        """In no order."""
        return [self._fact(key, draft) for key, draft in self._drafts.items()]

    def _fact(self, key: Key, draft: _Draft) -> Fact:
        actor, action, subject, phase, attributes = key
        more = dict(attributes)
        if action == "accesses":
            more |= {
                "foreground": f"{draft.front} of {draft.count}",
                "process_state": " ".join(state for state, _ in draft.states.most_common(4)),
                "process": self._package,
                "at_least": "yes",
                "times": " ".join(f"{t:.1f}" for t in sorted(draft.times)),
            }
            counted = self._totals[more["api"].removeprefix("appops:"), more["result"] == "null"]
            if counted:
                more["counted_in_all"] = str(counted)
            if draft.duration:
                more["duration"] = f"{draft.duration:.1f} s"
        if draft.within:
            more["precision"] = f"{draft.within:.0f} s"
        return Fact(
            "dynamic", "observed", actor, action, subject,
            phase=phase,
            count=draft.count,
            first=round(min(draft.times), 3),
            last=round(max(draft.times), 3),
            evidence=tuple(draft.evidence.values()),
            attributes=tuple(sorted((n, v) for n, v in more.items() if v)),
        )  # fmt: skip

    def gaps(self) -> list[Gap]:
        """What this way of watching cannot see."""
        package = self._package
        return [
            Gap("dynamic", "calls_not_seen", package,
                "Without Frida no call is seen: identifiers (Android ID, OAID, advertising ID), installed "
                "apps, network and device information, files, sensors, whatever else no app op guards."),
            Gap("dynamic", "callers_not_seen", package,
                "Without Frida nobody knows which code made an access: the app's own or an SDK's."),
            Gap("dynamic", "counts_at_least", package,
                "The system keeps the last access of each kind: between two looks more may have happened."),
        ]  # fmt: skip


def _owner(name: str) -> str:
    found = sdks.owner(name)
    return f"sdk:{found}" if found is not None else "app"
