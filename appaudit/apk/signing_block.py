"""The APK Signing Block before the central directory, and the signers of schemes v2, v3 and v3.1 in it."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from appaudit.apk.der import MalformedError
from appaudit.apk.zip import Archive

MAGIC = b"APK Sig Block 42"
SCHEMES = {0x7109871A: "v2", 0xF05368C0: "v3", 0x1B93AD61: "v3.1"}
"""Block ids of the schemes that carry signers."""


@dataclass(frozen=True, slots=True)
class SigningBlock:
    """``offset`` where it begins; ``pairs`` of (id, value) as they stand."""

    offset: int
    pairs: tuple[tuple[int, memoryview], ...]


@dataclass(frozen=True, slots=True)
class Signer:
    """One signer. ``signed`` is what its signatures are over; ``digests`` of the content and ``signatures``
    are (algorithm id, bytes), ``attributes`` (id, bytes); ``key`` is its SubjectPublicKeyInfo."""

    signed: bytes
    digests: tuple[tuple[int, bytes], ...]
    certificates: tuple[bytes, ...]
    attributes: tuple[tuple[int, bytes], ...]
    signatures: tuple[tuple[int, bytes], ...]
    key: bytes


def signing_block(archive: Archive) -> SigningBlock | None:
    """The block that ends where the central directory begins; None where there is none."""
    data, end = archive.data, archive.directory
    if end < 32 or bytes(data[end - 16 : end]) != MAGIC:
        return None
    (size,) = struct.unpack_from("<Q", data, end - 24)
    start = end - size - 8
    if start < 0 or size < 24:
        return None
    pairs = []
    at, stop = start + 8, end - 24
    while at + 12 <= stop:
        (length,) = struct.unpack_from("<Q", data, at)
        if length < 4 or at + 8 + length > stop:
            break
        (block,) = struct.unpack_from("<I", data, at + 8)
        pairs.append((block, data[at + 12 : at + 8 + length]))
        at += 8 + length
    return SigningBlock(start, tuple(pairs))


def prefixed(data: memoryview, at: int) -> tuple[memoryview, int]:
    """The bytes after their length in 32 bits, and where they end. Raises MalformedError, struct.error."""
    (length,) = struct.unpack_from("<I", data, at)
    if at + 4 + length > len(data):
        raise MalformedError
    return data[at + 4 : at + 4 + length], at + 4 + length


def items(data: memoryview) -> Iterator[memoryview]:
    """Each of a row of prefixed items."""
    at = 0
    while at < len(data):
        item, at = prefixed(data, at)
        yield item


def certificates(block: memoryview) -> list[bytes]:
    """The first certificate of each signer, the one whose key signs. Raises MalformedError, struct.error."""
    found = []
    for signer in items(prefixed(block, 0)[0]):
        signed, _ = prefixed(signer, 0)
        _, after_digests = prefixed(signed, 0)
        listed, _ = prefixed(signed, after_digests)
        certificate = next(items(listed), None)
        if certificate is None:
            raise MalformedError
        found.append(bytes(certificate))
    return found


def signers(block: memoryview, scheme: str) -> list[Signer]:
    """The signers of a scheme's block. Raises MalformedError, struct.error."""
    return [_signer(signer, scheme != "v2") for signer in items(prefixed(block, 0)[0])]


def _signer(data: memoryview, levels: bool) -> Signer:
    """``levels``: v3 keeps the first and last API level beside the signed data and inside it."""
    room = 8 if levels else 0
    signed, at = prefixed(data, 0)
    signatures, at = prefixed(data, at + room)
    key, _ = prefixed(data, at)
    digests, inner = prefixed(signed, 0)
    listed, inner = prefixed(signed, inner)
    attributes, _ = prefixed(signed, inner + room)
    return Signer(
        bytes(signed),
        tuple(_pair(item, True) for item in items(digests)),
        tuple(bytes(c) for c in items(listed)),
        tuple(_pair(item, False) for item in items(attributes)),
        tuple(_pair(item, True) for item in items(signatures)),
        bytes(key),
    )


def _pair(item: memoryview, nested: bool) -> tuple[int, bytes]:
    (number,) = struct.unpack_from("<I", item, 0)
    return number, bytes(prefixed(item, 4)[0] if nested else item[4:])
