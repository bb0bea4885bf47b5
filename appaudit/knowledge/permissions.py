"""Permissions: what level protects them, what they unlock, which APIs need them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

from appaudit.knowledge.apis import catalogue, full_permission
from appaudit.knowledge.load import toml

Level = Literal["dangerous", "special", "normal", "signature", "internal", "unknown"]


@dataclass(frozen=True, slots=True)
class Permission:
    """One row of permissions.toml; ``data`` are ids of data types, ``since``/``until`` API levels.

    ``notice``: granted at install, and still something a policy has to explain. ``mild``: shows or does
    something to the user, and opens nothing about a person.
    """

    name: str
    level: Level
    group: str = ""
    zh: str = ""
    en: str = ""
    data: tuple[str, ...] = ()
    since: int | None = None
    until: int | None = None
    notice: bool = False
    mild: bool = False


@cache
def permissions() -> Mapping[str, Permission]:
    """Every known permission by full name."""
    data = toml("permissions.toml")
    known = {
        name: Permission(
            name,
            row["level"],
            row.get("group", ""),
            row["zh"],
            row["en"],
            tuple(row.get("data", ())),
            row.get("since"),
            row.get("until"),
            row.get("notice", False),
            row.get("mild", False),
        )
        for name, row in data["permission"].items()
    }
    for level, names in data["out_of_reach"].items():
        for name in names:
            known[name] = Permission(name, level)
    return known


def permission(name: str) -> Permission:
    """The permission of this full name; level ``unknown`` for one that no file here describes."""
    return permissions().get(name) or Permission(name, "unknown")


def group_of(name: str) -> str:
    """What one prompt asks for together: the permission's group; of one without a group its own name."""
    return permission(name).group or name


@cache
def required() -> Mapping[tuple[str, str], tuple[tuple[str, ...], tuple[str, ...]]]:
    """(class name, member) → (permissions all needed, permissions one of which is enough).

    Rows of the catalogue win over those of permissions_apis.toml, whose permissions all count as
    alternatives, because the annotation's "any" and "all" are not told apart there.
    """
    needs: dict[tuple[str, str], tuple[tuple[str, ...], tuple[str, ...]]] = {}
    for class_name, rows in toml("permissions_apis.toml").items():
        for member, names in rows.items():
            needs[class_name, member] = ((), tuple(full_permission(n) for n in names))
    for api in catalogue():
        if (api.all_permissions or api.any_permissions) and not api.native:
            needs[api.class_name, api.member] = (api.all_permissions, api.any_permissions)
    return needs
