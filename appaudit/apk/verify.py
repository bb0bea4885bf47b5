"""Whether an APK still is what its signers signed: schemes v2, v3 and v3.1, as the platform checks them.

Each signer's key must be its certificate's, its signature must fit what it signed, and what it signed must
hold the digest of the archive without the signing block. JAR signatures: `appaudit.apk.verify_jar`;
v4: `appaudit.apk.verify_side`.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from appaudit.apk import der
from appaudit.apk.keys import Kind, UncheckedError, fits
from appaudit.apk.signing_block import Signer
from appaudit.apk.zip import Archive

STRIPPED_V3 = 0xBEEFF00D
"""An attribute of a v2 signer that names a later scheme which must be there as well."""
STRIPPED_V31 = 0x559F8B02
"""An attribute of a v3 signer: it must be beside a v3.1 signer."""

_CHUNK = 1 << 20
_PAGE = 4096
_SALT = bytes(8)


class Algorithm(NamedTuple):
    """How a signer signs: kind of key, digest of the signature, kind of content digest."""

    kind: Kind
    digest: str
    content: str


ALGORITHMS = {
    0x0101: Algorithm("rsa-pss", "sha256", "sha256"),
    0x0102: Algorithm("rsa-pss", "sha512", "sha512"),
    0x0103: Algorithm("rsa", "sha256", "sha256"),
    0x0104: Algorithm("rsa", "sha512", "sha512"),
    0x0201: Algorithm("ecdsa", "sha256", "sha256"),
    0x0202: Algorithm("ecdsa", "sha512", "sha512"),
    0x0301: Algorithm("dsa", "sha256", "sha256"),
    0x0421: Algorithm("rsa", "sha256", "verity"),
    0x0423: Algorithm("ecdsa", "sha256", "verity"),
    0x0425: Algorithm("dsa", "sha256", "verity"),
}
_STRENGTH = ("sha256", "verity", "sha512")
"""Kinds of content digests as the platform prefers them, the best last."""


@dataclass(slots=True)
class Outcome:
    """What came of checking one scheme: what does not fit, and what could not be checked, each as words."""

    wrong: list[str] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)

    @property
    def right(self) -> bool:
        """All was checked, and all fits."""
        return not self.wrong and not self.unchecked


def check(digests: Digests, signers: list[Signer]) -> Outcome:
    """Checks the signers of one scheme's block."""
    outcome = Outcome()
    if not signers:
        outcome.wrong.append("it names no signer")
    for signer in signers:
        _check(signer, digests, outcome)
    return outcome


def _check(signer: Signer, digests: Digests, outcome: Outcome) -> None:
    known = [(number, data) for number, data in signer.signatures if number in ALGORITHMS]
    if not signer.signatures:
        outcome.wrong.append("it is not signed")
        return
    if not known:
        outcome.unchecked.append("its signature algorithm is not known here")
        return
    number, signature = max(known, key=lambda pair: _STRENGTH.index(ALGORITHMS[pair[0]].content))
    algorithm = ALGORITHMS[number]
    if [n for n, _ in signer.digests] != [n for n, _ in signer.signatures]:
        outcome.wrong.append("its digests and signatures name different algorithms")
    certificate = signer.certificates[0] if signer.certificates else b""
    check_key(certificate, signer.key, algorithm, signature, signer.signed, outcome)
    if dict(signer.digests).get(number) != digests.of(algorithm.content):
        outcome.wrong.append("the archive was changed after it was signed")


def check_key(
    certificate: bytes, key: bytes, algorithm: Algorithm, signature: bytes, signed: bytes, outcome: Outcome
) -> None:
    """Whether ``key`` is the certificate's, and made ``signature`` over ``signed``."""
    try:
        own = der.public_key(certificate)
    except (der.MalformedError, IndexError):
        own = b""
    if own != key:
        outcome.wrong.append("its key is not that of its certificate")
    try:
        if not fits(key, algorithm.kind, algorithm.digest, signature, signed):
            outcome.wrong.append("its signature does not fit its key")
    except UncheckedError as error:
        outcome.unchecked.append(str(error))


class Digests:
    """The digests of an archive's content: members, central directory, end record; not the signing block."""

    def __init__(self, archive: Archive, block: int) -> None:
        data, directory, end = archive.data, archive.directory, archive.end
        record = bytearray(data[end:])
        record[16:20] = struct.pack("<I", block)  # as if the block were not there
        self._sections = (data[:block], data[directory:end], memoryview(bytes(record)))
        self._known: dict[str, bytes] = {}

    def of(self, kind: str) -> bytes:
        if kind not in self._known:
            self._known[kind] = self._verity() if kind == "verity" else self._chunked(kind)
        return self._known[kind]

    def _chunked(self, name: str) -> bytes:
        """Over the digests of pieces of 1 MiB."""
        found = []
        for section in self._sections:
            for at in range(0, len(section), _CHUNK):
                piece = section[at : at + _CHUNK]
                digest = hashlib.new(name, b"\xa5" + struct.pack("<I", len(piece)))
                digest.update(piece)
                found.append(digest.digest())
        return hashlib.new(name, b"\x5a" + struct.pack("<I", len(found)) + b"".join(found)).digest()

    def _verity(self) -> bytes:
        """The root of a hash tree, and the length of the content."""
        return tree_root(self._sections, _SALT) + struct.pack("<Q", sum(len(s) for s in self._sections))


def tree_root(sections: Iterable[memoryview], salt: bytes) -> bytes:
    """The root of a hash tree over pages of 4 KiB, as fs-verity builds it."""
    level = b"".join(hashlib.sha256(salt + page).digest() for page in _pages(sections))
    while len(level) > _PAGE:
        level = b"".join(
            hashlib.sha256(salt + level[at : at + _PAGE].ljust(_PAGE, b"\0")).digest()
            for at in range(0, len(level), _PAGE)
        )
    return hashlib.sha256(salt + level.ljust(_PAGE, b"\0")).digest()


def _pages(sections: Iterable[memoryview]) -> Iterator[bytes]:
    rest = b""
    for section in sections:
        at = -len(rest) % _PAGE if rest else 0
        rest += bytes(section[:at])
        if len(rest) == _PAGE:
            yield rest
            rest = b""
        while at + _PAGE <= len(section):
            yield bytes(section[at : at + _PAGE])
            at += _PAGE
        rest += bytes(section[at:])
    if rest:
        yield rest.ljust(_PAGE, b"\0")
