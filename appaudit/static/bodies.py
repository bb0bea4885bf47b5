"""Methods that classes of the app define for an interface or a base class, and what little they do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from appaudit.dex import Dex
from appaudit.static.sample import Sample

NOP, RETURN_VOID, RETURN = 0x00, 0x0E, 0x0F
CONST_4, CONST_16 = 0x12, 0x13


@dataclass(frozen=True, slots=True)
class Body:
    """One method with code. ``item`` is its code item in ``dex.code``."""

    dex: Dex
    owner: str
    method: str
    item: int

    @property
    def opcodes(self) -> list[int]:
        """Opcodes of its instructions, without nops and payloads."""
        code = self.dex.code
        units = code.units(self.item)
        return [op for at in code.instructions(self.item) if (op := int(units[at]) & 0xFF) != NOP]

    @property
    def returns_at_once(self) -> bool:
        """It does nothing: a bare ``return-void``."""
        return self.opcodes == [RETURN_VOID]

    @property
    def returns_true(self) -> bool:
        """It is ``return true`` and nothing else."""
        if self.opcodes not in ([CONST_4, RETURN], [CONST_16, RETURN]):
            return False
        units = self.dex.code.units(self.item)
        at = self.dex.code.instructions(self.item)[0]
        unit = int(units[at])
        return unit >> 12 == 1 if unit & 0xFF == CONST_4 else int(units[at + 1]) == 1


def overrides(sample: Sample, base: str, name: str) -> Iterator[Body]:
    """The methods called ``name`` of all classes that inherit from the class ``base`` (a descriptor)."""
    hierarchy = sample.hierarchy
    number = hierarchy.number.get(base)
    if number is None:
        return
    _, found = hierarchy.descendants([number])
    names = {hierarchy.names[k] for k in found.tolist()} - {base}
    for dex in sample.dexes:
        string = dex.strings.find(name)
        if string < 0:
            continue
        methods = dex.class_data.methods
        rows = np.flatnonzero((dex.methods.name[methods.method] == string) & (methods.code_offset > 0))
        for row in rows.tolist():
            method = int(methods.method[row])
            owner = dex.type_descriptor(int(dex.methods.owner[method]))
            item = dex.code.item_of_method(row)
            if owner in names and item >= 0:
                yield Body(dex, owner, dex.method_descriptor(method), item)
