"""The record of a run → facts and gaps. Needs no app and no device, so a run cut short still tells.

A fact ``accesses data:<id>`` is one actor × data × API × phase × result × permission state; its attributes:
``api`` (the catalogue's row) · ``result`` (value, null, exception: an attempt counts; ``count`` is of this
result alone) · ``permission_state`` (granted, denied, not_requested) · ``process`` · ``foreground`` ("3 of 5"
calls) · ``screen`` · ``peak_per_second`` · ``peak_per_minute`` · ``threads`` (number) · ``chain`` (actors,
from the call outwards) · ``through`` (the platform's frame that called for somebody) · ``role`` (metadata,
listen, callback) · ``words`` (arguments that told) · ``digest`` (algorithms its value went into) · ``basis``
(of a constant; reader: a method that reads it ran; reflection, jni: by its name) · ``without_stack`` (calls
that were not sampled). Empty ones are left out. Other facts: `appaudit.dynamic.doings`,
`appaudit.dynamic.requests`, `appaudit.dynamic.asking`, `appaudit.dynamic.system`.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from appaudit.dynamic.asking import Asking
from appaudit.dynamic.doings import Doings
from appaudit.dynamic.drafts import MAX_STACKS, Draft, Key, seen
from appaudit.dynamic.frames import Caller, Frame, Owners, frames
from appaudit.dynamic.requests import Requests
from appaudit.dynamic.rows import needed, rows
from appaudit.dynamic.system import System
from appaudit.knowledge.apis import Api, by_id, find_word, word_tables
from appaudit.knowledge.data_types import data_types
from appaudit.knowledge.naming import SYSTEM_PACKAGES
from appaudit.records import Fact, Gap, Phase, Stack

NOWHERE = (-1, -1, -1)
MAX_PLACES = 20_000
"""Threads of members, by phase, whose calls without a stack are told apart."""
MAX_NAMES = 20
"""Names of classes in one gap."""
PHASES = ("before_consent", "after_consent", "refused", "revoked", "background", "idle", "unknown")
PASTE = ("android.widget.", "android.text.", "android.view.")
"""The framework acting for the user: a paste is not the app's reading of the clipboard."""


CALL: dict[str, type | tuple[type, ...]] = {
    "row": int, "signature": str, "arguments": dict, "result": str, "error": str, "permissions": dict,
    "thread": int, "stack": str, "count": int, "first": (int, float), "last": (int, float), "epoch": int,
    "screen": str, "foreground": bool,
}  # fmt: skip
"""Fields of a ``call`` line."""


def _whole(line: Mapping[str, Any]) -> bool:
    fields = all(isinstance(line.get(name), kind) for name, kind in CALL.items())
    times = fields and all(map(math.isfinite, (line["first"], line["last"])))
    return times and all(isinstance(v, str) for v in line["arguments"].values())


