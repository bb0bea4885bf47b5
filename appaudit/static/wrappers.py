"""Methods of the app that hand their own parameter on: who calls them with which constant."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from appaudit.dex import CallSites, Target
from appaudit.dex.nearby import Trace
from appaudit.records import CallSite
from appaudit.static.sample import Sample, in_methods, joined

MAX_DEPTH = 3
"""Methods that hand a value on to one another."""
OFTEN = 64
"""A method called from more places than these is called for many ends."""
MAX_CALLS = 2_000
"""Calls of such methods that are traced."""

Wrapper = tuple[str, int]
"""A method's descriptor and the number of its parameter."""


@dataclass(frozen=True, slots=True)
class Outer:
    """A call of a wrapper. ``value``: the constant it passes, None where it is not known; ``path``: the
    methods from the caller down to the wrapper asked for."""

    sites: CallSites
    place: int
    value: str | int | None
    path: tuple[str, ...]


class Calls(NamedTuple):
    """Calls of a wrapper; ``whole``: whether these are all there are; ``cut``: whether they are too many."""

    calls: list[Outer]
    whole: bool
    cut: bool


def callers(
    sample: Sample, wrappers: Iterable[Wrapper], telling: Callable[[], set[tuple[int, int]]]
) -> dict[Wrapper, Calls]:
    """The calls of the methods, with what they pass for the parameter. Of methods called from very many
    places only the calls in ``telling`` methods, as (dex, code item), are looked at."""
    found: dict[Wrapper, list[Outer]] = {wrapper: [] for wrapper in wrappers}
    partly: set[Wrapper] = set()
    cut: set[Wrapper] = set()
    # what is asked for now → the wrappers it stands for, each with the path to it
    asked: dict[Wrapper, dict[Wrapper, tuple[str, ...]]] = {w: {w: (w[0],)} for w in found}
    seen = set(asked)
    room = MAX_CALLS
    for _ in range(MAX_DEPTH):
        following: dict[Wrapper, dict[Wrapper, tuple[str, ...]]] = {}
        methods = list(dict.fromkeys(method for method, _ in asked))
        sites = sample.calls_of([_target(m) for m in methods])
        often = np.flatnonzero(np.bincount(sites.target, minlength=len(methods)) > OFTEN)
        if len(often):
            rare = ~np.isin(sites.target, often)
            sites = joined(sample.dexes, [sites.where(rare), in_methods(sites.where(~rare), telling())])
        beyond = {methods[k] for k in sites.target[room:].tolist()}
        many = {methods[k] for k in often.tolist()}
        sites = sites.where(slice(0, room))
        room -= len(sites)
        traces = sample.tracer.trace(sites)
        of_method: dict[str, list[int]] = {}
        for k, target in enumerate(sites.target.tolist()):
            of_method.setdefault(methods[target], []).append(k)
        for (method, number), below in asked.items():
            partly |= below.keys() if method in many else set()
            cut |= below.keys() if method in beyond else set()
            for k in of_method.get(method, ()):
                value, passed = _passed(traces[k], number)
                caller = sites.caller_descriptor(k)
                if value is None and passed is not None and (caller, passed) not in seen:
                    paths = following.setdefault((caller, passed), {})
                    for wrapper, path in below.items():
                        paths.setdefault(wrapper, (caller, *path))
                    continue
                for wrapper, path in below.items():
                    found[wrapper].append(Outer(sites, k, value, (caller, *path)))
        seen |= following.keys()
        asked = following
        if not asked or room <= 0:
            break
    partly |= cut | {wrapper for below in asked.values() for wrapper in below}
    return {w: Calls(calls, w not in partly, w in cut) for w, calls in found.items()}


def _passed(trace: Trace, number: int) -> tuple[str | int | None, int | None]:
    value = trace.arguments[number] if number < len(trace.arguments) else None
    return value, trace.passed[number] if number < len(trace.passed) else None


def _target(method: str) -> Target:
    owner, _, rest = method.partition("->")
    name, bracket, proto = rest.partition("(")
    return Target(owner, name, bracket + proto)


def filled(call: CallSite, position: int, outer: Outer) -> CallSite:
    """The call inside the wrapper as it is made for one outer call."""
    arguments = list(call.arguments or ())
    arguments[position] = outer.value
    return CallSite(call.member, call.caller, call.callee, call.offset, tuple(arguments), outer.path)
