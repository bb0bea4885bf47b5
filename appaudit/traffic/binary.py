"""Binary formats without a schema: protobuf, gRPC frames, MessagePack, CBOR. Standard library only."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from importlib import import_module
from typing import Any

MAX_FIELDS = 4000
MAX_NESTING = 24


def grpc(data: bytes) -> list[bytes] | None:
    """The messages of a gRPC body, each with its five bytes of head undone; None where it is none."""
    at = 0
    found: list[bytes] = []
    while at + 5 <= len(data) and len(found) < MAX_FIELDS:
        length = int.from_bytes(data[at + 1 : at + 5], "big")
        if data[at] > 1 or at + 5 + length > len(data):
            return None
        found.append(data[at + 5 : at + 5 + length])
        at += 5 + length
    return found if at == len(data) and found else None


def _varint(data: bytes, at: int) -> tuple[int, int] | None:
    value = shift = 0
    while at < len(data) and shift < 70:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return value, at
        shift += 7
    return None


def protobuf(data: bytes) -> list[tuple[int, bytes]] | None:
    """(field number, value) of a message without schema; None where the bytes are not exactly one.

    Numbers come as decimal text; a double that is a coordinate's size comes so too.
    """
    at = 0
    fields: list[tuple[int, bytes]] = []
    while at < len(data) and len(fields) < MAX_FIELDS:
        key = _varint(data, at)
        if key is None or not 0 < key[0] >> 3 < 1 << 16:
            return None
        number, kind, at = key[0] >> 3, key[0] & 7, key[1]
        if kind == 0:
            value = _varint(data, at)
            if value is None:
                return None
            fields.append((number, str(value[0]).encode()))
            at = value[1]
        elif kind == 2:
            length = _varint(data, at)
            if length is None or length[1] + length[0] > len(data):
                return None
            at = length[1] + length[0]
            fields.append((number, data[length[1] : at]))
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
            if at + size > len(data):
                return None
            decimal = struct.unpack("<d" if kind == 1 else "<f", data[at : at + size])[0]
            if 0.001 < abs(decimal) < 181:
                fields.append((number, f"{decimal:.7f}".encode()))
            at += size
        else:
            return None
    return fields if at == len(data) and fields else None


def structure(data: bytes) -> tuple[str, Any] | None:
    """(format, value) of a MessagePack or CBOR map or array that is exactly ``data``."""
    first = data[0]
    if 0x80 <= first <= 0x9F or 0xDC <= first <= 0xDF:
        try:
            unpack = import_module("msgpack").unpackb  # comes with mitmproxy
            value = unpack(data, raw=False, strict_map_key=False, unicode_errors="replace")
        except Exception:  # noqa: BLE001 - whatever damaged bytes raise, it is not MessagePack
            value = None
        if isinstance(value, dict | list) and value:
            return "msgpack", value
    if 0x80 <= first <= 0xBF or data[:3] == b"\xd9\xd9\xf7":
        try:
            value, at = _cbor(data, 0, 0, [MAX_FIELDS])
        except (ValueError, IndexError, TypeError, struct.error, OverflowError):
            return None
        if at == len(data) and isinstance(value, dict | list) and value:
            return "cbor", value
    return None


_BREAK = object()


def _cbor(data: bytes, at: int, depth: int, left: list[int]) -> tuple[Any, int]:
    """One data item (RFC 8949) and where it ends. Raises ValueError, IndexError, TypeError, struct.error."""
    left[0] -= 1
    if depth > MAX_NESTING or left[0] < 0:
        raise ValueError("too much")
    major, info = data[at] >> 5, data[at] & 31
    at += 1
    if major == 7 and info >= 25:
        return _cbor_float(data, at, info)
    if info < 24:
        count = info
    elif info < 28:
        size = 1 << (info - 24)
        count = int.from_bytes(data[at : at + size], "big")
        at += size
    elif info == 31 and major in (2, 3, 4, 5):
        count = -1
    else:
        raise ValueError("reserved")
    if major < 2:
        return (count if major == 0 else -1 - count), at
    if major in (2, 3):
        return _cbor_text(data, at, major, count, depth, left)
    if major in (4, 5):
        return _cbor_items(data, at, major, count, depth, left)
    if major == 6:
        return _cbor(data, at, depth + 1, left)
    return {20: False, 21: True}.get(info), at


def _cbor_float(data: bytes, at: int, info: int) -> tuple[Any, int]:
    if info == 31:
        return _BREAK, at
    if info > 27:
        raise ValueError("reserved")
    size = 1 << (info - 24)
    return struct.unpack({2: ">e", 4: ">f", 8: ">d"}[size], data[at : at + size])[0], at + size


def _cbor_text(data: bytes, at: int, major: int, count: int, depth: int, left: list[int]) -> tuple[Any, int]:
    if count < 0:
        parts = []
        while True:
            part, at = _cbor(data, at, depth + 1, left)
            if part is _BREAK:
                break
            parts.append(part if isinstance(part, bytes) else str(part).encode())
        raw = b"".join(parts)
    else:
        if at + count > len(data):
            raise ValueError("short")
        raw, at = data[at : at + count], at + count
    return (raw if major == 2 else raw.decode("utf-8", "replace")), at


def _cbor_items(data: bytes, at: int, major: int, count: int, depth: int, left: list[int]) -> tuple[Any, int]:
    items: list[Any] = []
    wanted = count * (major - 3) if count >= 0 else -1
    while wanted < 0 or len(items) < wanted:
        item, at = _cbor(data, at, depth + 1, left)
        if item is _BREAK:
            if wanted >= 0:
                raise ValueError("break")
            break
        items.append(item)
    if major == 4:
        return items, at
    return {str(key): value for key, value in zip(items[::2], items[1::2], strict=True)}, at


def leaves(value: Any, path: str) -> Iterator[tuple[str, bytes]]:
    """(path, bytes) of every text, byte string and number in a decoded structure."""
    stack: list[tuple[str, Any]] = [(path, value)]
    while stack:
        at, item = stack.pop()
        if isinstance(item, dict):
            stack += [(f"{at}.{str(key)[:100]}", inner) for key, inner in list(item.items())[:MAX_FIELDS]]
        elif isinstance(item, list):
            stack += [(f"{at}[{n}]", inner) for n, inner in enumerate(item[:MAX_FIELDS])]
        elif isinstance(item, bytes):
            yield at, item
        elif isinstance(item, str):
            yield at, item.encode("utf-8", "replace")
        elif isinstance(item, int | float) and not isinstance(item, bool):
            yield at, str(item).encode()
