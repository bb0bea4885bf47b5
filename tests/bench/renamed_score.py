"""How well renamed libraries were found: against what an app holds and what its classes were."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields

from appaudit.knowledge import sdks
from appaudit.static import fingerprints_db as store
from appaudit.static.fingerprints import Database, Match
from tests.bench.libraries import Given

BUNDLED, SHARED = 0.5, 20
"""Part of a library's classes, and how many, from which on it is inside an app within another library."""


@dataclass
class Score:
    """``true``: libraries inside, ``found``: of them, ``wrong``: named but not inside, ``version``: told
    right, ``only_version``: no other version told beside, ``told``: versions told of all; ``classes`` that
    stand where they are said to, of ``placed``."""

    true: int = 0
    found: int = 0
    wrong: int = 0
    version: int = 0
    only_version: int = 0
    told: int = 0
    classes: int = 0
    placed: int = 0
    missed: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def add(self, other: Score) -> None:
        """Sums up."""
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))

    @property
    def recall(self) -> float:
        """Found of what is inside."""
        return self.found / max(self.true, 1)

    @property
    def precision(self) -> float:
        """Right of what is named."""
        return self.found / max(self.found + self.wrong, 1)

    @property
    def f1(self) -> float:
        """Harmonic mean of recall and precision."""
        return 2 * self.recall * self.precision / max(self.recall + self.precision, 1e-9)

    @property
    def version_f1(self) -> float:
        """The same of pairs of library and version, each version that is told beside the right one wrong."""
        return 2 * self.version / max(self.true + self.told, 1)

    def line(self, title: str) -> str:
        """One line of a report."""
        found = max(self.found, 1)
        versions = f"version right {self.version / found:.1%} (alone {self.only_version / found:.1%}), "
        return (
            f"{title}: recall {self.recall:.1%} ({self.found} of {self.true}), "
            f"precision {self.precision:.1%} ({self.wrong} wrong), {versions if self.version else ''}"
            f"{self.classes / max(self.placed, 1):.1%} of {self.placed} classes are the library's"
        )


def score_of(
    found: list[Match],
    known: Database,
    inside: list[Given],
    original: Mapping[str, str],
    app: Iterable[str],
) -> Score:
    """``original``: descriptor in the app → in the library; ``app``: those of its classes. A library of
    ``inside`` of which shrinking left no class is not there. One that is not ``inside`` by itself may be
    there within another one: its classes tell, by the names they had and by whose these are."""
    merged = {f"L{name};" for g in inside for name in g.names}
    names_of: dict[str, set[str]] = {}
    owned = Counter(sdks.owner(name) for name in merged)
    left = {original.get(name, name) for name in app}
    listed = {g.id: g for g in inside if any(f"L{name};" in left for name in g.names)}
    brought = {sdk for sdk, count in owned.items() if sdk is not None and count >= SHARED}
    came_with = [(lib.id, lib.version) for lib in known.libraries]
    for library, features in store.parts(known):
        names_of.setdefault(library.id, set()).update(features.names)
        shared = len(merged.intersection(features.names))
        if shared >= min(SHARED, BUNDLED * len(features.names)):
            brought.add(library.id)
    brought |= {i for i, with_ in came_with if with_.startswith(tuple(f"{b}-" for b in (*brought, *listed)))}
    score = Score(true=len(listed))
    for m in found:
        score.placed += len(m.where)
        score.classes += sum(original.get(w, w) in names_of[m.id] for w in m.where)
        if m.id in listed:
            right = listed[m.id].version in m.versions
            score.found += 1
            score.version += right
            score.told += len(m.versions)
            score.only_version += right and len(m.versions) == 1
        elif m.id not in brought:
            score.wrong += 1
            score.told += len(m.versions)
            score.errors.append(f"{m.id} {m.score:.2f}")
    score.missed = sorted(set(listed) - {m.id for m in found})
    return score
