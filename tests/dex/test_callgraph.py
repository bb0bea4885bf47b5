"""Reachability: dispatch over subclasses and interfaces, callbacks, initialisers, paths."""

from __future__ import annotations

from appaudit.dex import Callback, CallGraph, Dex
from tests.dex.writer import Class, Method, Word, build

RETURN = 0x000E


def call(opcode: int, method: str) -> list[Word]:
    return [opcode | 1 << 12, ("method", method), 0]


def method(name: str, *words: Word, virtual: bool = False) -> Method:
    return Method(name, "()V", [*words, RETURN], access=0x1 if virtual else 0x9, virtual=virtual)


def app() -> list[Dex]:
    first = [
        Class(
            "Lx/Main;",
            [method("onCreate", *call(0x6E, "Lx/Base;->work()V"), virtual=True)],
            superclass="Lx/Act;",
        ),
        Class("Lx/Act;", [method("onStop", *call(0x71, "Lx/Util;->stop()V"), virtual=True)]),
        Class("Lx/Base;", [method("work", virtual=True), method("rest", virtual=True)]),
        Class(
            "Lx/Util;", [method("stop"), method("unused", *call(0x71, "Lx/Util;->deep()V")), method("deep")]
        ),
    ]
    second = [
        Class(
            "Lx/Sub;",
            [method("work", *call(0x70, "Lx/Sub;->inner()V"), virtual=True), method("inner")],
            superclass="Lx/Base;",
        ),
        Class("Lx/Super;", [method("work", *call(0x6F, "Lx/Base;->work()V"), virtual=True)]),
        Class(
            "Lx/Job;",
            [method("run", *call(0x72, "Lx/Face;->go()V"), virtual=True), method("<clinit>")],
            interfaces=["Ljava/lang/Runnable;"],
        ),
        Class("Lx/Posts;", [method("post", 0x0022, ("type", "Lx/Job;"))]),
        Class("Lx/Impl;", [], superclass="Lx/Middle;", interfaces=["Lx/Face;"]),
        Class("Lx/Middle;", [method("go", virtual=True)]),
        Class("Lx/Face;", [Method("go", "()V", None, access=0x401, virtual=True)]),
    ]
    return [Dex(build(first), "classes.dex"), Dex(build(second), "classes2.dex")]


def test_virtual_calls_reach_overriding_methods() -> None:
    graph = CallGraph(app())
    reach = graph.reachable(["Lx/Main;->onCreate()V"])
    for name in ("Lx/Base;->work()V", "Lx/Sub;->work()V", "Lx/Sub;->inner()V"):
        assert name in reach
    for name in ("Lx/Base;->rest()V", "Lx/Super;->work()V", "Lx/Util;->stop()V", "Lx/Nowhere;->m()V"):
        assert name not in reach
    assert reach.path("Lx/Sub;->inner()V") == (
        "Lx/Main;->onCreate()V",
        "Lx/Sub;->work()V",
        "Lx/Sub;->inner()V",
    )


def test_super_calls_reach_the_one_implementation() -> None:
    reach = CallGraph(app()).reachable(["Lx/Super;->work()V"])
    assert "Lx/Base;->work()V" in reach
    assert "Lx/Sub;->work()V" not in reach


def test_a_component_brings_inherited_methods() -> None:
    reach = CallGraph(app()).reachable(["Lx/Main;"])
    assert "Lx/Util;->stop()V" in reach
    assert "Lx/Util;->deep()V" not in reach


def test_callbacks_run_for_who_makes_the_object() -> None:
    entry = "Lx/Posts;->post()V"
    without = CallGraph(app()).reachable([entry])
    assert "Lx/Job;-><clinit>()V" in without
    assert "Lx/Job;->run()V" not in without
    graph = CallGraph(app(), [Callback("Ljava/lang/Runnable;", "run", "()V")])
    assert graph.path(entry, "Lx/Job;->run()V") == (entry, "Lx/Job;->run()V")
    any_signature = CallGraph(app(), [Callback("Ljava/lang/Runnable;", "run")])
    assert "Lx/Job;->run()V" in any_signature.reachable([entry])


def test_interface_calls_reach_inherited_implementations() -> None:
    reach = CallGraph(app()).reachable(["Lx/Job;->run()V"])
    assert "Lx/Middle;->go()V" in reach


def test_given_edges_and_masks() -> None:
    dexes = app()
    graph = CallGraph(
        dexes,
        extra_edges={
            "Lx/Util;->stop()V": lambda: ["Lx/Util;->unused()V", "Lno;->b()V"],
            "Lno;->a()V": lambda: ["Lx/Main;->go()V"],
        },
    )
    reach = graph.reachable(["Lx/Util;->stop()V"])
    assert "Lx/Util;->deep()V" in reach
    names = {dexes[0].method_descriptor(m) for m, r in enumerate(reach.methods(0)) if r}
    assert names == {"Lx/Util;->stop()V", "Lx/Util;->unused()V", "Lx/Util;->deep()V"}
    assert graph.path("Lx/Util;->deep()V", "Lx/Util;->stop()V") is None


def test_a_lambda_leads_to_its_body() -> None:
    """invoke-custom of a call site that holds a handle of the body."""
    body = "Lx/L;->lambda$0()V"
    made: list[Word] = [0x00FC, ("call-site", body), 0]
    classes = [Class("Lx/L;", [method("go", *made), method("lambda$0"), method("other")])]
    dex = Dex(build(classes), "x.dex")
    graph = CallGraph([dex])
    assert graph.path("Lx/L;->go()V", body) == ("Lx/L;->go()V", body)
    assert "Lx/L;->other()V" not in graph.reachable(["Lx/L;->go()V"])
    assert dex.problems == []


def test_what_waits_for_the_user_is_kept_aside() -> None:
    graph = CallGraph(app(), later=[Callback("Ljava/lang/Runnable;", "run")])
    assert "Lx/Job;->run()V" not in graph.reachable(["Lx/Posts;->post()V"])
    assert "Lx/Job;->run()V" in graph.reachable(["Lx/Posts;->post()V"], later=True)


def test_an_inherited_static_method_is_found_past_many_others() -> None:
    """The number of the method is larger than what fits beside a class in 32 bits."""
    many = [Class(f"La/C{k:04};", [method("m")]) for k in range(2100)]
    base = Class("Lz/Base;", [method("work")])
    user = Class("Lz/User;", [method("go", *call(0x71, "Lz/Sub;->work()V"))])
    dex = Dex(build([*many, base, Class("Lz/Sub;", [], superclass="Lz/Base;"), user]), "x.dex")
    assert CallGraph([dex]).path("Lz/User;->go()V", "Lz/Base;->work()V") is not None
