"""Reads beside code that sends: in the same method, in the same class, or nowhere near."""

from __future__ import annotations

from pathlib import Path

from appaudit.static import scan
from tests.apk.build import apk, manifest, node, zipped
from tests.dex.writer import Class, Method, build
from tests.static.apps import APPS

READ = (0x62, ("field", "Landroid/os/Build;->SERIAL:Ljava/lang/String;"))
"""sget-object v0, Build.SERIAL"""
SEND = (0x106E, ("method", "Ljava/net/URL;->openConnection()Ljava/net/URLConnection;"), 0x1)
"""invoke-virtual {v1}, URL.openConnection()"""
END = (0x0E,)


def near(*classes: Class, folder: Path) -> str:
    root = manifest(node("application"), package="com.example.near")
    path = folder / "near.apk"
    path.write_bytes(zipped(apk(root, dex=build(list(classes)))))
    (fact,) = (f for f in scan(path).facts if f.subject == "data:serial" and f.action == "accesses")
    return fact.attribute.get("network", "")


def one(name: str, *parts: tuple[object, ...]) -> Method:
    return Method(name, "()V", tuple(w for part in parts for w in part))  # type: ignore[misc]


def test_same_method(tmp_path: Path) -> None:
    assert near(Class("Lcom/a/B;", [one("m", READ, SEND, END)]), folder=tmp_path) == "method"


def test_same_class(tmp_path: Path) -> None:
    assert near(Class("Lcom/a/B;", [one("m", READ, END), one("n", SEND, END)]), folder=tmp_path) == "class"


def test_an_inner_class_counts_as_its_outer_one(tmp_path: Path) -> None:
    outer, inner = Class("Lcom/a/B;", [one("m", READ, END)]), Class("Lcom/a/B$1;", [one("n", SEND, END)])
    assert near(outer, inner, folder=tmp_path) == "class"


def test_elsewhere(tmp_path: Path) -> None:
    reads, sends = Class("Lcom/a/B;", [one("m", READ, END)]), Class("Lcom/a/C;", [one("n", SEND, END)])
    assert near(reads, sends, folder=tmp_path) == ""
    assert near(reads, folder=tmp_path) == ""


def test_what_stays_in_its_own_class_is_not_marked() -> None:
    facts = [f for f in scan(APPS / "notes" / "notes.apk").facts if f.subject == "data:clipboard"]
    assert facts
    assert not [f for f in facts if "network" in f.attribute]
