"""Everything an app's files say, as facts and gaps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from appaudit.apk import open_app
from appaudit.garbage import uncollected
from appaudit.records import App, Fact, Gap
from appaudit.static import (
    capabilities,
    components,
    fingerprints_db,
    frameworks,
    hosts,
    identifiers,
    loading,
    native,
    network,
    permissions,
    sdks,
    sdks_renamed,
    sending,
    starting,
    startup,
    webview,
)
from appaudit.static.fingerprints import Database, Match
from appaudit.static.sample import Sample

Progress = Callable[[str], None]
Producer = Callable[[Sample], tuple[list[Fact], list[Gap]]]

PRODUCERS: tuple[tuple[str, Producer], ...] = (
    ("identifiers", identifiers.produce),
    ("permissions", permissions.produce),
    ("components", components.produce),
    ("starts", starting.produce),
    ("capabilities", capabilities.produce),
    ("SDKs", sdks.produce),
    ("hosts", hosts.produce),
    ("network security", network.produce),
    ("web views", webview.produce),
    ("code loading", loading.produce),
    ("native libraries", native.produce),
    ("frameworks", frameworks.produce),
)
"""Each looks at the whole sample for one kind of fact; the first tells the second what is reached."""


@dataclass(frozen=True, slots=True)
class ScanResult:
    """What `scan` found: the app, the facts, and what could not be examined."""

    app: App
    facts: list[Fact] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)


@uncollected()
def scan(path: Path, progress: Progress | None = None, fingerprints: Database | None = None) -> ScanResult:
    """Reads an APK (or split APKs, AAB, AAR, dex) and returns every static fact.

    ``progress`` is told what is being looked at; ``fingerprints`` names renamed SDKs
    (default: the database that `fingerprints_db.use` was given).
    Raises `InputError` where there is no app to read.
    """
    tell: Progress = progress or (lambda _: None)
    tell("container and manifest")
    opened = open_app(path)
    tell("dex files")
    sample = Sample(opened)
    renamed: list[Match] = []
    fingerprints = fingerprints or fingerprints_db.active()
    if fingerprints is not None:
        tell("renamed SDKs")
        renamed = sdks_renamed.find(sample, fingerprints)
    facts: list[Fact] = []
    gaps: list[Gap] = []
    for name, produce in PRODUCERS:
        tell(name)
        found, missing = produce(sample)
        facts += found
        gaps += missing
        sample.release()
    facts = sdks.complete(sample, facts)
    if renamed:
        facts = [*sdks_renamed.mark(facts, renamed), *sdks_renamed.produce(sample, renamed)]
    tell("start-up")
    facts = startup.with_paths(sample, sending.mark(sample, startup.mark(sample, facts)))
    gaps = [*opened.gaps, *sample.gaps, *gaps, *sample.problems()]
    return ScanResult(opened.app, [*opened.facts, *facts], list(dict.fromkeys(gaps)))
