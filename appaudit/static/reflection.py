"""Calls by reflection whose class and method are constant, as edges of the call graph."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np

from appaudit.dex import CallSites, ConstantTracer, Dex, Hierarchy, MethodNumbers, Target, call_sites

CLASS = "Ljava/lang/Class;"
BY_NAME = ("getMethod", "getDeclaredMethod")
MAX_SITES = 300
"""Calls whose arguments are traced; what lies beyond leads nowhere."""


def edges(
    dexes: Sequence[Dex], numbers: MethodNumbers, tracer: ConstantTracer
) -> dict[str, Callable[[], Iterator[str]]]:
    """For each method that calls by reflection what tells the methods it may call: where a class of the app
    is named, its initialisers, which run when it is loaded and made; where a method is named, that one."""
    targets = [Target(CLASS, "forName"), Target("Ljava/lang/ClassLoader;", "loadClass")]
    targets += [Target(CLASS, name) for name in BY_NAME]
    hierarchy = numbers.hierarchy
    sites = call_sites(dexes, targets, hierarchy, numbers.names)
    loads = sites.target < 2
    kept = np.sort(np.concatenate([np.flatnonzero(which)[:MAX_SITES] for which in (loads, ~loads)]))
    of_caller: dict[str, list[int]] = {}
    for place in kept.tolist():
        of_caller.setdefault(sites.caller_descriptor(place), []).append(place)
    return {
        caller: partial(_called, hierarchy, tracer, sites.where(np.array(places, np.intp)))
        for caller, places in of_caller.items()
    }


def _called(hierarchy: Hierarchy, tracer: ConstantTracer, sites: CallSites) -> Iterator[str]:
    for target, trace in zip(sites.target.tolist(), tracer.trace(sites, receivers=True), strict=True):
        name = trace.arguments[0] if trace.arguments else None
        if not isinstance(name, str):
            continue
        if target < 2:
            owner = f"L{name.replace('.', '/')};"
            yield from (f"{owner}-><clinit>()V", f"{owner}-><init>()V")
        elif isinstance(trace.receiver, str):
            yield from _methods(hierarchy, trace.receiver, name)


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
