"""Whose is this? One lookup per kind of evidence, over all records or over a user's own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from appaudit.knowledge.load import toml
from appaudit.knowledge.patterns import Patterns
from appaudit.knowledge.sdks.model import EVIDENCE, Records, Sdk, files
from appaudit.knowledge.sdks.model import sdks as our_sdks
from appaudit.knowledge.version import bring

PLACEHOLDER = "${applicationId}"


@dataclass(frozen=True, slots=True)
class Shared:
    """A value that stands in several records, and the one it belongs to; ``field`` is `Sdk`'s."""

    field: str
    value: str
    owner: str
    why: str


@cache
def shared() -> tuple[Shared, ...]:
    """The rules that say whose a value is that several records name."""
    return tuple(Shared(**row) for name in files() for row in toml(f"sdks/{name}").get("shared", ()))


class Index:
    """Lookups over ``records``. Each table is built when first asked for.

    A value that two records hold belongs to the one a `Shared` rule names, else to the later record,
    so that a user's own records win over ours; of components ours do, see `component`.
    """

    def __init__(self, records: Mapping[str, Sdk]) -> None:
        self.sdks = records
        self._owner_of_package: dict[str, str | None] = {}

    def table(self, field: str) -> dict[str, str]:
        """Every value of the `Sdk` field ``field`` -> SDK id."""
        if isinstance(self.sdks, Records):
            found = dict(self.sdks.column(field))
        else:
            records: Iterable[Sdk] = self.sdks.values()
            if field == "components":
                records = sorted(records, key=lambda sdk: sdk.id in our_sdks())
            found = {value: sdk.id for sdk in records for value in getattr(sdk, field)}
        for rule in shared():
            if rule.field == field and rule.owner in self.sdks:
                found[rule.value] = rule.owner
        return found

    def names(self) -> Iterable[tuple[str, str, str, Sequence[str]]]:
        """(SDK id, Chinese name, English name, aliases) of every record."""
        if isinstance(self.sdks, Records):
            return self.sdks.names()
        return ((sdk.id, sdk.zh, sdk.en, sdk.aliases) for sdk in self.sdks.values())

    @cached_property
    def _packages(self) -> dict[str, str]:
        return {value.replace(".", "/"): sdk for value, sdk in self.table("packages").items()}

    @cached_property
    def divided(self) -> frozenset[str]:
        """Packages in which some prefix is a single class: ``a/b`` for the prefix ``a/b/Klass``."""
        return frozenset(p.rpartition("/")[0] for p in self._packages if p[p.rfind("/") + 1 :][:1].isupper())

    def owner(self, name: str) -> str | None:
        """SDK that owns a class, by the longest prefix that ends at a package boundary.

        ``name``: a descriptor (``Lcn/jpush/android/a/B;``) or a dotted class name.
        """
        path = name[1:-1] if name.endswith(";") else name.replace(".", "/")
        package = path[: max(path.rfind("/"), 0)]
        if package in self.divided:
            outer = path.partition("$")[0]
            if outer in self._packages:
                return self._packages[outer]
        try:
            return self._owner_of_package[package]
        except KeyError:
            found = self._owner_of_package[package] = self._longest(package)
            return found

    def _longest(self, package: str) -> str | None:
        table, end = self._packages, len(package)
        while end > 0:
            found = table.get(package[:end])
            if found is not None:
                return found
            end = package.rfind("/", 0, end)
        return None

    @cached_property
    def prefixes(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Two columns of equal length, sorted by the first: descriptor prefix (``Lcn/jpush/android/``, or
        ``La/b/Klass;`` for a single class), SDK id. Where prefixes nest, the longer one owns."""
        rows = []
        for path, sdk in self._packages.items():
            is_class = path[path.rfind("/") + 1 :][:1].isupper()
            rows.append((f"L{path};" if is_class else f"L{path}/", sdk))
        rows.sort()
        return tuple(r[0] for r in rows), tuple(r[1] for r in rows)

    @cached_property
    def _components(self) -> dict[str, str]:
        return self.table("components")

    def component(self, name: str) -> str | None:
        """SDK whose manifest component is the class ``name`` (dotted): by record, else by prefix.

        A user's record that only lists a component takes it from no record of ours: who lists the class
        among its ``packages`` does.
        """
        listed, owner = self._components.get(name), self.owner(name)
        if listed is None or owner is None:
            return listed or owner
        ours = our_sdks()
        return listed if listed in ours and owner in ours else owner

    @cached_property
    def _meta_data(self) -> Patterns:
        return Patterns(self.table("meta_data"))

    def meta_data(self, key: str) -> str | None:
        """SDK that reads the manifest meta-data ``key``."""
        return self._meta_data.find(key)

    @cached_property
    def _libs(self) -> Patterns:
        return Patterns(self.table("libs"))

    def library(self, file_name: str) -> str | None:
        """SDK that ships the native library ``file_name`` (``libjcore332.so``)."""
        return self._libs.find(file_name)

    @cached_property
    def _assets(self) -> Patterns:
        return Patterns(self.table("assets"))

    def asset(self, path: str) -> str | None:
        """SDK that ships the asset ``path`` (relative to ``assets/``)."""
        return self._assets.find(path)

    @cached_property
    def _hosts(self) -> dict[str, str]:
        return self.table("hosts")

    def host(self, name: str) -> str | None:
        """SDK behind a host, by the longest domain that the name ends with."""
        name = name.lower().rstrip(".")
        while name:
            found = self._hosts.get(name)
            if found is not None:
                return found
            name = name.partition(".")[2]
        return None

    @cached_property
    def _permissions(self) -> dict[str, str]:
        return self.table("permissions")

    def permission(self, name: str, package: str = "") -> str | None:
        """SDK whose manifest adds the permission ``name`` to an app called ``package``."""
        found = self._permissions.get(name)
        if found is None and package and package in name:
            found = self._permissions.get(name.replace(package, PLACEHOLDER))
        return found

    @cached_property
    def _maven(self) -> dict[str, str]:
        return self.table("maven")

    def maven(self, coordinate: str) -> str | None:
        """SDK of a Maven ``group:artifact`` (a version after it is ignored)."""
        return self._maven.get(":".join(coordinate.split(":")[:2]))


_ACTIVE: list[Index] = []


def index() -> Index:
    """The index in use: over our records, unless `use` set another."""
    if not _ACTIVE:
        _ACTIVE.append(Index(our_sdks()))
    return _ACTIVE[0]


def use(records: Mapping[str, Sdk] | None = None, own: Sequence[tuple[Path, str]] = ()) -> Index:
    """From now on answer from ``records`` (a user's ``--sdks`` laid over ours), or from ours again.
    ``own``: the user's files and their SHA-256, which outputs name."""
    bring("sdks", own)
    _ACTIVE[:] = [Index(records)] if records is not None else []
    return index()


def sdks() -> Mapping[str, Sdk]:
    """Every SDK by id: our records, with a user's own laid over them by `use`."""
    return index().sdks


def siblings(sdk_id: str) -> frozenset[str]:
    """The other SDKs of a maker whose common part this is; of any other SDK none."""
    own = sdks().get(sdk_id)
    if own is None or own.category != "vendor_core":
        return frozenset()
    return frozenset(name for name, sdk in sdks().items() if sdk.company == own.company) - {sdk_id}


def owner(class_descriptor: str) -> str | None:
    """`Index.owner` of the index in use: called for thousands of classes, cached by package."""
    return index().owner(class_descriptor)


def prefixes() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """`Index.prefixes` of the index in use."""
    return index().prefixes


def sdk_of_component(name: str) -> str | None:
    """`Index.component` of the index in use."""
    return index().component(name)


def sdk_of_meta_data(key: str) -> str | None:
    """`Index.meta_data` of the index in use."""
    return index().meta_data(key)


def sdk_of_library(file_name: str) -> str | None:
    """`Index.library` of the index in use."""
    return index().library(file_name)


def sdk_of_asset(path: str) -> str | None:
    """`Index.asset` of the index in use."""
    return index().asset(path)


def sdk_of_host(name: str) -> str | None:
    """`Index.host` of the index in use."""
    return index().host(name)


def sdk_of_permission(name: str, package: str = "") -> str | None:
    """`Index.permission` of the index in use."""
    return index().permission(name, package)


def sdk_of_maven(coordinate: str) -> str | None:
    """`Index.maven` of the index in use."""
    return index().maven(coordinate)


def overlaps(records: Iterable[Sdk]) -> list[tuple[str, str, tuple[str, ...]]]:
    """Values that several records hold: (field, value, SDK ids); what `shared` must decide."""
    held: dict[tuple[str, str], list[str]] = {}
    for sdk in records:
        for field in (*EVIDENCE, "maven"):
            values: Any = getattr(sdk, field)
            for value in values:
                held.setdefault((field, value), []).append(sdk.id)
    return [(field, value, tuple(ids)) for (field, value), ids in held.items() if len(ids) > 1]
