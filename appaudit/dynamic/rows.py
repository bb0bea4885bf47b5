"""What the agent is told to hook: the API catalogue as plain values, a row's number made of its name."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from functools import cache
from typing import Any

from appaudit.knowledge.apis import Api, catalogue, word_tables
from appaudit.knowledge.data_types import data_types

KINDS = frozenset({"exec"})
"""Rows that reach no data by themselves and are hooked all the same."""
SPECIALS = (
    "permissions", "screen", "hashing", "loading", "sockets", "ssl", "tls", "ciphers", "binder", "starting",
    "webview", "fields",
)  # fmt: skip
"""Modules of ``hooks/special`` that a run uses, each in one of two tables of ``hooks/agent.js``."""
UNPINNING = "unpinning"
"""The module that changes what an app sees; only a run that asks for it has it."""
OWN_MODULE = frozenset({"permission", "hashing", "dynamic_code", "lifecycle", "intent", "receiver"})
"""Kinds of rows that these modules hook themselves."""


NATIVE = frozenset(
    {
        "open", "openat", "fopen", "access", "stat", "lstat", "fstatat", "readlink", "opendir", "ioctl",
        "__system_property_get", "__system_property_find", "sendto", "system", "popen",
    }
)  # fmt: skip
"""Functions of libc that are hooked; not ``execve`` and its like, which run in a process of their own."""
WITH_MODULE = frozenset({"android.os.BinderProxy.transact"})
"""Rows whose calls a module of ``hooks/special`` tells in its own way."""
NAMING = frozenset(
    {
        "android.net.Uri.parse", "android.content.ContentUris.withAppendedId",
        "android.os.Parcel.writeInterfaceToken",
    }
)  # fmt: skip
"""Rows that name data in code and reach none when called: evidence for the static half only."""


def hooked(api: Api) -> bool:
    """Whether a run sets a hook for the row."""
    if api.native:
        return api.class_name == "native:libc.so" and api.member in NATIVE
    if api.is_field or api.id in NAMING or api.hook == "none" or api.kind in OWN_MODULE:
        return False
    if api.role == "callback":
        return bool(api.data) and api.hook == "implementors"
    return api.access and bool(api.data or api.args or api.kind in KINDS)


def number(api: Api) -> int:
    """A row's number, the same in every version of the catalogue, so that records can be read again."""
    return zlib.crc32(api.id.encode()) & 0x7FFFFFFF


@cache
def rows() -> dict[int, Api]:
    """Catalogue rows that a call may be told of, by number: those that are hooked, and `fields`."""
    return {number(api): api for api in catalogue() if hooked(api)} | fields()


@cache
def fields() -> dict[int, Api]:
    """Constants that hold data by themselves, by number; an address of a provider only names it."""
    return {
        number(api): api
        for api in catalogue()
        if api.is_field and api.data and api.role == "read" and not api.member.endswith("URI")
    }


def needed(api: Api) -> tuple[str, ...]:
    """The permissions whose state is asked for at a call of the row."""
    named = api.all_permissions + api.any_permissions
    return named or tuple(p for data in api.data for p in _guards(data))


def _guards(data: str) -> tuple[str, ...]:
    kind = data_types().get(data)
    return tuple(kind.permissions) if kind else ()


def there(api: Api, level: int | None) -> bool:
    """Whether a platform of this API level has the row's member; None: the level is not known."""
    return level is None or ((api.since or 0) <= level and (api.until is None or level <= api.until))


def configuration(
    token: str, skip: tuple[str, ...] = (), level: int | None = None, unpin: bool = False
) -> dict[str, Any]:
    """The argument of the agent's ``install``. ``skip``: class name prefixes to leave alone; ``level``: the
    platform's API level, whose members alone are looked for; ``unpin``: accept certificates that the app
    refuses."""
    return {
        "token": token,
        "rows": [_row(n, api) for n, api in rows().items() if not api.is_field and there(api, level)],
        "fields": [{"id": n, "class": api.class_name, "member": api.member} for n, api in fields().items()],
        "tables": {name: _table(name) for name in word_tables()},
        "skip": list(skip),
        "specials": [*SPECIALS, *([UNPINNING] if unpin else [])],
    }


def _hook(api: Api) -> str:
    return "special" if api.id in WITH_MODULE else api.hook


def _row(ident: int, api: Api) -> dict[str, Any]:
    return {
        "id": ident,
        "class": api.class_name if api.hook == "implementors" else api.hook_class,
        "member": api.member,
        "data": list(api.data),
        "kind": api.kind,
        "role": api.role,
        "hook": _hook(api),
        "library": api.third_party,
        "tables": [[place, table] for place, table in api.args.items()],
        "permissions": list(needed(api)),
    }


def _table(name: str) -> Mapping[str, Any]:
    table = word_tables()[name]
    guards = {value: list(_guards(word.data)) for value, word in table.words.items()}
    return {
        "match": table.match,
        "words": list(table.words),
        "permissions": {value: names for value, names in guards.items() if names},
    }
