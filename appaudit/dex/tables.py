"""The id tables of a dex file: how their items lie in the file, and their columns.

https://source.android.com/docs/core/runtime/dex-format
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from appaudit.dex.layout import Int32, Int64, UInt32

PROTO = np.dtype([("shorty", "<u4"), ("return_type", "<u4"), ("parameters", "<u4")])
MEMBER = np.dtype([("owner", "<u2"), ("type", "<u2"), ("name", "<u4")])
MAP = np.dtype([("type", "<u2"), ("unused", "<u2"), ("size", "<u4"), ("offset", "<u4")])


class Members(NamedTuple):
    """Field or method ids: type index of the owner, type (fields) or proto (methods) index, name's
    string index; -1 where corrupt."""

    owner: Int32
    type: Int32
    name: Int32


class Classes(NamedTuple):
    """Class definitions by row: type index, access flags, superclass's type index (-1: none), byte
    offsets (0: none) of interfaces, annotations, class data and static values; source file's string
    index (-1: none)."""

    type: Int32
    access: UInt32
    superclass: Int32
    interfaces: Int64
    source: Int32
    annotations: Int64
    class_data: Int64
    static_values: Int64


class Protos(NamedTuple):
    """Prototypes: return type's index, byte offset of the parameter list (0: no parameters)."""

    return_type: Int32
    parameters: Int64
