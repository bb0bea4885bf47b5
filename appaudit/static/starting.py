"""Other apps that code wakes: a method names a package by a constant, and starts a service or broadcasts.

A screen that opens is left out: the user sees it. That name and call belong together, only the method they
share tells: a lead.
"""

from __future__ import annotations

from appaudit.knowledge.naming import SYSTEM_PACKAGES
from appaudit.records import Fact, Gap
from appaudit.static.facts import Drafts, Key
from appaudit.static.sample import Sample, in_methods, items, starting_calls


def produce(sample: Sample) -> tuple[list[Fact], list[Gap]]:
    """``starts package:<name>``, one fact an actor and package."""
    waking = {pair for key in starting_calls("wakes") for pair in items(sample.sites_of(*key))}
    drafts = Drafts()
    for key in starting_calls("names") if waking else ():
        sites = in_methods(sample.sites_of(*key), waking)
        for k, call in enumerate(sample.tracer.materialise(sites)):
            name = call.arguments[0] if call.arguments else None
            if isinstance(name, str) and _other(name, sample.manifest.package):
                for actor, _ in sample.actors_of(sites, k):
                    drafts.add(Key(actor, "starts", f"package:{name}"), call)
    return drafts.facts(), []


def _other(name: str, own: str) -> bool:
    """Whether it is the name of an app that is neither this one nor the system's."""
    return "." in name and name != own and not name.startswith((f"{own}.", *SYSTEM_PACKAGES))
