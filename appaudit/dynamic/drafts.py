"""Calls that are one fact, counted while a record is read: of any number of them a bounded amount is kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from appaudit.records import Fact, Phase, Stack

MAX_WORDS = 500
"""Different words of one sort (arguments, screens …) that are counted: an app can make any number."""
MAX_STACKS = 20
"""Stacks a fact keeps; its count stays exact."""


@dataclass(frozen=True, slots=True)
class Key:
    """What makes two calls the same fact."""

    actor: str
    data: str
    api: str
    phase: Phase
    result: str
    permission_state: str
    role: str


class Counted(Protocol):
    """What every draft of calls holds, whatever it was keyed by."""

    count: int
    first: float
    last: float
    foreground: int
    screens: Counter[str]
    processes: Counter[str]

    @property
    def stacks(self) -> Mapping[Any, Stack]:
        """Some of the stacks."""


def seen(
    actor: str, action: str, subject: str, phase: Phase, draft: Counted, attributes: Mapping[str, str]
) -> Fact:
    """The fact of a draft; empty attributes are left out."""
    shown = {
        **attributes,
        "process": " ".join(n for n, _ in draft.processes.most_common(5)),
        "screen": " ".join(n for n, _ in draft.screens.most_common(5)),
        "foreground": f"{draft.foreground} of {draft.count}",
    }
    return Fact(
        "dynamic",
        "observed",
        actor,
        action,
        subject,
        phase=phase,
        count=draft.count,
        first=round(draft.first, 3),
        last=round(draft.last, 3),
        evidence=tuple(draft.stacks.values()),
        attributes=tuple(sorted((n, v) for n, v in shown.items() if v)),
    )


def tally(words: Counter[str], word: str, count: int = 1) -> None:
    """Count a word, unless there are too many others already."""
    if word in words or len(words) < MAX_WORDS:
        words[word] += count


@dataclass(slots=True)
class Draft:
    """``seconds``: calls by second since the epoch; ``unsampled``: calls without a stack."""

    count: int = 0
    first: float = 0.0
    last: float = 0.0
    stacks: dict[tuple[str, str], Stack] = field(default_factory=dict)
    seconds: Counter[int] = field(default_factory=Counter)
    screens: Counter[str] = field(default_factory=Counter)
    chains: Counter[str] = field(default_factory=Counter)
    threads: set[int] = field(default_factory=set)
    processes: Counter[str] = field(default_factory=Counter)
    foreground: int = 0
    through: str = ""
    unsampled: int = 0
    arguments: Counter[str] = field(default_factory=Counter)
    digests: set[str] = field(default_factory=set)

    def add(self, line: Mapping[str, Any], package: str) -> None:
        """A ``call`` line of the record, whoever called."""
        first, last, count = float(line["first"]), float(line["last"]), int(line["count"])
        self.first = min(self.first or first, first)
        self.last = max(self.last, last)
        self.count += count
        self.seconds[int(first)] += count
        if len(self.threads) < MAX_WORDS:
            self.threads.add(int(line["thread"]))
        tally(self.processes, str(line.get("process") or package)[:300], count)
        self.foreground += count if line["foreground"] else 0
        if line["screen"]:
            tally(self.screens, line["screen"], count)
        for value in line["arguments"].values():
            tally(self.arguments, value[:200], count)

    def merge(self, other: Draft) -> None:
        """The calls of another, none of which has a stack, too."""
        self.first = min(self.first or other.first, other.first)
        self.last = max(self.last, other.last)
        self.count += other.count
        self.unsampled += other.count
        self.foreground += other.foreground
        self.seconds.update(other.seconds)
        self.threads |= other.threads
        for ours, theirs in (
            (self.processes, other.processes), (self.screens, other.screens),
            (self.arguments, other.arguments),
        ):  # fmt: skip
            for word, count in theirs.items():
                tally(ours, word, count)
