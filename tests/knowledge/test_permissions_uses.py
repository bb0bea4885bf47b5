"""The other files of permissions and libraries keep to their form and name what exists."""

from __future__ import annotations

import re

from appaudit.knowledge.apis import full_permission
from appaudit.knowledge.data_types import data_types
from appaudit.knowledge.load import toml
from appaudit.knowledge.permissions import permission
from appaudit.knowledge.sdks import CATEGORIES


def test_uses_name_known_permissions() -> None:
    uses = toml("permissions_uses.toml")
    assert set(uses) == {"traceable", "receives", "strings", "data", "methods"}
    names = [
        *uses["traceable"],
        *uses["receives"].values(),
        *uses["strings"].values(),
        *(name for names in uses["data"].values() for name in names),
    ]
    names += [name for methods in uses["methods"].values() for name in methods.values()]
    for name in names:
        assert permission(full_permission(name)).level in ("dangerous", "special", "normal"), name
    assert len(set(uses["traceable"])) == len(uses["traceable"])
    assert set(uses["data"]) <= set(data_types())


def test_libraries_are_prefixes() -> None:
    libraries = toml("libraries.toml")
    prefixes = libraries["prefixes"]
    assert len(set(prefixes)) == len(prefixes)
    assert all(re.fullmatch(r"L[\w$/]+", p) for p in prefixes)
    assert not [p for p in prefixes for q in prefixes if p != q and p.startswith(q)]
    assert set(libraries["categories"]) <= set(CATEGORIES)


def test_edges_are_class_names() -> None:
    name = re.compile(r"[a-z]\w*(\.\w+)+(\$\w+)*")
    for child, parents in toml("edges.toml")["supertypes"].items():
        assert name.fullmatch(child)
        assert parents
        assert all(name.fullmatch(p) and p != child for p in parents)


def test_callbacks_name_classes_and_methods() -> None:
    callbacks = toml("edges.toml")["callbacks"]
    assert set(callbacks) == {"soon", "later"}
    assert not set(callbacks["soon"]) & set(callbacks["later"])
    for methods in (*callbacks["soon"].values(), *callbacks["later"].values()):
        assert methods
        assert all(re.fullmatch(r"[a-zA-Z]\w*", m) for m in methods)
    annotations = toml("edges.toml")["annotations"]
    assert annotations.keys() == callbacks.keys()
    assert not set(annotations["soon"]) & set(annotations["later"])


def test_packers() -> None:
    packers = toml("packers.toml")["packer"]
    assert len({p["id"] for p in packers}) == len(packers) >= 15
    for packer in packers:
        assert {"id", "zh", "en", "hides_code"} <= set(packer)
        assert set(packer) <= {"id", "zh", "en", "hides_code", "libs", "assets", "classes", "application"}
        assert any(packer.get(k) for k in ("libs", "assets", "classes", "application"))
        assert all(c.startswith("L") for c in packer.get("classes", ()))
    libs = [lib for p in packers for lib in p.get("libs", ())]
    assert len(libs) == len(set(libs))


def test_hosts() -> None:
    hosts = toml("hosts.toml")
    assert set(hosts) == {"namespaces", "documentation", "identifiers", "bare_prefixes", "bare_tlds"}
    for values in hosts.values():
        assert len(values) == len(set(values))
