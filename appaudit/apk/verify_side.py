"""The v4 signature file beside an APK (``shop.apk.idsig``): what it claims, and whether it is the APK's.

Layout and checks as in the platform's V4Signature and ApkSignatureSchemeV4Verifier: it signs the root of a
hash tree over the whole file, and repeats content digest and certificate of the APK's own v2 or v3 signature.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from appaudit.apk.signing_block import Signer, prefixed
from appaudit.apk.verify import ALGORITHMS, Outcome, check_key, tree_root

_SHA256, _PAGE_BITS = 1, 12
"""The only hash algorithm and page size (as a power of two) that the platform takes."""


@dataclass(frozen=True, slots=True)
class SideSignature:
    """``root``: of the hash tree over the file; ``digest``: the content digest the APK's own signature has;
    ``signed``: what ``signature`` is over, behind the file's size; ``key``: a SubjectPublicKeyInfo."""

    hashing: tuple[int, int]
    salt: bytes
    root: bytes
    digest: bytes
    certificate: bytes
    key: bytes
    algorithm: int
    signature: bytes
    signed: bytes


def read(data: memoryview) -> SideSignature:
    """Raises MalformedError, struct.error."""
    hashing, at = prefixed(data, 4)
    signing, _ = prefixed(data, at)
    kind, bits = struct.unpack_from("<IB", hashing, 0)
    salt, at = prefixed(hashing, 5)
    root, end = prefixed(hashing, at)
    digest, at = prefixed(signing, 0)
    certificate, at = prefixed(signing, at)
    _, after = prefixed(signing, at)  # what a signer adds of its own is signed as well
    key, at = prefixed(signing, after)
    (algorithm,) = struct.unpack_from("<I", signing, at)
    signature, _ = prefixed(signing, at + 4)
    return SideSignature(
        (kind, bits),
        bytes(salt),
        bytes(root),
        bytes(digest),
        bytes(certificate),
        bytes(key),
        algorithm,
        bytes(signature),
        bytes(hashing[:end]) + bytes(signing[:after]),
    )


def check(side: SideSignature, data: memoryview, signers: list[Signer]) -> Outcome:
    """``data``: the whole APK; ``signers``: those of its v2, v3 and v3.1 signatures."""
    outcome = Outcome()
    algorithm = ALGORITHMS.get(side.algorithm)
    if algorithm is None:
        outcome.unchecked.append("its signature algorithm is not known here")
    else:
        signed = struct.pack("<IQ", 12 + len(side.signed), len(data)) + side.signed
        check_key(side.certificate, side.key, algorithm, side.signature, signed, outcome)
    if side.hashing != (_SHA256, _PAGE_BITS) or side.salt:
        outcome.unchecked.append("its hash tree is not of the kind that is known here")
    elif tree_root([data], b"") != side.root:
        outcome.wrong.append("its hash tree is not that of this file")
    if side.certificate not in {c for signer in signers for c in signer.certificates[:1]}:
        outcome.wrong.append("its certificate is not that of the file's v2 or v3 signature")
    if side.digest not in {digest for signer in signers for _, digest in signer.digests}:
        outcome.wrong.append("its content digest is not that of the file's v2 or v3 signature")
    return outcome
