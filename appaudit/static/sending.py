"""Which reads stand beside code that sends: a network call in the same method, or else in the same class.

That a value can be sent from where it is read is a lead; whether it is, traffic tells.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from appaudit.records import CallSite, Fact
from appaudit.static.library import one_a_method, top_level
from appaudit.static.sample import Sample, network_calls


def mark(sample: Sample, facts: list[Fact]) -> list[Fact]:
    """The facts, those of reads beside a network call with the attribute ``network``: ``method`` or
    ``class`` (inner classes and lambdas count as their outer class)."""
    methods = frozenset(_callers(sample))
    if not methods:
        return facts
    classes = frozenset(_outer(method) for method in methods)
    return [_marked(f, methods, classes) if f.action == "accesses" else f for f in facts]


def _callers(sample: Sample) -> Iterator[str]:
    """Methods with a network call in them."""
    for key in network_calls():
        if key in sample.called:
            sites = sample.sites_of(*key)
            yield from (sites.caller_descriptor(k) for k in one_a_method(sites))


def _outer(method: str) -> str:
    return top_level(method.partition("->")[0])


def _marked(fact: Fact, methods: frozenset[str], classes: frozenset[str]) -> Fact:
    callers = [e.caller for e in fact.evidence if isinstance(e, CallSite)]
    near = "method" if any(c in methods for c in callers) else ""
    if not near and any(_outer(c) in classes for c in callers):
        near = "class"
    if not near:
        return fact
    attributes = tuple(sorted((*fact.attributes, ("network", near))))
    return dataclasses.replace(fact, attributes=attributes)
