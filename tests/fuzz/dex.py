"""The fuzz target of the dex reader: asks everything the engine answers of any bytes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress

from appaudit.dex import (
    Annotated,
    Callback,
    CallGraph,
    ConstantTracer,
    DexError,
    Hierarchy,
    call_sites,
    read_dexes,
    string_index_sites,
    string_sites,
    type_sites,
)
from appaudit.dex import (
    Target as Member,
)
from tests.dex.writer import Class, Method, Word, build
from tests.fuzz.targets import Target

MAX_SITES = 200


def ask(data: bytes) -> list[str]:
    """Asks everything the engine answers; returns the problems it tells of. Raises DexError."""
    dexes = read_dexes(data, "fuzz.dex")[:8]
    hierarchy = Hierarchy(dexes, {"La/C;": ["Ljava/lang/Object;"]})
    sites = call_sites(
        dexes, [Member("La/B;", "use"), Member(None, "go"), Member("La/B;", "KEY", kind="field")]
    )
    names = call_sites(
        dexes, [Member(*d.method_name(m)) for d in dexes for m in range(min(8, len(d.methods.owner)))]
    )
    tracer = ConstantTracer(dexes)
    for found in (sites, names, string_sites(dexes, ["imei", "content://sms"]), type_sites(dexes, ["La/B;"])):
        tracer.materialise(found.where(slice(MAX_SITES)))
    for number, dex in enumerate(dexes):
        dex.strings_matching(re.compile(rb"[a-z]+://"))
        tracer.materialise(
            string_index_sites(dexes, number, dex.strings.with_prefix("c")).where(slice(MAX_SITES))
        )
        dex.count_prefixes(["La/", "L"])
        for name in dex.class_names()[:20]:
            dex.static_values(name)
            dex.class_annotations(name)
        for index in range(min(len(dex.fields.owner), 20)):
            dex.field_descriptor(index)
    run: list[Callback | Annotated] = [Callback("Ljava/lang/Runnable;", "run"), Annotated("La/B;")]
    named = {"La/B;->run()V": lambda: ["La/B;-><init>()V"]}
    graph = CallGraph(dexes, run, named, hierarchy=hierarchy, later=run)
    graph.reachable(["La/B;"], made_only=True)
    reach = graph.reachable(["La/B;", "La/B;->run()V"], later=True)
    for dex in dexes:
        for method in range(min(8, len(dex.methods.owner))):
            reach.path(dex.method_descriptor(method))
    return [problem for dex in dexes for problem in dex.problems]


def _run(data: bytes) -> None:
    with suppress(DexError):
        ask(data)


def _seeds() -> Iterable[bytes]:
    from tests.dex.test_hostile import seed

    body: list[Word] = [0x00FC, ("call-site", "La/B;->use()V"), 0, 0x0E]
    use = Method("use", "()V", [0x0E], annotations=["La/B;", "La/N;"])
    custom = build([Class("La/B;", [Method("go", "()V", body), use])])
    return [seed(0), seed(1), custom]


TARGETS = {
    "dex": Target(
        _run,
        _seeds,
        (b"dex\n035\0", b"dex\n041\0", b"\0\1", b"\0\2", b"\0\3", b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f"),
    )
}
