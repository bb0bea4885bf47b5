"""Calls by reflection whose class and method are constant, as edges of the call graph."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from appaudit.dex import CallSites, ConstantTracer, Dex, Hierarchy, Target, call_sites

CLASS = "Ljava/lang/Class;"
BY_NAME = ("getMethod", "getDeclaredMethod")
MAX_SITES = 300
"""Calls whose arguments are traced; what lies beyond leads nowhere."""


def edges(dexes: Sequence[Dex], hierarchy: Hierarchy, tracer: ConstantTracer) -> list[tuple[str, str]]:
    """(method, method it may call): where a class of the app is named, its initialisers, which run when it is
    loaded and made; where a method of it is named, that method."""
    targets = [Target(CLASS, "forName"), Target("Ljava/lang/ClassLoader;", "loadClass")]
    targets += [Target(CLASS, name) for name in BY_NAME]
    sites = call_sites(dexes, targets, hierarchy)
    named = sites.where(sites.target >= 2)
    loaded = sites.where(sites.target < 2)
    return list(dict.fromkeys([*_loaded(tracer, loaded), *_named(hierarchy, tracer, named)]))


def _loaded(tracer: ConstantTracer, sites: CallSites) -> Iterator[tuple[str, str]]:
    sites = sites.where(slice(MAX_SITES))
    for k, trace in enumerate(tracer.trace(sites)):
        name = trace.arguments[0] if trace.arguments else None
        if isinstance(name, str):
            owner = f"L{name.replace('.', '/')};"
            for method in ("<clinit>()V", "<init>()V"):
                yield sites.caller_descriptor(k), f"{owner}->{method}"


def _named(hierarchy: Hierarchy, tracer: ConstantTracer, sites: CallSites) -> Iterator[tuple[str, str]]:
    sites = sites.where(slice(MAX_SITES))
    for k, trace in enumerate(tracer.trace(sites)):
        name = trace.arguments[0] if trace.arguments else None
        if isinstance(name, str) and isinstance(trace.receiver, str):
            for method in _methods(hierarchy, trace.receiver, name):
                yield sites.caller_descriptor(k), method


def _methods(hierarchy: Hierarchy, owner: str, name: str) -> Iterator[str]:
    """The methods of a class of the app, or of one it extends, with this name."""
    for above in (owner, *hierarchy.supertypes(owner)):
        dex = hierarchy.defining(above)
        if dex is None:
            continue
        methods = dex.class_data.methods
        own = methods.method[dex.class_data.methods_of(dex.class_row(above))]
        for method in np.asarray(own).tolist():
            if dex.method_name(method)[1] == name:
                yield dex.method_descriptor(method)
