"""The one sentence: producers → bundle → compare."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from appaudit import __version__
from appaudit.aside import aside
from appaudit.bundle import Bundle, below, read
from appaudit.compare.judge import compare
from appaudit.errors import InputError, MissingExtraError
from appaudit.following import followed
from appaudit.knowledge.version import knowledge
from appaudit.knowledge.wording import worded
from appaudit.records import CallSite, Fact, Gap, Source

if TYPE_CHECKING:
    from appaudit.dynamic.run import Options
    from appaudit.policy.result import PolicyResult
    from appaudit.traffic.capture import Options as Listening
    from appaudit.traffic.scene import Scene

Progress = Callable[[str], None]

SOURCES: tuple[Source, ...] = ("static", "dynamic", "traffic", "policy")
DECLARED: tuple[Source, ...] = ("policy", "listing")
"""Sources of what documents say."""


def _silent(_: str) -> None:
    pass


def _new() -> Bundle:
    return Bundle(
        tool={"name": "appaudit", "version": __version__},
        knowledge=knowledge(),
        created=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    )


def scan(app: Path, progress: Progress = _silent) -> Bundle:
    """Static facts alone. Raises InputError where the app cannot be read at all."""
    from appaudit.static import scan as scan_app

    bundle = _new()
    result = scan_app(app, progress)
    bundle.app = result.app
    bundle.facts.extend(result.facts)
    bundle.gaps.extend(result.gaps)
    bundle.examined.append("static")
    bundle.coverage = coverage(bundle)
    return bundle


def declare(policies: Sequence[Path], progress: Progress = _silent) -> Bundle:
    """Declared facts alone, judged by the rules that need no more. Raises InputError where no document can
    be read."""
    from appaudit.policy import read

    bundle = _new()
    _add_declared(bundle, read(policies, progress))
    found = compare(bundle.facts, bundle.gaps, None, bundle.examined, "", bundle.texts, only=bundle.examined)
    bundle.findings = worded(found)
    bundle.coverage = coverage(bundle)
    return bundle


def _read(app: Path | None, policies: Sequence[Path], progress: Progress) -> Bundle:
    """The app's facts and its documents'. Both take about as long: the documents are read on another core."""

    def read_policies() -> PolicyResult:
        from appaudit.policy import read

        return read(policies)

    if app is None:
        return declare(policies, progress) if policies else _new()
    if not policies:
        return scan(app, progress)
    with aside(read_policies) as declared:
        bundle = scan(app, progress)
        progress("reading the policy")
        _add_declared(bundle, declared())
    return bundle


def audit_alike(app: Path, other: Bundle, progress: Progress = _silent) -> Bundle:
    """An app against the documents that another audit has read, judged as that was. Raises InputError."""
    from appaudit.policy.result import PolicyResult

    bundle = scan(app, progress)
    facts = [f for f in other.facts if f.source in DECLARED]
    gaps = [g for g in other.gaps if g.source in DECLARED]
    _add_declared(bundle, PolicyResult(other.documents, other.texts, facts, gaps))
    progress("comparing")
    judge(bundle, other.category)
    return bundle


def _add_declared(bundle: Bundle, result: PolicyResult) -> None:
    bundle.documents.extend(result.documents)
    bundle.texts.update(result.texts)
    bundle.facts.extend(result.facts)
    bundle.gaps.extend(result.gaps)
    bundle.examined.append("policy")


@dataclass(frozen=True, slots=True)
class Hosts:
    """What the user knows of hosts. ``own``: of the app's own company, with their subdomains. ``country``:
    tells the country of an address (ISO 3166-1 alpha-2), empty where it does not know."""

    own: Sequence[str] = ()
    country: Callable[[str], str] | None = None


NOTHING_MORE = Hosts()


@dataclass(frozen=True, slots=True)
class Inputs:
    """What an audit looks at. ``values``: file of the test device's own values, for the recordings.

    ``category``: id of the kind of app in the official list, or empty. ``about``: what the user knows of
    hosts. ``seen``: the bundle of an earlier run of the app.
    """

    app: Path | None = None
    policies: Sequence[Path] = ()
    traffic: Sequence[Path] = ()
    values: Path | None = None
    category: str = ""
    about: Hosts = NOTHING_MORE
    seen: Path | None = None


def audit(inputs: Inputs, progress: Progress = _silent) -> Bundle:
    """Everything given, side by side. What was not given is not examined, never passed.

    Raises InputError, MissingExtraError where a file given cannot be read.
    """
    _check(inputs)
    earlier = _earlier(inputs.seen) if inputs.seen is not None else None
    bundle = _read(inputs.app, inputs.policies, progress)
    if earlier is not None:
        recall(bundle, earlier)
    for recording in inputs.traffic:
        listen(bundle, recording, inputs, progress)
    progress("comparing")
    judge(bundle, inputs.category)
    return bundle


def run(
    inputs: Inputs, options: Options, progress: Progress = _silent, listening: Listening | None = None
) -> Bundle:
    """An app watched while it runs, against its declared documents. Raises InputError where it cannot run,
    ValueError without an app.

    ``inputs.traffic``: recordings of its traffic, made meanwhile by something else. ``listening``: record it
    too, through a proxy that the app is led to; what it sent is told by phase and, where the hooks saw the
    connection, by caller.
    """
    from appaudit.alongside import scene_of, watch_and_listen
    from appaudit.dynamic.record import FOLDER
    from appaudit.dynamic.run import run as watch

    if inputs.app is None:
        raise ValueError("a run needs an app")
    _check(inputs)
    bundle = _read(inputs.app, inputs.policies, progress)
    options = replace(options, known=callers(bundle.facts))
    if listening is None:
        result = watch(inputs.app, options, progress)
    else:
        result = watch_and_listen(inputs.app, options, listening, progress)
    add_run(bundle, result.facts, result.gaps)
    bundle.conditions.extend(result.conditions)
    recordings = [*([listening.output] if listening is not None else ()), *inputs.traffic]
    if recordings:
        scene = scene_of(bundle, result.record, options, listening)
    for recording in recordings:
        try:
            listen(bundle, recording, inputs, progress, scene)
        except (InputError, MissingExtraError) as error:  # what was seen of the run is not lost to it
            empty = recording.is_file() and not recording.stat().st_size
            code = "nothing_recorded" if empty else "recording_not_read"
            bundle.gaps.append(Gap("traffic", code, recording.name, str(error)))
    bundle.facts = followed(bundle.facts)
    bundle.attached.update(below(result.record.parent, FOLDER))
    progress("comparing")
    judge(bundle, inputs.category)
    return bundle


def _check(inputs: Inputs) -> None:
    """Raises InputError where the device's values cannot be read, before anything else takes its time."""
    if inputs.values is not None:
        from appaudit.traffic.values import read_values

        read_values(inputs.values)


