"""Renamed SDKs: how many of real libraries in two versions each are found again, and what matching adds.

Every library goes into two apps, once in each version; each app is renamed in several ways. The libraries
that an app does not hold are what must not be named, as are those that no app holds. The thresholds of
matching were chosen on the apps of one half of the libraries; the other half came later, is renamed in other
ways and judged most of them (`libraries.toml` says which not).
The apps are made on the first run (about two hours of one core) and kept in ``.cache/``.
"""

from __future__ import annotations

import time
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from appaudit.apk import open_app
from appaudit.dex import Dex, read_dexes
from appaudit.errors import InputError
from appaudit.static import fingerprints_db as store
from appaudit.static import scan
from appaudit.static.fingerprints import ClassFeatures, Database, joined, match
from appaudit.static.fingerprints_dex import dex_features
from tests import corpus
from tests.bench import libraries
from tests.bench.libraries import Given, Pairs
from tests.bench.renamed_apps import FIRST, LATER, BuildError, renamed
from tests.bench.renamed_score import BUNDLED, Score, score_of

PUBLISHED = (
    ("LibScout", 0.9407, 0.6744),
    ("LibPecker", 0.9963, 0.4467),
    ("LibID-A", 0.9627, 0.6974),
    ("LibPass", 0.9618, 0.9307),
    ("LibPass, shrunk by ProGuard", 0.9264, 0.9231),
    ("LibPass, packages flattened", 0.5238, 0.7715),
)
"""Recall and precision measured on real apps: Journal of Software (软件学报) 35(6), 2024, pages 2898 and
2899, tables 9 and 10."""
SAD = 0.9764, 0.8482
"""F1 of libraries and of versions in obfuscated apps, said to be above those of LibScout, LibScan and
LibHunter on the same apps (arXiv 2504.13547v2)."""
ROUNDS = 3


@dataclass
class Scores:
    """``known``: with the app's version in the database, ``other``: with the other one alone."""

    known: Score = field(default_factory=Score)
    other: Score = field(default_factory=Score)

    def add(self, more: Scores) -> None:
        """Sums up."""
        self.known.add(more.known)
        self.other.add(more.other)

    def lines(self, title: str) -> list[str]:
        """Lines of a report."""
        return [
            self.known.line(f"{title}: both versions in the database"),
            self.other.line(f"{title}: only the version that the app does not have"),
        ]


def run() -> list[str]:
    """Recall, precision and versions for each way of renaming, with and without the version at hand; cost."""
    try:
        first, later, outside = libraries.first(), libraries.later(), libraries.outside()
    except corpus.UnavailableError as error:
        return [f"fingerprints: {error}"]
    inside = [g for group in (first, *later) for pair in group.values() for g in pair]
    features = {g: store.library_features(g.path) for g in (*inside, *outside)}
    known = libraries.database(features)
    lines = [f"{len(inside) // 2} libraries in 2 versions each, {len(outside)} more in the database"]
    of_first = Renamings(features, known, _apps(first))
    of_later = Renamings(features, known, [app for group in later for app in _mixed_apps(group)])
    sums = {}
    for name, apps, ways in (("first", of_first, FIRST), ("later", of_later, LATER)):
        whole, shrunk = Scores(), Scores()
        for how in ways:
            scores, told = apps.scores(how)
            lines += [*scores.lines(f"{name}, {how}"), *told]
            (shrunk if "shrunk" in how else whole).add(scores)
        sums[name] = Scores()
        for kind, scores in ("whole", whole), ("shrunk", shrunk):
            lines += scores.lines(f"{name}, all {kind}")
            sums[name].add(scores)
        lines += sums[name].lines(f"{name}, all")
    every = Scores()
    for scores in sums.values():
        every.add(scores)
    lines += [*every.lines("all"), *_published(every.known), *_strangers(known)]
    largest = max(of_first.largest, of_later.largest, key=lambda dexes: sum(map(len, dexes)))
    return [*lines, *_cost(largest, known)]


