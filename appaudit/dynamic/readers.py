"""Constants that tell of the device (``Build.SERIAL``) are read without a call.

What can be hooked is the app's own method that reads them: where it runs, the constant was in its hands.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from appaudit.dex.dex import Dex, read_dexes
from appaudit.dex.errors import DexError
from appaudit.dex.queries import Target, call_sites
from appaudit.dynamic.frames import PLATFORM, PLUMBING
from appaudit.dynamic.rows import fields
from appaudit.knowledge.data_types import data_types

MAX_READERS = 300
"""Methods that are hooked for it, the most sensitive data first."""
ORDER = ("high", "medium", "low")


class FieldReader(NamedTuple):
    """A method of the app that reads the field of row ``row``; ``signature`` as a dex descriptor."""

    row: int
    class_name: str
    member: str
    signature: str

    def json(self) -> dict[str, Any]:
        """As the agent is told it."""
        return {"id": self.row, "class": self.class_name, "member": self.member, "sig": self.signature}


def readers(members: Iterable[tuple[str, bytes]]) -> tuple[FieldReader, ...]:
    """Of the dex files (name, bytes) of an app; one that cannot be read is left out, as the static half says.
    Static initialisers are left out: they cannot be hooked."""
    dexes: list[Dex] = []
    for name, data in members:
        try:
            dexes += read_dexes(data, name)
        except DexError:
            continue
    rows = fields()
    targets = [Target(api.descriptor, api.member, None, "field") for api in rows.values()]
    try:
        sites = call_sites(dexes, targets)
    except DexError:
        return ()
    numbers = list(rows)
    found: dict[FieldReader, None] = {}
    for k in range(len(sites)):
        owner, member, signature = dexes[int(sites.dex[k])].method_name(int(sites.caller[k]))
        class_name = owner[1:-1].replace("/", ".")
        if member != "<clinit>" and not class_name.startswith(PLATFORM + PLUMBING):
            found[FieldReader(numbers[int(sites.target[k])], class_name, member, signature)] = None
    return tuple(sorted(found, key=lambda r: _rank(rows[r.row].data))[:MAX_READERS])


def _rank(data: tuple[str, ...]) -> int:
    return min((ORDER.index(data_types()[d].sensitivity) for d in data if d in data_types()), default=3)