def _earlier(folder: Path) -> Bundle:
    """The bundle of a run. Raises InputError."""
    saved = read(folder)
    if "dynamic" not in saved.examined:
        raise InputError(f"{folder} is no evidence of a run: it was made without one")
    return saved


def recall(bundle: Bundle, saved: Bundle) -> None:
    """Put what an earlier run saw, and what was heard beside it, into a bundle. Raises InputError where it
    was of another file, another build of the app too."""
    app, then = bundle.app, saved.app
    if app is None or then is None or app.sha256 != then.sha256:
        known = f"{then.package} {then.version_name}, SHA-256 {then.sha256}" if then else "no app"
        raise InputError(f"the run was of another file ({known}): it tells nothing of this one")
    live = [source for source in saved.examined if source in ("dynamic", "traffic")]
    bundle.facts.extend(f for f in saved.facts if f.source in live)
    bundle.gaps.extend(g for g in saved.gaps if g.source in live)
    bundle.conditions.extend(saved.conditions)
    bundle.examined.extend(live)
    bundle.attached.update(saved.attached)


def callers(facts: Iterable[Fact]) -> dict[str, str]:
    """Class → actor, for classes whose calls the static half gives to one actor alone: what a stack's frames
    of renamed classes are read by."""
    found: dict[str, set[str]] = {}
    for fact in facts:
        for site in fact.evidence:
            if isinstance(site, CallSite):
                found.setdefault(site.caller[1:].partition(";")[0].replace("/", "."), set()).add(fact.actor)
    return {
        name: actors.pop() for name, actors in found.items() if len(actors) == 1 and actors != {"unknown"}
    }


def add_run(bundle: Bundle, facts: Iterable[Fact], gaps: Iterable[Gap]) -> None:
    """Put what a run saw into a bundle."""
    bundle.facts.extend(facts)
    bundle.gaps.extend(gaps)
    bundle.examined.append("dynamic")


def listen(
    bundle: Bundle, recording: Path, inputs: Inputs, progress: Progress = _silent, scene: Scene | None = None
) -> None:
    """Put what a recording shows into a bundle; of ``inputs`` the values and what is known of hosts count.

    ``scene``: what a run beside it showed. Raises InputError where it is none, MissingExtraError.
    """
    from appaudit.alongside import app_scene
    from appaudit.traffic import read_traffic

    scene = scene or app_scene(bundle)
    own = (*scene.own, *(host.lower() for host in inputs.about.own))
    scene = replace(scene, own=own, country=inputs.about.country)
    result = read_traffic(recording, inputs.values, progress, scene)
    bundle.facts.extend(result.facts)
    bundle.gaps.extend(result.gaps)
    if "traffic" not in bundle.examined:
        bundle.examined.append("traffic")


def judge(bundle: Bundle, category: str = "") -> None:
    """(Re)make a bundle's findings from its facts, under the rules of this version. ``category``: id of the
    kind of app; empty keeps what the bundle has."""
    bundle.category = category or bundle.category
    found = compare(bundle.facts, bundle.gaps, bundle.app, bundle.examined, bundle.category, bundle.texts)
    bundle.findings = worded(found)
    bundle.coverage = coverage(bundle)


def coverage(bundle: Bundle) -> dict[str, Any]:
    """What each producer examined and did not: ``examined``, ``facts``, ``evidence``, ``what``, ``not``."""
    found: dict[str, Any] = {}
    for source in SOURCES:
        sources = DECLARED if source == "policy" else (source,)
        facts = [f for f in bundle.facts if f.source in sources]
        gaps = [g for g in bundle.gaps if g.source in sources]
        found[source] = {
            "examined": source in bundle.examined,
            "what": _what(bundle, source),
            "facts": len(facts),
            "evidence": sum(len(f.evidence) for f in facts),
            "not_examined": [_gap_line(g) for g in gaps],
        }
    return found


def _what(bundle: Bundle, source: str) -> list[str]:
    if source == "static" and bundle.app is not None:
        return [name for name, _, _ in bundle.app.members] or [bundle.app.file]
    if source == "policy":
        return [d.name for d in bundle.documents]
    if source == "dynamic":
        return list(dict.fromkeys(f.phase for f in bundle.facts if f.source == "dynamic"))
    if source == "traffic":
        return sorted({f.subject for f in bundle.facts if f.source == source and f.action == "contacts"})
    return []


def _gap_line(gap: Gap) -> dict[str, str]:
    return {"code": gap.code, "scope": gap.scope, "reason": gap.reason}
