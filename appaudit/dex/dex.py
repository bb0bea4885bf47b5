"""One dex file as columns."""

from __future__ import annotations

import mmap
import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from functools import cached_property

import numpy as np

from appaudit.dex import values
from appaudit.dex.classdata import ClassData, read_class_data
from appaudit.dex.code import Code
from appaudit.dex.errors import DexError
from appaudit.dex.layout import (
    Data,
    Header,
    Index,
    Int32,
    Int64,
    Mask,
    Section,
    Table,
    checked,
    contained_headers,
    expand,
    read_header,
    table,
)
from appaudit.dex.opcodes import Reference
from appaudit.dex.strings import UNKNOWN, StringTable
from appaudit.dex.tables import MAP, MEMBER, PROTO, Classes, Members, Protos

NO_INDEX = 0xFFFFFFFF
CLASS_DATA_ITEM = 0x2000
MAX_TYPE_LIST = 1024
"""A method has at most 255 parameters, and no class names a thousand interfaces."""


class Dex:
    """The tables of a dex file; each is read when first asked for.

    ``data`` is the file's bytes, ``member`` its name in evidence (``shop.apk!classes2.dex``).
    What is corrupt is left out of its table and told of in ``problems``, one sentence each: a caller
    makes a Gap of each *after* its questions, since tables not asked for are not read.
    Raises DexError where there is no readable dex header at all.
    """

    def __init__(self, data: Data | memoryview, member: str, start: int = 0) -> None:
        self.data: Data = bytes(data) if isinstance(data, memoryview) else data
        self.member = member
        self.problems: list[str] = []
        self._method_names: dict[int, tuple[str, str, str]] = {}
        self._proto_descriptors: dict[int, str] = {}
        self.header: Header = read_header(self.data, start)
        if self.header.file_size > len(self.data) - start:
            self.problems.append(
                f"header: the file should have {self.header.file_size} bytes and has {len(self.data) - start}"
            )

    def __repr__(self) -> str:
        return f"Dex({self.member!r})"

    # ---------------------------------------------------------------------------------- tables

    @cached_property
    def strings(self) -> StringTable:
        """The string table."""
        return StringTable(self.data, self.header.strings, self.problems)

    @cached_property
    def types(self) -> Int32:
        """String index of each type's descriptor."""
        column = table(self.data, self.header.types, "<u4", "type_ids", self.problems)
        return checked(column, len(self.strings), "type_ids", self.problems)

    @cached_property
    def protos(self) -> Protos:
        """Method prototypes."""
        rows = table(self.data, self.header.protos, PROTO, "proto_ids", self.problems)
        return Protos(
            checked(rows["return_type"], len(self.types), "proto_ids", self.problems),
            rows["parameters"].astype(np.int64),
        )

    @cached_property
    def fields(self) -> Members:
        """Field ids."""
        rows = table(self.data, self.header.fields, MEMBER, "field_ids", self.problems)
        return self._members(rows, len(self.types), "field_ids")

    @cached_property
    def methods(self) -> Members:
        """Method ids."""
        rows = table(self.data, self.header.methods, MEMBER, "method_ids", self.problems)
        return self._members(rows, len(self.protos.parameters), "method_ids")

    def _members(self, rows: np.ndarray[tuple[int], np.dtype[np.void]], types: int, name: str) -> Members:
        return Members(
            checked(rows["owner"], len(self.types), name, self.problems),
            checked(rows["type"], types, name, self.problems),
            checked(rows["name"], len(self.strings), name, self.problems),
        )

    @cached_property
    def classes(self) -> Classes:
        """Class definitions."""
        section = Section(self.header.classes.size * 8, self.header.classes.offset)
        flat = table(self.data, section, "<u4", "class_defs", self.problems)
        rows = flat[: len(flat) // 8 * 8].reshape(-1, 8)
        type_ = checked(rows[:, 0], len(self.types), "class_defs", self.problems)
        rows, type_ = rows[type_ >= 0], type_[type_ >= 0]
        offsets = {column: rows[:, column].astype(np.int64) for column in (3, 5, 6, 7)}
        return Classes(
            type_,
            rows[:, 1].copy(),
            checked(rows[:, 2], len(self.types), "class_defs", self.problems, none=NO_INDEX),
            offsets[3],
            checked(rows[:, 4], len(self.strings), "class_defs", self.problems, none=NO_INDEX),
            offsets[5],
            offsets[6],
            offsets[7],
        )

    @cached_property
    def class_data(self) -> ClassData:
        """Fields and methods defined here."""
        offsets = self.classes.class_data
        return read_class_data(
            self.data,
            offsets,
            self._section_end(CLASS_DATA_ITEM),
            len(self.fields.owner),
            len(self.methods.owner),
            self.problems,
        )

    @cached_property
    def _map(self) -> Table:
        """The map of the sections; empty where there is none that can be read."""
        offset = self.header.map_offset
        size = int.from_bytes(self.data[offset : offset + 4], "little")
        if not offset or offset + 4 + size * MAP.itemsize > len(self.data):
            return np.empty(0, MAP)
        return np.frombuffer(self.data, MAP, size, offset + 4)

    def section(self, kind: int) -> tuple[int, int]:
        """Number of items and byte offset of a section that only the map tells of; (0, 0) for none."""
        own = self._map[self._map["type"] == kind]
        return (int(own["size"][0]), int(own["offset"][0])) if len(own) else (0, 0)

    def _section_end(self, kind: int) -> int:
        """Where the map says that a section of the data ends; 0 where it does not say so."""
        _, start = self.section(kind)
        later = self._map["offset"][self._map["offset"] > start]
        return int(later.min()) if start and len(later) else 0

    @cached_property
    def code(self) -> Code:
        """Every instruction of every method."""
        return Code(self.data, self.class_data.methods, self.problems)

    @property
    def decoded(self) -> bool:
        """Whether the instructions were read already."""
        return "code" in self.__dict__ and self.code.decoded

    def decode(self) -> None:
        """Reads the instructions now, rather than when they are asked for."""
        self.code.references(Reference.NONE)

    def release(self) -> None:
        """Gives back the memory that a mapped file takes; what is asked for is read again."""
        if isinstance(self.data, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
            self.data.madvise(mmap.MADV_DONTNEED)

    # --------------------------------------------------------------------------------- names

    @cached_property
    def descriptors(self) -> list[str]:
        """The descriptor of every type."""
        return self.strings.texts(self.types)

    def type_descriptor(self, index: int) -> str:
        """``Lcom/x/Y;`` of a type index, ``?`` where corrupt."""
        if "descriptors" in self.__dict__:
            return self.descriptors[index] if 0 <= index < len(self.descriptors) else UNKNOWN
        return self.strings.text(int(self.types[index])) if 0 <= index < len(self.types) else UNKNOWN

    @cached_property
    def _units(self) -> memoryview:
        """The file as 16-bit units."""
        return memoryview(self.data)[: len(self.data) // 2 * 2].cast("H")

    def type_list(self, offset: int) -> list[int]:
        """The type indices of a type list; empty for offset 0 or where corrupt."""
        units, at = self._units, offset // 2
        if offset <= 0 or offset % 4 or at + 2 > len(units):
            return []
        size = units[at] | units[at + 1] << 16
        if size > MAX_TYPE_LIST or at + 2 + size > len(units):
            return []
        found: list[int] = units[at + 2 : at + 2 + size].tolist()
        return found

    def proto_descriptor(self, index: int) -> str:
        """``(ILjava/lang/String;)V`` of a prototype index, ``?`` where corrupt."""
        known = self._proto_descriptors.get(index)
        if known is None:
            known = self._proto_descriptors[index] = self._read_proto(index)
        return known

    def _read_proto(self, index: int) -> str:
        if not 0 <= index < len(self.protos.return_type):
            return UNKNOWN
        parameters = self.type_list(int(self.protos.parameters[index]))
        returned = int(self.protos.return_type[index])
        if returned < 0 or any(p >= len(self.types) for p in parameters):
            return UNKNOWN
        return f"({''.join(map(self.type_descriptor, parameters))}){self.type_descriptor(returned)}"

    @cached_property
    def proto_types(self) -> tuple[Int32, Index]:
        """(types, first): prototype ``k`` is ``types[first[k]:first[k + 1]]``, the type index of what it
        returns (-1 for a corrupt prototype) and those of its parameters."""
        place, parameters, shared = self._type_lists(self.protos.parameters)
        returned = self.protos.return_type.copy()
        wrong = parameters >= len(self.types)
        returned[place[wrong]] = parameters[wrong] = -1
        returned[shared] = -1
        first = np.zeros(len(returned) + 1, np.intp)
        np.cumsum(np.bincount(place, minlength=len(returned)) + 1, out=first[1:])
        types = np.empty(int(first[-1]), np.int32)
        is_parameter = np.ones(len(types), bool)
        is_parameter[first[:-1]] = False
        types[first[:-1]], types[is_parameter] = returned, parameters
        return types, first

    def _type_lists(self, offset: Int64) -> tuple[Index, Int32, Mask]:
        """(place in ``offset``, type index) for all types of the lists at these offsets (0: none), and
        which lists were left out, since they overlap with others to more than the file has."""
        units = np.frombuffer(self.data, "<u2", len(self.data) // 2)
        listed = (offset > 0) & (offset % 4 == 0) & (offset // 2 + 2 <= len(units))
        at = np.where(listed, offset // 2, 0)
        size = units[at].astype(np.int64) | units[at + 1].astype(np.int64) << 16
        size[~listed | (size > MAX_TYPE_LIST) | (at + 2 + size > len(units))] = 0
        shared = np.cumsum(size) > len(units)
        size[shared] = 0
        place, unit = expand(at + 2, size)
        return place, units[unit].astype(np.int32), shared

    @cached_property
    def interfaces(self) -> tuple[Index, Int32]:
        """(class row, type index) of every interface that a class names, in order."""
        row, types, _ = self._type_lists(self.classes.interfaces)
        right = types < len(self.types)
        return row[right], types[right]

    def method_name(self, index: int) -> tuple[str, str, str]:
        """Owner's descriptor, name and signature of a method index."""
        known = self._method_names.get(index)
        if known is None:
            if not 0 <= index < len(self.methods.owner):
                return UNKNOWN, UNKNOWN, UNKNOWN
            methods = self.methods
            owner, proto, name = int(methods.owner[index]), int(methods.type[index]), int(methods.name[index])
            known = self.type_descriptor(owner), self.strings.text(name), self.proto_descriptor(proto)
            self._method_names[index] = known
        return known

    def method_descriptor(self, index: int) -> str:
        """``Lcom/x/Y;->m(I)V`` of a method index."""
        owner, name, signature = self.method_name(index)
        return f"{owner}->{name}{signature}"

    def field_name(self, index: int) -> tuple[str, str, str]:
        """Owner's descriptor, name and type's descriptor of a field index."""
        if not 0 <= index < len(self.fields.owner):
            return UNKNOWN, UNKNOWN, UNKNOWN
        owner, type_, name = (int(c[index]) for c in self.fields)
        return self.type_descriptor(owner), self.strings.text(name), self.type_descriptor(type_)

    def field_descriptor(self, index: int) -> str:
        """``Lcom/x/Y;->f:I`` of a field index."""
        owner, name, type_ = self.field_name(index)
        return f"{owner}->{name}:{type_}"

    def find_type(self, descriptor: str) -> int:
        """The type index of a descriptor, -1 where the dex does not refer to it."""
        string = self.strings.find(descriptor)
        if string < 0:
            return -1
        if self._types_ascend:
            at = int(np.searchsorted(self.types, np.int32(string)))
            return at if at < len(self.types) and self.types[at] == string else -1
        found = np.flatnonzero(self.types == string)
        return int(found[0]) if len(found) else -1

    @cached_property
    def _types_ascend(self) -> bool:
        """Whether the types stand in the order of their names, as Android demands."""
        return bool((self.types[1:] >= self.types[:-1]).all())

    # -------------------------------------------------------------------------------- classes

    @cached_property
    def _names(self) -> list[str]:
        return sorted(map(self.descriptors.__getitem__, self.classes.type.tolist()))

    def class_names(self) -> list[str]:
        """Descriptors of the classes defined here, sorted."""
        return list(self._names)

    def defines(self, descriptor: str) -> bool:
        """Whether a class is defined here (not only referred to)."""
        at = bisect_left(self._names, descriptor)
        return at < len(self._names) and self._names[at] == descriptor

    def classes_with_prefix(self, prefix: str) -> Sequence[str]:
        """Descriptors of the classes defined here that start with ``prefix`` (``Lcom/umeng/``), sorted."""
        low = bisect_left(self._names, prefix)
        return self._names[low : bisect_left(self._names, prefix + "\U0010ffff", low)]

    def count_prefixes(self, prefixes: Iterable[str]) -> dict[str, tuple[int, str]]:
        """For each prefix under which a class is defined: how many, and the first of them."""
        names = self._names
        found = {}
        for prefix in prefixes:
            low = bisect_left(names, prefix)
            if low < len(names) and names[low].startswith(prefix):
                high = bisect_left(names, prefix + "\U0010ffff", low)
                found[prefix] = high - low, names[low]
        return found

    def class_row(self, descriptor: str) -> int:
        """The row in `classes` of a class, -1 where it is not defined here."""
        rows = np.flatnonzero(self.classes.type == self.find_type(descriptor))
        return int(rows[0]) if len(rows) else -1

    def static_values(self, descriptor: str) -> dict[str, values.Value]:
        """Start values of a class's static fields by field name; empty where the class is not here.

        Fields beyond the stored values start with 0 or null and are left out.
        """
        row = self.class_row(descriptor)
        offset = int(self.classes.static_values[row]) if row >= 0 else 0
        if not offset:
            return {}
        fields, own = self.class_data.fields, self.class_data.fields_of(row)
        statics = fields.field[own][fields.static[own]]
        try:
            array = values.read_array(self, offset)
        except DexError as error:
            self.problems.append(f"static values of {descriptor}: {error}")
            return {}
        return {self.field_name(f)[1]: v for f, v in zip(statics.tolist(), array, strict=False)}

    def class_annotations(self, descriptor: str) -> list[values.Annotation]:
        """The annotations of a class itself (not of its members); corrupt ones are left out."""
        row = self.class_row(descriptor)
        directory = int(self.classes.annotations[row]) if row >= 0 else 0
        found: list[values.Annotation] = []
        offset = self._word(directory) if directory else 0
        size = self._word(offset) if offset else 0
        if size > (len(self.data) - offset) // 4:
            self.problems.append(f"annotations of {descriptor}: the set is longer than the file")
            return found
        for k in range(size):
            try:
                found.append(values.read_annotation(self, self._word(offset + 4 + 4 * k) + 1))
            except DexError as error:
                self.problems.append(f"annotations of {descriptor}: {error}")
        return found

    def _word(self, offset: int) -> int:
        return int.from_bytes(self.data[offset : offset + 4], "little")

    # -------------------------------------------------------------------------------- strings

    def strings_matching(self, pattern: re.Pattern[bytes]) -> list[str]:
        """All strings in which ``pattern`` is found; see `StringTable.search` for its limits."""
        return self.strings.texts(self.strings.search(pattern))


def read_dexes(data: Data | memoryview, member: str) -> list[Dex]:
    """All dex files in one file: one, or as many as a container of version 041 holds.

    The second and later are named ``member#1``, ``#2`` … Raises DexError where there is none.
    """
    whole = bytes(data) if isinstance(data, memoryview) else data
    starts = contained_headers(whole)
    return [Dex(whole, f"{member}#{k}" if k else member, start) for k, start in enumerate(starts)]