class Renamings:
    """Apps of libraries, each renamed and searched. ``largest``: the dex files of the largest."""

    def __init__(
        self, features: Mapping[Given, ClassFeatures], known: Database, apps: Iterable[list[Given]]
    ) -> None:
        self._features = features
        self._known = known
        self._apps = list(apps)
        self.largest: tuple[bytes, ...] = ()

    def scores(self, how: str) -> tuple[Scores, list[str]]:
        """What is found in the apps renamed in one way, and lines on what went wrong."""
        scores, told = Scores(), []
        for inside in self._apps:
            try:
                app = renamed([g.path for g in inside], how)
            except BuildError as error:
                told.append(f"  an app of {len(inside)} libraries could not be made: {error}")
                continue
            found = joined(
                dex_features(d)
                for k, data in enumerate(app.dexes)
                for d in read_dexes(data, f"classes{k}.dex")
            )
            other = libraries.database({g: f for g, f in self._features.items() if g not in inside})
            for database, score in (self._known, scores.known), (other, scores.other):
                score.add(score_of(match(found, database), database, inside, app.original, found.names))
            self.largest = max(self.largest, app.dexes, key=lambda dexes: sum(map(len, dexes)))
        for title, score in ("", scores.known), (", of another version", scores.other):
            told += [f"  not found{title}: {', '.join(score.missed)}"] if score.missed else []
            told += [f"  wrong{title}: {', '.join(score.errors)}"] if score.errors else []
        return scores, told


def _apps(pairs: Pairs) -> Iterator[list[Given]]:
    """Every second library in the older or the newer version, then the others."""
    names = sorted(pairs)
    for part in (0, 1):
        for version in (0, 1):
            yield [pairs[name][version] for name in names[part::2]]


def _mixed_apps(pairs: Pairs) -> Iterator[list[Given]]:
    """The same, older beside newer versions."""
    names = sorted(pairs)
    for part in (0, 1):
        for version in (0, 1):
            yield [pairs[name][(version + k) % 2] for k, name in enumerate(names[part::2])]


def _published(ours: Score) -> Iterator[str]:
    """The figures of papers beside ours."""
    for paper, recall, precision in PUBLISHED:
        yield (
            f"{paper}: recall {recall:.1%}, precision {precision:.1%}; ours is {ours.recall / recall:.2f} "
            f"and {ours.precision / precision:.2f} x that (on other apps)"
        )
    yield (
        f"SAD: F1 {SAD[0]:.1%}, of versions {SAD[1]:.1%}; ours {ours.f1:.1%}, {ours.version_f1:.1%} "
        "(on other apps)"
    )


def _strangers(known: Database) -> list[str]:
    """What is found in real apps when their names count for nothing, and how much of it goes by a name of
    the library that was found."""
    names_of: dict[str, set[str]] = {}
    for library, features in store.parts(known):
        names_of.setdefault(library.id, set()).update(features.names)
    apps, told, wrong = 0, 0, []
    for path, reason in corpus.available():
        if reason or path.suffix != ".apk":
            continue
        try:
            dexes = [d for name, data in open_app(path).dexes() for d in read_dexes(data, name)]
        except InputError:
            continue
        apps += 1
        for m in match(joined(dex_features(d) for d in dexes), known):
            told += 1
            trees = {name.rpartition("/")[0] for name in names_of[m.id]}
            own = sum(name.rpartition("/")[0] in trees for name in m.where)
            if own < BUNDLED * len(m.where):
                wrong.append(f"{m.id} {m.score:.2f} in {path.name}")
    return [
        f"{apps} real apps, names left out: {told} libraries found, {len(wrong)} of them under other names"
        + "".join(f"\n  {w}" for w in wrong)
    ]


def _cost(dexes: Sequence[bytes], known: Database) -> list[str]:
    """What matching adds to a scan of the largest app."""
    if not dexes:
        return []
    corpus.CACHE.mkdir(parents=True, exist_ok=True)
    adding = scanning = float("inf")
    path = corpus.CACHE.parent / "renamed" / "largest.jar"
    _zip(dexes, path)
    for _ in range(ROUNDS):
        opened: list[Dex] = [d for k, data in enumerate(dexes) for d in read_dexes(data, f"{k}.dex")]
        for dex in opened:
            _ = dex.descriptors, dex.code, dex.class_data
        started = time.process_time()
        match(joined(dex_features(d) for d in opened), known)
        adding = min(adding, time.process_time() - started)
        started = time.process_time()
        scan(path)
        scanning = min(scanning, time.process_time() - started)
    size = sum(map(len, dexes)) / 1e6
    return [
        f"matching {len(known.libraries)} libraries with {size:.1f} MB of dex takes {adding:.2f} s: "
        f"{adding / scanning:.0%} of a scan (limit: 30%)"
    ]


def _zip(dexes: Sequence[bytes], path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for k, data in enumerate(dexes):
            archive.writestr("classes.dex" if k == 0 else f"classes{k + 1}.dex", data)
