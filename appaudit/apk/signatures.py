"""APK signatures: who signed, under which scheme. The signing block, v4's side file and JAR signing."""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from appaudit.apk.zip import Archive, MemberError, Trick
from appaudit.records import Signature

MAGIC = b"APK Sig Block 42"
SCHEMES = {0x7109871A: "v2", 0xF05368C0: "v3", 0x1B93AD61: "v3.1"}
"""Block ids of the schemes that carry signers."""

_V1_BLOCK = re.compile(r"META-INF/[^/]+\.(RSA|DSA|EC)", re.IGNORECASE)
_V1_FILE = re.compile(r"META-INF/[^/]+\.SF", re.IGNORECASE)
_PROMISE = re.compile(rb"^X-Android-APK-Signed: ([0-9, ]{1,20})", re.MULTILINE)
_V1_LIMIT = 1 << 20
_SIGNED_DATA = bytes.fromhex("2a864886f70d010702")
"""OID 1.2.840.113549.1.7.2, pkcs7-signedData."""


class _MalformedError(Exception):
    pass


@dataclass(frozen=True, slots=True)
class SigningBlock:
    """The APK Signing Block before the central directory: ``pairs`` of (id, value) as they stand."""

    offset: int
    pairs: tuple[tuple[int, memoryview], ...]


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


def signatures(archive: Archive, file: str) -> tuple[list[Signature], list[Trick]]:
    """Every signer of every scheme, in the order of the schemes, and what is odd about them.

    The certificate's digest says who claims to have signed. Nothing is verified here.
    """
    found: list[Signature] = []
    tricks: list[Trick] = []
    for member, certificate in _v1(archive, tricks):
        found.append(_signature(f"{file}!{member}", "v1", certificate))
    block = signing_block(archive)
    if block is not None:
        seen: set[str] = set()
        for number, value in block.pairs:
            scheme = SCHEMES.get(number)
            if scheme is None:
                continue
            if scheme in seen:
                tricks.append(Trick("sig_duplicate_block", "", f"two {scheme} blocks", "reads"))
                continue
            seen.add(scheme)
            certificates = certificates_of_block(value)
            found += [_signature(file, scheme, certificate) for certificate in certificates or ()]
            if certificates is None:
                tricks.append(Trick("sig_malformed_block", "", f"the {scheme} block is malformed", "refuses"))
    missing = _promised(archive) - {s.scheme for s in found}
    if missing:
        detail = f"its JAR signature promises {' and '.join(sorted(missing))}, which is not there"
        tricks.append(Trick("sig_stripped", "", detail, "refuses"))
    found.sort(key=lambda s: s.scheme)
    return list(dict.fromkeys(found)), tricks


def side_signature(data: memoryview, file: str) -> Signature | None:
    """The signer named by a v4 signature file (``shop.apk.idsig``); None where it is malformed."""
    try:
        _, after_hashing = _prefixed(data, 4)
        signing, _ = _prefixed(data, after_hashing)
        _, after_digest = _prefixed(signing, 0)
        certificate, _ = _prefixed(signing, after_digest)
    except (_MalformedError, struct.error):
        return None
    return _signature(file, "v4", bytes(certificate)) if len(certificate) else None


def _signature(member: str, scheme: str, certificate: bytes) -> Signature:
    return Signature(member, scheme, hashlib.sha256(certificate).hexdigest())


# ------------------------------------------------------------------------ v2, v3, v3.1


def _prefixed(data: memoryview, at: int) -> tuple[memoryview, int]:
    (length,) = struct.unpack_from("<I", data, at)
    if at + 4 + length > len(data):
        raise _MalformedError
    return data[at + 4 : at + 4 + length], at + 4 + length


def _items(data: memoryview) -> Iterator[memoryview]:
    at = 0
    while at < len(data):
        item, at = _prefixed(data, at)
        yield item


def certificates_of_block(block: memoryview) -> list[bytes] | None:
    """The signers' certificates in a v2, v3 or v3.1 block; None where it is malformed."""
    try:
        return list(_signers(block))
    except (_MalformedError, struct.error):
        return None


def _signers(block: memoryview) -> Iterator[bytes]:
    """The first certificate of each signer: the one whose key signs."""
    signers, _ = _prefixed(block, 0)
    for signer in _items(signers):
        signed, _ = _prefixed(signer, 0)
        _, after_digests = _prefixed(signed, 0)
        certificates, _ = _prefixed(signed, after_digests)
        certificate = next(_items(certificates), None)
        if certificate is None:
            raise _MalformedError
        yield bytes(certificate)


