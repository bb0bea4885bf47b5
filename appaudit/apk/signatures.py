"""APK signatures: who signed, under which scheme, and whether the archive still is what was signed."""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from appaudit.apk import verify, verify_jar, verify_side
from appaudit.apk.der import MalformedError
from appaudit.apk.signing_block import SCHEMES, Signer, SigningBlock, certificates, signers, signing_block
from appaudit.apk.verify import Outcome
from appaudit.apk.zip import Archive, MemberError, Trick
from appaudit.records import Signature

_V1_FILE = re.compile(r"META-INF/[^/]+\.SF", re.IGNORECASE)
_PROMISE = re.compile(rb"^X-Android-APK-Signed: ([0-9, ]{1,20})", re.MULTILINE)
_JAR_ONLY_BELOW = 24
"""Platforms before this API level know JAR signatures only."""


@dataclass(slots=True)
class Signatures:
    """Every signer of every scheme in the order of the schemes, what is odd about them, what came of checking
    each scheme, and what the signing block's signers hold. ``verified``: yes · no (a scheme that the platform
    goes by does not hold) · in part (another does not, or one could not be checked)."""

    signers: list[Signature] = field(default_factory=list)
    tricks: list[Trick] = field(default_factory=list)
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    of_blocks: list[Signer] = field(default_factory=list)

    @property
    def verified(self) -> str:
        against = ("sig_mismatch", "sig_stripped", "sig_malformed_block")
        if any(t.id in against and t.android == "refuses" for t in self.tricks):
            return "no"
        right = all(o.right for o in self.outcomes.values()) and self.outcomes.keys() >= {
            s.scheme for s in self.signers
        }
        return "yes" if right else "in part"


def signatures(archive: Archive, file: str, min_sdk: int = 1) -> Signatures:
    """Reads and checks the signatures of an archive. With a newer scheme in order, the digests of JAR signing
    are not taken again: the newer ones cover every byte."""
    found = Signatures()
    for member, certificate in _v1(archive, found.tricks):
        found.signers.append(_signature(f"{file}!{member}", "v1", certificate))
    block = signing_block(archive)
    promised = _promised(archive)
    if block is not None:
        promised |= _of_blocks(archive, block, file, found)
    newer = [outcome.right for outcome in found.outcomes.values()]
    outcome = verify_jar.check(archive, members=not newer or not all(newer))
    if outcome is not None:
        found.outcomes["v1"] = outcome
    for scheme, checked in sorted(found.outcomes.items()):
        used = scheme != "v1" or not newer or min_sdk < _JAR_ONLY_BELOW
        for words in checked.wrong:
            detail = f"{scheme}: {words}"
            found.tricks.append(Trick("sig_mismatch", "", detail, "refuses" if used else "reads"))
    missing = promised - {s.scheme for s in found.signers}
    if missing:
        detail = f"its signature promises {' and '.join(sorted(missing))}, which is not there"
        found.tricks.append(Trick("sig_stripped", "", detail, "refuses"))
    found.signers = list(dict.fromkeys(sorted(found.signers, key=lambda s: s.scheme)))
    return found


def add_side_signature(found: Signatures, data: memoryview, file: str, archive: Archive) -> None:
    """Adds the signer of the v4 signature file beside an archive. It serves installing while streaming only;
    where it does not fit, the platform goes by the archive's own."""
    try:
        side = verify_side.read(data)
    except (MalformedError, struct.error):
        found.tricks.append(Trick("sig_malformed_block", "", "it is no v4 signature", "reads"))
        return
    found.signers.append(_signature(file, "v4", side.certificate))
    outcome = found.outcomes["v4"] = verify_side.check(side, archive.data, found.of_blocks)
    found.tricks += [Trick("sig_mismatch", "", f"v4: {words}", "reads") for words in outcome.wrong]


def _signature(member: str, scheme: str, certificate: bytes) -> Signature:
    return Signature(member, scheme, hashlib.sha256(certificate).hexdigest())


def _of_blocks(archive: Archive, block: SigningBlock, file: str, found: Signatures) -> set[str]:
    """Adds the signers of the signing block; returns the schemes that they say must be there as well."""
    promised: set[str] = set()
    seen: set[str] = set()
    digests = verify.Digests(archive, block.offset)  # shared: hashing all of an app takes long
    for number, value in block.pairs:
        scheme = SCHEMES.get(number)
        if scheme is None:
            continue
        if scheme in seen:
            found.tricks.append(Trick("sig_duplicate_block", "", f"two {scheme} blocks", "reads"))
            continue
        seen.add(scheme)
        try:
            found.signers += [_signature(file, scheme, c) for c in certificates(value)]
            signed = signers(value, scheme)
            found.of_blocks += signed
        except (MalformedError, struct.error):
            detail = f"the {scheme} block is malformed"
            found.tricks.append(Trick("sig_malformed_block", "", detail, "refuses"))
            continue
        found.outcomes[scheme] = verify.check(digests, signed)
        for attribute, data in (pair for signer in signed for pair in signer.attributes):
            if attribute == verify.STRIPPED_V3 and data[:4] == struct.pack("<I", 3):
                promised.add("v3")
            elif attribute == verify.STRIPPED_V31:
                promised.add("v3.1")
    return promised


def _v1(archive: Archive, tricks: list[Trick]) -> Iterator[tuple[str, bytes]]:
    """The signing certificate in each signature block file of META-INF, with its member."""
    for entry in archive:
        if not verify_jar.BLOCK.fullmatch(entry.name):
            continue
        try:
            found = certificates_of_pkcs7(archive.read(entry, verify_jar.MAX_BLOCK))
        except MemberError as error:
            tricks.append(Trick("sig_malformed_block", entry.name, str(error), "refuses"))
            continue
        if not found:
            detail = "it holds no certificate" if found is not None else "it is no PKCS#7 signed data"
            tricks.append(Trick("sig_malformed_block", entry.name, detail, "unknown"))
        for certificate in found or ():
            yield entry.name, certificate


def certificates_of_pkcs7(data: bytes) -> list[bytes] | None:
    """The signers' certificates in a PKCS#7 block, all where none is named; None where it is none or
    malformed."""
    try:
        held, infos = verify_jar.signed_data(data)
        named = [verify_jar.named_certificate(data, info, held) for info in infos]
    except (MalformedError, IndexError):
        return None
    return [c for c in named if c is not None] or held


def _promised(archive: Archive) -> set[str]:
    """The schemes that signature files name in X-Android-APK-Signed, so that nobody strips them."""
    named: set[str] = set()
    for entry in archive:
        if _V1_FILE.fullmatch(entry.name):
            for numbers in _PROMISE.findall(archive.peek(entry, 4096)):
                named |= {f"v{int(n)}" for n in re.findall(rb"\d+", numbers) if int(n) in (2, 3)}
    return named
