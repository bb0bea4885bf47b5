"""Who signed under which scheme. Certificates here have the shape of one; no signature is made."""

from __future__ import annotations

import hashlib
import struct
from pathlib import Path

import pytest

from appaudit.apk import AppFile, open_app
from appaudit.apk.der import MalformedError
from appaudit.apk.signatures import certificates_of_pkcs7
from appaudit.apk.signing_block import certificates
from tests.apk.build import Stored, apk, certificate, pkcs7, prefixed, signers, signing_block, zipped

ONE, TWO = certificate(1, b"issuer"), certificate(2, b"issuer" * 40)
V2, V3, V31 = 0x7109871A, 0xF05368C0, 0x1B93AD61


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def opened(tmp_path: Path, pairs: list[tuple[int, bytes]], *members: Stored) -> AppFile:
    path = tmp_path / "shop.apk"
    path.write_bytes(zipped(apk(None, *members), before_directory=signing_block(pairs) if pairs else b""))
    return open_app(path)


def found(app: AppFile) -> list[tuple[str, str]]:
    return [(s.scheme, s.certificate_sha256) for s in app.app.signers]


def tricks(app: AppFile) -> set[str]:
    """What is odd about the shape; that nothing here was really signed is left out."""
    found = {f.subject for f in app.facts if f.subject.startswith("trick:")}
    return found - {"trick:sig_mismatch"}


def test_every_scheme(tmp_path: Path) -> None:
    block = Stored("META-INF/CERT.RSA", pkcs7(ONE))
    app = opened(tmp_path, [(V2, signers([ONE])), (V3, signers([TWO])), (V31, signers([ONE, TWO]))], block)
    assert found(app) == [
        ("v1", sha(ONE)), ("v2", sha(ONE)), ("v3", sha(TWO)), ("v3.1", sha(ONE)), ("v3.1", sha(TWO)),
    ]  # fmt: skip
    (fact,) = (f for f in app.facts if f.subject == "setting:signature")
    assert fact.attribute == {"schemes": "v1 v2 v3 v3.1", "verified": "no"}
    assert {getattr(e, "member", "") for e in fact.evidence} == {"shop.apk", "shop.apk!META-INF/CERT.RSA"}


def test_unsigned(tmp_path: Path) -> None:
    assert found(opened(tmp_path, [])) == []
    assert opened(tmp_path, []).facts == []


def test_a_v4_signature_beside_the_file(tmp_path: Path) -> None:
    info = prefixed(b"digest", ONE, b"", b"key") + struct.pack("<I", 0x103) + prefixed(b"signature")
    hashing = struct.pack("<IB", 1, 12) + prefixed(b"", b"root")
    (tmp_path / "shop.apk.idsig").write_bytes(struct.pack("<I", 2) + prefixed(hashing, info))
    assert found(opened(tmp_path, [])) == [("v4", sha(ONE))]
    split = tmp_path / "split"
    split.mkdir()
    for path in tmp_path.glob("shop.apk*"):
        path.rename(split / path.name)
    assert found(open_app(split)) == [("v4", sha(ONE))]
    (tmp_path / "shop.apk.idsig").write_bytes(b"\x02\0\0\0\xff\xff\xff\xff")
    app = opened(tmp_path, [])
    assert found(app) == []
    assert tricks(app) == {"trick:sig_malformed_block"}


def test_the_first_of_two_blocks_counts(tmp_path: Path) -> None:
    app = opened(tmp_path, [(V2, signers([ONE])), (0x42726577, bytes(64)), (V2, signers([TWO]))])
    assert found(app) == [("v2", sha(ONE))]
    assert tricks(app) == {"trick:sig_duplicate_block"}


@pytest.mark.parametrize("block", [b"", b"\xff\xff\xff\xff", signers([ONE])[:-9], prefixed(prefixed(b"\1"))])
def test_a_malformed_block_is_told(block: bytes, tmp_path: Path) -> None:
    app = opened(tmp_path, [(V2, block), (V3, signers([ONE]))])
    assert found(app) == [("v3", sha(ONE))]
    assert tricks(app) == {"trick:sig_malformed_block"}


@pytest.mark.parametrize("data", [b"", b"\x30", b"\x30\x80\x00\x00", pkcs7(ONE)[:40], b"no DER at all" * 9])
def test_a_malformed_jar_signature_is_told(data: bytes, tmp_path: Path) -> None:
    app = opened(
        tmp_path, [], Stored("META-INF/CERT.RSA", data), Stored("META-INF/B.EC", pkcs7(TWO, signer=(2, b"")))
    )
    assert found(app) == [("v1", sha(TWO))]
    assert tricks(app) == {"trick:sig_malformed_block"}


def test_the_signers_certificate_is_told_from_its_issuers() -> None:
    """A chain comes along; the signer is the one that its serial number and issuer name."""
    assert certificates_of_pkcs7(pkcs7(TWO, ONE)) == [ONE]
    assert certificates_of_pkcs7(pkcs7(TWO, ONE, signer=(9, b"nobody"))) == [TWO, ONE]
    assert certificates_of_pkcs7(pkcs7()) == []


def test_a_signer_has_a_certificate() -> None:
    assert certificates(memoryview(signers([ONE, TWO]))) == [ONE, TWO]
    no_certificate = prefixed(prefixed(prefixed(prefixed(b"", b"", b""), b"", b"")))
    with pytest.raises(MalformedError):
        certificates(memoryview(no_certificate))


@pytest.mark.parametrize(("words", "stripped"), [(b"2", False), (b"2, 3", True), (b"9", False)])
def test_a_signature_that_was_stripped_is_told(words: bytes, stripped: bool, tmp_path: Path) -> None:
    promise = Stored(
        "META-INF/CERT.SF", b"Signature-Version: 1.0\r\nX-Android-APK-Signed: " + words + b"\r\n\r\n"
    )
    app = opened(tmp_path, [(V2, signers([ONE]))], promise)
    assert tricks(app) == ({"trick:sig_stripped"} if stripped else set())