# ---------------------------------------------------------------------------------- v1


def _v1(archive: Archive, tricks: list[Trick]) -> Iterator[tuple[str, bytes]]:
    """The signing certificate in each signature block file of META-INF, with its member."""
    for entry in archive:
        if not _V1_BLOCK.fullmatch(entry.name):
            continue
        try:
            certificates = certificates_of_pkcs7(archive.read(entry, _V1_LIMIT))
        except MemberError as error:
            tricks.append(Trick("sig_malformed_block", entry.name, str(error), "refuses"))
            continue
        if not certificates:
            detail = "it holds no certificate" if certificates is not None else "it is no PKCS#7 signed data"
            tricks.append(Trick("sig_malformed_block", entry.name, detail, "unknown"))
        for certificate in certificates or ():
            yield entry.name, certificate


def _promised(archive: Archive) -> set[str]:
    """The schemes that signature files name in X-Android-APK-Signed, so that nobody strips them."""
    named: set[str] = set()
    for entry in archive:
        if _V1_FILE.fullmatch(entry.name):
            for numbers in _PROMISE.findall(archive.peek(entry, 4096)):
                named |= {f"v{int(n)}" for n in re.findall(rb"\d+", numbers) if int(n) in (2, 3)}
    return named


def _der(data: bytes, at: int) -> tuple[int, int, int]:
    """(tag, start of content, end) of the DER value at ``at``. Raises _MalformedError, IndexError."""
    tag = data[at]
    length = data[at + 1]
    at += 2
    if length & 0x80:
        count = length & 0x7F
        if not 0 < count <= 4:
            raise _MalformedError
        length = int.from_bytes(data[at : at + count], "big")
        at += count
    if at + length > len(data):
        raise _MalformedError
    return tag, at, at + length


def _children(data: bytes, start: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """(tag, offset, start of content, end) of each DER value between ``start`` and ``end``."""
    at = start
    while at < end:
        tag, content, stop = _der(data, at)
        yield tag, at, content, stop
        at = stop


def certificates_of_pkcs7(data: bytes) -> list[bytes] | None:
    """The signers' certificates in a PKCS#7 block; None where it is none or malformed."""
    try:
        return list(_pkcs7_certificates(data))
    except (_MalformedError, IndexError):
        return None


def _pkcs7_certificates(data: bytes) -> Iterator[bytes]:
    """Certificates of the signers of a PKCS#7 SignedData (RFC 2315, 9.1); all where none is named."""
    _, start, end = _der(data, 0)
    parts = list(_children(data, start, end))
    if len(parts) < 2 or data[parts[0][2] : parts[0][3]] != _SIGNED_DATA:
        raise _MalformedError
    _, start, end = _der(data, parts[1][2])
    certificates: list[bytes] = []
    signers: list[tuple[bytes, bytes]] = []
    for tag, _, content, stop in _children(data, start, end):
        if tag == 0xA0:
            certificates = [data[at:last] for _, at, _, last in _children(data, content, stop)]
        elif tag == 0x31 and certificates:  # the last SET: SignerInfos
            for _, _, inner, last in _children(data, content, stop):
                fields = list(_children(data, inner, last))
                if len(fields) > 1 and fields[1][0] == 0x30:
                    issuer = list(_children(data, fields[1][2], fields[1][3]))
                    if len(issuer) == 2:
                        signers.append((data[issuer[0][1] : issuer[0][3]], data[issuer[1][1] : issuer[1][3]]))
    named = [c for c in certificates if _issuer_and_serial(c) in signers]
    yield from named or certificates


def _issuer_and_serial(certificate: bytes) -> tuple[bytes, bytes]:
    """A certificate's issuer and serial number as DER (RFC 5280, 4.1)."""
    _, start, _ = _der(certificate, 0)
    _, start, end = _der(certificate, start)
    fields = [f for f in _children(certificate, start, end) if f[0] != 0xA0]  # without the version
    if len(fields) < 3:
        raise _MalformedError
    serial, issuer = fields[0], fields[2]
    return certificate[issuer[1] : issuer[3]], certificate[serial[1] : serial[3]]