class Reading:
    """Facts in the making. ``package``: the app's; ``mapping``: renamed class → original."""

    def __init__(
        self, package: str, mapping: Mapping[str, str] | None = None, known: Mapping[str, str] | None = None
    ) -> None:
        self._owners = Owners(package, mapping, known)
        self._package = package
        self._drafts: dict[Key, Draft] = {}
        self._loose: dict[tuple[tuple[int, int, int], Key], Draft] = {}
        self._phases: dict[int, Phase] = {}
        self._seen_on: dict[tuple[int, int, int], set[str]] = defaultdict(set)
        self._gaps: dict[tuple[str, str], Gap] = {}
        self._digests: dict[tuple[int, str], None] = {}
        self._own: Counter[str] = Counter()
        self._asking = Asking()
        self._doings = Doings(package, self._owners, self._phases)
        self._requests = Requests(package, self._owners, self._phases)
        self._system = System(package)
        self._pinned: dict[str, str] = {}
        self._fault = 0

    def add(self, line: Mapping[str, Any]) -> None:
        """One line of the record."""
        kind = line.get("line")
        if kind == "phase" and line.get("phase") in PHASES:
            self._phases[int(line.get("epoch", 0))] = line["phase"]
            self._system.phase(float(line["at"]), line["phase"])
        elif kind == "call":
            self._call(dict(line))
        elif kind == "note":
            self._note(line)
        elif kind in ("consent", "step", "screen", "policy_way"):
            self._asking.add(line)
        elif kind == "system":
            self._system.add(line)
        elif kind == "gap":
            gap = Gap("dynamic", str(line.get("code")), str(line.get("scope")), str(line.get("reason")))
            self._gaps.setdefault((gap.code, gap.scope), gap)
        elif kind == "hooks":
            self._hooks(line)
        elif kind == "fault":
            self._fault += int(line.get("count", 1))

    # ----------------------------------------------------------------------------------- calls

    def _call(self, line: dict[str, Any]) -> None:
        api = rows().get(line["row"])
        if api is None or line["count"] < 1 or not _whole(line):
            return
        if not line["stack"]:
            self._unsampled(api, line)
            return
        stack = frames(line["stack"])
        caller = self._owners.caller(stack)
        if caller is not None and api.is_field:
            caller = replace(caller, through="")  # the method that reads it is the caller
        if caller is None or self._for_itself(api, caller):
            self._own[api.id] += line["count"]
            return
        if api.kind == "exec":
            self._doings.command(line, api.id, caller)
        for data, role in self._meanings(api, line["arguments"]):
            self._count(api, data, role, line, caller, stack)
        place = line["row"], line["thread"], line["epoch"]
        if place in self._seen_on or len(self._seen_on) < MAX_PLACES:
            self._seen_on[place].add(caller.actor)

    def _for_itself(self, api: Api, caller: Caller) -> bool:
        """Whether the platform called on its own account, the app being only further out on the stack."""
        if not caller.through:
            return False
        if api.role == "callback":
            return False
        if api.kind == "binder":
            return True
        kinds = [data_types()[d] for d in api.data if d in data_types()]
        return caller.through.startswith(PASTE) or not any(k.sensitivity == "high" for k in kinds)

    def _meanings(self, api: Api, arguments: Mapping[str, str]) -> list[tuple[str, str]]:
        """(data id, role) of what a call reaches, given its arguments."""
        role = "" if api.role == "read" else api.role
        found: list[tuple[str, str]] = []
        for place, table in api.args.items():
            value = arguments.get(str(place))
            if value is None:
                continue
            if table == "package":
                if value != self._package and not value.startswith(SYSTEM_PACKAGES):
                    found.append(("installed_apps", "metadata"))
            elif table in word_tables() and (word := find_word(table, value)):
                found.append((word.data, role))
        return found or [(data, role) for data in api.data]

    def _state(self, api: Api, data: str, held: Mapping[str, bool]) -> str:
        """granted · denied (asked for, not held) · not_requested; empty where no permission guards it."""
        names = needed(api) or tuple(data_types()[data].permissions if data in data_types() else ())
        known = [n for n in names if n in held]
        if not known:
            return ""
        every = all(held.get(p, True) for p in api.all_permissions)
        others = [p for p in names if p not in api.all_permissions]
        if every and (not others or any(held.get(p) for p in others)):
            return "granted"
        return "denied" if self._requests.asked & set(names) else "not_requested"

    def _count(
        self,
        api: Api,
        data: str,
        role: str,
        line: Mapping[str, Any],
        caller: Caller,
        stack: tuple[Frame, ...],
    ) -> None:
        key = self._key(api, data, role, line, caller.actor)
        draft = self._drafts.setdefault(key, Draft())
        draft.add(line, self._package)
        draft.chains[" ".join(caller.chain)] += int(line["count"])
        draft.through = draft.through or caller.through
        if len(draft.stacks) < MAX_STACKS:
            draft.stacks.setdefault((line["signature"], line["stack"]), self._stack(api, line, stack))

    def _key(self, api: Api, data: str, role: str, line: Mapping[str, Any], actor: str) -> Key:
        state = self._state(api, data, line["permissions"])
        phase = self._phases.get(line["epoch"], "unknown")
        return Key(actor, data, api.id, phase, line["result"], state, role)

    def _stack(self, api: Api, line: Mapping[str, Any], stack: tuple[Frame, ...]) -> Stack:
        member = f"{api.descriptor}->{api.member}"
        return Stack(
            api=api.id if api.native else member if api.is_field else member + line["signature"],
            frames=tuple(str(self._owners.named(f)) for f in stack),
            time=float(line["first"]),
            process=str(line.get("process") or self._package),
            thread=str(line["thread"]),
            result=line["result"] + (f" {line['error']}" if line["error"] else ""),
        )

    def _unsampled(self, api: Api, line: Mapping[str, Any]) -> None:
        """A call of a flood for which no stack was taken: whose it was, the rest of the record tells."""
        place = int(line["row"]), int(line["thread"]), int(line["epoch"])
        if len(self._loose) >= MAX_PLACES:
            place = NOWHERE
        for data, role in self._meanings(api, line["arguments"]):
            key = self._key(api, data, role, line, "unknown")
            self._loose.setdefault((place, key), Draft()).add(line, self._package)

    def _leftover(self) -> None:
        """Calls without a stack are theirs who alone made that call on that thread."""
        for (place, key), draft in self._loose.items():
            actors = self._seen_on.get(place, set())
            actor = next(iter(actors)) if len(actors) == 1 else "unknown"
            self._drafts.setdefault(replace(key, actor=actor), Draft()).merge(draft)
        self._loose.clear()

    # ----------------------------------------------------------------------------------- notes

    def _note(self, line: Mapping[str, Any]) -> None:
        detail = line.get("detail", {})
        if line.get("kind") in ("permission_request", "permission_result"):
            self._requests.add(line)
        elif line.get("kind") == "still_pinned":
            if len(self._pinned) < MAX_NAMES:
                self._pinned[str(detail["what"])[:200]] = str(detail["why"])[:200]
        elif line.get("kind") == "digest":
            if len(self._digests) < MAX_PLACES:
                self._digests[int(detail["row"]), str(detail["algorithm"]).lower().replace("-", "")] = None
        else:
            self._doings.add(line)

    def _hooks(self, line: Mapping[str, Any]) -> None:
        states: Mapping[str, list[str]] = line.get("states", {})
        if line.get("what") != "framework" or not states:
            return
        live = len(states.get("hooked", ()))
        blind = {s: n for s, n in states.items() if s != "hooked"}
        total = live + sum(len(n) for n in blind.values())
        parts = "; ".join(
            f"{len(names)} {state} ({', '.join(sorted(names)[:3])}, ...)"
            for state, names in sorted(blind.items())
        )
        if blind:
            self._gaps["hooks_not_set", self._package] = Gap(
                "dynamic", "hooks_not_set", self._package,
                f"{live} of {total} catalogued members could be hooked on this runtime; not hooked: {parts}.",
            )  # fmt: skip

    # ---------------------------------------------------------------------------------- results

    def facts(self) -> list[Fact]:
        """Everything, in the order in which it was first seen."""
        self._leftover()
        for number, algorithm in self._digests:
            self._digest(number, algorithm)
        found = [self._fact(key, draft) for key, draft in self._drafts.items()]
        asks = self._requests.facts(self._asking.again)
        asked = self._asking.facts({f.subject for f in asks if f.phase == "before_consent"})
        return sorted(
            [*found, *asks, *asked, *self._doings.facts(), *self._system.facts()],
            key=lambda f: f.first or 0.0,
        )

    def _digest(self, number: int, algorithm: str) -> None:
        api = rows().get(number)
        for key, draft in self._drafts.items():
            if api is not None and key.api == api.id and key.result == "value":
                draft.digests.add(algorithm)

    def gaps(self) -> list[Gap]:
        """What was not seen, and what can never be seen this way."""
        found = list(self._gaps.values())
        if self._system.used:
            return [*found, *self._system.gaps()]
        fields = (
            "Constants of classes (Build.MODEL, Build.SERIAL …) are read without a call: seen is that a "
            "method that reads them ran, or asked for them by name; reads in static initialisers are not."
        )
        found.append(Gap("dynamic", "fields_not_seen", self._package, fields))
        native = (
            "Native code that asks the kernel without libc, TLS of a library that exports no function of it, "
            "and processes that native code forks by itself are not hooked."
        )
        found.append(Gap("dynamic", "native_not_seen", self._package, native))
        if left := self._requests.left + self._doings.left:
            reason = (
                f"{left} more things of ever new names were seen than are told apart; they were not told."
            )
            found.append(Gap("dynamic", "notes_left_out", f"{self._package} names", reason))
        if self._pinned:
            names = "; ".join(f"{name} ({why})" for name, why in sorted(self._pinned.items()))
            reason = f"Checks of certificates that --unpin could not lift, and that go on refusing: {names}."
            found.append(Gap("dynamic", "still_pinned", self._package, reason))
        if self._fault:
            reason = f"Hooks failed {self._fault} times on their own account; the app was not disturbed."
            found.append(Gap("dynamic", "hooks_failed", self._package, reason))
        return found

    def _fact(self, key: Key, draft: Draft) -> Fact:
        minutes = Counter[int]()
        for second, count in draft.seconds.items():
            minutes[second // 60] += count
        words = " ".join(n for n, _ in draft.arguments.most_common(5))
        attributes = {
            "api": key.api,
            "result": key.result,
            "permission_state": key.permission_state,
            "peak_per_second": str(max(draft.seconds.values())),
            "peak_per_minute": str(max(minutes.values())),
            "threads": str(len(draft.threads)),
            "chain": draft.chains.most_common(1)[0][0] if draft.chains else "",
            "through": draft.through,
            "role": key.role,
            "basis": (words.lower() or "reader") if by_id()[key.api].is_field else "",
            "words": "" if by_id()[key.api].is_field else words,
            "digest": " ".join(sorted(draft.digests)),
            "without_stack": str(draft.unsampled) if draft.unsampled else "",
        }
        return seen(key.actor, "accesses", f"data:{key.data}", key.phase, draft, attributes)


def interpret(
    lines: Iterable[Mapping[str, Any]],
    package: str,
    mapping: Mapping[str, str] | None = None,
    known: Mapping[str, str] | None = None,
) -> tuple[list[Fact], list[Gap]]:
    """Facts and gaps of a record's lines. Lines that are not as the runner writes them are left out.
    ``mapping``, ``known``: as in `Owners`."""
    reading = Reading(package, mapping, known)
    for line in lines:
        try:
            reading.add(line)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
            continue
    return reading.facts(), reading.gaps()
