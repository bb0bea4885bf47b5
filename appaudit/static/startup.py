"""What runs before the user sees anything: application class, content providers, initialisers."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from functools import cached_property

from appaudit.dex import CallGraph, Reach
from appaudit.knowledge import sdks
from appaudit.records import CallSite, Evidence, Fact
from appaudit.static import layouts
from appaudit.static.attribution import class_name, descriptor
from appaudit.static.sample import Sample

MAX_PATHS = 5
"""Calls of one fact that are shown with the way to them."""
INITIALIZER_VALUE = "androidx.startup"
APPLICATION_METHODS = (
    "<clinit>()V",
    "<init>()V",
    "attachBaseContext(Landroid/content/Context;)V",
    "onCreate()V",
)
PROVIDER_METHODS = (
    "<clinit>()V",
    "<init>()V",
    "attachInfo(Landroid/content/Context;Landroid/content/pm/ProviderInfo;)V",
    "onCreate()Z",
)


def entries(sample: Sample) -> Iterator[str]:
    """Methods that the system runs when the app's process starts, in its order."""
    manifest = sample.manifest
    for owner in (manifest.application.app_component_factory, manifest.application.zygote_preload):
        if owner:
            yield from _methods(sample, owner, ("<clinit>()V", "<init>()V"))
    application = manifest.application.name
    if application:
        methods = APPLICATION_METHODS
        yield from _methods(sample, application, methods[:3])
    for component in manifest.components:
        if component.kind == "provider" and component.enabled:
            yield from _methods(sample, component.name, PROVIDER_METHODS)
            for meta in component.meta_data:
                if meta.value == INITIALIZER_VALUE:
                    yield from _methods(sample, meta.name, ("<clinit>()V", "<init>()V"))
                    create = "create(Landroid/content/Context;)Ljava/lang/Object;"
                    yield from _methods(sample, meta.name, (create,))
    if application:
        yield from _methods(sample, application, APPLICATION_METHODS[3:])


def _methods(sample: Sample, owner: str, names: Iterable[str]) -> Iterator[str]:
    """The methods of a class, and those of the classes it extends, which it may inherit."""
    name = descriptor(owner)
    if name not in sample.hierarchy.number:
        return
    for above in (name, *(s for s in sample.hierarchy.supertypes(name) if s in sample.defined)):
        for method in names:
            yield f"{above}->{method}"


def mark(sample: Sample, facts: list[Fact]) -> list[Fact]:
    """The facts; those with evidence that start-up reaches, and those of SDKs whose own provider or
    initialiser it runs, have the attribute ``startup``: the entry point, as ``class.method``. Evidence that
    is reached comes first and has its path."""
    start = list(entries(sample))
    if not start or not any(_has_calls(f) for f in facts):
        return facts
    if sample.graph is None:
        return facts
    reach = sample.graph.reachable(start, made_only=True)
    marked = [_marked(fact, reach) if _has_calls(fact) else fact for fact in facts]
    own = {f"sdk:{sdks.owner(method.partition('->')[0])}": method for method in start if method in reach}
    return [_begun(f, own[f.subject]) if f.action == "embeds" and f.subject in own else f for f in marked]


def _begun(fact: Fact, entry: str) -> Fact:
    """The fact of an SDK whose own provider or initialiser runs at the start."""
    if "startup" in fact.attribute:
        return fact
    return dataclasses.replace(fact, attributes=tuple(sorted((*fact.attributes, ("startup", _name(entry))))))


def _name(entry: str) -> str:
    """A method's descriptor as ``class.method``."""
    owner, _, method = entry.partition("->")
    return f"{class_name(owner)}.{method.partition('(')[0]}"


def with_paths(sample: Sample, facts: list[Fact]) -> list[Fact]:
    """The facts, the first calls of each with a path to them from a component or else from a view, fragment
    or other class that the app's XML names, where there is one: what the system or the user can set going,
    listeners included."""
    if not any(_has_calls(f) for f in facts) or sample.graph is None:
        return facts
    application = sample.manifest.application
    names = [application.name, application.backup_agent]
    names += [c.target or c.name for c in sample.manifest.components if c.enabled]
    components = [descriptor(name) for name in dict.fromkeys(names) if name]
    if not components:
        return facts
    ways = _Ways(sample, sample.graph, components)
    return [ways.shown(fact) if _has_calls(fact) else fact for fact in facts]


class _Ways:
    """Paths from components, or else from classes that XML names, each found once."""

    def __init__(self, sample: Sample, graph: CallGraph, components: list[str]) -> None:
        self._sample = sample
        self._graph = graph
        self._reach = graph.reachable(components, later=True)
        self._known: dict[str, tuple[str, ...] | None] = {}

    @cached_property
    def _from_xml(self) -> Reach | None:
        """What classes named in XML reach; the files are read where a component does not lead to a call."""
        named = layouts.classes(self._sample)
        return self._graph.reachable(named, later=True) if named else None

    def _path(self, method: str) -> tuple[str, ...] | None:
        way = self._reach.path(method)
        return self._from_xml.path(method) if way is None and self._from_xml is not None else way

    def shown(self, fact: Fact) -> Fact:
        """The fact with paths at its first calls."""
        head = tuple(self._with_path(item) for item in fact.evidence[:MAX_PATHS])
        return dataclasses.replace(fact, evidence=head + fact.evidence[MAX_PATHS:])

    def _with_path(self, item: Evidence) -> Evidence:
        if not isinstance(item, CallSite):
            return item
        below = item.path or (item.caller,)
        if below[0] not in self._known:
            self._known[below[0]] = self._path(below[0])
        way = self._known[below[0]]
        return dataclasses.replace(item, path=(*way[:-1], *below)) if way else item


def _has_calls(fact: Fact) -> bool:
    """Whether a fact's evidence may be calls: reads of data, and calls that start an SDK."""
    return fact.action == "accesses" or (fact.action == "embeds" and "init" in dict(fact.attributes))


def _marked(fact: Fact, reach: Reach) -> Fact:
    early: list[Evidence] = []
    rest: list[Evidence] = []
    entry = ""
    for item in fact.evidence:
        # A call inside a wrapper is the act of who calls the wrapper with that argument.
        first, *rest_of_path = (item.path or (item.caller,)) if isinstance(item, CallSite) else ("",)
        if isinstance(item, CallSite) and first in reach:
            path = (*(reach.path(first) or (first,)), *rest_of_path)
            entry = entry or path[0]
            early.append(dataclasses.replace(item, path=path))
        else:
            rest.append(item)
    if not early:
        return fact
    attributes = tuple(sorted((*fact.attributes, ("startup", _name(entry)))))
    return dataclasses.replace(fact, evidence=(*early, *rest), attributes=attributes)
