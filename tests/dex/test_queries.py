"""Call sites over several dex files, through subclasses, of methods, fields, strings and types."""

from __future__ import annotations

from appaudit.dex import CallSites, Dex, Hierarchy, Target, call_sites, string_sites, type_sites
from tests.dex.writer import Class, Method, build

RETURN = 0x000E
GET = "getSystemService(Ljava/lang/String;)Ljava/lang/Object;"


def invoke(opcode: int, method: str) -> list[int | tuple[str, str]]:
    return [opcode | 2 << 12, ("method", method), 0x0010]


def app() -> list[Dex]:
    first = [
        Class("Lcom/x/Base;", superclass="Landroid/app/Activity;"),
        Class(
            "Lcom/x/Uses;",
            [
                Method("a", "()V", [0x0000, *invoke(0x6E, f"Landroid/content/Context;->{GET}"), RETURN]),
                Method("b", "()V", [*invoke(0x6E, f"Lcom/x/Main;->{GET}"), RETURN]),
                Method("c", "()V", [*invoke(0x6E, f"Lcom/x/Other;->{GET}"), RETURN]),
                Method(
                    "d", "()V", [0x0062, ("field", "Landroid/os/Build;->SERIAL:Ljava/lang/String;"), RETURN]
                ),
                Method("e", "()V", [0x001C, ("type", "Lcom/x/Main;"), 0x001A, ("string", "phone"), RETURN]),
                Method("f", "()V", [0x0174, ("method", "Lcom/x/Uses;->a()V"), 0, RETURN]),
                Method(
                    "g",
                    "()V",
                    [0x10FA, ("method", "Ljava/lang/invoke/MethodHandle;->invoke()V"), 0, 0, RETURN],
                ),
            ],
        ),
    ]
    second = [Class("Lcom/x/Main;", superclass="Lcom/x/Base;"), Class("Lcom/x/Other;")]
    return [Dex(build(first), "classes.dex"), Dex(build(second), "classes2.dex")]


FRAMEWORK = {"Landroid/app/Activity;": ["Landroid/content/Context;"]}


def pairs(sites: CallSites) -> list[tuple[str, int, str]]:
    return [
        (sites.caller_descriptor(k).partition("->")[2], int(sites.offset[k]), sites.callee_descriptor(k))
        for k in range(len(sites))
    ]


def test_calls_through_subclasses_of_other_dex_files() -> None:
    dexes = app()
    target = Target("Landroid/content/Context;", "getSystemService")
    plain = call_sites(dexes, [target])
    assert pairs(plain) == [("a()V", 1, f"Landroid/content/Context;->{GET}")]
    known = call_sites(dexes, [target], Hierarchy(dexes, FRAMEWORK))
    assert pairs(known) == [
        ("a()V", 1, f"Landroid/content/Context;->{GET}"),
        ("b()V", 0, f"Lcom/x/Main;->{GET}"),
    ]


def test_signatures_any_class_and_absent_targets() -> None:
    dexes = app()
    targets = [
        Target(None, "getSystemService"),
        Target("Lcom/x/Other;", "getSystemService", "(I)V"),
        Target("Lcom/x/Other;", "getSystemService", "(Ljava/lang/String;)Ljava/lang/Object;"),
        Target("Lnot/There;", "m"),
    ]
    sites = call_sites(dexes, targets)
    assert sorted(zip(sites.target.tolist(), (p[0] for p in pairs(sites)), strict=True)) == [
        (0, "a()V"),
        (0, "b()V"),
        (0, "c()V"),
        (2, "c()V"),
    ]


def test_fields_strings_types_ranges_and_polymorphic_calls() -> None:
    dexes = app()
    field = Target("Landroid/os/Build;", "SERIAL", kind="field")
    assert pairs(call_sites(dexes, [field])) == [("d()V", 0, "Landroid/os/Build;->SERIAL:Ljava/lang/String;")]
    assert pairs(string_sites(dexes, ["phone", "absent"])) == [("e()V", 2, "phone")]
    assert [p[:2] for p in pairs(type_sites(dexes, ["Lcom/x/Main;"]))] == [("e()V", 0)]
    assert pairs(call_sites(dexes, [Target("Lcom/x/Uses;", "a")])) == [("f()V", 0, "Lcom/x/Uses;->a()V")]
    handle = Target("Ljava/lang/invoke/MethodHandle;", "invoke")
    assert [p[:2] for p in pairs(call_sites(dexes, [handle]))] == [("g()V", 0)]


def test_circles_of_inheritance_end() -> None:
    classes = [Class("La;", superclass="Lb;"), Class("Lb;", superclass="La;"), Class("Lc;", superclass="Lc;")]
    hierarchy = Hierarchy([Dex(build(classes), "x")])
    place, found = hierarchy.descendants([hierarchy.number["La;"]])
    assert {hierarchy.names[k] for k in found} == {"La;", "Lb;"}
    assert set(place.tolist()) == {0}
    assert hierarchy.supertypes("Lc;") == ["Lc;"]
