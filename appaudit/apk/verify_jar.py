"""Whether JAR signing (v1) holds: META-INF/*.RSA signs *.SF, that signs MANIFEST.MF, and that every member.

As the platform's StrictJarVerifier does it: members outside of META-INF must all be listed, digests of the
signature file may be of the whole manifest or of its sections.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from typing import NamedTuple

from appaudit.apk import der
from appaudit.apk.keys import Kind, UncheckedError, fits
from appaudit.apk.verify import Outcome
from appaudit.apk.zip import Archive, Entry, MemberError

BLOCK = re.compile(r"META-INF/([^/]+)\.(RSA|DSA|EC)", re.IGNORECASE)
MANIFEST = "META-INF/MANIFEST.MF"
_BLANK = re.compile(rb"(?:\r\n|(?<!\r)\n|\r(?!\n)){2,}")
MAX_TEXT = 64 << 20
MAX_BLOCK = 1 << 20
MAX_TOTAL = 2 << 30
"""Bytes of members whose digests are taken; what lies beyond is not checked."""
MAX_TOLD = 5

SIGNED_DATA = bytes.fromhex("2a864886f70d010702")
"""OID 1.2.840.113549.1.7.2, pkcs7-signedData."""
_MESSAGE_DIGEST = bytes.fromhex("2a864886f70d010904")
_DIGESTS = {
    bytes.fromhex("2a864886f70d0205"): "md5",
    bytes.fromhex("2b0e03021a"): "sha1",
    bytes.fromhex("608648016503040204"): "sha224",
    bytes.fromhex("608648016503040201"): "sha256",
    bytes.fromhex("608648016503040202"): "sha384",
    bytes.fromhex("608648016503040203"): "sha512",
}
_KINDS: tuple[tuple[bytes, Kind], ...] = (
    (bytes.fromhex("2a864886f70d0101"), "rsa"),
    (bytes.fromhex("2a8648ce3d"), "ecdsa"),
    (bytes.fromhex("2a8648ce38"), "dsa"),
    (bytes.fromhex("6086480165030403"), "dsa"),
)
"""Beginnings of the object ids of signature algorithms."""
_ATTRIBUTES = (("SHA-512", "sha512"), ("SHA-384", "sha384"), ("SHA-256", "sha256"), ("SHA1", "sha1"))
"""Digests that the platform takes from a manifest, the best first."""


class Signed(NamedTuple):
    """One SignerInfo: certificate, digest and kind of signature, signed attributes (b"": none), signature."""

    certificate: bytes
    digest: str
    kind: Kind | None
    attributes: bytes
    message_digest: bytes
    signature: bytes


class Section(NamedTuple):
    """A section of a manifest: its bytes, the blank line that ends it included, and its attributes."""

    raw: bytes
    attributes: dict[str, str]


def check(archive: Archive, members: bool) -> Outcome | None:
    """Checks every JAR signature; None where there is none. ``members``: take the members' digests too."""
    outcome = Outcome()
    names = {name.upper(): entry for name, entry in archive.entries.items()}
    blocks = [e for e in archive if BLOCK.fullmatch(e.name)]
    if not blocks:
        return None
    try:
        manifest = archive.read(names[MANIFEST], MAX_TEXT) if MANIFEST in names else b""
        listed = sections(manifest)
        for entry in blocks:
            file = names.get(entry.name.rpartition(".")[0].upper() + ".SF")
            if file is not None:  # without a signature file nothing is signed
                text = archive.read(file, MAX_TEXT)
                _check_block(archive.read(entry, MAX_BLOCK), text, entry.name, outcome)
                _check_file(sections(text), manifest, listed, file.name, outcome)
            else:
                outcome.wrong.append(f"{entry.name} has no signature file")
    except MemberError as error:
        outcome.wrong.append(f"it cannot be read: {error}")
        return outcome
    _check_members(archive, listed, members, outcome)
    return outcome


def _check_block(block: bytes, text: bytes, name: str, outcome: Outcome) -> None:
    try:
        signed = signers(block)
    except (der.MalformedError, IndexError):
        signed = []
    if not signed:
        outcome.wrong.append(f"{name} holds no signature")
    for signer in signed:
        if signer.kind is None or not signer.digest:
            outcome.unchecked.append(f"the algorithm of {name} is not known here")
            continue
        data = text
        if signer.attributes:
            data = signer.attributes
            if hashlib.new(signer.digest, text, usedforsecurity=False).digest() != signer.message_digest:
                outcome.wrong.append(f"{name} signs another signature file")
        try:
            key = der.public_key(signer.certificate)
            if not fits(key, signer.kind, signer.digest, signer.signature, data):
                outcome.wrong.append(f"the signature in {name} does not fit its key")
        except (der.MalformedError, IndexError):
            outcome.wrong.append(f"the certificate in {name} is malformed")
        except UncheckedError as error:
            outcome.unchecked.append(str(error))


def signers(block: bytes) -> list[Signed]:
    """The signers of PKCS#7 signed data (RFC 2315, 9). Raises MalformedError or IndexError."""
    held, infos = signed_data(block)
    found = []
    for info in infos:
        fields = der.children(block, info)
        certificate = named_certificate(block, info, held)
        if certificate is None:
            raise der.MalformedError
        digest = _DIGESTS.get(_object_id(block, fields[2]), "")
        attributes, message = b"", b""
        rest = fields[3:]
        if rest[0].tag == 0xA0:  # signed as a SET, stored with another tag
            attributes = b"\x31" + der.whole(block, rest[0])[1:]
            message = _message_digest(block, rest[0])
            rest = rest[1:]
        algorithm = _object_id(block, rest[0])
        kind = next((k for prefix, k in _KINDS if algorithm.startswith(prefix)), None)
        found.append(Signed(certificate, digest, kind, attributes, message, der.content(block, rest[1])))
    return found


