"""DER values (X.690), as far as signatures and certificates need them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

SET = 0x31


class MalformedError(Exception):
    """Bytes that are not what the format asks for."""


class Der(NamedTuple):
    """One value: its tag, and where it begins, its content begins, and it ends."""

    tag: int
    start: int
    content: int
    end: int


def value(data: bytes, at: int) -> Der:
    """The value at ``at``. Raises MalformedError or IndexError."""
    tag, length, content = data[at], data[at + 1], at + 2
    if length & 0x80:
        count = length & 0x7F
        if not 0 < count <= 4:
            raise MalformedError
        length = int.from_bytes(data[content : content + count], "big")
        content += count
    if content + length > len(data):
        raise MalformedError
    return Der(tag, at, content, content + length)


def within(data: bytes, start: int, end: int) -> Iterator[Der]:
    """The values between ``start`` and ``end``."""
    at = start
    while at < end:
        found = value(data, at)
        yield found
        at = found.end


def children(data: bytes, parent: Der) -> list[Der]:
    """The values inside a constructed one."""
    return list(within(data, parent.content, parent.end))


def whole(data: bytes, item: Der) -> bytes:
    """A value with its tag and length."""
    return data[item.start : item.end]


def content(data: bytes, item: Der) -> bytes:
    """A value without its tag and length."""
    return data[item.content : item.end]


def certificate_fields(certificate: bytes) -> list[Der]:
    """Fields of a certificate's signed part without the version: serial number, algorithm, issuer, validity,
    subject, public key … (RFC 5280, 4.1). Raises MalformedError or IndexError."""
    outer = value(certificate, value(certificate, 0).content)
    fields = [f for f in children(certificate, outer) if f.tag != 0xA0]
    if len(fields) < 3:
        raise MalformedError
    return fields


def public_key(certificate: bytes) -> bytes:
    """A certificate's SubjectPublicKeyInfo. Raises MalformedError or IndexError."""
    fields = certificate_fields(certificate)
    if len(fields) < 6:
        raise MalformedError
    return whole(certificate, fields[5])
