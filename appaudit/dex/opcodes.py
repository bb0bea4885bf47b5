"""The Dalvik instruction set as tables of 256 entries.

https://source.android.com/docs/core/runtime/dalvik-bytecode
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final


class Reference(IntEnum):
    """The table an instruction's first operand points into."""

    NONE = 0
    STRING = 1
    TYPE = 2
    FIELD = 3
    METHOD = 4
    CALL_SITE = 5
    METHOD_HANDLE = 6
    PROTO = 7


NOP: Final = 0x00
MOVE_RESULT: Final = range(0x0A, 0x0D)
MOVE_EXCEPTION: Final = 0x0D
RETURN: Final = range(0x0E, 0x12)
CONST_STRING: Final = 0x1A
CONST_STRING_JUMBO: Final = 0x1B
CONST_CLASS: Final = 0x1C
NEW_INSTANCE: Final = 0x22
FILL_ARRAY_DATA: Final = 0x26
THROW: Final = 0x27
GOTO: Final = range(0x28, 0x2B)
PACKED_SWITCH: Final = 0x2B
SPARSE_SWITCH: Final = 0x2C
IF: Final = range(0x32, 0x3E)
INSTANCE_FIELD: Final = range(0x52, 0x60)
STATIC_FIELD: Final = range(0x60, 0x6E)
INVOKE_VIRTUAL: Final = 0x6E
INVOKE_SUPER: Final = 0x6F
INVOKE_DIRECT: Final = 0x70
INVOKE_STATIC: Final = 0x71
INVOKE_INTERFACE: Final = 0x72
INVOKE: Final = range(0x6E, 0x73)
INVOKE_RANGE: Final = range(0x74, 0x79)
INVOKE_POLYMORPHIC: Final = range(0xFA, 0xFC)
INVOKE_CUSTOM: Final = range(0xFC, 0xFE)

PAYLOAD_OF: Final = {PACKED_SWITCH: 0x0100, SPARSE_SWITCH: 0x0200, FILL_ARRAY_DATA: 0x0300}
"""The pseudo-instruction each of these points to."""


def _lengths() -> bytes:
    lengths = bytearray([1]) * 256
    two = [0x02, 0x05, 0x08, 0x13, 0x15, 0x16, 0x19, 0x1A, 0x1C, 0x1F, 0x20, 0x22, 0x23, 0x29]
    for op in [
        *two,
        *range(0x2D, 0x3E),
        *range(0x44, 0x6E),
        *range(0x90, 0xB0),
        *range(0xD0, 0xE3),
        0xFE,
        0xFF,
    ]:
        lengths[op] = 2
    three = [0x03, 0x06, 0x09, 0x14, 0x17, 0x1B, 0x24, 0x25, 0x26, 0x2A, 0x2B, 0x2C]
    for op in [*three, *INVOKE, *INVOKE_RANGE, *INVOKE_CUSTOM]:
        lengths[op] = 3
    for op in INVOKE_POLYMORPHIC:
        lengths[op] = 4
    lengths[0x18] = 5
    return bytes(lengths)


def _references() -> bytes:
    kinds = bytearray(256)
    kinds[CONST_STRING] = kinds[CONST_STRING_JUMBO] = Reference.STRING
    for op in (CONST_CLASS, 0x1F, 0x20, NEW_INSTANCE, 0x23, 0x24, 0x25):
        kinds[op] = Reference.TYPE
    for op in (*INSTANCE_FIELD, *STATIC_FIELD):
        kinds[op] = Reference.FIELD
    for op in (*INVOKE, *INVOKE_RANGE, *INVOKE_POLYMORPHIC):
        kinds[op] = Reference.METHOD
    for op in INVOKE_CUSTOM:
        kinds[op] = Reference.CALL_SITE
    kinds[0xFE] = Reference.METHOD_HANDLE
    kinds[0xFF] = Reference.PROTO
    return bytes(kinds)


LENGTH: Final = _lengths()
"""Code units per opcode; unused opcodes take one, payloads are sized by their header."""
MAX_LENGTH: Final = 5

REFERENCE: Final = _references()
"""`Reference` per opcode."""

TRAIT_LENGTH: Final = 7
"""The bits of a trait that are the length."""
TRAIT_KIND: Final = 3
"""How far to the left a trait has what else is known: a `Reference` or one of the two below."""
MAY_BE_PAYLOAD: Final = 8
POINTS_TO_PAYLOAD: Final = 16


def _traits() -> bytes:
    kinds = bytearray(REFERENCE)
    kinds[NOP] = MAY_BE_PAYLOAD
    for op in PAYLOAD_OF:
        kinds[op] = POINTS_TO_PAYLOAD
    return bytes(kind << TRAIT_KIND | length for kind, length in zip(kinds, LENGTH, strict=True))


TRAITS: Final = _traits()
"""All that a sweep asks of an opcode, in one byte, so that it asks once."""

_ENDS: Final = frozenset((*GOTO, *IF, PACKED_SWITCH, SPARSE_SWITCH, *RETURN, THROW))
IS_BRANCH: Final = bytes(op in _ENDS for op in range(256))
"""Instructions that end a basic block."""

_FIRST_INVOKE: Final = {op: op for op in INVOKE} | {op: op - 6 for op in INVOKE_RANGE}


def invoke_kind(opcode: int) -> int:
    """The plain form of an invoke: ``invoke-virtual`` for ``invoke-virtual/range``; others as they are."""
    return _FIRST_INVOKE.get(opcode, opcode)