def signed_data(block: bytes) -> tuple[list[bytes], list[der.Der]]:
    """The certificates of PKCS#7 signed data, and its SignerInfos."""
    parts = der.children(block, der.value(block, 0))
    if len(parts) < 2 or der.content(block, parts[0]) != SIGNED_DATA:
        raise der.MalformedError
    certificates: list[bytes] = []
    infos: list[der.Der] = []
    for part in der.children(block, der.value(block, parts[1].content)):
        if part.tag == 0xA0:
            certificates = [der.whole(block, c) for c in der.children(block, part)]
        elif part.tag == der.SET:  # the last: SignerInfos
            infos = der.children(block, part)
    return certificates, infos


def named_certificate(block: bytes, info: der.Der, held: list[bytes]) -> bytes | None:
    """The certificate that a SignerInfo names by issuer and serial number."""
    fields = der.children(block, info)
    if len(fields) < 2:
        return None
    named = [der.whole(block, f) for f in der.children(block, fields[1])]
    return next((c for c in held if list(_issuer_and_serial(c)) == named), None)


def _issuer_and_serial(certificate: bytes) -> tuple[bytes, bytes]:
    fields = der.certificate_fields(certificate)
    return der.whole(certificate, fields[2]), der.whole(certificate, fields[0])


def _object_id(data: bytes, sequence: der.Der) -> bytes:
    return der.content(data, der.value(data, sequence.content))


def _message_digest(block: bytes, attributes: der.Der) -> bytes:
    for attribute in der.children(block, attributes):
        parts = der.children(block, attribute)
        if len(parts) == 2 and der.content(block, parts[0]) == _MESSAGE_DIGEST:
            return der.content(block, der.value(block, parts[1].content))
    return b""


# ------------------------------------------------------------------------------- manifests


def sections(text: bytes) -> list[Section]:
    """The sections of a manifest, the main one first; lines that begin with a blank continue the last."""
    found: list[Section] = []
    at = 0
    for end in [*(m.end() for m in _BLANK.finditer(text)), len(text)]:
        if end > at:
            found.append(Section(text[at:end], _attributes(text[at:end])))
        at = end
    return found


def _attributes(raw: bytes) -> dict[str, str]:
    joined = re.sub(rb"(\r\n|\n|\r) ", b"", raw).decode("utf-8", "replace")
    pairs = (line.partition(":") for line in re.split(r"\r\n|\n|\r", joined) if ":" in line)
    return {name.strip().upper(): value.strip() for name, _, value in pairs}


def _promised(attributes: dict[str, str], what: str) -> tuple[str, bytes] | None:
    """(digest's name, digest) that a section promises as ``<name><what>``; None for none that is known."""
    for name, digest in _ATTRIBUTES:
        text = attributes.get(name + what)
        if text is not None:
            try:
                return digest, base64.b64decode(text, validate=True)
            except (binascii.Error, ValueError):
                return digest, b""
    return None


def _holds(promise: tuple[str, bytes] | None, data: bytes) -> bool:
    return promise is not None and hashlib.new(promise[0], data, usedforsecurity=False).digest() == promise[1]


def _check_file(
    signed: list[Section], manifest: bytes, listed: list[Section], name: str, outcome: Outcome
) -> None:
    """What a signature file says of the manifest: of the whole, else of each section."""
    main = signed[0].attributes if signed else {}
    if _holds(_promised(main, "-DIGEST-MANIFEST"), manifest):
        return
    by_name = {s.attributes.get("NAME", ""): s for s in listed[1:]}
    for section in signed[1:]:
        own = by_name.get(section.attributes.get("NAME", ""))
        if own is None or not _holds(_promised(section.attributes, "-DIGEST"), own.raw):
            outcome.wrong.append(f"{name} signs another manifest")
            return
    if len(signed) <= 1:
        outcome.wrong.append(f"{name} signs another manifest")


def _check_members(archive: Archive, listed: list[Section], digests: bool, outcome: Outcome) -> None:
    promises = {s.attributes["NAME"]: s.attributes for s in listed[1:] if "NAME" in s.attributes}
    changed, unsigned, room = [], [], MAX_TOTAL
    for entry in archive:
        if entry.name.startswith("META-INF/") or entry.name.endswith("/"):
            continue
        promise = _promised(promises.get(entry.name, {}), "-DIGEST")
        if promise is None:
            unsigned.append(entry.name)
        elif digests and entry.size > room:
            outcome.unchecked.append(f"more than {MAX_TOTAL >> 30} GB of members were not looked at")
            break
        elif digests:
            room -= entry.size
            if _digest(archive, entry, promise[0]) != promise[1]:
                changed.append(entry.name)
    if changed:
        outcome.wrong.append(f"changed after signing: {_some(changed)}")
    if unsigned:
        outcome.wrong.append(f"not signed: {_some(unsigned)}")


def _digest(archive: Archive, entry: Entry, name: str) -> bytes:
    digest = hashlib.new(name, usedforsecurity=False)
    try:
        for piece in archive.pieces(entry):
            digest.update(piece)
    except MemberError:
        return b""
    return digest.digest()


def _some(names: list[str]) -> str:
    more = f" and {len(names) - MAX_TOLD} more" if len(names) > MAX_TOLD else ""
    return ", ".join(names[:MAX_TOLD]) + more
